"""A clerk orders a notification; Kari is found and notified; an auditor asks how it stood."""

import asyncio
from uuid import uuid4

import pytest
from msgspec.structs import replace

from application.ordering.commands import MissingContactError, NewOrder, PlaceChain, PlaceOrder
from application.queries.lookup import LookUpRecipients
from application.queries.orders import Found
from application.queries.resolution_words import Outcome
from application.seeking import OrderNotFoundError
from domain.channel import ChannelChoice
from domain.message import EmailMessage, SendingTime, SmsMessage
from domain.order.events import Failure
from domain.order.notification import Delivered, Failed, NotIdentified, Reserved
from domain.order.state import OrderStatus
from domain.personal import Contact, Content, Identifier
from domain.recipient import Direct, Organisation, OrganisationNumber, Person
from tests.samples import AUDITOR, BAKERY, KARI, OLA, SKD, TTD
from tests.scenarios.worlds import RealWorld, World

MAIL = EmailMessage(
    sender="noreply@altinn.cloud",
    subject=Content("Case 77: påminnelse"),
    body=Content("Hi $recipientName$, please log in."),
)
SMS = SmsMessage(
    sender="Altinn",
    body=Content("Hi $recipientName$, please log in."),
    sending_time=SendingTime.ANYTIME,
)


def mail_to(*recipients: Person | Organisation | Direct) -> NewOrder:
    return NewOrder(
        channel=ChannelChoice.EMAIL, recipients=recipients, email=MAIL, senders_reference="case-77"
    )


async def test_a_person_is_found_notified_and_every_step_is_on_record(world: World) -> None:
    # A clerk of the agency orders an e-mail to Kari, whose address nobody at the agency knows.
    receipt = await world.ordering.place_chain(
        PlaceChain(idempotency_key="life-1", order=mail_to(KARI), by=TTD)
    )
    order_id = receipt.order.order_id

    # The service finds her in the contact register, and hands the e-mail over; it is delivered.
    order = await world.finished(order_id)
    assert order.status is OrderStatus.COMPLETED
    assert [each.delivery for each in order.notifications] == [Delivered()]

    # It lies in her mailbox, readable, with her name in it.
    (message,) = world.arrived()
    assert message.to == "kari@post.example.no"
    assert message.subject == "Case 77: påminnelse"
    assert message.body == "Hi Kari Nordmann, please log in."

    # An auditor reads what happened, step by step, with who and when.
    history = await world.auditing.history(order_id, by=AUDITOR)
    assert [line.event for line in history] == [
        "order.placed",
        "order.contact_resolved",
        "order.notification_attempted",
        "order.notification_sent",
        "order.delivery_reported",
        "order.completed",
    ]
    assert [line.recorded_by.name for line in history] == [
        *("ttd", "varsel", "varsel", "varsel", "smtp", "smtp"),
    ]
    assert "kari@" not in " ".join(line.words for line in history)

    # As it stood when it was placed, nothing had been found yet.
    then = await world.auditing.as_at(order_id, history[0].recorded_at, by=AUDITOR)
    assert then.status is OrderStatus.REGISTERED
    assert then.notifications == ()


async def test_an_order_for_many_tells_who_could_not_be_reached(world: World) -> None:
    receipt = await world.ordering.place(
        PlaceOrder(order=mail_to(KARI, OLA, BAKERY, Person(Identifier("03838210073"))), by=TTD)
    )

    assert receipt.look_up is not None
    assert receipt.look_up.reserved == ("06927530250",)
    assert receipt.look_up.missing == ("03838210073",)
    order = await world.finished(receipt.order_id)
    assert [each.delivery for each in order.notifications] == [
        Delivered(),
        Reserved(),
        Delivered(),
        NotIdentified(),
    ]
    assert {each.to for each in world.arrived()} == {
        "kari@post.example.no",
        "post@fjell.example.no",
    }


async def test_whose_change_cannot_be_read_is_not_notified_before_it_can(world: World) -> None:
    # An order waits; meanwhile Kari declines, in a word that nobody can read.
    later = replace(mail_to(KARI), requested_send_time=world.soon())
    waiting = await world.ordering.place_chain(
        PlaceChain(idempotency_key="waits", order=later, by=TTD)
    )
    await world.krr_changes(KARI.number.text, reserved="Ja")

    # It does not reach her, and the history says why.
    order = await world.finished(waiting.order.order_id)
    assert [each.delivery for each in order.notifications] == [NotIdentified()]
    history = await world.auditing.history(order.order_id, by=AUDITOR)
    assert [line.words for line in history if line.event == "order.contact_not_found"] == [
        "recipient 0 has no contact point for email — not used: krr: uncertain"
    ]

    # Another order of hers is refused, or told of as missing her address; not as her reservation.
    with pytest.raises(MissingContactError):
        await world.ordering.place_chain(
            PlaceChain(idempotency_key="refused", order=mail_to(KARI), by=TTD)
        )
    receipt = await world.ordering.place(PlaceOrder(order=mail_to(KARI), by=TTD))
    assert receipt.look_up is not None
    assert (receipt.look_up.reserved, receipt.look_up.missing) == ((), (KARI.number.text,))
    await world.finished(receipt.order_id)
    assert world.arrived() == []

    # What she does next can be read, and the next orders do what it says.
    await world.krr_changes(KARI.number.text, reserved="NEI")
    receipt = await world.ordering.place(PlaceOrder(order=mail_to(KARI), by=TTD))
    order = await world.finished(receipt.order_id)
    assert [each.delivery for each in order.notifications] == [Delivered()]
    await world.krr_changes(KARI.number.text, reserved="JA")
    receipt = await world.ordering.place(PlaceOrder(order=mail_to(KARI), by=TTD))
    order = await world.finished(receipt.order_id)
    assert [each.delivery for each in order.notifications] == [Reserved()]


