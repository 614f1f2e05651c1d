"""Acts are on record before they are done, and reads of histories and people are acts, too."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import uuid4

import pytest

from adapters.memory.act_log import InMemoryActLog
from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.order_repository import InMemoryOrderRepository
from adapters.memory.owner_records import InMemoryOwnerRecords
from adapters.memory.recipient_index import InMemoryRecipientIndex
from application.envelope import Actor, PendingEvents, Role
from application.operations.operator import QuarantineService, in_words
from application.operations.owners import OwnerService
from application.operations.recorder import ActRecorder, ReasonMissingError
from application.ports.act_log import RecordedAct
from application.ports.order_repository import StoreUnavailableError
from application.queries.audit import AuditQueries
from application.queries.support import SupportQueries
from application.seeking import OrderNotFoundError
from domain.operations.acts import (
    About,
    AboutOrdered,
    HistoryRead,
    NotUsed,
    OrderRefused,
    OrderRetried,
    OwnerResumed,
    OwnerSuspended,
    PersonLookedUp,
    RecipientsLookedUp,
)
from domain.order.events import OrderId, Reason, Source
from tests.samples import AUDITOR, KARI, NOON, ORDER_ID, SKD, TTD, placed

SUPPORT = Actor(role=Role.SUPPORT, name="altinn", client="desk-1", token="t-1")


class Away:
    """A record that cannot be reached."""

    async def record(self, act: RecordedAct) -> None:  # noqa: ARG002  # it keeps none
        raise StoreUnavailableError

    async def latest(
        self,
        *,
        roles: Collection[Role],  # noqa: ARG002  # as above
        since: datetime,  # noqa: ARG002  # as above
        most: int,  # noqa: ARG002  # as above
    ) -> Sequence[RecordedAct]:
        raise StoreUnavailableError


class Stuck:
    """Some orders that are stuck."""

    def __init__(self, *order_ids: OrderId) -> None:
        self.left = list(order_ids)

    async def quarantined(self) -> Sequence[OrderId]:
        return self.left

    async def retry(self, order_id: OrderId) -> bool:
        self.left.remove(order_id)
        return True


class Desk:
    """Everybody who acts, and the record."""

    def __init__(self, log: InMemoryActLog | Away) -> None:
        self.log = log
        recorder = ActRecorder(log=log, clock=lambda: NOON, next_id=uuid4)
        self.orders = InMemoryOrderRepository(
            vault=InMemoryKeyVault(), clock=lambda: NOON, next_id=uuid4
        )
        records = InMemoryOwnerRecords(self.orders.log, clock=lambda: NOON, next_id=uuid4)
        self.owners = OwnerService(records=records, recorder=recorder)
        self.quarantine = Stuck(ORDER_ID)
        self.quarantined = QuarantineService(orders=self.quarantine, recorder=recorder)
        self.auditing = AuditQueries(orders=self.orders, recorder=recorder)
        self.index = InMemoryRecipientIndex(self.orders)
        self.support = SupportQueries(orders=self.orders, index=self.index, recorder=recorder)

    async def place(self) -> None:
        await self.orders.append(
            [PendingEvents(order_id=ORDER_ID, before=None, events=(placed,))], by=TTD
        )

    async def acts(self) -> Sequence[RecordedAct]:
        return (await self.log.latest(roles=frozenset(Role), since=NOON, most=100))[::-1]


@pytest.fixture
async def desk() -> Desk:
    made = Desk(InMemoryActLog())
    await made.place()
    return made


async def test_a_stop_and_its_end_are_acts_of_whoever_did_them(desk: Desk) -> None:
    await desk.owners.suspend("TTD", by=AUDITOR, reason="sends\nto  everybody")
    assert await desk.owners.resume("ttd", by=AUDITOR, reason="mended")

    stopped, let = await desk.acts()

    assert (stopped.act, stopped.reason) == (OwnerSuspended(owner="ttd"), "sends to everybody")
    assert (let.act, let.recorded_by) == (OwnerResumed(owner="ttd"), AUDITOR)


async def test_a_reason_is_the_same_line_wherever_it_is_read(desk: Desk) -> None:
    await desk.owners.suspend("ttd", by=AUDITOR, reason="\x1b[2Jsends\nto  everybody\x07")

    (stopped,) = await desk.acts()

    assert stopped.reason == "[2Jsends to everybody"
    assert await desk.owners.suspended() == {"ttd": "[2Jsends to everybody"}


async def test_who_gives_no_reason_does_nothing(desk: Desk) -> None:
    with pytest.raises(ReasonMissingError):
        await desk.owners.suspend("ttd", by=AUDITOR, reason=" ")

    assert await desk.owners.suspended() == {}
    assert await desk.acts() == []


async def test_what_cannot_be_recorded_is_not_done() -> None:
    desk = Desk(Away())

    with pytest.raises(StoreUnavailableError):
        await desk.owners.suspend("ttd", by=AUDITOR, reason="sends to everybody")
    with pytest.raises(StoreUnavailableError):
        await desk.quarantined.retry(ORDER_ID, by=AUDITOR, reason="mended")

    assert await desk.owners.suspended() == {}
    assert desk.quarantine.left == [ORDER_ID]


async def test_an_order_that_is_let_go_on_is_on_record_and_one_that_is_not_stuck_is_not(
    desk: Desk,
) -> None:
    assert await desk.quarantined.retry(ORDER_ID, by=AUDITOR, reason="mended")
    assert not await desk.quarantined.retry(ORDER_ID, by=AUDITOR, reason="mended")

    assert [each.act for each in await desk.acts()] == [OrderRetried(order_id=ORDER_ID)]


async def test_who_reads_a_history_is_on_record(desk: Desk) -> None:
    await desk.auditing.history(ORDER_ID, by=TTD)
    await desk.auditing.as_at(ORDER_ID, NOON, by=AUDITOR, reason="a complaint")

    own, auditors = await desk.acts()

    assert (own.act, own.recorded_by) == (HistoryRead(order_id=ORDER_ID), TTD)
    assert auditors.act == HistoryRead(order_id=ORDER_ID, as_at=NOON)
    assert auditors.reason == "a complaint"


async def test_nobody_reads_a_history_without_a_record_of_it() -> None:
    desk = Desk(Away())
    await desk.place()

    with pytest.raises(StoreUnavailableError):
        await desk.auditing.history(ORDER_ID, by=TTD)


async def test_another_owner_reads_nothing_of_it(desk: Desk) -> None:
    for by in (SKD, SUPPORT):
        with pytest.raises(OrderNotFoundError):
            await desk.auditing.history(ORDER_ID, by=by)

    assert await desk.acts() == []


async def test_who_looks_a_person_up_is_on_record_and_the_person_by_a_keyed_hash(
    desk: Desk,
) -> None:
    until = NOON.replace(year=2027)
    found = [each async for each in desk.support.sent_to(KARI, since=NOON, until=until, by=SUPPORT)]

    (looked_up,) = await desk.acts()
    assert len(found) == 1
    assert looked_up.recorded_by == SUPPORT
    assert looked_up.act == PersonLookedUp(
        kind="person",
        identity_hash=desk.index.identity_hash(KARI),
        since=NOON,
        until=until,
        orders=1,
    )
    assert KARI.number.text not in repr(looked_up)


def test_of_many_who_were_looked_up_a_few_are_named_by_the_beginnings_of_their_hashes() -> None:
    about = tuple(About(kind="person", identity_hash=str(n) * 64) for n in range(5))

    assert in_words(RecipientsLookedUp(about=about)) == (
        "asked where to reach person 000000000000…, person 111111111111…, person 222222222222…, 2 more"
    )
    assert in_words(RecipientsLookedUp(about=())) == (
        "asked where to reach nobody who had to be looked up"
    )


def test_of_a_refused_order_it_is_told_who_could_not_be_reached_and_why() -> None:
    found = AboutOrdered(kind="person", identity_hash="a" * 64)
    missing = AboutOrdered(
        kind="organisation",
        identity_hash="b" * 64,
        is_missing=True,
        not_used=(NotUsed(source=Source.BUSINESS_REGISTER, reason=Reason.NO_RECORD),),
    )

    assert in_words(OrderRefused(about=(found, missing))) == (
        "was refused an order, since nobody can reach organisation bbbbbbbbbbbb… "
        "(business_register: no_record)"
    )
