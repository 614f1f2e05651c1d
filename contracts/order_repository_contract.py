"""What every repository of orders promises; a suite for each names its stand."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import uuid4

import msgspec
import pytest

from application.envelope import SERVICE, PendingEvents
from application.ports.order_repository import (
    ConcurrentUpdateError,
    Histories,
    OrderRepository,
    Spoilt,
    SpoiltHistoryError,
)
from contracts.samples import KARI, NOON, OLA, TTD, placed
from domain.channel import Channel
from domain.order.events import (
    ContactResolved,
    NotificationAttempted,
    NotificationNo,
    NotificationSent,
    OrderCancelled,
    OrderEvent,
    OrderId,
    OrderPlaced,
    Source,
    Target,
)
from domain.order.order import Order, rebuild
from domain.personal import Contact, Identifier, PersonalClass
from domain.recipient import Person, Recipient, RecipientNo

Erase = Callable[[OrderId, PersonalClass], Awaitable[None]]
Spoil = Callable[[OrderId], Awaitable[None]]


class SetClock:
    """A clock that the tests set."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


def order_id() -> OrderId:
    return OrderId(uuid4())


def placing(event: OrderPlaced = placed, *, under: OrderId | None = None) -> PendingEvents:
    return PendingEvents(order_id=under or order_id(), before=None, events=(event,))


def going_on(order: Order, *events: OrderEvent) -> PendingEvents:
    return PendingEvents(order_id=order.order_id, before=order, events=events)


def resolved(address: str = "kari@example.org", name: str | None = None) -> ContactResolved:
    return ContactResolved(
        recipient_no=RecipientNo(0),
        targets=(
            Target(
                notification_no=NotificationNo(0),
                channel=Channel.EMAIL,
                address=Contact(address),
                source=Source.KRR,
            ),
        ),
        name=None if name is None else Identifier(name),
    )


def attempted(name: str = "token-1", provider: str = "smtp") -> NotificationAttempted:
    return NotificationAttempted(
        notification_no=NotificationNo(0),
        attempt=1,
        provider=provider,
        token=name,
        send_before=NOON + timedelta(seconds=30),
        settled_by=NOON + timedelta(seconds=90),
    )


def sent(reference: str = "reference-1", provider: str = "smtp") -> NotificationSent:
    return NotificationSent(
        notification_no=NotificationNo(0), attempt=1, provider=provider, reference=reference
    )


class HistoriesContract:
    """What was recorded in `orders` is read from `histories`, as it is or not at all."""

    async def test_a_history_tells_what_happened_when_and_by_whom(
        self, orders: OrderRepository, histories: Histories, clock: SetClock
    ) -> None:
        (opened,) = await orders.append([placing()], by=TTD)
        clock.now += timedelta(minutes=1)
        await orders.append([going_on(opened, resolved(), attempted())], by=SERVICE)

        first, second, third = await histories.history(opened.order_id)

        assert [each.event for each in (first, second, third)] == [placed, resolved(), attempted()]
        assert [each.version for each in (first, second, third)] == [1, 2, 3]
        assert [each.recorded_by for each in (first, second, third)] == [TTD, SERVICE, SERVICE]
        assert first.recorded_at == NOON
        assert second.recorded_at == third.recorded_at == NOON + timedelta(minutes=1)
        assert second.command_id == third.command_id != first.command_id

    async def test_an_order_that_does_not_exist_has_no_history(
        self, orders: OrderRepository, histories: Histories
    ) -> None:
        await orders.append([placing()], by=TTD)

        await histories.confirm()
        assert list(await histories.history(order_id())) == []

    async def test_what_was_erased_reads_as_erased(
        self, orders: OrderRepository, histories: Histories, erase: Erase
    ) -> None:
        (order,) = await orders.append([placing()], by=TTD)
        await erase(order.order_id, "content")

        (read,) = await histories.history(order.order_id)

        assert isinstance(read.event, OrderPlaced)
        assert read.event.email is not None
        assert read.event.email.body.is_erased

    async def test_a_history_that_somebody_has_changed_is_not_read(
        self, orders: OrderRepository, histories: Histories, spoil: Spoil
    ) -> None:
        well, ill = await orders.append([placing(), placing()], by=TTD)
        await spoil(ill.order_id)

        with pytest.raises(SpoiltHistoryError):
            await histories.history(ill.order_id)
        assert [each.version for each in await histories.history(well.order_id)] == [1]


