"""The command `varsel`: run the service, place an order, read what happened, load registries."""

from entrypoints.cli.app import main

__all__ = ["main"]
