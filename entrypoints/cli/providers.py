"""`varsel providers`: how providers stand, in each process that hands over, and why."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from rich.console import Console

from application.delivery.provider_health_log import EVERY
from application.ports.provider_ledger import RecordedWeightChange
from entrypoints.cli.database import asked, database
from entrypoints.wiring.clock import utc_now
from entrypoints.wiring.operator_tools import provider_ledger

_IS_THERE: Final = timedelta(seconds=6 * EVERY)
"""A process that has noted nothing for so long is not there any more."""


def providers(*, most: int = 20) -> None:
    """See how each provider stands now in each process, and the latest shifts with their reasons.

    Parameters
    ----------
    most
        How many shifts are listed.
    """

    async def ask() -> tuple[Sequence[RecordedWeightChange], Sequence[RecordedWeightChange]]:
        async with provider_ledger(database()) as ledger:
            return await ledger.standing(utc_now() - _IS_THERE), await ledger.latest(most)

    standing, latest = asked(ask())
    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print(
        "In each process that was heard of within a minute:"
        if standing
        else "No process hands anything over."
    )
    for each in standing:
        console.print(_line(each))
    if latest:
        console.print("The latest shifts:")
    for each in latest:
        console.print(_line(each))


def _line(noted: RecordedWeightChange) -> str:
    shift = noted.shift
    at = shift.at.isoformat(timespec="seconds")
    return f"{at}  {shift.provider:<15}  {shift.weight:>4.0%}  {noted.process}: {shift.reason}"
