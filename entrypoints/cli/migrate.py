"""`varsel migrate`: bring the schema of the database up to date."""

import asyncio

from rich.console import Console

from adapters.postgres.errors import PostgresError
from entrypoints.cli.database import database
from entrypoints.cli.refusal import Refusal
from entrypoints.wiring.store import bring_schema_up_to_date


def migrate(*, service_role: str | None = None) -> None:
    """Bring the schema of the database up to date; doing it twice is doing it once.

    Parameters
    ----------
    service_role
        The database role by which `varsel serve` and `varsel work` log in; it gets what they need,
        and no more. Those that had it before need not be named again.
    """
    try:
        applied = asyncio.run(bring_schema_up_to_date(database(), service_role))
    except PostgresError as problem:
        raise Refusal(str(problem)) from None
    console = Console(soft_wrap=True)
    for name in applied:
        console.print(f"applied {name}")
    console.print("The schema is up to date.")
