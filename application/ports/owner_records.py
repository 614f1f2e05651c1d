"""What is recorded of the owners."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from application.envelope import Actor, RecordedOfOwner
from domain.owner.events import OwnerEvent
from domain.owner.record import OwnerRecord, evolve


class Entry(NamedTuple):
    """Something recorded of an owner, and where it stands in the log."""

    position: int
    recorded: RecordedOfOwner


def evolved(
    known: Mapping[str, OwnerRecord], entries: Iterable[Entry]
) -> Mapping[str, OwnerRecord]:
    """The records of all owners, by their names in small letters, as what has followed leaves them."""
    records = dict(known)
    for _, recorded in entries:
        before = records.get(recorded.owner) or OwnerRecord(owner=recorded.owner)
        records[recorded.owner] = evolve(before, recorded.event)
    return records


class OwnerRecords(Protocol):
    """Keeps the history of every owner's record, in the same log as those of the orders.

    What is appended is durable when `append` returns. Large letters and small ones of an owner's name
    are the same.
    """

    async def append(
        self, record: OwnerRecord, events: Sequence[OwnerEvent], *, by: Actor
    ) -> OwnerRecord:
        """Record events that were decided on a record, and return the record as they leave it.

        Without events, return when what the decision rests on is as durable as what is appended.

        Raises:
            ConcurrentUpdateError: the record is no longer at the version it was read at; nothing was
                recorded.
            StoreUnavailableError: the store cannot be reached; the same decision may be tried again.
        """
        ...

    async def load(self, owner: str) -> OwnerRecord:
        """Rebuild an owner's record; of whom nothing is recorded, one at version 0.

        Raises:
            SpoiltHistoryError: its history cannot be read.
            StoreUnavailableError: the store cannot be reached; try again later.
        """
        ...

    async def history(self, owner: str) -> Sequence[RecordedOfOwner]:
        """Everything recorded of one owner, oldest first; empty if there is nothing.

        Raises:
            SpoiltHistoryError: it cannot be read.
            StoreUnavailableError: the store cannot be reached; try again later.
        """
        ...

    async def after(self, position: int) -> Sequence[Entry]:
        """What was recorded of all owners after a position of the log, in its order.

        What cannot be read is left out, and hides nothing else.

        Raises:
            StoreUnavailableError: the store cannot be reached; try again later.
        """
        ...
