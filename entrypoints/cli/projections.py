"""`varsel projections`: tables that are made from the events, what they could not take, and how to mend them."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from cyclopts import App
from rich.console import Console

from adapters.event_store.postgres.agenda_rebuild import AgendaRebuilt
from adapters.projections.generations import SupersededError
from adapters.projections.runner import ProjectionRunner
from adapters.projections.setting_aside import SetAside
from domain.operations.acts import (
    Act,
    AgendaRebuildBegun,
    ProjectionRebuildBegun,
    ProjectionRetried,
)
from entrypoints.cli.database import asked, database
from entrypoints.cli.installation import settings_and_database
from entrypoints.cli.operator import operator
from entrypoints.cli.refusal import Refusal
from entrypoints.wiring.operator_tools import act_recorder, agenda_anew, projections

app = App(name="projections", help="Look after the tables that are made from the events.")

T = TypeVar("T")

_SHOWN: Final = 1000


@app.command
def rebuild(name: str | None = None, *, reason: str | None = None) -> None:
    """Rebuild a projection from the first event on, while the old one serves; or all of them.

    Parameters
    ----------
    name
        Which; all of them without it.
    reason
        Why; it goes on record with your name.
    """

    async def rebuild_all(runner: ProjectionRunner) -> dict[str, int]:
        names = _known(runner, () if name is None else (name,))
        await _record(*(ProjectionRebuildBegun(projection=each) for each in names), reason=reason)
        return {each: await runner.rebuild(each) for each in names}

    for each, count in _lent(rebuild_all).items():
        _say(f"{each}: rebuilt from {count} events")


@app.command
def failed() -> None:
    """List the events that a projection could not take, and that are missing in it."""

    async def ask(runner: ProjectionRunner) -> Sequence[SetAside]:
        return await runner.failed(most=_SHOWN + 1)

    found = _lent(ask)
    for each in found[:_SHOWN]:
        _say(
            f"{each.projection}: event {each.position} of order {each.order_id}, {each.reason}, "
            f"since {each.set_aside_at.isoformat()}"
        )
    if len(found) > _SHOWN:
        _say(f"And more than these {_SHOWN}.")
    _say(
        "What is in an order: varsel audit history ID. Once it can be taken: varsel projections retry"
        if found
        else "Every event has been taken."
    )


@app.command
def retry(*names: str, reason: str | None = None) -> None:
    """Take up again what projections could not take; of these, or of all.

    In the status feed such an event stands at its own place, which readers may have passed.

    Parameters
    ----------
    names
        Which projections; none named is all.
    reason
        Why; it goes on record with your name.
    """

    async def again(runner: ProjectionRunner) -> tuple[dict[str, int], int]:
        meant = _known(runner, names)
        await _record(*(ProjectionRetried(projection=each) for each in meant), reason=reason)
        taken = {each: len(await runner.retry(each)) for each in meant}
        left = [each for each in await runner.failed() if each.projection in taken]
        return taken, len(left)

    taken, left = _lent(again)
    for each, count in taken.items():
        _say(f"{each}: {count} events taken")
    if left:
        raise Refusal(f"{left} events still cannot be taken; see `varsel projections failed`")


@app.command
def agenda(*, reason: str | None = None) -> None:
    """Rebuild the agenda from the histories, while the service goes on; mends what is wrong.

    Parameters
    ----------
    reason
        Why; it goes on record with your name.
    """

    async def rebuild() -> AgendaRebuilt:
        await _record(AgendaRebuildBegun(), reason=reason)
        return await agenda_anew(*settings_and_database())

    done = asked(rebuild())
    _say(f"{done.orders} orders looked at: {done.written} rows written, {done.removed} removed")
    for order_id in done.unreadable:
        _say(f"the history of order {order_id} cannot be read")


async def _record(*acts: Act, reason: str | None) -> None:
    """Put what is asked for on record, before it is begun."""
    async with act_recorder(database()) as recorder:
        for each in acts:
            await recorder.record(each, by=operator(), reason=reason)


def _known(runner: ProjectionRunner, names: Sequence[str]) -> Sequence[str]:
    for name in names:
        if name not in runner.names:
            raise Refusal(f"there is no projection {name}; there are {', '.join(runner.names)}")
    return names or runner.names


def _lent(use: Callable[[ProjectionRunner], Awaitable[T]]) -> T:
    """What comes of using the projections.

    Raises:
        Refusal: they cannot be reached or used.
    """

    async def used() -> T:
        async with projections(*settings_and_database()) as runner:
            return await use(runner)

    try:
        return asked(used())
    except SupersededError as problem:
        raise Refusal(str(problem)) from None


def _say(words: str) -> None:
    Console(highlight=False, markup=False, soft_wrap=True).print(words)
