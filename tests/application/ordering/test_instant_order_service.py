"""How an instant order is handed over while its sender waits, once, whatever happens."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from typing_extensions import override

from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.order_repository import InMemoryOrderRepository
from adapters.memory.provider import RecordingProvider
from application.agreeing import read_agreement
from application.assembly import Policy, assemble
from application.envelope import Actor, PendingEvents
from application.ordering.commands import ChainReceipt, HandoverFailedError, NewOrder, PlaceInstant
from application.ordering.instant_order_service import InstantOrderService
from application.ports.order_repository import OrderRepository, StoreUnavailableError
from application.ports.provider import (
    HandoverAccepted,
    HandoverDeferred,
    HandoverRejected,
    HandoverUnknown,
    OutboundMessage,
    Outcome,
    Told,
)
from domain.channel import Channel, ChannelChoice
from domain.message import ContentType, EmailMessage, SendingTime, SmsMessage
from domain.order import notification as state
from domain.order.events import Failure, NotificationAttempted
from domain.order.order import Lane, Order
from domain.order.state import OrderStatus
from domain.personal import Contact, Content
from domain.recipient import Direct
from tests.samples import AUDITOR, NOON, TTD
from tests.scenarios.worlds import MemoryWorld

CODE = SmsMessage(sender="Altinn", body=Content("Code 4711"), sending_time=SendingTime.ANYTIME)
MAIL = EmailMessage(
    sender="noreply@altinn.cloud",
    subject=Content("Code"),
    body=Content("4711"),
    content_type=ContentType.PLAIN,
)


class Slow:
    """A gateway that takes every message, but answers only when it is let."""

    name = "link_mobility"
    channel = Channel.SMS
    longest_hand_over = 30.0
    memory = None

    def __init__(self) -> None:
        self.taken = 0
        self.may_answer = asyncio.Event()

    async def send(self, letters: Sequence[OutboundMessage]) -> AsyncIterator[Told]:
        for letter in letters:
            self.taken += 1
            await self.may_answer.wait()
            yield Told(letter, HandoverAccepted(letter.token), NOON)


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


def slowly(world: MemoryWorld, gateway: Slow, *, wait: timedelta) -> InstantOrderService:
    ports = replace(world.ports, providers={Channel.SMS: [gateway]})
    return assemble(ports, Policy(instant_wait=wait)).instant


def asked(key: str = "otp-1", *, body: str = "Code 4711", time_to_live: int = 360) -> PlaceInstant:
    return PlaceInstant(
        idempotency_key=key,
        order=NewOrder(
            channel=ChannelChoice.SMS,
            recipients=(Direct(mobile=Contact("+4799999999")),),
            sms=SmsMessage(sender="Altinn", body=Content(body), sending_time=SendingTime.ANYTIME),
            time_to_live=time_to_live,
        ),
        by=TTD,
    )


async def now(world: MemoryWorld, receipt: ChainReceipt) -> Order:
    order_id = receipt.order.order_id
    return (await world.orders.load([order_id]))[order_id]


async def test_an_instant_message_is_with_the_provider_when_its_sender_is_answered(
    world: MemoryWorld,
) -> None:
    receipt = await world.instant.place(asked())

    order = await now(world, receipt)
    assert [each.to.text for each in world.sms.carried] == ["+4799999999"]
    assert order.notifications[0].delivery == state.Accepted()
    assert order.status is OrderStatus.PROCESSED
    assert order.lane is Lane.INSTANT
    assert not receipt.is_repeat


async def test_the_attempt_is_on_record_before_the_message_leaves(world: MemoryWorld) -> None:
    gateway = Slow()
    service = slowly(world, gateway, wait=timedelta(seconds=0))

    receipt = await service.place(asked())

    lines = [
        line.event for line in await world.auditing.history(receipt.order.order_id, by=AUDITOR)
    ]
    assert lines == ["order.placed", "order.contact_resolved", "order.notification_attempted"]
    gateway.may_answer.set()
    await service.aclose()
    assert (await now(world, receipt)).notifications[0].delivery == state.Accepted()


async def test_a_repeat_is_answered_and_sends_nothing(world: MemoryWorld) -> None:
    first = await world.instant.place(asked())

    again = await world.instant.place(asked())
    other = await world.instant.place(asked(body="Something else"))

    assert again.is_repeat
    assert again.is_same_request
    assert not other.is_same_request
    assert again.order == first.order == other.order
    assert len(world.sms.offered) == 1


async def test_two_who_ask_under_one_key_at_the_same_time_send_once(world: MemoryWorld) -> None:
    gateway = Slow()
    service = slowly(world, gateway, wait=timedelta(seconds=5))

    both = asyncio.gather(*(service.place(asked()) for _ in range(20)))
    await asyncio.sleep(0.1)
    gateway.may_answer.set()
    receipts = await both

    assert gateway.taken == 1
    assert sum(not each.is_repeat for each in receipts) == 1
    assert len({each.order.order_id for each in receipts}) == 1


async def test_what_the_provider_did_not_take_is_refused_and_a_repeat_tries_the_same_order_again(
    world: MemoryWorld,
) -> None:
    world.sms.answer(HandoverDeferred("connect_failed"), HandoverDeferred("connect_failed"))
    with pytest.raises(HandoverFailedError):
        await world.instant.place(asked())
    with pytest.raises(HandoverFailedError):
        await world.instant.place(asked())

    receipt = await world.instant.place(asked())

    order = await now(world, receipt)
    assert order.notifications[0].attempts == 3
    assert order.notifications[0].delivery == state.Accepted()
    assert receipt.is_repeat
    assert len(world.sms.carried) == 1


class Gateways:
    """Two gateways, of which the first is always asked first."""

    def __init__(
        self,
        world: MemoryWorld,
        *,
        wait: timedelta = timedelta(seconds=5),
        orders: OrderRepository | None = None,
    ) -> None:
        self.first, self.second = (
            RecordingProvider(name, Channel.SMS, clock=world.clock)
            for name in ("link_mobility", "kannel")
        )
        ports = replace(
            world.ports,
            orders=orders or world.orders,
            providers={Channel.SMS: [self.first, self.second]},
            chance=lambda: 0.0,
        )
        self.service = assemble(ports, Policy(instant_wait=wait)).instant

    @property
    def offered(self) -> tuple[int, int]:
        return len(self.first.offered), len(self.second.offered)


async def test_what_one_gateway_certainly_did_not_take_is_offered_to_the_next_at_once(
    world: MemoryWorld,
) -> None:
    gateways = Gateways(world)
    gateways.first.answer(HandoverDeferred("connect_failed"))

    receipt = await gateways.service.place(asked())

    order = await now(world, receipt)
    assert order.notifications[0].delivery == state.Accepted()
    assert order.notifications[0].provider == "kannel"
    assert gateways.offered == (1, 1)
    history = [line.event for line in await world.auditing.history(order.order_id, by=AUDITOR)]
    assert history[-4:] == [
        "order.notification_attempted",
        "order.notification_deferred",
        "order.notification_attempted",
        "order.notification_sent",
    ]


@pytest.mark.parametrize(
    "outcome", [HandoverUnknown("timeout"), HandoverRejected(Failure.INVALID_ADDRESS, "10")]
)
async def test_what_one_gateway_may_have_taken_or_refused_for_good_is_offered_to_no_other(
    world: MemoryWorld, outcome: Outcome
) -> None:
    gateways = Gateways(world)
    gateways.first.answer(outcome)

    await gateways.service.place(asked())

    assert gateways.offered == (1, 0)


async def test_each_gateway_is_offered_a_message_once_for_each_time_that_it_is_asked_for(
    world: MemoryWorld,
) -> None:
    gateways = Gateways(world)
    gateways.first.answer(*[HandoverDeferred("connect_failed")] * 2)
    gateways.second.answer(*[HandoverDeferred("connect_failed")] * 2)

    for times in (1, 2):
        with pytest.raises(HandoverFailedError):
            await gateways.service.place(asked())
        assert gateways.offered == (times, times)
    receipt = await gateways.service.place(asked())

    assert receipt.is_repeat
    assert gateways.offered == (3, 2)


async def test_after_the_wait_a_message_is_offered_to_nobody_else(world: MemoryWorld) -> None:
    gateways = Gateways(world, wait=timedelta())
    gateways.first.answer(HandoverDeferred("connect_failed"))

    receipt = await gateways.service.place(asked())
    await gateways.service.aclose()

    assert gateways.offered == (1, 0)
    assert (await now(world, receipt)).notifications[0].attempts == 1


async def test_what_could_not_be_recorded_is_not_offered_to_the_next_gateway(
    world: MemoryWorld,
) -> None:
    class AwayForTheSecondAttempt(InMemoryOrderRepository):
        @override
        async def append(self, changes: Sequence[PendingEvents], *, by: Actor) -> Sequence[Order]:
            events = [each for change in changes for each in change.events]
            if any(isinstance(e, NotificationAttempted) and e.attempt > 1 for e in events):
                raise StoreUnavailableError
            return await super().append(changes, by=by)

    orders = AwayForTheSecondAttempt(
        vault=InMemoryKeyVault(), clock=world.clock, next_id=uuid.uuid4
    )
    gateways = Gateways(world, orders=orders)
    gateways.first.answer(HandoverDeferred("connect_failed"))

    with pytest.raises(HandoverFailedError):
        await gateways.service.place(asked())

    assert gateways.offered == (1, 0)


async def test_no_worker_sends_what_the_sender_was_told_had_failed(world: MemoryWorld) -> None:
    world.sms.answer(HandoverDeferred("connect_failed"))
    with pytest.raises(HandoverFailedError):
        await world.instant.place(asked())

    world.pass_time(timedelta(seconds=120))
    await world.dispatching.run_until_idle()
    world.pass_time(timedelta(seconds=600))
    await world.dispatching.run_until_idle()

    with pytest.raises(HandoverFailedError):
        await world.instant.place(asked())
    (order,) = (await world.orders.load([world.instant.order_id(asked())])).values()
    assert order.notifications[0].delivery == state.Expired(has_left=False)
    assert len(world.sms.offered) == 1


async def test_what_never_left_is_refused_as_soon_as_its_time_is_over(world: MemoryWorld) -> None:
    world.sms.answer(HandoverDeferred("connect_failed"))
    with pytest.raises(HandoverFailedError):
        await world.instant.place(asked())

    world.pass_time(timedelta(seconds=361))

    with pytest.raises(HandoverFailedError):
        await world.instant.place(asked())
    assert len(world.sms.offered) == 1


async def test_an_unknown_outcome_is_answered_and_never_sent_again(world: MemoryWorld) -> None:
    world.sms.answer(HandoverUnknown("no_answer"))
    world.mail.answer(HandoverUnknown("no_answer"))
    by_mail = PlaceInstant(
        idempotency_key="mail-1",
        order=NewOrder(
            channel=ChannelChoice.EMAIL,
            recipients=(Direct(email=Contact("somebody@example.org")),),
            email=MAIL,
        ),
        by=TTD,
    )
    for command in (asked(), by_mail):
        receipt = await world.instant.place(command)
        assert (await world.instant.place(command)).is_repeat
        world.pass_time(timedelta(hours=1))
        await world.dispatching.run_until_idle()
        assert (await now(world, receipt)).notifications[0].delivery == state.GivenUp()

    assert len(world.sms.offered) == len(world.mail.offered) == 1


async def test_a_refusal_for_good_is_stored_and_answered(world: MemoryWorld) -> None:
    world.sms.answer(HandoverRejected(Failure.INVALID_ADDRESS, "invalid_rcv"))

    receipt = await world.instant.place(asked())

    order = await now(world, receipt)
    assert order.notifications[0].delivery == state.Failed(Failure.INVALID_ADDRESS)
    assert order.status is OrderStatus.COMPLETED


async def test_the_gateway_is_told_how_long_the_message_is_worth_something(
    world: MemoryWorld,
) -> None:
    receipt = await world.instant.place(asked(time_to_live=90))

    order = await now(world, receipt)
    (letter,) = world.sms.carried
    assert letter.expires_at == order.placed.requested_send_time + timedelta(seconds=90)
    assert letter.send_before <= letter.expires_at


async def test_an_instant_message_that_is_only_tried_is_answered_and_handed_to_nobody(
    world: MemoryWorld,
) -> None:
    world.agreements.agree("ttd", read_agreement(senders=["*"], test_recipients=["+4799999999"]))

    receipt = await world.instant.place(asked())
    again = await world.instant.place(asked())

    order = await now(world, receipt)
    assert order.notifications[0].delivery == state.Simulated()
    assert order.status is OrderStatus.COMPLETED
    assert again.order == receipt.order
    assert world.sms.offered == []