async def test_where_each_is_reached_is_explained_before_it_is_ordered_and_ever_after(
    world: World,
) -> None:
    # A clerk asks whether Kari, Ola and the bakery can be reached, and says what for.
    people = (KARI, OLA, BAKERY)
    tried = await world.lookup.find(
        LookUpRecipients(
            channel=ChannelChoice.EMAIL, recipients=people, purpose="whether to write", by=TTD
        )
    )
    became = [each.lookups[-1].outcome for each in tried.recipients]
    assert became == [Outcome.REACHED, Outcome.RESERVED, Outcome.REACHED]

    # The order finds the same, when it is placed and before it is sent.
    receipt = await world.ordering.place(PlaceOrder(order=mail_to(*people), by=TTD))
    await world.finished(receipt.order_id)
    told = await world.resolution.explain(receipt.order_id, by=AUDITOR)
    assert [[lookup.outcome for lookup in each.lookups] for each in told.recipients] == [
        [Outcome.REACHABLE, Outcome.REACHED],
        [Outcome.RESERVED, Outcome.RESERVED],
        [Outcome.REACHABLE, Outcome.REACHED],
    ]
    assert [place.address for each in told.recipients for place in each.lookups[-1].found] == [
        "k***@p***.no",
        "p***@f***.no",
    ]

    # Of every register that was asked it is known as of when its answer holds.
    asked = [one for each in told.recipients for lookup in each.lookups for one in lookup.asked]
    assert len(asked) == 2 * len(people)
    assert all(each.age is not None for each in asked)


async def test_an_unreachable_recipient_stops_a_chain_before_it_is_recorded(world: World) -> None:
    nobody = Person(Identifier("03838210073"))
    command = PlaceChain(
        idempotency_key="life-2",
        order=mail_to(KARI),
        reminders=(replace(mail_to(nobody), delay_days=7),),
        by=TTD,
    )

    with pytest.raises(MissingContactError):
        await world.ordering.place_chain(command)

    assert await world.reading.with_reference("ttd", "case-77") == Found(orders=[], spoilt=[])


async def test_fifty_at_once_with_one_key_make_one_order(world: World) -> None:
    command = PlaceChain(
        idempotency_key="life-3",
        order=mail_to(Direct(email=Contact("one@example.org"))),
        by=TTD,
    )

    receipts = await asyncio.gather(*(world.ordering.place_chain(command) for _ in range(50)))

    assert len({each.order.order_id for each in receipts}) == 1
    assert sum(not each.is_repeat for each in receipts) == 1
    assert all(each.is_same_request for each in receipts)
    await world.finished(receipts[0].order.order_id)
    assert [each.to for each in world.arrived()] == ["one@example.org"]


async def test_a_repeat_with_another_content_gets_the_first_result_and_is_told(
    world: World,
) -> None:
    first = PlaceChain(idempotency_key="life-4", order=mail_to(KARI), by=TTD)
    other = PlaceChain(idempotency_key="life-4", order=mail_to(BAKERY), by=TTD)

    placed = await world.ordering.place_chain(first)
    repeated = await world.ordering.place_chain(other)

    assert repeated.is_repeat
    assert not repeated.is_same_request
    assert repeated.order == placed.order
    assert repeated.chain_id == placed.chain_id


async def test_a_reminder_is_an_order_of_its_own(world: World) -> None:
    reminder = NewOrder(
        channel=ChannelChoice.SMS,
        recipients=(KARI,),
        sms=SMS,
        senders_reference="case-77-r1",
        delay_days=7,
    )
    receipt = await world.ordering.place_chain(
        PlaceChain(idempotency_key="life-5", order=mail_to(KARI), reminders=(reminder,), by=TTD)
    )

    (link,) = receipt.reminders
    main = await world.reading.order(receipt.order.order_id, "ttd")
    late = await world.reading.order(link.order_id, "ttd")
    assert (late.placed.requested_send_time - main.placed.requested_send_time).days == 7
    assert late.status is OrderStatus.REGISTERED
    assert late.placed.chain is not None
    assert late.placed.chain.chain_id == receipt.chain_id


