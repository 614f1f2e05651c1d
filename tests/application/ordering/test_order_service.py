"""What may be ordered, whichever way an order comes in, and what becomes of what was accepted."""

import asyncio
import dataclasses
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from adapters.memory.registries import registries
from application.assembly import Policy, assemble
from application.envelope import Role
from application.ordering.admission import OwnerStoppedError, QuotaExceededError
from application.ordering.commands import (
    ChainReceipt,
    MissingContactError,
    NewOrder,
    OrderReceipt,
    PlaceChain,
    PlaceInstant,
    PlaceOrder,
)
from application.ports.owner_ledger import QuotaLimit
from application.ports.registries import RegistryUnavailableError
from application.ports.registry_copies import KRR, CopyStanding, NotReady, RegistryNotReadyError
from contracts.owner_records_contract import suspend
from domain.channel import ChannelChoice
from domain.contact_point import PersonRecord
from domain.message import Attachment, SendingTime, SmsMessage
from domain.operations.acts import OrderRefused
from domain.order.errors import CannotBePlacedError
from domain.order.events import (
    NotificationAttempted,
    NotificationRejected,
    OrderKind,
    OrderPlaced,
    PlacingLookup,
    Reason,
)
from domain.personal import Contact, Content, Identifier
from domain.recipient import Direct, ExternalIdentity, Organisation, OrganisationNumber, Person
from tests.samples import BAKERY, KARI, OLA, REMINDER_MAIL, TTD
from tests.scenarios.worlds import MemoryWorld

ADDRESS: Final = Contact("reader@example.org")
NUMBER: Final = Contact("+4799999999")
CODE: Final = SmsMessage(
    sender="Altinn", body=Content("It is 4711"), sending_time=SendingTime.ANYTIME
)
MAIL: Final = NewOrder(
    channel=ChannelChoice.EMAIL, recipients=(Direct(email=ADDRESS),), email=REMINDER_MAIL
)
TEXT: Final = NewOrder(channel=ChannelChoice.SMS, recipients=(Direct(mobile=NUMBER),), sms=CODE)
WAYS: Final = ["once", "chain", "instant"]


async def ask(
    world: MemoryWorld, way: str, order: NewOrder, key: str = "1"
) -> OrderReceipt | ChainReceipt:
    """Ask for an order in one of the ways in which orders come in."""
    match way:
        case "once":
            return await world.ordering.place(PlaceOrder(order=order, by=TTD))
        case "chain":
            command = PlaceChain(idempotency_key=key, order=order, by=TTD)
            return await world.ordering.place_chain(command)
        case _:
            return await world.instant.place(PlaceInstant(idempotency_key=key, order=order, by=TTD))


# Whether an owner may order


@pytest.mark.parametrize("way", WAYS)
async def test_an_owner_that_is_stopped_orders_in_no_way(way: str) -> None:
    world = MemoryWorld()
    await suspend(world.owner_records, "ttd")

    with pytest.raises(OwnerStoppedError):
        await ask(world, way, TEXT)

    assert world.orders.everything() == []


@pytest.mark.parametrize("way", WAYS)
async def test_an_owner_orders_no_more_than_it_may_in_any_way_and_is_told_how_it_stands(
    way: str,
) -> None:
    world = MemoryWorld(quota_limits={"ttd": QuotaLimit(recipients=1)})
    receipt = await ask(world, way, TEXT)

    with pytest.raises(QuotaExceededError):
        await ask(world, way, TEXT, key="2")

    assert receipt.standing is not None
    assert receipt.standing.used.recipients == 1


@pytest.mark.parametrize("way", WAYS)
async def test_what_cannot_be_placed_is_on_nobodys_count(way: str) -> None:
    world = MemoryWorld(quota_limits={"ttd": QuotaLimit(recipients=1)})
    with pytest.raises(CannotBePlacedError):
        await ask(world, way, replace(TEXT, sms=None))

    assert (await ask(world, way, TEXT)).standing is not None
    assert len(world.orders.everything()) > 0


# Whether what is known of recipients can be relied on

TO_KARI: Final = replace(MAIL, recipients=(KARI,))


def has_grown_old(world: MemoryWorld) -> CopyStanding:
    return CopyStanding(registry=KRR, position="1", confirmed_at=world.clock() - timedelta(days=4))


