"""Who may hear of it is asked when an order is due, and while nobody can be asked, nobody else waits."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest

from adapters.decision_point.unjudgeable import UnjudgeableMemory
from adapters.memory.decision_point import InMemoryDecisionPoint
from adapters.memory.registries import InMemoryProfileRegistry
from application.assembly import Policy, assemble
from application.delivery.handover import Timing
from application.envelope import Actor
from application.ordering.commands import (
    MissingContactError,
    NewOrder,
    PlaceChain,
    PlaceOrder,
)
from application.ports.decision_point import Question
from domain.authority import Decision
from domain.channel import ChannelChoice
from domain.contact_point import ProfileRecord, RegisteredAddress
from domain.message import EmailMessage
from domain.order.events import (
    AuthorityUnknown,
    Considered,
    ContactNotFound,
    ContactResolved,
    OrderEvent,
    OrderId,
    Reason,
    Source,
)
from domain.order.notification import Delivered, NotIdentified
from domain.order.order import AUTHORITY_RETRY, AUTHORITY_WAIT, Order
from domain.order.state import OrderStatus
from domain.personal import Contact, Content, Identifier
from domain.recipient import Direct, Identity, Organisation, OrganisationNumber, RecipientNo
from tests.samples import AUDITOR, BAKERY, KARI, SKD, TTD
from tests.scenarios.worlds import MemoryWorld
from tests.simulation.clockwork import played

MAIL = EmailMessage(sender="noreply@altinn.cloud", subject=Content("Hello"), body=Content("There."))
SOMEBODY = Direct(email=Contact("somebody@example.org"))
OFFICE = Organisation(OrganisationNumber("314023072"))
TAX = "urn:altinn:resource:tax-2026"
OFFICIAL, USER, OFFICE_USER = (
    "post@fjell.example.no",
    "ola@fjell.example.no",
    "user@kontor.example.no",
)


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


def order(*recipients: Identity, resource: str | None = TAX) -> NewOrder:
    return NewOrder(
        channel=ChannelChoice.EMAIL, recipients=recipients, email=MAIL, resource=resource
    )


async def placed(
    world: MemoryWorld, *recipients: Identity, resource: str | None = TAX, by: Actor = TTD
) -> OrderId:
    asked = PlaceOrder(order=order(*recipients, resource=resource), by=by)
    return (await world.ordering.place(asked)).order_id


async def now(world: MemoryWorld, order_id: OrderId) -> Order:
    return (await world.orders.load([order_id]))[order_id]


async def events(world: MemoryWorld, order_id: OrderId) -> Sequence[OrderEvent]:
    return [each.event for each in await world.orders.history(order_id)]


def reached(world: MemoryWorld) -> list[str]:
    return sorted(each.to for each in world.arrived())


async def test_users_who_may_hear_of_it_do_beside_the_official_address(world: MemoryWorld) -> None:
    await world.finished(await placed(world, BAKERY, OFFICE))
    assert reached(world) == [USER, OFFICIAL, OFFICE_USER]


async def test_recipients_wait_while_nobody_can_be_asked_and_others_do_not(
    world: MemoryWorld,
) -> None:
    world.decision_point.is_away = True
    order_id = await placed(world, BAKERY, KARI, SOMEBODY)
    others = await placed(world, KARI, BAKERY, resource=None, by=SKD)

    await world.dispatching.run_until_idle()

    waiting = await now(world, order_id)
    assert waiting.status is OrderStatus.PROCESSING
    assert waiting.resolved == {RecipientNo(1), RecipientNo(2)}
    assert (await now(world, others)).status is OrderStatus.PROCESSED
    assert reached(world) == sorted(
        ["kari@post.example.no", "somebody@example.org", "kari@post.example.no", OFFICIAL]
    )
    (put_off,) = [e for e in await events(world, order_id) if isinstance(e, AuthorityUnknown)]
    assert put_off.recipients == (RecipientNo(0),)
    assert put_off.until - put_off.retry_at == AUTHORITY_WAIT - AUTHORITY_RETRY
    told = [line.words for line in await world.auditing.history(order_id, by=AUDITOR)]
    assert (
        "whether users may hear of it on behalf of recipient 0 could not be asked; that is asked "
        f"again at {put_off.retry_at.isoformat()}, and waited for until "
        f"{put_off.until.isoformat()} at most" in told
    )


async def test_a_decision_point_that_is_back_in_time_is_asked_and_everybody_hears_of_it(
    world: MemoryWorld,
) -> None:
    world.decision_point.is_away = True
    order_id = await placed(world, BAKERY)
    await world.work_until(world.clock() + timedelta(minutes=3))
    assert reached(world) == []

    world.decision_point.is_away = False
    order = await world.finished(order_id)

    assert reached(world) == [USER, OFFICIAL]
    assert all(each.delivery == Delivered() for each in order.notifications)
    # Asked once at the door, at once and twice more in vain, and then once more.
    assert len(world.decision_point.asked) == 1 + 3 + 1


async def test_after_the_wait_the_official_address_is_used_alone_and_the_event_says_why(
    world: MemoryWorld,
) -> None:
    world.decision_point.is_away = True
    order_id = await placed(world, BAKERY)
    began = world.clock()

    order = await world.finished(order_id)

    assert reached(world) == [OFFICIAL]
    assert order.notifications[0].delivery == Delivered()
    assert world.clock() - began < AUTHORITY_WAIT + timedelta(minutes=1)
    (resolved,) = [e for e in await events(world, order_id) if isinstance(e, ContactResolved)]
    assert resolved.considered == tuple(
        Considered(
            source=Source.USER_PROFILE, reason=Reason.AUTHORITY_NOT_ASKED, user=Identifier(user)
        )
        for user in ("20001111", "20003333")
    )


async def test_who_has_no_official_address_is_not_found_and_the_reason_is_told(
    world: MemoryWorld,
) -> None:
    world.decision_point.is_away = True
    order_id = await placed(world, OFFICE)

    order = await world.finished(order_id)

    assert [each.delivery for each in order.notifications] == [NotIdentified()]
    (missing,) = [e for e in await events(world, order_id) if isinstance(e, ContactNotFound)]
    assert [each.reason for each in missing.considered] == [
        Reason.NO_RECORD,
        Reason.AUTHORITY_NOT_ASKED,
    ]
    assert reached(world) == []


async def test_what_a_user_was_permitted_holds_though_another_could_not_be_judged(
    world: MemoryWorld,
) -> None:
    class Partly:
        async def decide(self, questions: Sequence[Question]) -> Mapping[Question, Decision]:
            return {
                each: Decision.PERMITTED if each.user == "20001111" else Decision.NOT_ASKED
                for each in questions
            }

    world.redirect(Partly())
    await world.finished(await placed(world, BAKERY))
    assert reached(world) == [USER, OFFICIAL]


async def test_nobody_waits_for_what_cannot_be_judged_and_the_event_says_that_it_was_not(
    world: MemoryWorld,
) -> None:
    world.decision_point.unjudgeable = {
        Question("20006666", OFFICE.number, "tax-2026", "read"),
        Question("20003333", BAKERY.number, "tax-2026", "read"),
    }
    order_id = await placed(world, OFFICE, BAKERY)

    await world.dispatching.run_until_idle()

    assert (await now(world, order_id)).status is OrderStatus.PROCESSED
    assert reached(world) == [USER, OFFICIAL]
    history = await events(world, order_id)
    assert not any(isinstance(each, AuthorityUnknown) for each in history)
    (missing,) = [each for each in history if isinstance(each, ContactNotFound)]
    assert Reason.AUTHORITY_NOT_ASKED in {each.reason for each in missing.considered}


async def test_where_one_cannot_be_judged_and_another_was_not_asked_it_is_waited(
    world: MemoryWorld,
) -> None:
    class Partly:
        async def decide(self, questions: Sequence[Question]) -> Mapping[Question, Decision]:
            return {
                each: Decision.UNJUDGEABLE if each.user == "20001111" else Decision.NOT_ASKED
                for each in questions
            }

    world.redirect(Partly())
    order_id = await placed(world, BAKERY)

    await world.dispatching.run_until_idle()

    assert any(isinstance(each, AuthorityUnknown) for each in await events(world, order_id))


async def test_a_pair_that_is_never_judged_costs_its_first_order_a_minute_and_the_next_none(
    world: MemoryWorld,
) -> None:
    world.decision_point.unjudgeable = {
        Question("20006666", OFFICE.number, "tax-2026", "read"),
    }
    world.redirect(UnjudgeableMemory(world.decision_point, clock=lambda: world.clock().timestamp()))
    began = world.clock()
    await world.finished(await placed(world, OFFICE))
    assert AUTHORITY_RETRY <= world.clock() - began < 2 * AUTHORITY_RETRY

    asked = len(world.decision_point.asked)
    order_id = await placed(world, OFFICE)
    await world.dispatching.run_until_idle()

    assert (await now(world, order_id)).status is OrderStatus.COMPLETED
    assert len(world.decision_point.asked) == asked


async def test_many_recipients_wait_together_and_come_to_their_end(world: MemoryWorld) -> None:
    units = [Organisation(OrganisationNumber(f"3150{n:05}")) for n in range(150)]
    user = ProfileRecord(
        user="20001111", email=RegisteredAddress(address=Contact("ola@fjell.example.no"))
    )
    profiles = InMemoryProfileRegistry({(each.number, "tax-2026"): [user] for each in units})
    away = InMemoryDecisionPoint()
    away.is_away = True
    world.redirect(away, profiles)
    order_id = await placed(world, *units, KARI)

    await world.work_until(world.clock() + timedelta(minutes=2))
    assert reached(world) == ["kari@post.example.no"]
    order = await world.finished(order_id)

    assert len(order.notifications) == 151
    put_off = [e for e in await events(world, order_id) if isinstance(e, AuthorityUnknown)]
    assert {len(each.recipients) for each in put_off} == {100, 50}
    assert len(put_off) == 2 * 10


async def test_who_does_not_want_to_wait_does_not(world: MemoryWorld) -> None:
    world.decision_point.is_away = True
    order_id = await placed(world, BAKERY)
    policy = Policy(timing=Timing(authority_wait=timedelta(0)))

    await assemble(world.ports, policy).dispatcher.run_until_idle()

    assert reached(world) == [OFFICIAL]
    assert not any(isinstance(e, AuthorityUnknown) for e in await events(world, order_id))


def test_a_decision_point_that_hangs_keeps_no_other_order_waiting(world: MemoryWorld) -> None:
    class Hanging:
        async def decide(self, questions: Sequence[Question]) -> Mapping[Question, Decision]:
            await asyncio.sleep(20)
            return dict.fromkeys(questions, Decision.NOT_ASKED)

    async def story() -> None:
        hung = await placed(world, BAKERY)
        beside = [await placed(world, KARI, by=SKD), await placed(world, BAKERY, resource=None)]
        world.redirect(Hanging())
        working = asyncio.create_task(world.dispatching.run())
        await asyncio.sleep(1)
        after = await placed(world, SOMEBODY)
        await asyncio.sleep(2)

        for each in (*beside, after):
            assert (await now(world, each)).notifications[0].attempts == 1
        assert (await now(world, hung)).notifications == ()
        working.cancel()
        await asyncio.wait({working})

    played(story())


# At the door


@pytest.mark.parametrize("is_away", [True, False])
async def test_nobody_is_refused_since_nobody_could_be_asked(
    world: MemoryWorld, *, is_away: bool
) -> None:
    world.decision_point.is_away = is_away
    world.decision_point.permitted.clear()
    chain = PlaceChain(order=order(OFFICE), idempotency_key="once", by=TTD)

    if is_away:
        placed = await world.ordering.place_chain(chain)
        assert not placed.is_repeat
    else:
        with pytest.raises(MissingContactError):
            await world.ordering.place_chain(chain)
    receipt = await world.ordering.place(PlaceOrder(order=order(OFFICE, BAKERY), by=TTD))
    assert receipt.look_up is not None
    assert receipt.look_up.missing == (() if is_away else (OFFICE.number,))
