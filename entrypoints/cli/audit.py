"""`varsel audit`: what was known of an order, when, and by whom."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Final, TypeVar
from uuid import UUID

import msgspec
from cyclopts import App
from rich.console import Console

from adapters.key_vault.file_key_vault import KeyFileError
from adapters.postgres.errors import PostgresError
from application.envelope import Role
from application.operations.operator import EVERYBODY, in_words
from application.operations.recorder import ReasonMissingError
from application.ports.act_log import RecordedAct
from application.ports.order_repository import SpoiltHistoryError, StoreUnavailableError
from application.queries.explanation import LookupExplanation, OrderExplanation, Stage
from application.seeking import OrderNotFoundError
from domain.operations.acts import HistoryRead
from domain.order.events import OrderId
from entrypoints.cli.database import asked, database
from entrypoints.cli.installation import settings_and_database
from entrypoints.cli.operator import operator
from entrypoints.cli.refusal import Refusal
from entrypoints.http.history.responses import as_at as as_at_answer
from entrypoints.http.resolution.responses import resolution
from entrypoints.http.transport.links import Links
from entrypoints.settings import Settings
from entrypoints.wiring.operator_tools import acts, auditing, explaining

app = App(name="audit", help="See what was known of an order, when, and by whom.")

T = TypeVar("T")
Q = TypeVar("Q")

_STAGES: Final = {Stage.PLACED: "when the order was placed", Stage.RESOLVED: "before it was sent"}

_console = Console(highlight=False, soft_wrap=True)


@app.command
def history(order: UUID, *, reason: str | None = None) -> None:
    """Tell everything that was recorded of an order, in words, with who and when.

    Parameters
    ----------
    reason
        Why you look; it goes on record with your name.
    """
    who_asks = operator()
    lines = _asked(
        auditing, lambda service: service.history(OrderId(order), by=who_asks, reason=reason)
    )
    for line in lines:
        by = line.recorded_by
        who = (
            f"{by.name} ({by.role})" if by.organisation is None else f"{by.name} {by.organisation}"
        )
        when = line.recorded_at.isoformat(timespec="microseconds")
        _console.print(f"{line.version:>3}  {when}  {who:<22}  {line.words}", markup=False)


@app.command(name="as-at")
def as_at(order: UUID, moment: datetime, *, reason: str | None = None) -> None:
    """Rebuild an order as it stood at a moment, from what had been recorded by then.

    Parameters
    ----------
    moment
        Such as 2026-09-01T12:00:00; without a zone it is this machine's.
    reason
        Why you look; it goes on record with your name.
    """
    when, who_asks = moment.astimezone(), operator()
    found = _asked(
        auditing, lambda service: service.as_at(OrderId(order), when, by=who_asks, reason=reason)
    )
    _print_json(as_at_answer(when, found, Links(settings_and_database()[0].base_url)))


@app.command
def explain(order: UUID, *, reason: str | None = None, json: bool = False) -> None:
    """Explain where each recipient of an order is notified, what was left out, and by which rule.

    Parameters
    ----------
    reason
        Why you look; it goes on record with your name.
    json
        As JSON, with a code beside every sentence, as the owner gets it over HTTP.
    """
    who_asks = operator()
    explanation = _asked(
        explaining, lambda service: service.explain(OrderId(order), by=who_asks, reason=reason)
    )
    if json:
        _print_json(resolution(explanation))
    else:
        _print_explanation(explanation)


def _print_explanation(explanation: OrderExplanation) -> None:
    def say(text: str, *, indented: int = 0, bold: bool = False) -> None:
        style = "bold" if bold else None
        _console.print(" " * indented + text, markup=False, style=style)

    say(explanation.words)
    for recipient in explanation.recipients:
        say(recipient.words, bold=True)
        for lookup in recipient.lookups:
            say(f"{_stage(lookup)}: {lookup.words}", indented=2)
            told = (lookup.asked, lookup.found, lookup.left_out)
            for words in [each.words for several in told for each in several]:
                say(f"- {words}", indented=4)


def _stage(lookup: LookupExplanation) -> str:
    at = "" if lookup.at is None else f", {lookup.at.isoformat(timespec='seconds')}"
    return f"{_STAGES[lookup.stage]}{at}"


def _print_json(told: object) -> None:
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(told), indent=2).decode() + "\n")


@app.command
def operators(
    *, since: datetime | None = None, most: int = 100, reads: bool = False, json: bool = False
) -> None:
    """Tell what operators did, newest first: when, who, what, and why.

    Parameters
    ----------
    since
        From when on, such as 2026-09-01T12:00:00; without it, from the beginning.
    most
        How many at most.
    reads
        Also who read histories and looked people up, over HTTP and by this command.
    json
        As lines of JSON, each as it is stored.
    """
    begin = datetime(1970, 1, 1, tzinfo=UTC) if since is None else since.astimezone()
    roles = EVERYBODY if reads else {Role.OPERATOR}

    async def ask() -> Sequence[RecordedAct]:
        async with acts(database()) as queries:
            return await queries.latest(roles=roles, since=begin, most=most)

    found = [each for each in asked(ask()) if reads or not isinstance(each.act, HistoryRead)]
    for each in found:
        if json:
            sys.stdout.write(msgspec.json.encode(each).decode() + "\n")
            continue
        when = each.recorded_at.isoformat(timespec="seconds")
        why = "" if each.reason is None else f"  because: {each.reason}"
        by = each.recorded_by
        _console.print(f"{when}  {by.name} ({by.role})  {in_words(each.act)}{why}", markup=False)
    if not found and not json:
        _console.print("Nothing is on record.")


def _asked(
    lend: Callable[[Settings, str], AbstractAsyncContextManager[Q]],
    ask: Callable[[Q], Awaitable[T]],
) -> T:
    async def whole() -> T:
        async with lend(*settings_and_database()) as service:
            return await ask(service)

    try:
        return asyncio.run(whole())
    except OrderNotFoundError:
        raise Refusal("there is no such order, or there was none at that moment") from None
    except ReasonMissingError:
        raise Refusal("the reason is empty; leave it out, or say why") from None
    except SpoiltHistoryError as problem:
        raise Refusal(f"the history is not what was recorded: {problem}") from None
    except (PostgresError, KeyFileError, StoreUnavailableError) as problem:
        raise Refusal(str(problem) or "the database cannot be reached") from None
