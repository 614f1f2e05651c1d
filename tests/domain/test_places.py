"""Each place is told once, and two recipients who would read different messages there are two."""

from collections.abc import Mapping, Sequence

import msgspec
import pytest

from domain.channel import Channel, ChannelChoice
from domain.message import EmailMessage
from domain.order.events import (
    Considered,
    ContactNotFound,
    ContactResolved,
    OrderPlaced,
    Reason,
    Source,
)
from domain.order.order import Order, open_order
from domain.order.state import evolve_all
from domain.personal import Contact, Content, Identifier
from domain.recipient import (
    Direct,
    Identity,
    Organisation,
    OrganisationNumber,
    Recipient,
    RecipientNo,
)
from domain.resolution import Found, Resolution
from tests.samples import BAKERY, KARI, NOON, OLA, ORDER_ID, REMINDER_MAIL, REMINDER_SMS, placed

AT_HOME = "home@example.org"
OTHER_BAKERY = Organisation(number=OrganisationNumber("974760673"))
PLAIN = EmailMessage(
    sender="noreply@altinn.cloud", subject=Content("Case 77"), body=Content("Please log in.")
)


NAMES = {RecipientNo(0): Identifier("Kari Nordmann"), RecipientNo(1): Identifier("Ola Nordmann")}


def order_for(*identities: Identity, mail: EmailMessage = PLAIN) -> Order:
    both: OrderPlaced = msgspec.structs.replace(
        placed,
        channel=ChannelChoice.EMAIL_AND_SMS,
        recipients=tuple(
            Recipient(RecipientNo(number), each) for number, each in enumerate(identities)
        ),
        email=mail,
        sms=REMINDER_SMS,
    )
    return open_order(ORDER_ID, both, NOON)


def by_mail(address: str) -> Found:
    return Found(channel=Channel.EMAIL, address=Contact(address), source=Source.KRR)


def by_sms(number: str) -> Found:
    return Found(channel=Channel.SMS, address=Contact(number), source=Source.KRR)


def events_of(
    order: Order, *found: Sequence[Found], names: Mapping[RecipientNo, Identifier] = NAMES
) -> Sequence[ContactResolved]:
    resolutions = {
        RecipientNo(number): Resolution(found=tuple(each)) for number, each in enumerate(found)
    }
    events = order.resolve(resolutions, names)
    return [each for each in events if isinstance(each, ContactResolved)]


def reached(
    order: Order, *found: Sequence[Found], names: Mapping[RecipientNo, Identifier] = NAMES
) -> list[list[str]]:
    """Where each recipient is reached."""
    events = events_of(order, *found, names=names)
    return [[each.address.text for each in event.targets] for event in events]


def test_two_who_lead_to_the_same_place_get_one_message_and_the_history_says_whose() -> None:
    order = order_for(KARI, BAKERY)

    first, second = events_of(order, [by_mail(AT_HOME)], [by_mail(AT_HOME), by_sms("+4799999999")])

    assert [each.address.text for each in first.targets] == [AT_HOME]
    assert [each.address.text for each in second.targets] == ["+4799999999"]
    assert second.considered == (
        Considered(
            source=Source.KRR,
            reason=Reason.DUPLICATE,
            channel=Channel.EMAIL,
            duplicate_of=RecipientNo(0),
        ),
    )


@pytest.mark.parametrize(
    "one, other", [("dup@example.com", "DUP@example.com"), ("dup@example.com", " dup@EXAMPLE.com")]
)
def test_an_e_mail_address_is_the_same_however_it_is_written(one: str, other: str) -> None:
    order = order_for(Direct(email=Contact(one)), Direct(email=Contact(other)))

    assert reached(order, [by_mail(one)], [by_mail(other)]) == [[one], []]


def test_a_number_is_the_same_however_it_is_written() -> None:
    numbers = "+4791234560", "+47 91 23 45 60"
    order = order_for(*(Direct(mobile=Contact(each)) for each in numbers))

    assert reached(order, *([by_sms(each)] for each in numbers)) == [[numbers[0]], []]


def test_a_place_that_was_told_of_in_an_earlier_step_is_known() -> None:
    order = order_for(KARI, OLA)
    order = evolve_all(
        order, order.resolve({RecipientNo(0): Resolution(found=(by_mail(AT_HOME),))}, {}), NOON
    )

    (event,) = order.resolve({RecipientNo(1): Resolution(found=(by_mail(AT_HOME),))}, {})[:1]

    assert isinstance(event, ContactResolved)
    assert event.targets == ()


def test_two_people_at_one_place_get_a_message_each_where_it_calls_them_by_their_names() -> None:
    order = order_for(KARI, OLA, mail=REMINDER_MAIL)

    assert reached(order, [by_mail(AT_HOME)], [by_mail(AT_HOME)]) == [[AT_HOME], [AT_HOME]]


def test_two_people_at_one_number_get_one_text_message_where_only_the_e_mail_calls_them() -> None:
    order = order_for(KARI, OLA, mail=REMINDER_MAIL)
    number = by_sms("+4799999999")

    assert reached(order, [by_mail(AT_HOME), number], [by_mail(AT_HOME), number]) == [
        [AT_HOME, "+4799999999"],
        [AT_HOME],
    ]


def test_whose_names_nobody_knows_get_one_message_since_it_calls_neither() -> None:
    order = order_for(KARI, OLA, mail=REMINDER_MAIL)
    both = [by_mail(AT_HOME)], [by_mail(AT_HOME)]

    assert reached(order, *both, names={}) == [[AT_HOME], []]


def test_a_message_with_numbers_of_organisations_is_the_same_to_every_person() -> None:
    numbered = msgspec.structs.replace(PLAIN, body=Content("Of interest to $recipientNumber$."))
    order = order_for(KARI, OLA, BAKERY, mail=numbered)
    everybody = [[by_mail(AT_HOME)]] * 3

    assert reached(order, *everybody) == [[AT_HOME], [], [AT_HOME]]
    order = order_for(BAKERY, OTHER_BAKERY, KARI, mail=numbered)
    assert reached(order, *everybody) == [[AT_HOME], [AT_HOME], [AT_HOME]]


@pytest.mark.parametrize("is_first", [True, False])
def test_a_person_and_their_own_address_are_one_even_where_the_message_has_a_name(
    *, is_first: bool
) -> None:
    somebody = Direct(email=Contact(AT_HOME))
    both = (somebody, KARI) if is_first else (KARI, somebody)

    order = order_for(*both, mail=REMINDER_MAIL)

    assert reached(order, [by_mail(AT_HOME)], [by_mail(AT_HOME)]) == [[AT_HOME], []]


def test_who_is_reached_nowhere_else_is_not_called_unreachable_for_it() -> None:
    order = order_for(KARI, OLA)
    resolutions = {
        RecipientNo(0): Resolution(found=(by_mail(AT_HOME),)),
        RecipientNo(1): Resolution(found=(by_mail(AT_HOME),), missing=(Channel.SMS,)),
    }

    _, last, *_ = order.resolve(resolutions, {})

    assert isinstance(last, ContactNotFound)
    assert [channel for _, channel in last.notifications] == [Channel.SMS]
    assert [each.duplicate_of for each in last.considered] == [0]
