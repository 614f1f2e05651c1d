"""What every agenda promises; a suite for each names its stand."""

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from application.envelope import SERVICE
from application.ports.agenda import OVERDUE, QUARANTINE, Agenda, InHand, Wait
from application.ports.order_repository import ConcurrentUpdateError, OrderRepository
from application.ports.owner_records import OwnerRecords
from contracts.order_repository_contract import (
    SetClock,
    attempted,
    going_on,
    placing,
    resolved,
)
from contracts.owner_records_contract import resume, suspend
from contracts.samples import NOON, TTD, placed
from domain.order.events import OrderCancelled, OrderId, OrderKind
from domain.personal import Contact
from domain.recipient import Direct, Recipient, RecipientNo

LEASE = timedelta(seconds=30)
SECOND = timedelta(seconds=1)


async def claim(
    agenda: Agenda, now: datetime = NOON, worker: str = "anna", limit: int = 100
) -> list[OrderId]:
    return list(await agenda.claim(limit=limit, worker=worker, now=now, lease=LEASE))


async def withheld(agenda: Agenda, now: datetime) -> list[OrderId]:
    return list(await agenda.claim_overdue(limit=9, worker="anna", now=now, lease=LEASE))


class AgendaContract:
    async def test_an_unfinished_order_is_lent_when_it_is_due(
        self, orders: OrderRepository, agenda: Agenda
    ) -> None:
        later = msgspec.structs.replace(placed, requested_send_time=NOON + SECOND)
        await orders.append([due := placing(), not_due := placing(later)], by=TTD)

        assert await claim(agenda) == [due.order_id]
        assert await claim(agenda, NOON + SECOND) == [not_due.order_id]

    async def test_an_order_is_lent_to_one_worker_until_the_lease_ends(
        self, orders: OrderRepository, agenda: Agenda
    ) -> None:
        await orders.append([due := placing()], by=TTD)

        assert await claim(agenda, worker="anna") == [due.order_id]
        assert await claim(agenda, NOON + LEASE - SECOND, worker="bo") == []
        assert await agenda.claim_redeliveries(limit=9, worker="bo", now=NOON + LEASE, lease=LEASE)

    async def test_whoever_is_still_at_it_has_an_order_for_longer(
        self, orders: OrderRepository, agenda: Agenda
    ) -> None:
        await orders.append([due := placing()], by=TTD)
        await claim(agenda, worker="anna")

        await agenda.keep([due.order_id], worker="anna", until=NOON + 2 * LEASE)

        assert not await agenda.has_redeliveries(NOON + 2 * LEASE - SECOND)
        assert await agenda.has_redeliveries(NOON + 2 * LEASE)

    async def test_what_has_been_lent_to_another_meanwhile_is_not_kept(
        self, orders: OrderRepository, agenda: Agenda
    ) -> None:
        await orders.append([due := placing()], by=TTD)
        await claim(agenda, worker="anna")
        await agenda.claim_redeliveries(limit=9, worker="bo", now=NOON + LEASE, lease=LEASE)

        await agenda.keep([due.order_id], worker="anna", until=NOON + 9 * LEASE)
        await agenda.keep([], worker="anna", until=NOON + 9 * LEASE)

        assert await agenda.has_redeliveries(NOON + 2 * LEASE)

    async def test_only_whoever_was_lent_an_order_gives_it_back(
        self, orders: OrderRepository, agenda: Agenda
    ) -> None:
        await orders.append([due := placing()], by=TTD)
        await claim(agenda, worker="anna")

        await agenda.release([due.order_id], worker="bo")
        assert await claim(agenda, worker="bo") == []

        await agenda.release([due.order_id], worker="anna")
        assert await claim(agenda, worker="bo") == [due.order_id]

    async def test_to_give_back_what_one_has_not_is_no_fault(self, agenda: Agenda) -> None:
        await agenda.release([placing().order_id], worker="anna")
        await agenda.release([], worker="anna")

    async def test_instant_orders_come_first_bulk_ones_last_and_old_ones_before_new(
        self, orders: OrderRepository, agenda: Agenda, clock: SetClock
    ) -> None:
        many = tuple(
            Recipient(RecipientNo(number), Direct(email=Contact(f"{number}@example.org")))
            for number in range(51)
        )
        bulk = placing(msgspec.structs.replace(placed, recipients=many))
        newer, older = placing(), placing()
        instant = placing(msgspec.structs.replace(placed, kind=OrderKind.INSTANT))
        for offset, change in enumerate((bulk, older, newer, instant)):
            clock.now = NOON + offset * SECOND
            await orders.append([change], by=TTD)
        expected = [each.order_id for each in (instant, older, newer, bulk)]

        assert await claim(agenda, clock.now, limit=3) == expected[:3]
        assert await claim(agenda, clock.now, limit=3) == expected[3:]

    async def test_nobodys_backlog_stands_before_anothers_orders(
        self, orders: OrderRepository, agenda: Agenda, clock: SetClock
    ) -> None:
        backlog = [placing() for _ in range(40)]
        await orders.append(backlog, by=TTD)
        clock.now += SECOND
        late = [placing(msgspec.structs.replace(placed, owner=owner)) for owner in ("skd", "nav")]
        await orders.append(late, by=TTD)

        claimed = await claim(agenda, clock.now, limit=9)

        assert {each.order_id for each in late} <= set(claimed)
        assert len(claimed) == 5  # three of the backlog, and one of each other owner
        assert len(await claim(agenda, clock.now, limit=100)) == 42 - len(claimed)

    async def test_of_whom_a_worker_has_much_in_hand_it_is_lent_less_or_nothing(
        self, orders: OrderRepository, agenda: Agenda
    ) -> None:
        other = msgspec.structs.replace(placed, owner="skd")
        await orders.append([placing() for _ in range(9)], by=TTD)
        await orders.append([of_other := placing(other)], by=TTD)

        async def claimed(**of: int) -> set[OrderId]:
            held = InHand(of, 4)
            return set(await agenda.claim(limit=8, worker="anna", now=NOON, lease=LEASE, held=held))

        assert await claimed(ttd=4) == {of_other.order_id}
        assert len(await claimed(ttd=3)) == 1
        assert len(await claimed(skd=4)) == 4

    async def test_an_order_that_needs_nothing_yet_is_put_off(
        self, orders: OrderRepository, agenda: Agenda
    ) -> None:
        await orders.append([due := placing()], by=TTD)
        claimed = await agenda.claim(limit=1, worker="anna", now=NOON, lease=LEASE)
        later = NOON + timedelta(hours=16)

        await agenda.reschedule([Wait(due.order_id, claimed[due.order_id].due_at, later)])
        await agenda.release([due.order_id], worker="anna")

        assert await claim(agenda, later - SECOND) == []
        assert await agenda.next_due() == later
        assert await claim(agenda, later) == [due.order_id]

    async def test_what_orders_wait_for_is_told_until_something_is_recorded_of_them(
        self, orders: OrderRepository, agenda: Agenda, clock: SetClock
    ) -> None:
        (opened, _) = await orders.append([placing(), placing()], by=TTD)
        claimed = await agenda.claim(limit=9, worker="anna", now=NOON, lease=LEASE)
        later = NOON + timedelta(seconds=30)
        assert await agenda.waiting() == {}

        await agenda.reschedule(
            [Wait(each, lease.due_at, later, "krr") for each, lease in claimed.items()]
        )
        assert await agenda.waiting() == {"krr": 2}
        assert await agenda.waits_for(opened.order_id) == "krr"

        clock.now += SECOND
        await orders.append([going_on(opened, resolved())], by=SERVICE)
        assert await agenda.waiting() == {"krr": 1}
        assert await agenda.waits_for(opened.order_id) is None
        other = next(each for each in claimed if each != opened.order_id)
        await agenda.reschedule([Wait(other, later, later + SECOND)])
        assert await agenda.waiting() == {}

    async def test_what_was_recorded_meanwhile_says_when_an_order_is_due(
        self, orders: OrderRepository, agenda: Agenda, clock: SetClock
    ) -> None:
        (opened,) = await orders.append([placing()], by=TTD)
        claimed = await agenda.claim(limit=1, worker="anna", now=NOON, lease=LEASE)
        clock.now += SECOND
        await orders.append([going_on(opened, resolved())], by=SERVICE)

        later = NOON + timedelta(hours=16)
        await agenda.reschedule([Wait(opened.order_id, claimed[opened.order_id].due_at, later)])
        await agenda.release([opened.order_id], worker="anna")

        assert await claim(agenda, clock.now) == [opened.order_id]

    async def test_an_order_that_was_not_given_back_is_lent_alone(
        self, orders: OrderRepository, agenda: Agenda
    ) -> None:
        await orders.append([suspect := placing()], by=TTD)
        await claim(agenda)
        assert not await agenda.has_redeliveries(NOON)

        after = NOON + LEASE
        assert await claim(agenda, after) == []
        assert await agenda.has_redeliveries(after)
        lent = await agenda.claim_redeliveries(limit=9, worker="bo", now=after, lease=LEASE)
        assert list(lent) == [suspect.order_id]
        assert not await agenda.claim_redeliveries(limit=9, worker="anna", now=after, lease=LEASE)

        await agenda.release([suspect.order_id], worker="bo")
        assert await claim(agenda, after) == [suspect.order_id]

    async def test_an_order_that_three_workers_have_not_given_back_is_stuck_until_somebody_looks(
        self, orders: OrderRepository, agenda: Agenda
    ) -> None:
        await orders.append([poison := placing(), other := placing()], by=TTD)
        await claim(agenda)
        await agenda.release([other.order_id], worker="anna")
        now = NOON
        for _ in range(QUARANTINE - 1):
            now += LEASE
            assert await agenda.claim_redeliveries(limit=9, worker="bo", now=now, lease=LEASE)
        now += LEASE

        assert not await agenda.has_redeliveries(now)
        assert not await agenda.claim_redeliveries(limit=9, worker="bo", now=now, lease=LEASE)
        assert await claim(agenda, now) == [other.order_id]

        assert await agenda.retry(poison.order_id)
        assert not await agenda.retry(poison.order_id)
        assert list(
            await agenda.claim_redeliveries(limit=9, worker="bo", now=now, lease=LEASE)
        ) == [poison.order_id]

    async def test_of_suspects_those_come_together_that_one_worker_has_not_given_back(
        self, orders: OrderRepository, agenda: Agenda
    ) -> None:
        await orders.append([placing() for _ in range(3)], by=TTD)
        await claim(agenda)

        once = await agenda.claim_redeliveries(limit=2, worker="bo", now=NOON + LEASE, lease=LEASE)
        rest = await agenda.claim_redeliveries(limit=2, worker="bo", now=NOON + LEASE, lease=LEASE)
        assert [len(once), len(rest)] == [2, 1]

        again = NOON + 2 * LEASE
        twice = await agenda.claim_redeliveries(limit=2, worker="bo", now=again, lease=LEASE)
        assert len(twice) == 1

    async def test_what_is_stuck_is_lent_when_nothing_of_it_can_leave_any_more(
        self, orders: OrderRepository, agenda: Agenda
    ) -> None:
        await orders.append([poison := placing()], by=TTD)
        await claim(agenda)
        now = NOON
        for _ in range(QUARANTINE - 1):
            now += LEASE
            await agenda.claim_redeliveries(limit=9, worker="bo", now=now, lease=LEASE)

        for _ in range(QUARANTINE):
            now += OVERDUE
            assert not await withheld(agenda, now)
            now += LEASE
            assert await withheld(agenda, now) == [poison.order_id]
        assert not await withheld(agenda, now + 2 * OVERDUE)

    async def test_a_suspended_owners_orders_are_lent_when_nothing_of_them_can_leave_any_more(
        self, orders: OrderRepository, agenda: Agenda, records: OwnerRecords
    ) -> None:
        await orders.append([suspect := placing(), due := placing()], by=TTD)
        await claim(agenda, limit=1)
        await suspend(records, "TTD")

        assert await claim(agenda) == []
        assert not await agenda.has_redeliveries(NOON + LEASE)
        assert not await agenda.claim_redeliveries(
            limit=9, worker="bo", now=NOON + LEASE, lease=LEASE
        )
        assert not await withheld(agenda, NOON + OVERDUE - SECOND)
        assert set(await withheld(agenda, NOON + OVERDUE + LEASE)) == {
            suspect.order_id,
            due.order_id,
        }
        await resume(records, "ttd")
        await agenda.release([suspect.order_id, due.order_id], worker="anna")
        assert len(await claim(agenda, NOON + OVERDUE + LEASE)) == 2

    async def test_what_is_carried_out_is_not_withheld(
        self, orders: OrderRepository, agenda: Agenda
    ) -> None:
        await orders.append([placing()], by=TTD)

        assert not await withheld(agenda, NOON + 2 * OVERDUE)

    async def test_what_was_lent_and_is_not_held_is_given_back_as_it_was(
        self, orders: OrderRepository, agenda: Agenda
    ) -> None:
        await orders.append([placing() for _ in range(3)], by=TTD)
        held, lost = await claim(agenda, limit=2)
        assert len(await claim(agenda, worker="bo")) == 1

        await agenda.release_unacknowledged([held], worker="anna")

        assert await claim(agenda, worker="cy") == [lost]
        await agenda.release_unacknowledged([], worker="cy")
        after = NOON + LEASE
        suspects = await agenda.claim_redeliveries(limit=9, worker="cy", now=after, lease=LEASE)
        assert len(suspects) == 2
        await agenda.release_unacknowledged([], worker="cy")
        again = await agenda.claim_redeliveries(limit=9, worker="cy", now=after, lease=LEASE)
        assert again == suspects

    async def test_many_workers_share_what_is_due(
        self, orders: OrderRepository, agenda: Agenda
    ) -> None:
        await orders.append([placing() for _ in range(40)], by=TTD)

        claims = await asyncio.gather(
            *(claim(agenda, worker=f"worker {number}", limit=10) for number in range(4))
        )

        lent = [order_id for each in claims for order_id in each]
        assert len(lent) == len(set(lent)) <= 40

    async def test_recording_something_leaves_the_lease_alone(
        self, orders: OrderRepository, agenda: Agenda, clock: SetClock
    ) -> None:
        (opened,) = await orders.append([placing()], by=TTD)
        await claim(agenda, worker="anna")

        clock.now += SECOND  # so that the order moves on the agenda
        await orders.append([going_on(opened, resolved())], by=SERVICE)

        assert await claim(agenda, clock.now, worker="bo") == []
        await agenda.release([opened.order_id], worker="anna")
        assert await claim(agenda, clock.now, worker="bo") == [opened.order_id]

    async def test_an_order_moves_to_when_it_next_needs_something(
        self, orders: OrderRepository, agenda: Agenda
    ) -> None:
        (opened,) = await orders.append([placing()], by=TTD)
        await orders.append([going_on(opened, resolved(), attempted())], by=SERVICE)

        assert await claim(agenda) == []
        assert await agenda.next_due() == attempted().settled_by

    async def test_a_finished_order_is_not_on_it(
        self, orders: OrderRepository, agenda: Agenda
    ) -> None:
        (opened,) = await orders.append([placing()], by=TTD)
        await orders.append([going_on(opened, OrderCancelled())], by=TTD)

        assert await claim(agenda, NOON + timedelta(days=9)) == []
        assert await agenda.next_due() is None

    async def test_what_was_refused_is_not_on_it(
        self, orders: OrderRepository, agenda: Agenda
    ) -> None:
        (opened,) = await orders.append([placing()], by=TTD)
        cancelled = going_on(opened, OrderCancelled())
        await orders.append([going_on(opened, resolved())], by=SERVICE)

        with pytest.raises(ConcurrentUpdateError):
            await orders.append([placing(), cancelled], by=TTD)

        assert await claim(agenda) == [opened.order_id]

    async def test_it_knows_when_the_next_order_is_due(
        self, orders: OrderRepository, agenda: Agenda
    ) -> None:
        assert await agenda.next_due() is None

        later = msgspec.structs.replace(placed, requested_send_time=NOON + timedelta(hours=1))
        await orders.append([placing(later)], by=TTD)
        assert await agenda.next_due() == NOON + timedelta(hours=1)

        await orders.append([placing()], by=TTD)
        assert await agenda.next_due() == NOON

        await claim(agenda)
        assert await agenda.next_due() == NOON + LEASE

    async def test_whoever_waits_is_told_of_an_order_that_is_due(
        self, orders: OrderRepository, agenda: Agenda, clock: SetClock
    ) -> None:
        clock.now = datetime.now(UTC)
        await agenda.wait(0.05)
        waiting = asyncio.ensure_future(agenda.wait(30))
        await asyncio.sleep(0)
        assert not waiting.done()

        await orders.append([due := placing()], by=TTD)
        await asyncio.wait_for(waiting, 5)

        assert await claim(agenda, clock.now) == [due.order_id]

    async def test_nobody_waits_for_longer_than_they_said(self, agenda: Agenda) -> None:
        await agenda.wait(0.01)  # whatever was there to be told of
        await asyncio.wait_for(agenda.wait(0.01), 5)
