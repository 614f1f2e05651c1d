"""Call addresses that strangers chose, without being led into our own network.

Shared by the adapters that must: what asks send conditions, what fetches attachments, and what calls
webhooks.
"""
