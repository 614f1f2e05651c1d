"""`varsel projections`: tables that are made from the events, and can be made anew."""

import asyncio

from cyclopts import App
from rich.console import Console

from adapters.key_vault.file_key_vault import KeyFileError
from adapters.postgres.errors import PostgresError
from adapters.projections.generations import SupersededError
from entrypoints.cli.app import settings_from
from entrypoints.cli.database import database
from entrypoints.cli.refusal import Refusal
from entrypoints.wiring.lending import agenda_anew, projections

app = App(name="projections", help="Make the tables that are made from the events anew.")


@app.command
def rebuild(name: str | None = None) -> None:
    """Make a projection anew from the first event on, while the old one serves; or all of them."""

    async def anew() -> dict[str, int]:
        async with projections(settings_from(), database()) as runner:
            names = runner.names if name is None else [name]
            unknown = set(names) - set(runner.names)
            if unknown:
                raise Refusal(f"there is no projection {name}; there are {', '.join(runner.names)}")
            return {each: await runner.rebuild(each) for each in names}

    try:
        done = asyncio.run(anew())
    except (PostgresError, SupersededError, KeyFileError) as problem:
        raise Refusal(str(problem)) from None
    for each, count in done.items():
        Console(highlight=False).print(f"{each}: made anew from {count} events")


@app.command
def agenda() -> None:
    """Make the agenda anew from the histories, while the service goes on; mends what is wrong."""
    try:
        done = asyncio.run(agenda_anew(settings_from(), database()))
    except (PostgresError, KeyFileError) as problem:
        raise Refusal(str(problem)) from None
    console = Console(highlight=False)
    console.print(
        f"{done.orders} orders looked at: {done.written} rows written, {done.removed} removed"
    )
    for order_id in done.unreadable:
        console.print(f"the history of order {order_id} cannot be read")
