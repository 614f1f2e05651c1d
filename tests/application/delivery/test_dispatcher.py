"""How orders are carried out, whatever happens on the way."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import msgspec
import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from adapters.memory.provider import RecordingProvider
from application.agreeing import read_agreement
from application.assembly import Policy, assemble
from application.delivery.contact_lookup import ContactLookup, LookupRequest
from application.delivery.dispatcher import Dispatcher
from application.delivery.usable_copies import UsableCopies
from application.envelope import SERVICE, Actor, PendingEvents
from application.ordering.commands import CancelOrder, NewOrder, PlaceChain, PlaceOrder
from application.ports.order_repository import StoreUnavailableError
from application.ports.provider import (
    HandoverAccepted,
    HandoverDeferred,
    HandoverRejected,
    HandoverUnknown,
    OutboundMessage,
    OutboundSms,
    Provider,
    Trouble,
)
from application.ports.registries import RegistryUnavailableError
from application.ports.registry_copies import KRR, CopyStanding
from application.ports.report_inbox import Report
from application.ports.send_condition import NoAnswer, NotYetAsked
from application.queries.explanation import Awaited
from application.queries.resolution_words import WaitReason
from application.seeking import OrderNotFoundError
from contracts.owner_records_contract import resume, suspend
from domain.channel import Channel, ChannelChoice
from domain.contact_point import PersonRecord
from domain.message import ContentType, EmailMessage, SendingTime, SmsMessage
from domain.order.events import (
    Chain,
    DeliveryReported,
    Failure,
    NotificationNo,
    NotificationSent,
    OrderCancelled,
    OrderId,
    ReportedState,
)
from domain.order.limits import Limits
from domain.order.notification import Accepted as Taken
from domain.order.notification import (
    Attempting,
    Delivered,
    Expired,
    Failed,
    GivenUp,
    Pending,
    Simulated,
)
from domain.order.order import CHUNK, Attempt, Order
from domain.order.state import OrderStatus
from domain.personal import Contact, Content
from domain.recipient import Direct, Identity, RecipientNo
from domain.resolution import Finding
from tests.application.stand_in import StandIn
from tests.samples import AUDITOR, BAKERY, KARI, SKD, TTD
from tests.scenarios.worlds import MemoryWorld
from tests.simulation.clockwork import played

MAIL = EmailMessage(sender="noreply@altinn.cloud", subject=Content("Hello"), body=Content("There."))
SMS = SmsMessage(sender="Altinn", body=Content("There."), sending_time=SendingTime.ANYTIME)
SOMEBODY = Direct(email=Contact("somebody@example.org"), mobile=Contact("+4799999999"))
FIRST = NotificationNo(0)


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


async def placed(
    world: MemoryWorld,
    *recipients: Identity,
    channel: ChannelChoice = ChannelChoice.EMAIL,
    mail: EmailMessage = MAIL,
    sms: SmsMessage = SMS,
    condition: str | None = None,
    by: Actor = TTD,
) -> OrderId:
    order = NewOrder(
        channel=channel,
        recipients=recipients or (SOMEBODY,),
        email=mail,
        sms=sms,
        condition=condition,
    )
    return (await world.ordering.place(PlaceOrder(order=order, by=by))).order_id


async def now(world: MemoryWorld, order_id: OrderId) -> Order:
    return (await world.orders.load([order_id]))[order_id]


def rewired(world: MemoryWorld, policy: Policy | None = None, /, **changes: object) -> Dispatcher:
    """Another worker of the same world, to which some of the outside looks different."""
    own: Mapping[str, object] = {"process": "another", "chance": lambda: 0.0}
    ports = replace(world.ports, **{**own, **changes})  # type: ignore[arg-type]  # any port
    return assemble(ports, policy or Policy()).dispatcher


# Handing over


async def test_the_attempt_is_on_record_before_the_provider_is_called(world: MemoryWorld) -> None:
    seen: list[str] = []

    async def watch(_: OutboundMessage) -> None:
        seen.extend(line.event for line in await world.auditing.history(order_id, by=AUDITOR))

    order_id = await placed(world)
    watching: Provider = StandIn(world, watch)
    await rewired(world, providers={Channel.EMAIL: [watching]}).run_until_idle()

    assert seen[-1] == "order.notification_attempted"


async def test_a_worker_that_dies_in_the_hand_over_leaves_an_unknown_and_not_a_second_message(
    world: MemoryWorld,
) -> None:
    order_id = await placed(world, channel=ChannelChoice.SMS)
    order = await now(world, order_id)
    found = await world.dispatching._resolve(order, [RecipientNo(0)], {}, world.clock())
    (order,) = await world.orders.append(
        [PendingEvents(order_id=order_id, before=order, events=tuple(found))], by=SERVICE
    )
    moment = world.clock()
    attempt = Attempt(
        "link_mobility", moment + timedelta(seconds=30), moment + timedelta(minutes=2)
    )
    await world.orders.append(
        [
            PendingEvents(
                order_id=order_id,
                before=order,
                events=tuple(order.attempt({FIRST: attempt}, moment)),
            )
        ],
        by=SERVICE,
    )  # … and here the worker dies

    await world.dispatching.run_until_idle()
    assert world.sms.offered == []
    world.pass_time(timedelta(minutes=3))
    await world.dispatching.run_until_idle()
    world.pass_time(timedelta(minutes=16))
    await world.dispatching.run_until_idle()

    order = await now(world, order_id)
    assert order.notifications[0].delivery == GivenUp()
    assert order.status is OrderStatus.COMPLETED
    assert world.sms.offered == []


async def test_two_workers_hand_an_order_over_once(world: MemoryWorld) -> None:
    order_id = await placed(world)
    order = await now(world, order_id)
    other = rewired(world)

    await asyncio.gather(world.dispatching._carry_out(order, {}), other._carry_out(order, {}))

    assert len(world.mail.offered) == 1
    assert (await now(world, order_id)).notifications[0].attempts == 1


async def test_what_is_put_off_is_tried_again_and_arrives(world: MemoryWorld) -> None:
    world.mail.answer(HandoverDeferred("451 4.7.1"), HandoverDeferred("451 4.7.1"))
    order_id = await placed(world)

    order = await world.finished(order_id)

    assert order.notifications[0].attempts == 3
    assert order.notifications[0].delivery == Delivered()
    assert len({each.notification_id for each in world.mail.offered}) == 1
    assert len({each.token for each in world.mail.offered}) == 3


async def test_what_is_put_off_for_ever_expires_unsent(world: MemoryWorld) -> None:
    world.mail.answer_for("somebody@example.org", HandoverDeferred("451 4.7.1"))
    order_id = await placed(world)

    order = await world.finished(order_id)

    assert order.notifications[0].delivery == Expired(has_left=False)


async def test_a_relay_that_refuses_us_is_an_alarm_and_no_message_fails(world: MemoryWorld) -> None:
    world.mail.answer(HandoverDeferred("auth_535 5.7.8", Trouble.REFUSES_US))
    order_id = await placed(world)

    with capture_logs() as log:
        order = await world.finished(order_id)

    assert order.notifications[0].delivery == Delivered()
    assert [each for each in log if each["event"] == "provider_refuses_us"] == [
        {
            "event": "provider_refuses_us",
            "log_level": "critical",
            "provider": "smtp",
            "code": "auth_535 5.7.8",
        }
    ]


async def test_a_refusal_is_final_and_the_others_go_on(world: MemoryWorld) -> None:
    world.mail.answer_for("bad@example.org", HandoverRejected(Failure.INVALID_ADDRESS, "550 5.1.1"))
    order_id = await placed(world, Direct(email=Contact("bad@example.org")), SOMEBODY)

    order = await world.finished(order_id)

    assert [each.delivery for each in order.notifications] == [
        Failed(Failure.INVALID_ADDRESS),
        Delivered(),
    ]


async def test_an_unknown_outcome_is_settled_by_a_report_and_not_sent_again(
    world: MemoryWorld,
) -> None:
    world.mail.answer(HandoverUnknown("lost"))
    order_id = await placed(world)
    await world.dispatching.run_until_idle()
    (letter,) = world.mail.offered

    await world.reporting.keep(
        [
            Report(
                provider="smtp",
                reference=letter.token,
                state=ReportedState.DELIVERED,
                code="delivered 2.0.0",
            )
        ]
    )
    await world.reporting.take_down()

    assert (await now(world, order_id)).notifications[0].delivery == Delivered()
    world.pass_time(timedelta(hours=1))
    await world.dispatching.run_until_idle()
    assert len(world.mail.offered) == 1


async def test_an_unknown_email_without_a_report_is_sent_once_more(world: MemoryWorld) -> None:
    world.mail.answer(HandoverUnknown("lost"))
    order_id = await placed(world)

    order = await world.finished(order_id)

    assert order.notifications[0].attempts == 2
    assert "nobody can tell" in " ".join(
        line.words for line in await world.auditing.history(order_id, by=AUDITOR)
    )


@pytest.fixture
def remembering() -> MemoryWorld:
    """A world whose providers remember for five minutes what they took."""
    return MemoryWorld(deduplication_window=timedelta(minutes=5))


async def test_a_provider_that_can_tell_is_asked_before_anything_is_sent_again(
    remembering: MemoryWorld,
) -> None:
    remembering.sms.lose(HandoverAccepted("its-own-name"))
    order_id = await placed(remembering, channel=ChannelChoice.SMS)

    await remembering.dispatching.run_until_idle()

    (notification,) = (await now(remembering, order_id)).notifications
    assert notification.reference == "its-own-name"
    assert len(remembering.sms.offered) == 1


async def test_what_a_provider_says_it_never_took_is_sent_anew(remembering: MemoryWorld) -> None:
    remembering.sms.lose(HandoverDeferred("never_seen"))
    order_id = await placed(remembering, channel=ChannelChoice.SMS)

    await remembering.dispatching.run_until_idle()

    first, second = remembering.sms.offered
    assert first.token != second.token
    assert len(remembering.sms.carried) == 1
    assert (await now(remembering, order_id)).notifications[0].bound_to is None


async def test_what_stays_in_doubt_is_sent_again_under_the_same_name_and_carried_once(
    remembering: MemoryWorld,
) -> None:
    remembering.sms.lose(HandoverAccepted("taken"))
    remembering.sms.answer_no_questions()
    order_id = await placed(remembering, channel=ChannelChoice.SMS)
    await remembering.dispatching.run_until_idle()
    assert len(remembering.sms.offered) == 1

    remembering.pass_time(timedelta(minutes=1))
    await remembering.dispatching.run_until_idle()

    first, second = remembering.sms.offered
    assert first.token == second.token
    assert len(remembering.sms.carried) == 1
    assert (await now(remembering, order_id)).notifications[0].delivery == Taken()


async def test_when_its_provider_has_forgotten_a_text_message_is_given_up(
    remembering: MemoryWorld,
) -> None:
    remembering.sms.lose(HandoverAccepted("taken"))
    remembering.sms.answer_no_questions()
    order_id = await placed(remembering, channel=ChannelChoice.SMS)
    await remembering.dispatching.run_until_idle()

    remembering.pass_time(timedelta(minutes=20))
    with capture_logs() as logged:
        await remembering.dispatching.run_until_idle()

    assert {"event": "outcome_stays_unknown", "order_id": str(order_id)}.items() <= logged[
        0
    ].items()
    assert len(remembering.sms.offered) == 1
    assert (await now(remembering, order_id)).notifications[0].delivery == GivenUp()


async def test_what_a_provider_that_is_gone_may_have_taken_goes_through_no_other(
    world: MemoryWorld,
) -> None:
    world.mail.answer(HandoverUnknown("lost"))
    order_id = await placed(world)
    await world.dispatching.run_until_idle()
    world.pass_time(timedelta(minutes=16))
    another = RecordingProvider("another", clock=world.clock)

    await rewired(world, providers={Channel.EMAIL: [another]}).run_until_idle()

    assert another.offered == []
    assert (await now(world, order_id)).notifications[0].attempts == 1


async def test_a_report_that_comes_while_the_outcome_is_recorded_is_not_lost(
    world: MemoryWorld,
) -> None:
    async def report_first(_: OutboundMessage) -> None:
        """As fast gateways do."""
        order = await now(world, order_id)
        told = DeliveryReported(
            notification_no=FIRST,
            provider="smtp",
            state=ReportedState.DELIVERED,
            code="2.0.0",
        )
        change = PendingEvents(
            order_id=order_id, before=order, events=tuple(order.record_reports([told]))
        )
        await world.orders.append([change], by=SERVICE)

    order_id = await placed(world)
    await rewired(world, providers={Channel.EMAIL: [StandIn(world, report_first)]}).run_until_idle()

    (notification,) = (await now(world, order_id)).notifications
    assert notification.delivery == Delivered()
    assert notification.reference is not None


async def test_a_large_order_is_carried_out_whole(world: MemoryWorld) -> None:
    many = [Direct(email=Contact(f"n{number}@example.org")) for number in range(450)]
    order_id = await placed(world, *many)

    order = await world.finished(order_id)

    assert len(order.notifications) == 450
    assert len({each.to.text for each in world.mail.carried}) == 450


# What letters say


async def test_names_are_escaped_in_html_and_unknown_ones_leave_nothing_raw(
    world: MemoryWorld,
) -> None:
    html = EmailMessage(
        sender="noreply@altinn.cloud",
        subject=Content("For $recipientName$"),
        body=Content("<p>$recipientName$ ($recipientNumber$)</p>"),
        content_type=ContentType.HTML,
    )
    await world.finished(await placed(world, BAKERY, SOMEBODY, mail=html))

    bodies = {each.to.text: each.body.text for each in world.mail.carried}
    assert bodies["post@fjell.example.no"] == "<p> (314022009)</p>"
    assert bodies["somebody@example.org"] == "<p> ()</p>"


async def test_a_person_is_told_by_name_and_never_by_number(world: MemoryWorld) -> None:
    mail = EmailMessage(
        sender="noreply@altinn.cloud",
        subject=Content("$recipientName$"),
        body=Content("Number: $recipientNumber$."),
    )
    await world.finished(await placed(world, KARI, mail=mail))

    (letter,) = world.mail.carried
    assert letter.body.text == "Number: ."
    assert "15859010099" not in letter.body.text


@pytest.mark.parametrize("channel", [ChannelChoice.EMAIL, ChannelChoice.SMS])
async def test_what_has_been_erased_is_never_said_in_other_words(
    world: MemoryWorld, channel: ChannelChoice
) -> None:
    order_id = await placed(world, channel=channel)
    world.orders.erase(order_id, "content")

    await world.dispatching.run_until_idle()

    (letter,) = [*world.mail.offered, *world.sms.offered]
    assert letter.body.is_erased


async def test_a_text_message_is_worth_nothing_after_its_expiry(world: MemoryWorld) -> None:
    order_id = await placed(world, channel=ChannelChoice.SMS)
    await world.dispatching.run_until_idle()

    (letter,) = world.sms.carried
    assert isinstance(letter, OutboundSms)
    assert letter.expires_at == (await now(world, order_id)).notifications[0].expires_at


async def test_what_a_name_has_made_too_long_is_not_handed_over_and_the_order_ends(
    world: MemoryWorld,
) -> None:
    sms = SmsMessage(
        sender="Altinn",
        body=Content("Dear $recipientName$,\n" + "log in. " * 18),
        sending_time=SendingTime.ANYTIME,
    )
    order_id = await placed(world, KARI, channel=ChannelChoice.SMS, sms=sms)

    await rewired(world, Policy(limits=Limits(segments=1))).run_until_idle()

    order = await now(world, order_id)
    assert world.sms.offered == []
    assert order.notifications[0].delivery == Failed(Failure.PAYLOAD_TOO_LARGE)
    assert [each.words for each in await world.auditing.history(order_id, by=AUDITOR)][-2:] == [
        "notification 0 was not handed over: payload too large (too_many_segments)",
        "the order is completed",
    ]


async def test_how_long_a_text_message_is_and_where_it_goes_is_on_record(
    world: MemoryWorld,
) -> None:
    stranger = Direct(mobile=Contact("+46701234567"))
    order_id = await placed(world, stranger, channel=ChannelChoice.SMS)

    order = await world.finished(order_id)

    attempted = order.notifications[0].attempted
    assert attempted is not None
    assert (attempted.segments, attempted.country) == (1, "SE")


# What is asked on the way


class Unplugged:
    async def find(self, numbers: Sequence[str]) -> Mapping[str, PersonRecord]:  # noqa: ARG002  # the port's
        raise RegistryUnavailableError("krr")


@pytest.mark.parametrize(
    "away",
    [
        timedelta(seconds=20),
        timedelta(minutes=5),
        pytest.param(timedelta(hours=9), marks=pytest.mark.soak),
    ],
)
async def test_what_waited_for_a_relay_has_left_nineteen_minutes_after_its_return(
    world: MemoryWorld, away: timedelta
) -> None:
    several = [await placed(world) for _ in range(20)]
    world.mail.answer_for("somebody@example.org", HandoverDeferred("unreachable"))
    returns = world.clock() + away
    await world.work_until(returns)
    assert world.mail.carried == []

    world.mail.answer_for("somebody@example.org", HandoverAccepted("taken"))
    await world.work_until(returns + timedelta(minutes=19))

    assert len(world.mail.carried) == len(several)
    assert len({each.notification_id for each in world.mail.carried}) == len(several)


async def test_a_registry_that_is_down_puts_its_orders_off_and_no_others(
    world: MemoryWorld,
) -> None:
    unplugged = replace(world.ports.registries, persons=Unplugged())
    to_kari, to_bakery = await placed(world, KARI), await placed(world, BAKERY)

    await rewired(world, registries=unplugged).run_until_idle()

    assert (await now(world, to_kari)).status is OrderStatus.REGISTERED
    (told,) = (await world.resolution.explain(to_kari, by=TTD)).recipients
    assert told.lookups[-1].waits_for == Awaited(registry=KRR, reason=WaitReason.NO_ANSWER)
    assert told.lookups[-1].words.endswith("which gives no answer that can be relied on.")
    assert (await now(world, to_bakery)).notifications[0].attempts == 1
    world.pass_time(timedelta(minutes=1))
    assert (await world.finished(to_kari)).notifications[0].delivery == Delivered()


async def test_an_order_that_is_due_waits_for_a_copy_that_has_grown_old_and_goes_on_by_itself(
    world: MemoryWorld,
) -> None:
    to_kari, to_somebody = await placed(world, KARI), await placed(world)
    then = world.clock()
    world.copies.know(CopyStanding(registry=KRR, confirmed_at=then - timedelta(days=4)))
    world.pass_time(timedelta(seconds=1))

    await world.work_until(then + timedelta(minutes=30))

    waiting = await now(world, to_kari)
    assert (waiting.status, waiting.version) == (OrderStatus.REGISTERED, 1)
    assert await world.agenda.waiting() == {KRR: 1}
    (told,) = (await world.resolution.explain(to_kari, by=TTD)).recipients
    assert told.lookups[-1].words == (
        "Not looked up yet: the order waits for the contact and reservation register (KRR), our copy of "
        "which has grown too old to be relied on."
    )
    assert told.lookups[-1].waits_for == Awaited(registry=KRR, reason=WaitReason.COPY_TOO_OLD)
    assert (await now(world, to_somebody)).notifications[0].attempts == 1
    world.copies.know(CopyStanding(registry=KRR, confirmed_at=world.clock()))
    await world.work_until(world.clock() + timedelta(minutes=1))
    assert (await now(world, to_kari)).notifications[0].attempts == 1
    assert await world.agenda.waiting() == {}


async def test_orders_that_wait_for_a_register_are_told_of_now_and_then_however_many_they_are(
    world: MemoryWorld,
) -> None:
    for _ in range(3):
        await placed(world, KARI)
    world.copies.know(CopyStanding(registry=KRR))
    world.pass_time(timedelta(seconds=1))

    with capture_logs() as logs:
        await world.work_until(world.clock() + timedelta(minutes=3))

    told = [each for each in logs if each["event"] == "orders_wait_for_registry"]
    assert 3 <= len(told) <= 4
    assert told[0]["registry"] == KRR
    assert "never been loaded" in told[0]["because"]
    assert told[1]["put_off"] > 3


@pytest.mark.parametrize(
    "answers, status, sent",
    [
        ([True], OrderStatus.COMPLETED, 1),
        ([False], OrderStatus.SEND_CONDITION_NOT_MET, 0),
        ([NoAnswer("timeout"), True], OrderStatus.COMPLETED, 1),
        ([NoAnswer("timeout"), False], OrderStatus.SEND_CONDITION_NOT_MET, 0),
        ([NoAnswer("timeout"), NoAnswer("status_500")], OrderStatus.COMPLETED, 1),
        (
            [NotYetAsked()] * 9 + [False],
            OrderStatus.SEND_CONDITION_NOT_MET,
            0,
        ),
        (
            [NotYetAsked(), NoAnswer("timeout"), NotYetAsked(), False],
            OrderStatus.SEND_CONDITION_NOT_MET,
            0,
        ),
    ],
    ids=[
        *("yes", "no", "unknown then yes", "unknown then no", "unknown twice"),
        *("not yet asked then no", "not yet asked between"),
    ],
)
async def test_the_senders_condition_decides_at_the_last_moment(
    world: MemoryWorld,
    answers: Sequence[bool | NoAnswer | NotYetAsked],
    status: OrderStatus,
    sent: int,
) -> None:
    waiting = list(answers)

    class Scripted:
        async def check(
            self,
            url: str,
            *,
            owner: str,  # noqa: ARG002
        ) -> bool | NoAnswer | NotYetAsked:
            assert url == "https://owner.example/ok"
            return waiting.pop(0)

    world.dispatching._condition = Scripted()
    order_id = await placed(world, condition="https://owner.example/ok")

    order = await world.finished(order_id)

    assert order.status is status
    assert len(world.mail.carried) == sent
    assert waiting == []


def test_one_owners_slow_conditions_keep_no_other_owners_orders_waiting(
    world: MemoryWorld,
) -> None:
    class Slow:
        async def check(self, url: str, *, owner: str) -> bool:  # noqa: ARG002
            await asyncio.sleep(60)
            return True

    async def story() -> None:
        for _ in range(60):
            await placed(world, condition="https://example.org/slow")
        working = asyncio.create_task(rewired(world, condition=Slow()).run(capacity=40, batch=20))
        await asyncio.sleep(1)
        other = await placed(world, by=SKD)
        await asyncio.sleep(2)

        assert (await now(world, other)).notifications[0].attempts == 1
        working.cancel()
        await asyncio.wait({working})

    played(story())


def test_nobody_waits_until_a_large_order_has_been_read(world: MemoryWorld) -> None:
    class Slow:
        """A store that takes a minute to give a large order."""

        async def load(self, order_ids: Sequence[OrderId]) -> Mapping[OrderId, Order]:
            if wide in order_ids:
                await asyncio.sleep(60)
            return await world.orders.load(order_ids)

        def __getattr__(self, name: str) -> object:
            return getattr(world.orders, name)

    wide = OrderId(UUID(int=0))

    async def story() -> None:
        nonlocal wide
        wide = await placed(world, *[SOMEBODY] * 100)
        beside = await placed(world)
        working = asyncio.create_task(rewired(world, orders=Slow()).run())
        await asyncio.sleep(1)
        after = await placed(world)
        await asyncio.sleep(2)

        for each in (beside, after):
            assert (await now(world, each)).notifications[0].attempts == 1
        working.cancel()
        await asyncio.wait({working})

    played(story())


async def test_who_is_asked_for_in_a_large_order_keeps_no_small_one_waiting(
    world: MemoryWorld,
) -> None:
    asked: list[int] = []

    class Counting(ContactLookup):
        @override
        async def registered(self, wanted: Sequence[LookupRequest]) -> Sequence[Finding]:
            asked.append(len(wanted))
            return await super().registered(wanted)

    await placed(world, *[KARI] * 400)
    await placed(world, KARI)

    service = rewired(world)
    copies = UsableCopies(world.ports.copies, clock=world.clock)
    service._look_up = Counting(world.ports.registries, copies)
    await service.run_until_idle()

    assert asked[0] == 1
    assert max(asked) <= CHUNK


async def test_an_order_waits_for_its_time(world: MemoryWorld) -> None:
    order = NewOrder(
        channel=ChannelChoice.EMAIL,
        recipients=(SOMEBODY,),
        email=MAIL,
        requested_send_time=world.clock() + timedelta(days=1),
    )
    order_id = (await world.ordering.place(PlaceOrder(order=order, by=TTD))).order_id

    await world.dispatching.run_until_idle()
    assert world.mail.offered == []
    world.pass_time(timedelta(days=1))
    await world.dispatching.run_until_idle()
    assert len(world.mail.offered) == 1
    assert not isinstance((await now(world, order_id)).notifications[0].delivery, Pending)


def test_a_worker_with_empty_hands_is_there_when_the_next_order_is_due(world: MemoryWorld) -> None:
    began = world.clock()

    def clock() -> datetime:
        return began + timedelta(seconds=asyncio.get_running_loop().time())

    async def story() -> None:
        order = NewOrder(
            channel=ChannelChoice.EMAIL,
            recipients=(SOMEBODY,),
            email=MAIL,
            requested_send_time=began + timedelta(seconds=2.5),
        )
        await world.ordering.place(PlaceOrder(order=order, by=TTD))
        working = asyncio.create_task(rewired(world, clock=clock).run())
        await asyncio.sleep(2.4)
        assert world.mail.offered == []
        await asyncio.sleep(0.2)

        assert len(world.mail.offered) == 1
        working.cancel()
        await asyncio.wait({working})

    world.orders.clock = clock
    played(story())


def test_for_what_is_due_and_withheld_a_worker_looks_no_more_often_than_for_anything(
    world: MemoryWorld,
) -> None:
    looks: list[datetime] = []

    class Watched:
        async def next_due(self) -> datetime | None:
            looks.append(world.clock())
            return await world.agenda.next_due()

        def __getattr__(self, name: str) -> object:
            return getattr(world.agenda, name)

    async def story() -> None:
        await placed(world)
        await suspend(world.owner_records, "ttd")
        working = asyncio.create_task(rewired(world, agenda=Watched()).run())
        await asyncio.sleep(10)

        assert world.mail.offered == []
        assert 0 < len(looks) <= 11
        working.cancel()
        await asyncio.wait({working})

    played(story())


class Gated(StandIn):
    """A relay that has taken a letter, and answers when it is let."""

    def __init__(self, world: MemoryWorld) -> None:
        super().__init__(world, self._take)
        self.taken: list[OutboundMessage] = []
        self.has_taken = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def _take(self, letter: OutboundMessage) -> None:
        self.taken.append(letter)
        self.has_taken.set()
        await self.may_answer.wait()


def test_a_worker_that_is_told_to_stop_hears_what_becomes_of_what_it_has_in_hand(
    world: MemoryWorld,
) -> None:
    async def story() -> None:
        relay = Gated(world)
        order_id = await placed(world)
        working = asyncio.create_task(rewired(world, providers={Channel.EMAIL: [relay]}).run())
        await relay.has_taken.wait()
        working.cancel()
        await asyncio.sleep(3)
        later = await placed(world)
        relay.may_answer.set()
        await asyncio.wait({working})

        assert (await now(world, order_id)).notifications[0].delivery == Taken()
        assert (await now(world, later)).status is OrderStatus.REGISTERED
        assert not await world.agenda.has_redeliveries(world.clock() + timedelta(hours=1))

    played(story())


def test_a_worker_that_is_told_to_stop_begins_nothing_new(world: MemoryWorld) -> None:
    async def story() -> None:
        relay = Gated(world)
        several = [Direct(email=Contact(f"r{number}@example.org")) for number in range(2 * CHUNK)]
        order_id = await placed(world, *several)
        working = asyncio.create_task(rewired(world, providers={Channel.EMAIL: [relay]}).run())
        await relay.has_taken.wait()
        working.cancel()
        await asyncio.sleep(1)
        relay.may_answer.set()
        await asyncio.wait({working})

        assert len(relay.taken) == CHUNK
        order = await now(world, order_id)
        assert [each.delivery for each in order.notifications] == [
            *(Taken() for _ in range(CHUNK)),
            *(Pending() for _ in range(CHUNK)),
        ]

    played(story())


def test_a_worker_that_is_told_to_stop_does_not_wait_for_ever(world: MemoryWorld) -> None:
    async def story() -> None:
        relay = Gated(world)
        order_id = await placed(world)
        working = asyncio.create_task(rewired(world, providers={Channel.EMAIL: [relay]}).run())
        await relay.has_taken.wait()
        working.cancel()
        began = asyncio.get_running_loop().time()
        await asyncio.wait({working})

        assert asyncio.get_running_loop().time() - began < 25
        assert isinstance((await now(world, order_id)).notifications[0].delivery, Attempting)

    played(story())


class ForgettingOutcomes:
    """A store that is away for half a minute, just when an outcome is to be recorded."""

    def __init__(self, world: MemoryWorld) -> None:
        self._orders = world.orders
        self._back_at: float | None = None

    async def append(self, changes: Sequence[PendingEvents], *, by: Actor) -> Sequence[Order]:
        now = asyncio.get_running_loop().time()
        if any(isinstance(e, NotificationSent) for each in changes for e in each.events):
            self._back_at = self._back_at or now + 30
            if now < self._back_at:
                raise StoreUnavailableError
        return await self._orders.append(changes, by=by)

    def __getattr__(self, name: str) -> object:
        return getattr(self._orders, name)


def test_an_outcome_is_not_forgotten_while_the_store_is_away(world: MemoryWorld) -> None:
    async def story() -> None:
        order_id = await placed(world, SOMEBODY, Direct(email=Contact("another@example.org")))

        await rewired(world, orders=ForgettingOutcomes(world)).run_until_idle()

        order = await now(world, order_id)
        assert [each.delivery for each in order.notifications] == [Taken(), Taken()]
        assert len(world.mail.offered) == 2

    played(story())


async def test_an_owner_that_is_stopped_in_the_middle_of_an_order_keeps_the_rest(
    world: MemoryWorld,
) -> None:
    async def stop_the_owner(_: OutboundMessage) -> None:
        await suspend(world.owner_records, "TTD")
        world.pass_time(timedelta(seconds=2))

    several = [Direct(email=Contact(f"r{number}@example.org")) for number in range(3 * CHUNK)]
    order_id = await placed(world, *several)
    service = rewired(world, providers={Channel.EMAIL: [StandIn(world, stop_the_owner)]})

    await service.run_until_idle()

    attempts = [each.attempts for each in (await now(world, order_id)).notifications]
    assert attempts == [1] * CHUNK + [0] * 2 * CHUNK
    await resume(world.owner_records, "ttd")
    world.pass_time(timedelta(seconds=2))
    await world.dispatching.run_until_idle()
    assert len(world.mail.carried) == 2 * CHUNK


def test_an_owner_resumed_a_moment_ago_has_its_order_put_off_until_that_is_known(
    world: MemoryWorld,
) -> None:
    async def story() -> None:
        order_id = await placed(world, SOMEBODY)
        worker = rewired(world)
        await suspend(world.owner_records, "ttd")
        world.pass_time(timedelta(seconds=2))
        await worker._owners.look()
        await resume(world.owner_records, "ttd")

        await worker.run_until_idle()

        assert world.mail.offered == []  # nobody turned on the spot until it was known
        world.pass_time(timedelta(seconds=2))
        await worker.run_until_idle()
        assert [each.delivery for each in (await now(world, order_id)).notifications] == [Taken()]

    played(story())


# Only tried out


async def test_what_its_sender_only_tries_is_handed_to_nobody_and_the_others_arrive(
    world: MemoryWorld,
) -> None:
    tried = Direct(email=Contact("Test@example.org"))
    world.agreements.agree(
        "ttd", read_agreement(senders=["*"], test_recipients=["test@example.org"])
    )
    order_id = await placed(world, tried, SOMEBODY)

    await world.dispatching.run_until_idle()

    assert [each.to.text for each in world.mail.offered] == ["somebody@example.org"]
    order = await now(world, order_id)
    assert [type(each.delivery) for each in order.notifications] == [Simulated, Taken]
    words = [each.words for each in await world.auditing.history(order_id, by=AUDITOR)]
    assert any("notification 0 was simulated: it was handed to nobody" in each for each in words)


async def test_what_was_simulated_stays_so_whatever_is_agreed_later(world: MemoryWorld) -> None:
    world.agreements.agree(
        "ttd", read_agreement(senders=["*"], test_recipients=["somebody@example.org"])
    )
    order_id = await placed(world)
    await world.dispatching.run_until_idle()

    world.agreements.agree("ttd", read_agreement(senders=["*"]))
    world.pass_time(timedelta(hours=72))
    await world.dispatching.run_until_idle()

    order = await now(world, order_id)
    assert order.status is OrderStatus.COMPLETED
    assert order.notifications[0].delivery == Simulated()
    assert world.mail.offered == []


async def test_another_owners_test_recipients_are_nothing_to_this_one(world: MemoryWorld) -> None:
    world.agreements.agree(
        "skd", read_agreement(senders=["*"], test_recipients=["somebody@example.org"])
    )
    await placed(world)

    await world.dispatching.run_until_idle()

    assert len(world.mail.carried) == 1


async def chained(world: MemoryWorld, *, condition: str | None = None) -> tuple[OrderId, OrderId]:
    """An order for the next hour and its reminder a day later."""
    order = NewOrder(
        channel=ChannelChoice.EMAIL,
        recipients=(SOMEBODY,),
        email=MAIL,
        condition=condition,
        requested_send_time=world.clock() + timedelta(hours=1),
    )
    later = msgspec.structs.replace(order, requested_send_time=None, condition=None, delay_days=1)
    receipt = await world.ordering.place_chain(
        PlaceChain(idempotency_key="case-77", order=order, reminders=(later,), by=TTD)
    )
    (reminder,) = receipt.reminders
    return receipt.order.order_id, reminder.order_id


async def test_the_reminder_of_an_order_whose_condition_said_no_is_not_sent(
    world: MemoryWorld,
) -> None:
    order_id, reminder_id = await chained(world, condition="https://owner.example/no")
    await world.finished(order_id)

    reminder = await world.finished(reminder_id)

    assert reminder.status is OrderStatus.CANCELLED
    assert world.mail.carried == []
    words = [each.words for each in await world.auditing.history(reminder_id, by=AUDITOR)]
    assert "the condition of the order that it reminds of said: do not send" in words[-1]


async def test_a_reminder_from_before_it_knew_its_order_follows_it_all_the_same(
    world: MemoryWorld,
) -> None:
    order_id, reminder_id = await chained(world)
    main, reminder = [await now(world, each) for each in (order_id, reminder_id)]
    chain = main.placed.chain
    assert chain is not None
    earlier = msgspec.structs.replace(reminder.placed, chain=Chain(chain.chain_id))
    earlier_id = OrderId(uuid4())
    cancelled_alone = PendingEvents(order_id=order_id, before=main, events=(OrderCancelled(),))
    await world.orders.append(
        [cancelled_alone, PendingEvents(order_id=earlier_id, before=None, events=(earlier,))],
        by=TTD,
    )

    followed = await world.finished(earlier_id)

    assert followed.status is OrderStatus.CANCELLED
    assert world.mail.carried == []


async def test_the_reminder_of_an_order_that_was_sent_is_sent(world: MemoryWorld) -> None:
    order_id, reminder_id = await chained(world)
    await world.finished(order_id)
    await world.finished(reminder_id)

    assert len(world.mail.carried) == 2


async def test_the_reminders_of_a_cancelled_order_are_cancelled_at_once(
    world: MemoryWorld,
) -> None:
    order_id, reminder_id = await chained(world)

    await world.ordering.cancel(CancelOrder(order_id=order_id, by=TTD))

    assert (await now(world, reminder_id)).status is OrderStatus.CANCELLED


async def test_an_order_is_cancelled_though_the_history_of_a_reminder_cannot_be_read(
    world: MemoryWorld,
) -> None:
    order_id, reminder_id = await chained(world)
    world.orders.spoil(reminder_id)

    with capture_logs() as told:
        cancelled = await world.ordering.cancel(CancelOrder(order_id=order_id, by=TTD))

    assert cancelled.status is OrderStatus.CANCELLED
    assert [(each["event"], each["order_id"]) for each in told] == [
        ("history_spoilt", str(reminder_id))
    ]


async def test_a_chain_is_withdrawn_by_its_own_id_and_by_its_owner_alone(
    world: MemoryWorld,
) -> None:
    order_id, reminder_id = await chained(world)
    chain = (await now(world, order_id)).placed.chain
    assert chain is not None
    by_chain = CancelOrder(order_id=OrderId(chain.chain_id), by=TTD)

    with pytest.raises(OrderNotFoundError):
        await world.ordering.cancel(msgspec.structs.replace(by_chain, by=SKD))
    cancelled = await world.ordering.cancel(by_chain)

    assert cancelled.order_id == order_id
    for each in (order_id, reminder_id):
        assert (await now(world, each)).status is OrderStatus.CANCELLED


async def test_of_a_chain_whose_order_was_sent_what_is_to_come_is_withdrawn(
    world: MemoryWorld,
) -> None:
    order_id, reminder_id = await chained(world)
    chain = (await world.finished(order_id)).placed.chain
    assert chain is not None

    await world.ordering.cancel(CancelOrder(order_id=OrderId(chain.chain_id), by=TTD))

    assert (await now(world, order_id)).status is OrderStatus.COMPLETED
    assert (await now(world, reminder_id)).status is OrderStatus.CANCELLED
