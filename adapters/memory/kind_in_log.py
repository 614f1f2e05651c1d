"""The events of one kind of aggregate in a log in memory that others use, too."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Generic, TypeVar

from eventsourcing.persistence import Notification
from eventsourcing.popo import POPOApplicationRecorder

T = TypeVar("T")
_position = attrgetter("id")


class KindInLog(Generic[T]):
    """What is made of each of the kind's events, once, however often and by whomever it is asked for."""

    def __init__(
        self, log: POPOApplicationRecorder, kind: str, read: Callable[[Notification], T]
    ) -> None:
        """Read the events whose topic begins with the name of the kind and a dot."""
        self._log = log
        self._prefix = f"{kind}."
        self._read = read
        self._read_to = 0
        self._events: list[Notification] = []
        self._made: list[T] = []

    def after(self, position: int) -> Sequence[T]:
        """What was made of those after a position of the log, in its order."""
        if (end := self._log.max_notification_id() or 0) > self._read_to:
            told = self._log.select_notifications(
                start=self._read_to, limit=end - self._read_to, inclusive_of_start=False
            )
            events = [each for each in told if each.topic.startswith(self._prefix)]
            self._made += [self._read(each) for each in events]
            self._events += events
            self._read_to = end
        return self._made[bisect_right(self._events, position, key=_position) :]