@pytest.mark.parametrize("way", ["once", "chain"])
async def test_an_order_that_needs_a_copy_that_is_not_ready_changes_nothing(way: str) -> None:
    world = MemoryWorld(quota_limits={"ttd": QuotaLimit(recipients=2)})
    for standing, because in (
        (CopyStanding(registry=KRR), NotReady.NEVER_LOADED),
        (has_grown_old(world), NotReady.TOO_OLD),
    ):
        world.copies.know(standing)
        with pytest.raises(RegistryNotReadyError) as refused:
            await ask(world, way, TO_KARI)
        assert (refused.value.registry, refused.value.because) == (KRR, because)
        world.pass_time(timedelta(seconds=1))
    assert world.orders.everything() == []

    receipt = await ask(world, way, MAIL, key="2")
    world.copies.know(CopyStanding(registry=KRR, confirmed_at=world.clock()))
    world.pass_time(timedelta(seconds=1))
    await ask(world, way, TO_KARI)

    assert receipt.standing is not None
    assert receipt.standing.used.recipients == 1


async def test_a_chain_whose_reminder_needs_a_copy_that_is_not_ready_is_refused() -> None:
    world = MemoryWorld()
    world.copies.know(CopyStanding(registry=KRR))
    reminder = replace(TO_KARI, delay_days=1)

    with pytest.raises(RegistryNotReadyError):
        await world.ordering.place_chain(
            PlaceChain(idempotency_key="1", order=MAIL, reminders=(reminder,), by=TTD)
        )

    assert world.orders.everything() == []


# What was placed before is answered for as it was


async def test_a_repeat_is_answered_as_before_though_the_copy_that_it_needed_has_grown_old() -> (
    None
):
    world = MemoryWorld()
    await ask(world, "chain", TO_KARI)
    world.copies.know(has_grown_old(world))

    again = await ask(world, "chain", TO_KARI)

    assert isinstance(again, ChainReceipt)
    assert again.is_repeat


async def test_a_repeat_is_answered_as_before_though_it_would_be_too_late_now() -> None:
    world = MemoryWorld()
    soon = world.clock() + timedelta(seconds=2)
    late = replace(MAIL, requested_send_time=soon)
    command = PlaceChain(
        idempotency_key="1",
        order=late,
        reminders=(late, replace(MAIL, delay_days=1)),
        by=TTD,
    )
    first = await world.ordering.place_chain(command)
    world.pass_time(timedelta(seconds=3))

    again = await world.ordering.place_chain(command)

    assert (again.is_repeat, again.is_same_request) == (True, True)
    assert (again.order, again.reminders) == (first.order, first.reminders)
    with pytest.raises(CannotBePlacedError):
        await world.ordering.place_chain(replace(command, idempotency_key="2"))


async def test_a_repeat_is_answered_as_before_though_its_attachment_closes_soon_now() -> None:
    world = MemoryWorld()
    file = Attachment(filename=Content("a.pdf"), mime_type="text/plain", url=Content("https://x"))
    command = PlaceChain(
        idempotency_key="1",
        kind=OrderKind.COMPOSED,
        order=replace(MAIL, email=replace(REMINDER_MAIL, attachments=(file,))),
        attachments_open_until=(world.clock() + timedelta(minutes=16),),
        by=TTD,
    )
    await world.ordering.place_chain(command)
    world.pass_time(timedelta(minutes=2))

    assert (await world.ordering.place_chain(command)).is_repeat
    with pytest.raises(CannotBePlacedError):
        await world.ordering.place_chain(replace(command, idempotency_key="2"))


async def test_an_instant_order_that_was_placed_is_answered_for_though_the_rules_have_changed() -> (
    None
):
    world = MemoryWorld()
    first = await ask(world, "instant", TEXT)

    again = await ask(world, "instant", replace(TEXT, sms=None))

    assert isinstance(first, ChainReceipt)
    assert isinstance(again, ChainReceipt)
    assert (again.order, again.is_repeat) == (first.order, True)
    assert not again.is_same_request


# What was found out about its recipients is kept

TO_BOTH: Final = replace(MAIL, recipients=(KARI, OLA))


