"""`varsel audit`: what was known of an order, when, and by whom."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import msgspec
from cyclopts import App
from rich.console import Console

from adapters.key_vault.file_key_vault import KeyFileError
from adapters.postgres.errors import PostgresError
from application.auditing import AuditingService
from application.commands import OrderNotFoundError
from domain.order.events import OrderId
from entrypoints.cli.app import settings_from
from entrypoints.cli.database import database
from entrypoints.cli.refusal import Refusal
from entrypoints.http.answers_histories import as_at as as_at_answer
from entrypoints.http.links import Links
from entrypoints.wiring.lending import auditing

app = App(name="audit", help="See what was known of an order, when, and by whom.")

T = TypeVar("T")

_console = Console(highlight=False, soft_wrap=True)


@app.command
def history(order: UUID) -> None:
    """Tell everything that was recorded of an order, in words, with who and when."""
    for line in _asked(lambda service: service.history(OrderId(order))):
        by = line.recorded_by
        who = (
            f"{by.name} ({by.role})" if by.organisation is None else f"{by.name} {by.organisation}"
        )
        when = line.recorded_at.isoformat(timespec="microseconds")
        _console.print(f"{line.version:>3}  {when}  {who:<22}  {line.words}", markup=False)


@app.command(name="as-at")
def as_at(order: UUID, moment: datetime) -> None:
    """Rebuild an order as it stood at a moment, from what had been recorded by then.

    Parameters
    ----------
    moment
        Such as 2026-09-01T12:00:00; without a zone it is this machine's.
    """
    when = moment.astimezone()
    found = _asked(lambda service: service.as_at(OrderId(order), when))
    told = as_at_answer(when, found, Links(settings_from().base_url))
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(told), indent=2).decode() + "\n")


def _asked(ask: Callable[[AuditingService], Awaitable[T]]) -> T:
    async def whole() -> T:
        async with auditing(settings_from(), database()) as service:
            return await ask(service)

    try:
        return asyncio.run(whole())
    except OrderNotFoundError:
        raise Refusal("there is no such order, or there was none at that moment") from None
    except (PostgresError, KeyFileError) as problem:
        raise Refusal(str(problem)) from None
