"""The ways in: the HTTP API, the worker, the command, and the one place where ports meet adapters."""