async def test_an_order_keeps_who_could_not_be_reached_when_it_was_placed_and_why() -> None:
    world = MemoryWorld()

    await ask(world, "once", TO_BOTH)

    (placed,) = [each.event for each in world.orders.everything()]
    assert isinstance(placed, OrderPlaced)
    assert placed.lookup is not None
    (ola,) = placed.lookup.unreachable
    assert (ola.recipient_no, ola.is_reserved) == (1, True)
    assert [each.reason for each in ola.considered] == [Reason.RESERVED]


async def test_each_order_of_a_chain_keeps_what_was_found_out_for_it() -> None:
    world = MemoryWorld()
    to_ola = replace(MAIL, recipients=(OLA,), delay_days=7)
    to_kari = replace(MAIL, recipients=(KARI,))
    reminders = (to_ola, replace(MAIL, delay_days=9))

    await world.ordering.place_chain(
        PlaceChain(idempotency_key="1", order=to_kari, reminders=reminders, by=TTD)
    )

    kept = [
        each.event.lookup
        for each in world.orders.everything()
        if isinstance(each.event, OrderPlaced)
    ]
    assert [None if each is None else len(each.unreachable) for each in kept] == [0, 1, None]


class Away:
    """A register of persons that gives no answer."""

    async def find(self, numbers: Sequence[str]) -> Mapping[str, PersonRecord]:
        del numbers
        raise RegistryUnavailableError("krr")


async def test_an_order_whose_recipients_could_not_be_looked_up_keeps_that() -> None:
    world = MemoryWorld()
    away = dataclasses.replace(world.ports, registries=registries(persons=Away()))
    ordering = assemble(away, Policy()).ordering

    receipt = await ordering.place(PlaceOrder(order=TO_BOTH, by=TTD))

    (placed,) = [each.event for each in world.orders.everything()]
    assert receipt.look_up is None
    assert isinstance(placed, OrderPlaced)
    assert placed.lookup == PlacingLookup(unanswered=True)


async def test_what_was_kept_makes_no_other_request_of_a_repeat() -> None:
    world = MemoryWorld()
    first = await ask(world, "chain", replace(MAIL, recipients=(KARI,)))
    await world.krr_changes(KARI.number.text, reserved="JA")

    again = await ask(world, "chain", replace(MAIL, recipients=(KARI,)))

    assert isinstance(first, ChainReceipt)
    assert isinstance(again, ChainReceipt)
    assert (again.is_repeat, again.is_same_request) == (True, True)


async def test_a_repeat_is_answered_as_before_though_its_recipients_cannot_be_reached_now() -> None:
    world = MemoryWorld()
    first = await ask(world, "chain", replace(MAIL, recipients=(KARI,)))

    again = await ask(
        world, "chain", replace(MAIL, recipients=(Person(Identifier("03838210073")),))
    )

    assert isinstance(first, ChainReceipt)
    assert isinstance(again, ChainReceipt)
    assert (again.order, again.is_repeat, again.is_same_request) == (first.order, True, False)
    assert await world.ports.acts.latest(roles=set(Role), since=world.clock(), most=9) == []


async def test_a_repeat_is_answered_as_before_though_the_registry_is_away() -> None:
    world = MemoryWorld()
    await ask(world, "chain", TO_KARI)
    away = dataclasses.replace(world.ports, registries=registries(persons=Away()))
    ordering = assemble(away, Policy()).ordering
    command = PlaceChain(idempotency_key="1", order=TO_KARI, reminders=(), by=TTD)

    assert (await ordering.place_chain(command)).is_repeat
    with pytest.raises(RegistryUnavailableError):
        await ordering.place_chain(replace(command, idempotency_key="2"))


async def test_a_chain_is_refused_with_everybody_who_cannot_be_reached_and_that_is_on_record() -> (
    None
):
    world = MemoryWorld()
    nobody = Person(Identifier("03838210073"))
    command = PlaceChain(
        idempotency_key="1",
        order=replace(MAIL, recipients=(nobody,)),
        reminders=(
            replace(MAIL, recipients=(KARI,), delay_days=7),
            replace(MAIL, recipients=(nobody,), delay_days=9),
        ),
        by=TTD,
    )

    with pytest.raises(MissingContactError) as refused:
        await world.ordering.place_chain(command)

    assert [each.reminder for each in refused.value.recipients] == [None, 1]
    assert world.orders.everything() == []
    (act,) = await world.ports.acts.latest(
        roles=set(Role), since=world.clock() - timedelta(days=1), most=9
    )
    assert act.recorded_by == TTD
    assert isinstance(act.act, OrderRefused)
    assert [each.is_missing for each in act.act.about] == [True, False, True]


