"""Judge what clients send: strictly where it is right, with patience where it is only unusual.

A body that is right goes through one prebuilt decoder. Where that refuses, a slower reader knows
what clients of the API are used to (names in any case) and gathers every fault with its place.
Either way the same rules then judge the same wire structs, and report all faults at once, under the
names that clients know.
"""