async def test_both_channels_carry_what_asks_for_both(world: World) -> None:
    order = NewOrder(channel=ChannelChoice.EMAIL_AND_SMS, recipients=(KARI,), email=MAIL, sms=SMS)

    receipt = await world.ordering.place_chain(
        PlaceChain(idempotency_key="life-6", order=order, by=TTD)
    )
    finished = await world.finished(receipt.order.order_id)

    assert [each.delivery for each in finished.notifications] == [Delivered(), Delivered()]
    assert {each.to for each in world.arrived()} == {"kari@post.example.no", "+4740000001"}


async def test_another_owners_order_is_as_absent_as_one_that_never_was(world: World) -> None:
    receipt = await world.ordering.place(PlaceOrder(order=mail_to(KARI), by=TTD))

    for order_id in (receipt.order_id, uuid4()):
        with pytest.raises(OrderNotFoundError):
            await world.reading.order(order_id, "skd")  # type: ignore[arg-type]  # any id
        with pytest.raises(OrderNotFoundError):
            await world.auditing.history(order_id, by=SKD)  # type: ignore[arg-type]  # any id
    assert await world.reading.with_reference("skd", "case-77") == Found(orders=[], spoilt=[])


async def test_what_bounces_is_told(real: World) -> None:
    receipt = await real.ordering.place(
        PlaceOrder(order=mail_to(Direct(email=Contact("bounce@example.org"))), by=TTD)
    )

    order = await real.finished(receipt.order_id)

    (notification,) = order.notifications
    assert isinstance(notification.delivery, Failed)
    assert notification.delivery.failure in {Failure.BOUNCED, Failure.INVALID_ADDRESS}


async def test_a_text_message_that_may_have_left_is_settled_by_its_report(real: World) -> None:
    # The gateway takes the message and hangs up instead of answering; its report tells later.
    order = NewOrder(
        channel=ChannelChoice.SMS,
        recipients=(Direct(mobile=Contact("+4799999909")),),
        sms=SMS,
    )
    receipt = await real.ordering.place(PlaceOrder(order=order, by=TTD))

    finished = await real.finished(receipt.order_id)

    assert len(real.arrived()) == 1
    assert finished.notifications[0].attempts == 1


async def test_an_email_whose_answer_was_lost_is_not_sent_twice(real: World) -> None:
    # The mail server keeps the message and drops the connection after the final dot.
    receipt = await real.ordering.place(
        PlaceOrder(order=mail_to(Direct(email=Contact("drop@example.org"))), by=TTD)
    )

    finished = await real.finished(receipt.order_id)

    assert [each.delivery for each in finished.notifications] == [Delivered()]
    assert [each.to for each in real.arrived()] == ["drop@example.org"]


async def test_users_hear_of_what_concerns_an_organisation_where_they_may(world: World) -> None:
    # Ola registered for the bakery, and may read its tax; another registered too, and may not.
    about_tax = replace(mail_to(BAKERY), resource="urn:altinn:resource:tax-2026")
    receipt = await world.ordering.place(PlaceOrder(order=about_tax, by=TTD))

    await world.finished(receipt.order_id)

    reached = {each.to for each in world.arrived()}
    assert reached == {"post@fjell.example.no", "ola@fjell.example.no"}
    told = [line.words for line in await world.auditing.history(receipt.order_id, by=AUDITOR)]
    assert any("not authorised" in words for words in told)


async def test_where_a_user_registers_meanwhile_an_order_that_waits_goes(real: RealWorld) -> None:
    about_tax = replace(
        mail_to(BAKERY), resource="urn:altinn:resource:tax-2026", requested_send_time=real.soon()
    )
    receipt = await real.ordering.place(PlaceOrder(order=about_tax, by=TTD))

    await real.user_registers("20001111", BAKERY.number, email="ola.new@fjell.example.no")
    await real.finished(receipt.order_id)

    reached = {each.to for each in real.arrived()}
    assert reached == {"post@fjell.example.no", "ola.new@fjell.example.no"}


async def test_what_a_user_registered_for_a_main_unit_holds_for_a_sub_unit_where_they_may(
    real: World,
) -> None:
    sub_unit = Organisation(OrganisationNumber("314022017"))
    about_tax = replace(mail_to(sub_unit), resource="urn:altinn:resource:tax-2026")
    receipt = await real.ordering.place(PlaceOrder(order=about_tax, by=TTD))

    await real.finished(receipt.order_id)

    # The second user of the main unit may act for that alone.
    assert {each.to for each in real.arrived()} == {
        "post@fjell.example.no",
        "ola@fjell.example.no",
    }
    told = [line.words for line in await real.auditing.history(receipt.order_id, by=AUDITOR)]
    assert any("(from user profile of main unit 314022009)" in words for words in told)


async def test_a_subunit_is_reached_at_its_main_unit(real: World) -> None:
    sub_unit = Organisation(OrganisationNumber("314022017"))
    receipt = await real.ordering.place(PlaceOrder(order=mail_to(sub_unit), by=TTD))

    await real.finished(receipt.order_id)

    assert [each.to for each in real.arrived()] == ["post@fjell.example.no"]
