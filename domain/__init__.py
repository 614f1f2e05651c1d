"""The domain model: what an order is, what may happen to it, and what has.

Every name in here is one that a caseworker or an auditor uses.
Nothing in here reads a clock, opens a connection or draws a random number.
"""
