"""A history is told in words that show nobody's address; an order is rebuilt as it stood at a moment."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4

import pytest

from adapters.memory.act_log import InMemoryActLog
from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.order_repository import InMemoryOrderRepository
from application.envelope import SERVICE, Actor
from application.operations.recorder import ActRecorder
from application.queries.audit import AuditQueries, in_words
from application.seeking import OrderNotFoundError
from contracts.order_repository_contract import (
    SetClock,
    attempted,
    going_on,
    placing,
    resolved,
    sent,
)
from contracts.result_index_contract import told
from domain.channel import Channel
from domain.message import Language
from domain.order.events import (
    Considered,
    ContactNotFound,
    ContactResolved,
    NotificationNo,
    OrderCancelled,
    OrderEvent,
    Reason,
    ReportedState,
    Source,
    Suppression,
    Target,
    Withdrawal,
    Wording,
    WordingReason,
)
from domain.order.state import OrderStatus
from domain.personal import Contact
from domain.recipient import RecipientNo
from tests.samples import AUDITOR, NOON, ORDER_ID, SKD, TTD

MINUTE = timedelta(minutes=1)


class Archive:
    """Orders, and whoever reads their histories."""

    def __init__(self) -> None:
        self.clock = SetClock()
        self.orders = InMemoryOrderRepository(
            vault=InMemoryKeyVault(), clock=self.clock, next_id=uuid4
        )
        recorder = ActRecorder(log=InMemoryActLog(), clock=self.clock, next_id=uuid4)
        self.auditing = AuditQueries(orders=self.orders, recorder=recorder)

    async def live(self, *events: OrderEvent) -> None:
        """An order to which each of these happened, a minute after the other."""
        (order,) = await self.orders.append([placing(under=ORDER_ID)], by=TTD)
        for event in events:
            self.clock.now += MINUTE
            (order,) = await self.orders.append([going_on(order, event)], by=SERVICE)

    async def words(self, by: Actor = AUDITOR) -> Sequence[str]:
        return [each.words for each in await self.auditing.history(ORDER_ID, by=by)]


@pytest.fixture
def archive() -> Archive:
    return Archive()


async def test_a_history_tells_each_event_with_who_and_when(archive: Archive) -> None:
    await archive.live(resolved())

    first, second = await archive.auditing.history(ORDER_ID, by=TTD)

    assert (first.version, first.event, first.recorded_by) == (1, "order.placed", TTD)
    assert (second.event, second.recorded_by) == ("order.contact_resolved", SERVICE)
    assert second.recorded_at == NOON + MINUTE
    assert first.words == (
        "ttd placed an order (notification) for 1 recipient, by email, "
        f"to be sent from {NOON.isoformat()}"
    )


async def test_nobodys_address_is_shown_in_words(archive: Archive) -> None:
    await archive.live(resolved("kari@post.example.no"))

    _, found = await archive.words()

    assert found == "recipient 0 is reached at k***@p***.no (from krr)"


async def test_a_report_that_contradicts_one_before_says_so(archive: Archive) -> None:
    delayed, failed, delivered = (
        told(each)
        for each in (ReportedState.DELAYED, ReportedState.FAILED, ReportedState.DELIVERED)
    )
    await archive.live(resolved(), attempted(), sent(), delayed, failed, failed, delivered)

    words = await archive.words()

    assert ["contradicts" in each for each in words[4:]] == [False, False, False, True]


async def test_an_order_is_rebuilt_as_it_stood_at_a_moment(archive: Archive) -> None:
    await archive.live(resolved(), OrderCancelled())

    before = await archive.auditing.as_at(ORDER_ID, NOON + MINUTE, by=AUDITOR)
    after = await archive.auditing.as_at(ORDER_ID, NOON + 2 * MINUTE, by=TTD)

    assert (before.version, after.version) == (2, 3)
    assert before.status is not OrderStatus.CANCELLED
    assert after.status is OrderStatus.CANCELLED


async def test_before_it_was_placed_there_was_no_order(archive: Archive) -> None:
    await archive.live()

    with pytest.raises(OrderNotFoundError):
        await archive.auditing.as_at(ORDER_ID, NOON - MINUTE, by=AUDITOR)


async def test_another_owners_history_is_as_absent_as_one_that_there_is_not(
    archive: Archive,
) -> None:
    await archive.live()

    with pytest.raises(OrderNotFoundError):
        await archive.words(by=SKD)
    with pytest.raises(OrderNotFoundError):
        await archive.auditing.as_at(ORDER_ID, NOON, by=SKD)


def test_why_a_source_was_not_used_is_told() -> None:
    nowhere = ContactNotFound(
        recipient_no=RecipientNo(0),
        notifications=((NotificationNo(0), Channel.EMAIL),),
        considered=(
            Considered(source=Source.KRR, reason=Reason.RESERVED),
            Considered(
                source=Source.USER_PROFILE,
                channel=Channel.EMAIL,
                reason=Reason.DUPLICATE,
                duplicate_of=RecipientNo(3),
            ),
        ),
    )

    assert in_words(nowhere) == (
        "recipient 0 has no contact point for email"
        " — not used: krr: reserved; user profile email: duplicate of recipient 3"
    )


def test_an_address_that_bounced_is_told_with_since_when_and_until_when_it_is_left_alone() -> None:
    nowhere = ContactNotFound(
        recipient_no=RecipientNo(0),
        notifications=((NotificationNo(0), Channel.EMAIL),),
        considered=(
            Considered(
                source=Source.KRR,
                channel=Channel.EMAIL,
                reason=Reason.BOUNCED_HERE,
                suppression=Suppression(bounced_at=NOON, until=NOON + timedelta(days=30)),
            ),
        ),
    )

    assert in_words(nowhere) == (
        "recipient 0 has no contact point for email"
        " — not used: krr email: bounced here on 2026-09-01, not used until 2026-10-01"
    )


@pytest.mark.parametrize(
    "wording, words",
    [
        (
            Wording(language=Language.NN, because=WordingReason.RECIPIENTS_LANGUAGE),
            "in their own language, nn",
        ),
        (
            Wording(because=WordingReason.NOT_IN_THEIR_LANGUAGE),
            "in the sender's first words, since none are named in their language",
        ),
        (
            Wording(because=WordingReason.LANGUAGE_UNKNOWN),
            "in the sender's first words, since their language is not known",
        ),
    ],
)
def test_which_of_the_senders_texts_somebody_gets_is_told_and_why(
    wording: Wording, words: str
) -> None:
    found = ContactResolved(
        recipient_no=RecipientNo(0),
        targets=(
            Target(
                notification_no=NotificationNo(0),
                channel=Channel.SMS,
                address=Contact("+4740000001"),
                source=Source.KRR,
                wording=wording,
            ),
        ),
    )

    assert in_words(found).endswith(f"(from krr; {words})")


def test_a_reminder_says_by_what_it_was_withdrawn() -> None:
    alone, with_it = (
        OrderCancelled(),
        OrderCancelled(because=Withdrawal.MAIN_ORDER_CANCELLED),
    )

    assert in_words(alone) == "the order was cancelled in time"
    assert in_words(with_it) == (
        "the reminder was withdrawn, since the order that it reminds of was cancelled"
    )
