"""Of a log that others use, too, each event of a kind is read once."""

from uuid import UUID, uuid4

from eventsourcing.persistence import Notification, StoredEvent
from eventsourcing.popo import POPOApplicationRecorder

from adapters.memory.kind_in_log import KindInLog


def recorded(log: POPOApplicationRecorder, *topics: str) -> None:
    log.insert_events([StoredEvent(uuid4(), 1, topic, b"") for topic in topics])


def test_what_was_read_is_not_read_again_and_what_follows_is_found() -> None:
    log, read = POPOApplicationRecorder(), list[int]()

    def position(stored: Notification) -> int:
        assert isinstance(stored.originator_id, UUID)
        read.append(stored.id)
        return stored.id

    owners = KindInLog(log, "owner", position)
    recorded(log, "order.placed", "owner.suspended", "order.placed")
    assert owners.after(0) == owners.after(1) == [2]
    assert owners.after(2) == []

    recorded(log, "owners_of_another_kind", "owner.resumed")
    assert owners.after(0) == [2, 5]
    assert owners.after(2) == [5]
    assert read == [2, 5]