class OrderRepositoryContract(HistoriesContract):
    @pytest.fixture
    def histories(self, orders: OrderRepository) -> Histories:
        return orders

    async def test_an_order_is_read_back_as_it_was_left(self, orders: OrderRepository) -> None:
        (opened,) = await orders.append([placing()], by=TTD)

        (left,) = await orders.append([going_on(opened, resolved(), attempted())], by=SERVICE)

        assert (await orders.load([left.order_id]))[left.order_id] == left
        assert left.version == 3

    async def test_orders_that_do_not_exist_are_absent(self, orders: OrderRepository) -> None:
        (known,) = await orders.append([placing()], by=TTD)
        unknown = order_id()

        assert set(await orders.load([unknown, known.order_id])) == {known.order_id}
        assert await orders.load([]) == {}

    async def test_a_history_that_cannot_be_read_says_so_and_hides_no_other(
        self, orders: OrderRepository, spoil: Spoil
    ) -> None:
        well, ill = await orders.append([placing(), placing()], by=TTD)
        await spoil(ill.order_id)

        histories = await orders.histories([ill.order_id, well.order_id])

        assert isinstance(histories[ill.order_id], Spoilt)
        assert not isinstance(histories[well.order_id], Spoilt)
        for read in (orders.load, orders.histories):
            assert (await read([well.order_id])).keys() == {well.order_id}
        with pytest.raises(SpoiltHistoryError):
            await orders.load([well.order_id, ill.order_id])

    async def test_an_outline_is_the_history_but_for_what_messages_say(
        self, orders: OrderRepository, spoil: Spoil
    ) -> None:
        (well,) = await orders.append([placing()], by=TTD)
        await orders.append([going_on(well, resolved(), attempted())], by=SERVICE)
        (ill,) = await orders.append([placing()], by=TTD)
        await spoil(ill.order_id)

        outlines = await orders.outlines([well.order_id, ill.order_id, order_id()])

        assert outlines.keys() == {well.order_id, ill.order_id}
        assert isinstance(outlines[ill.order_id], Spoilt)
        outline = outlines[well.order_id]
        assert not isinstance(outline, Spoilt)
        first, *later = await orders.history(well.order_id)
        assert isinstance(first.event, OrderPlaced)
        assert isinstance(outline[0].event, OrderPlaced)
        assert outline[0].event.recipients == first.event.recipients
        assert list(outline[1:]) == later

    async def test_an_order_is_opened_once(self, orders: OrderRepository) -> None:
        first = placing()
        await orders.append([first], by=TTD)

        with pytest.raises(ConcurrentUpdateError):
            await orders.append([first], by=TTD)

        assert len(await orders.history(first.order_id)) == 1

    async def test_an_order_that_has_gone_on_is_not_changed(self, orders: OrderRepository) -> None:
        (read,) = await orders.append([placing()], by=TTD)
        await orders.append([going_on(read, resolved())], by=SERVICE)

        with pytest.raises(ConcurrentUpdateError):
            await orders.append([going_on(read, OrderCancelled())], by=TTD)

        assert [each.version for each in await orders.history(read.order_id)] == [1, 2]

    async def test_a_history_has_no_gaps(self, orders: OrderRepository) -> None:
        (stored,) = await orders.append([placing()], by=TTD)
        never_stored = rebuild(stored.order_id, [(placed, NOON), (resolved(), NOON)])

        with pytest.raises(ConcurrentUpdateError):
            await orders.append([going_on(never_stored, attempted())], by=SERVICE)

        assert len(await orders.history(stored.order_id)) == 1

    async def test_changes_are_recorded_together_or_not_at_all(
        self, orders: OrderRepository
    ) -> None:
        taken, new = placing(), placing()
        await orders.append([taken], by=TTD)

        with pytest.raises(ConcurrentUpdateError):
            await orders.append([new, taken], by=TTD)
        assert await orders.load([new.order_id]) == {}

        other = placing()
        recorded = await orders.append([new, other], by=TTD)
        assert [each.order_id for each in recorded] == [new.order_id, other.order_id]
        assert set(await orders.load([new.order_id, other.order_id])) == {
            new.order_id,
            other.order_id,
        }

    async def test_of_fifty_concurrent_firsts_one_is_recorded(
        self, orders: OrderRepository
    ) -> None:
        first = placing()

        answers = await asyncio.gather(
            *(orders.append([first], by=TTD) for _ in range(50)), return_exceptions=True
        )

        refused = [each for each in answers if isinstance(each, ConcurrentUpdateError)]
        assert len(refused) == 49
        assert len(await orders.history(first.order_id)) == 1

    async def test_concurrent_orders_do_not_disturb_each_other(
        self, orders: OrderRepository
    ) -> None:
        changes = [placing() for _ in range(50)]

        await asyncio.gather(*(orders.append([each], by=TTD) for each in changes))

        assert len(await orders.load([each.order_id for each in changes])) == 50

    async def test_nothing_to_record_is_no_fault(self, orders: OrderRepository) -> None:
        assert list(await orders.append([], by=TTD)) == []

        (read,) = await orders.append([placing()], by=TTD)
        assert list(await orders.append([going_on(read)], by=TTD)) == [read]

    async def test_what_was_erased_reads_as_erased_and_the_rest_stays(
        self, orders: OrderRepository, erase: Erase
    ) -> None:
        (opened,) = await orders.append([placing()], by=TTD)
        (left,) = await orders.append([going_on(opened, resolved(name="Kari"))], by=SERVICE)

        await erase(left.order_id, "contact")
        without_contact = (await orders.load([left.order_id]))[left.order_id]
        assert without_contact.notification(NotificationNo(0)).address == Contact(None)
        assert without_contact.names == left.names
        assert without_contact.placed.recipients == left.placed.recipients
        assert without_contact.placed.email == left.placed.email
        assert without_contact.version == left.version

        await erase(left.order_id, "identity")
        without_identity = (await orders.load([left.order_id]))[left.order_id]
        assert without_identity.names[RecipientNo(0)].is_erased
        assert without_identity.recipient(RecipientNo(0)).identity == Person(Identifier(None))

        await erase(left.order_id, "content")
        without_content = (await orders.load([left.order_id]))[left.order_id]
        assert without_content.placed.email is not None
        assert without_content.placed.email.body.is_erased
        assert without_content.next_step(NOON) == left.next_step(NOON)

    async def test_an_order_goes_on_after_its_words_were_erased(
        self, orders: OrderRepository, erase: Erase
    ) -> None:
        (opened,) = await orders.append([placing()], by=TTD)
        await erase(opened.order_id, "identity")
        erased = (await orders.load([opened.order_id]))[opened.order_id]

        await orders.append(
            [
                going_on(
                    erased,
                    resolved(),
                    ContactResolved(recipient_no=RecipientNo(0), targets=(), name=Identifier(None)),
                )
            ],
            by=SERVICE,
        )

        last = (await orders.history(opened.order_id))[-1].event
        assert isinstance(last, ContactResolved)
        assert last.name == Identifier(None)

    async def test_each_recipients_words_are_their_own(self, orders: OrderRepository) -> None:
        both = msgspec.structs.replace(
            placed, recipients=(Recipient(RecipientNo(0), KARI), Recipient(RecipientNo(1), OLA))
        )
        (opened,) = await orders.append([placing(both)], by=TTD)

        read = (await orders.load([opened.order_id]))[opened.order_id]

        assert [each.identity for each in read.placed.recipients] == [KARI, OLA]
