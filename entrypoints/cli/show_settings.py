"""`varsel settings`: every setting, what it is now, and what it means."""

from rich.console import Console
from rich.table import Table

from entrypoints.cli.app import settings_from
from entrypoints.settings import described
from entrypoints.wiring.provider_kinds import kinds_with_settings


def settings() -> None:
    """List every setting, what it is now, and what it means."""
    table = Table(box=None, pad_edge=False)
    table.add_column("setting", no_wrap=True)
    table.add_column("now", overflow="fold")
    table.add_column("what it means", overflow="fold")
    for name, value, words in described(settings_from(), kinds_with_settings()):
        table.add_row(name, value, words)
    Console().print(table)
