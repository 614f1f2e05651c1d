"""Which provider an attempt is for, and what is learned of it from what becomes of the attempt."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest

from adapters.memory.provider import RecordingProvider
from application.delivery.handover import HandoverService, OrderSession
from application.delivery.provider_selection import CircuitBreakerSettings
from application.ordering.commands import NewOrder, PlaceOrder
from application.ports.provider import (
    HandoverAccepted,
    HandoverDeferred,
    OutboundMessage,
    Provider,
    Told,
)
from domain.channel import Channel, ChannelChoice
from domain.message import EmailMessage, EmailText, Language
from domain.order.events import NotificationNo
from domain.order.order import Order
from domain.order.state import evolve_all
from domain.personal import Contact, Content
from domain.recipient import Direct, RecipientNo
from domain.resolution import DirectFinding, resolve
from tests.samples import KARI, OLA, TTD
from tests.scenarios.worlds import MemoryWorld

MAIL = EmailMessage(sender="noreply@altinn.cloud", subject=Content("Hello"), body=Content("There."))
SOMEBODY = Direct(email=Contact("somebody@example.org"))
FIRST = NotificationNo(0)


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


async def resolved(world: MemoryWorld) -> Order:
    """An order whose one notification may be attempted."""
    order = NewOrder(channel=ChannelChoice.EMAIL, recipients=(SOMEBODY,), email=MAIL)
    placed = await world.ordering.place(PlaceOrder(order=order, by=TTD))
    order_id = placed.order_id
    read = (await world.orders.load([order_id]))[order_id]
    found = resolve(DirectFinding(identity=SOMEBODY), read.policy(world.clock()))
    return evolve_all(read, read.resolve({RecipientNo(0): found}, {}), world.clock())


def over(world: MemoryWorld, *providers: Provider) -> HandoverService:
    return HandoverService(
        orders=world.orders,
        providers={Channel.EMAIL: providers},
        clock=world.clock,
        chance=lambda: 0.9,
        agreements=world.agreements,
    )


def relays(world: MemoryWorld) -> list[RecordingProvider]:
    return [RecordingProvider(name, clock=world.clock) for name in ("smtp", "smtp:2")]


def due_for_a_probe(world: MemoryWorld, hand_over: HandoverService, name: str) -> None:
    for _ in range(CircuitBreakerSettings().fewest):
        began = world.clock()
        hand_over.choice.record_outcome(
            name, HandoverDeferred("unreachable"), began=began, now=world.clock()
        )
    world.pass_time(CircuitBreakerSettings().first_pause)


async def test_what_may_not_be_attempted_is_no_probe(world: MemoryWorld) -> None:
    hand_over = over(world, *relays(world))
    order = await resolved(world)
    attempted = hand_over.attempts(order, [FIRST], world.clock())
    under_way = evolve_all(order, attempted, world.clock())
    due_for_a_probe(world, hand_over, "smtp")

    again = hand_over.attempts(under_way, [FIRST], world.clock())
    (following,) = hand_over.attempts(await resolved(world), [FIRST], world.clock())

    assert again == ()
    assert following.provider == "smtp"


async def test_what_is_bound_to_a_provider_that_is_gone_is_no_probe(world: MemoryWorld) -> None:
    before = over(world, RecordingProvider("gone", clock=world.clock))
    order = await resolved(world)
    order = evolve_all(order, before.attempts(order, [FIRST], world.clock()), world.clock())
    soon = world.clock()
    unknown = order.record_unknown(FIRST, 1, "lost", resolve_by=soon, repeat_at=soon)
    order = evolve_all(order, unknown, world.clock())
    hand_over = over(world, *relays(world))
    due_for_a_probe(world, hand_over, "smtp")

    bound = hand_over.attempts(order, [FIRST], world.clock())
    (following,) = hand_over.attempts(await resolved(world), [FIRST], world.clock())

    assert bound == ()
    assert following.provider == "smtp"


class Queueing:
    """A relay whose letters wait for long for a connection, and are taken at once then."""

    name = "smtp"
    channel = Channel.EMAIL
    longest_hand_over = 1.0
    memory = None

    def __init__(self, world: MemoryWorld) -> None:
        self._world = world

    async def send(self, letters: Sequence[OutboundMessage]) -> AsyncIterator[Told]:
        for letter in letters:
            self._world.pass_time(timedelta(seconds=8))
            yield Told(letter, HandoverAccepted(letter.token), self._world.clock())


async def test_what_waits_for_a_connection_of_ours_does_not_make_a_relay_slow(
    world: MemoryWorld,
) -> None:
    queueing, other = Queueing(world), RecordingProvider("smtp:2", clock=world.clock)
    hand_over = over(world, queueing, other)
    for _ in range(10):
        hand_over.choice.record_outcome(
            "smtp:2", HandoverAccepted("1"), began=world.clock(), now=world.clock()
        )

    by_itself = over(world, queueing)
    for _ in range(10):
        order = await resolved(world)
        unit = OrderSession(order)
        await hand_over.send(unit, by_itself.attempts(order, [FIRST], world.clock()))

    assert list(hand_over.choice.shifts) == []


async def test_of_one_order_each_recipient_gets_the_text_in_their_own_language(
    world: MemoryWorld,
) -> None:
    for person, email, language in (
        (KARI, "kari@example.org", "nn"),
        (OLA, "ola@example.org", "nb"),
    ):
        await world.krr_says(
            person.number.text, email=email, mobile="+4740000001", language=language
        )
    nynorsk = EmailText(
        language=Language.NN, subject=Content("Hei"), body=Content("Ver venleg og logg inn.")
    )
    mail = EmailMessage(
        sender=MAIL.sender, subject=MAIL.subject, body=MAIL.body, languages=(nynorsk,)
    )
    order = NewOrder(channel=ChannelChoice.EMAIL, recipients=(KARI, OLA, KARI), email=mail)

    await world.ordering.place(PlaceOrder(order=order, by=TTD))
    await world.dispatching.run_until_idle()

    assert [(each.to, each.body) for each in world.arrived()] == [
        ("kari@example.org", "Ver venleg og logg inn."),
        ("ola@example.org", MAIL.body.text),
    ]
