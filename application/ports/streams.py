"""What is recorded of aggregates of one kind, in whose events nobody's words stand."""

from collections.abc import Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar
from uuid import UUID

from application.envelope import Actor, RecordedInStream

E = TypeVar("E")


class Entry(NamedTuple, Generic[E]):
    """Something recorded of an aggregate, and where it stands in the log."""

    position: int
    recorded: RecordedInStream[E]


class Streams(Protocol[E]):
    """Keeps the histories of all aggregates of one kind, in the same log as those of the orders.

    What is appended is durable when `append` returns.
    """

    async def append(
        self, stream: UUID, after: int, events: Sequence[E], *, by: Actor
    ) -> Sequence[RecordedInStream[E]]:
        """Record events that follow a version of an aggregate's history, and return them as recorded.

        Without events, return when what the decision rests on is as durable as what is appended.

        Raises:
            ConcurrentUpdateError: the history no longer ends at that version; nothing was recorded.
            StoreUnavailableError: the store cannot be reached; the same decision may be tried again.
        """
        ...

    async def history(self, stream: UUID) -> Sequence[RecordedInStream[E]]:
        """Everything recorded of one aggregate, oldest first; empty if there is nothing.

        Raises:
            SpoiltHistoryError: it cannot be read.
            StoreUnavailableError: the store cannot be reached; try again later.
        """
        ...

    async def after(self, position: int) -> Sequence[Entry[E]]:
        """What was recorded of all aggregates of the kind after a position of the log, in its order.

        What cannot be read is left out with an alarm, and hides nothing else.

        Raises:
            StoreUnavailableError: the store cannot be reached; try again later.
        """
        ...
