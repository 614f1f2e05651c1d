"""What the service says of its orders, held against what the mail server and the gateway hold."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from entrypoints.sandbox.inbox import CaughtMessage, caught_messages
from tests.chaos.registers import mark_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What the service says of one order of one notification."""

    order_id: str
    to: str
    is_email: bool
    status: str
    """As the manifest says it: `Order_Completed`."""
    result: str
    """As the manifest says it: `Email_Delivered`."""
    events: Sequence[str]
    """The tags of its history, oldest first."""

    @property
    def attempts(self) -> int:
        """How many hand-overs are on record."""
        return self.events.count("order.notification_attempted")

    @property
    def unknown(self) -> int:
        """How often nobody could tell whether one had succeeded."""
        return self.events.count("order.notification_outcome_unknown")

    @property
    def may_be_missing(self) -> bool:
        """Whether nobody need hold it: what goes at most once may be given up, what goes at least once not."""
        return not self.is_email and "order.notification_given_up" in self.events


def held(mailbox: Path) -> Mapping[str, int]:
    """How many messages the servers hold for each recipient, wherever they have moved to."""
    return Counter(mark_of(message.to) for message in caught_messages(mailbox))


def misled(messages: Iterable[CaughtMessage]) -> Iterator[str]:
    """What is held for one whom a register knows, and was for another."""
    for message in messages:
        mark = mark_of(message.to)
        if mark not in {message.to, message.subject}:
            yield f"misled: what was for {message.subject} is held for {mark}"


def findings(accounts: Sequence[Account], held: Mapping[str, int]) -> Iterator[str]:
    """Each promise that was not kept."""
    for each in accounts:
        count = held.get(each.to, 0)
        if each.status != "Order_Completed":
            yield f"lost: order {each.order_id} did not come to its end ({each.status})"
        elif count == 0 and not each.may_be_missing:
            yield f"lost: order {each.order_id} says {each.result}, and nobody holds it"
        is_on_record = each.is_email and each.attempts >= count and each.unknown >= count - 1
        if count > 1 and not is_on_record:
            yield (
                f"doubled: order {each.order_id} was handed over {count} times, with "
                f"{each.attempts} attempts and {each.unknown} unknown outcomes on record"
            )
