"""Put acts on record before they are carried out."""

from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import UUID

from application.envelope import Actor
from application.ports.act_log import ActLog, RecordedAct
from domain.operations.acts import Act

MOST_OF_A_REASON: Final = 500
"""Characters of a reason that are kept; it is one sentence."""


class ReasonMissingError(Exception):
    """An act that somebody has to answer for was asked for without a reason."""


def reason_in_a_line(reason: str) -> str:
    """A reason as it is kept: one line, of which nothing does anything to a reader's terminal.

    Raises:
        ReasonMissingError: it says nothing.
    """
    shown = "".join(each if each.isprintable() else " " for each in reason)
    line = " ".join(shown.split())[:MOST_OF_A_REASON]
    if not line:
        raise ReasonMissingError
    return line


class ActRecorder:
    """Records acts, with who and when."""

    def __init__(
        self, *, log: ActLog, clock: Callable[[], datetime], next_id: Callable[[], UUID]
    ) -> None:
        self._log = log
        self._clock = clock
        self._next_id = next_id

    async def record(self, act: Act, *, by: Actor, reason: str | None = None) -> None:
        """Put an act on record.

        Raises:
            ReasonMissingError: the reason is empty; nothing was recorded.
            StoreUnavailableError: it may have been recorded; what it stands for must not be done.
        """
        await self._log.record(
            RecordedAct(
                act_id=self._next_id(),
                recorded_at=self._clock(),
                recorded_by=by,
                reason=None if reason is None else reason_in_a_line(reason),
                act=act,
            )
        )