# What is accepted can be handed over

words = st.sampled_from(
    ["", " ", "Log in.", "Hi $recipientName$ $recipientNumber$", "a\x00", "x" * 3000]
)
identities = st.one_of(
    st.sampled_from([KARI, OLA, BAKERY, Organisation(OrganisationNumber("999999999"))]),
    st.just(ExternalIdentity(Identifier("urn:altinn:party:username:sigrid"))),
    st.builds(Direct, email=st.none() | st.just(ADDRESS), mobile=st.none() | st.just(NUMBER)),
)
contents = words.map(Content)
files = st.lists(
    st.just(
        Attachment(filename=Content("a.txt"), mime_type="text/plain", url=Content("https://x"))
    ),
    max_size=1,
).map(tuple)
BOTH: Final = replace(
    TEXT,
    channel=ChannelChoice.EMAIL_AND_SMS,
    recipients=(Direct(email=ADDRESS, mobile=NUMBER), KARI, BAKERY),
    email=REMINDER_MAIL,
)
GOOD: Final = [
    MAIL,
    TEXT,
    BOTH,
    replace(BOTH, channel=ChannelChoice.EMAIL_PREFERRED),
    replace(BOTH, channel=ChannelChoice.SMS_PREFERRED, recipients=(OLA, KARI)),
    replace(TEXT, time_to_live=90),
]
ANYTHING_ELSE: Final = {
    "requested_send_time": st.integers(-600, 600).map(
        lambda seconds: MemoryWorld().clock() + timedelta(seconds=seconds)
    ),
    "delay_days": st.integers(-1, 3),
    "channel": st.sampled_from(ChannelChoice),
    "recipients": st.lists(identities, max_size=3).map(tuple),
    "email": st.none()
    | st.builds(
        type(REMINDER_MAIL),
        sender=st.just("noreply@altinn.cloud"),
        subject=contents,
        body=contents,
        attachments=files,
    ),
    "sms": st.none()
    | st.builds(
        SmsMessage,
        sender=st.sampled_from(["Altinn", "12345", "Skatteetaten"]),
        body=contents,
        sending_time=st.sampled_from(SendingTime),
    ),
    "condition": st.just("https://owner.example/ok"),
    "ignore_reservation": st.booleans(),
    "time_to_live": st.sampled_from([0, 1, 90, 172_800, 172_801]),
}


@st.composite
def orders(draw: st.DrawFn) -> NewOrder:
    """A good order in which some parts are anything."""
    parts = draw(st.sets(st.sampled_from(sorted(ANYTHING_ELSE)), max_size=2))
    return replace(
        draw(st.sampled_from(GOOD)), **{each: draw(ANYTHING_ELSE[each]) for each in sorted(parts)}
    )


async def carried_out(way: str, order: NewOrder) -> MemoryWorld:
    """A world in which an order was asked for, and carried out to its end if it was accepted."""
    world = MemoryWorld()
    try:
        receipt = await ask(world, way, order)
    except (CannotBePlacedError, MissingContactError):
        return world
    order_id = receipt.order.order_id if isinstance(receipt, ChainReceipt) else receipt.order_id
    await world.finished(order_id)
    return world


@settings(max_examples=150)
@given(way=st.sampled_from(WAYS), order=orders())
def test_whatever_is_accepted_is_never_recorded_as_handed_over_without_being_handed_over(
    way: str, order: NewOrder
) -> None:
    world = asyncio.run(carried_out(way, order))

    recorded = [each.event for each in world.orders.everything()]
    attempted = {each.token for each in recorded if isinstance(each, NotificationAttempted)}
    offered = {each.token for each in (*world.mail.offered, *world.sms.offered)}
    assert attempted == offered
    assert not [each for each in recorded if isinstance(each, NotificationRejected)]
