"""Whether an order can be placed as it is asked for."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from msgspec.structs import replace

from domain.agreement import ANY_SENDER_GOES, Agreement
from domain.channel import Channel, ChannelChoice
from domain.message import (
    Attachment,
    EmailMessage,
    EmailText,
    Language,
    SmsMessage,
    SmsText,
)
from domain.order.errors import CannotBePlacedError, Fault
from domain.order.events import (
    Chain,
    ChainId,
    Considered,
    Consulted,
    DeliveryPolicy,
    OrderKind,
    PlacingLookup,
    Reason,
    Source,
    Unreachable,
)
from domain.order.limits import Limits
from domain.order.placing import LATE_BY, NewOrder, place, place_chain, placed_knowing
from domain.personal import Contact, Content, Identifier
from domain.recipient import Direct, RecipientNo
from domain.resolution import Found, Resolution
from tests.samples import KARI, NOON, ORDER_ID, REMINDER_MAIL, REMINDER_SMS, placed

ADDRESS: Final = Contact("reader@example.org")
NUMBER: Final = Contact("+4799999999")
MAIL: Final = NewOrder(
    channel=ChannelChoice.EMAIL, recipients=(Direct(email=ADDRESS),), email=REMINDER_MAIL
)
TEXT: Final = NewOrder(
    channel=ChannelChoice.SMS, recipients=(Direct(mobile=NUMBER),), sms=REMINDER_SMS
)
BOTH: Final = NewOrder(
    channel=ChannelChoice.EMAIL_AND_SMS,
    recipients=(Direct(email=ADDRESS, mobile=NUMBER),),
    email=REMINDER_MAIL,
    sms=REMINDER_SMS,
)
PREFERRED: Final = replace(BOTH, channel=ChannelChoice.SMS_PREFERRED)
CODE: Final = replace(TEXT, time_to_live=60)
REMINDER: Final = replace(MAIL, delay_days=7)
FILE: Final = Attachment(
    filename=Content("letter.pdf"), mime_type="application/pdf", url=Content("https://x.example")
)
COMPOSED: Final = replace(MAIL, email=replace(REMINDER_MAIL, attachments=(FILE,)))
FEW: Final = Limits(recipients=2, reminders=1, attachments=1, segments=2)
CHAIN: Final = Chain(ChainId(UUID(int=1)))


def parts(asked: NewOrder, kind: OrderKind = OrderKind.NOTIFICATION, **more: Any) -> list[str]:  # noqa: ANN401  # any circumstance
    """Which parts of what is asked for break a rule; none if it is placed."""
    try:
        place(
            asked,
            **{
                "owner": "ttd",
                "kind": kind,
                "now": NOON,
                "agreement": ANY_SENDER_GOES,
                "limits": FEW,
                **more,
            },
        )
    except CannotBePlacedError as refused:
        return [each.part for each in refused.faults]
    return []


def mail(**words: str) -> EmailMessage:
    return replace(REMINDER_MAIL, **{name: Content(text) for name, text in words.items()})


def text(body: str, sender: str = "Altinn") -> SmsMessage:
    return replace(REMINDER_SMS, body=Content(body), sender=sender)


def test_an_order_is_placed_with_its_terms_on_every_channel_that_it_may_take() -> None:
    order = place(
        PREFERRED,
        owner="ttd",
        kind=OrderKind.NOTIFICATION,
        now=NOON,
        agreement=ANY_SENDER_GOES,
    )

    assert (order.owner, order.requested_send_time) == ("ttd", NOON)
    assert [(each.channel, each.delivery_policy) for each in order.terms] == [
        (Channel.SMS, DeliveryPolicy.AT_MOST_ONCE),
        (Channel.EMAIL, DeliveryPolicy.AT_LEAST_ONCE),
    ]


@pytest.mark.parametrize(
    "asked, told",
    [
        (MAIL, []),
        (TEXT, []),
        (BOTH, []),
        (PREFERRED, []),
        (replace(MAIL, recipients=(KARI,)), []),
        (replace(MAIL, recipients=()), ["recipients"]),
        (replace(MAIL, recipients=(KARI,) * 2), []),
        (replace(MAIL, recipients=(KARI,) * 3), ["recipients"]),
    ],
)
def test_an_order_is_for_somebody_and_for_no_more_than_it_may_be(
    asked: NewOrder, told: list[str]
) -> None:
    assert parts(asked) == told


@pytest.mark.parametrize(
    "asked, told",
    [
        (replace(MAIL, email=None), ["email"]),
        (replace(MAIL, email=None, sms=REMINDER_SMS), ["email"]),
        (replace(TEXT, sms=None), ["sms"]),
        (replace(BOTH, email=None), ["email"]),
        (replace(BOTH, sms=None), ["sms"]),
        (replace(PREFERRED, email=None), ["email"]),
        (replace(PREFERRED, sms=None), ["sms"]),
        (replace(MAIL, email=mail(subject=" ")), ["email"]),
        (replace(MAIL, email=mail(body="\n")), ["email"]),
        (replace(MAIL, email=mail(body="a\x00b")), ["email"]),
        (replace(MAIL, email=mail(body="a\vb")), []),
        (replace(TEXT, sms=text("")), ["sms"]),
        (replace(TEXT, sms=text("a\x1bb")), ["sms"]),
        (replace(TEXT, sms=text("x" * 306)), []),
        (replace(TEXT, sms=text("x" * 307)), ["sms"]),
        (replace(MAIL, sms=text("x" * 307)), []),
        (replace(TEXT, sms=text("Log in.", sender="Skatteetaten")), ["sms"]),
    ],
)
def test_an_order_has_what_every_channel_that_it_may_take_is_to_say(
    asked: NewOrder, told: list[str]
) -> None:
    assert parts(asked) == told


@pytest.mark.parametrize(
    "choice, with_both, by_mail, by_text, without",
    [
        (ChannelChoice.EMAIL, True, True, False, False),
        (ChannelChoice.SMS, True, False, True, False),
        (ChannelChoice.EMAIL_AND_SMS, True, False, False, False),
        (ChannelChoice.EMAIL_PREFERRED, True, True, True, False),
        (ChannelChoice.SMS_PREFERRED, True, True, True, False),
    ],
)
def test_whoever_is_not_looked_up_comes_with_an_address_for_the_channel(
    choice: ChannelChoice, *, with_both: bool, by_mail: bool, by_text: bool, without: bool
) -> None:
    def is_placed(recipient: Direct) -> bool:
        return not parts(replace(BOTH, channel=choice, recipients=(KARI, recipient)))

    assert is_placed(Direct(email=ADDRESS, mobile=NUMBER)) is with_both
    assert is_placed(Direct(email=ADDRESS)) is by_mail
    assert is_placed(Direct(mobile=NUMBER)) is by_text
    assert is_placed(Direct()) is without


def test_which_recipient_cannot_be_reached_is_told() -> None:
    with pytest.raises(CannotBePlacedError) as refused:
        place(
            replace(MAIL, recipients=(KARI, Direct(mobile=NUMBER))),
            owner="ttd",
            kind=OrderKind.NOTIFICATION,
            now=NOON,
            agreement=ANY_SENDER_GOES,
        )

    assert refused.value.faults == (Fault("recipients", "give an address for the channel", 1),)


@pytest.mark.parametrize(
    "requested, late_by, told",
    [
        (None, timedelta(), []),
        (NOON, timedelta(), []),
        (NOON - timedelta(microseconds=1), timedelta(), ["requested_send_time"]),
        (NOON - LATE_BY, LATE_BY, []),
        (NOON - LATE_BY - timedelta(microseconds=1), LATE_BY, ["requested_send_time"]),
        (datetime(9000, 12, 31, tzinfo=UTC), timedelta(), []),
        (datetime(9001, 1, 1, tzinfo=UTC), timedelta(), ["requested_send_time"]),
        (datetime(2026, 9, 2), timedelta(), ["requested_send_time"]),  # noqa: DTZ001  # without a zone
    ],
)
def test_the_send_time_is_judged_when_the_order_is_placed(
    requested: datetime | None, late_by: timedelta, told: list[str]
) -> None:
    assert parts(replace(MAIL, requested_send_time=requested), late_by=late_by) == told


@pytest.mark.parametrize(
    "asked, told",
    [
        (CODE, []),
        (replace(CODE, time_to_live=None), []),
        (replace(CODE, time_to_live=0), ["time_to_live"]),
        (replace(CODE, time_to_live=172_801), ["time_to_live"]),
        (MAIL, []),
        (replace(MAIL, time_to_live=60), ["time_to_live"]),
        (replace(CODE, recipients=CODE.recipients * 2), ["recipients"]),
        (replace(MAIL, recipients=(KARI,)), ["recipients"]),
        (BOTH, ["recipients"]),
        (PREFERRED, ["recipients"]),
        (replace(CODE, requested_send_time=NOON), ["requested_send_time"]),
        (replace(CODE, condition="https://owner.example/ok"), ["condition"]),
        (COMPOSED, ["attachments"]),
    ],
)
def test_an_instant_order_goes_to_one_address_at_once(asked: NewOrder, told: list[str]) -> None:
    assert parts(asked, OrderKind.INSTANT) == told


@pytest.mark.parametrize(
    "asked, told",
    [
        (COMPOSED, []),
        (MAIL, []),
        (TEXT, ["recipients"]),
        (replace(COMPOSED, recipients=(KARI,)), ["recipients"]),
        (replace(COMPOSED, email=replace(REMINDER_MAIL, attachments=(FILE,) * 2)), ["attachments"]),
    ],
)
def test_what_was_composed_in_full_is_one_email_to_one_address(
    asked: NewOrder, told: list[str]
) -> None:
    assert parts(asked, OrderKind.COMPOSED) == told


@pytest.mark.parametrize("kind", [OrderKind.NOTIFICATION, OrderKind.REMINDER])
def test_an_ordinary_order_has_no_attachments_and_no_time_to_live(kind: OrderKind) -> None:
    later = {"requested_send_time": NOON}

    assert parts(replace(COMPOSED, **later), kind) == ["attachments"]
    assert parts(replace(CODE, **later), kind) == ["time_to_live"]


@pytest.mark.parametrize(
    "open_for, told", [(timedelta(minutes=15), []), (timedelta(minutes=14), ["attachments"])]
)
def test_an_attachment_stays_open_for_a_quarter_of_an_hour_after_the_send_time(
    open_for: timedelta, told: list[str]
) -> None:
    asked = replace(COMPOSED, requested_send_time=NOON + timedelta(days=2))

    until = (NOON + timedelta(days=2) + open_for,)

    assert parts(asked, OrderKind.COMPOSED, attachments_open_until=until) == told
    assert parts(COMPOSED, OrderKind.COMPOSED, attachments_open_until=(NOON + open_for,)) == told


# Reminders


def chain_of(*reminders: NewOrder, main: NewOrder = MAIL) -> list[tuple[int | None, str]]:
    """Which reminders break a rule, and in which part; none if all are placed."""
    try:
        place_chain(
            main,
            reminders,
            owner="ttd",
            kind=OrderKind.NOTIFICATION,
            now=NOON,
            agreement=ANY_SENDER_GOES,
            chain=CHAIN,
            order_id=ORDER_ID,
            limits=FEW,
        )
    except CannotBePlacedError as refused:
        return [(each.reminder, each.part) for each in refused.faults]
    return []


def test_a_reminder_comes_days_after_its_order_or_at_a_time_of_its_own() -> None:
    late = replace(MAIL, requested_send_time=NOON + timedelta(days=1))
    main, first, second = place_chain(
        late,
        [REMINDER, late],
        owner="ttd",
        kind=OrderKind.NOTIFICATION,
        now=NOON,
        agreement=ANY_SENDER_GOES,
        chain=CHAIN,
        order_id=ORDER_ID,
        request_digest="0f",
    )

    assert [each.kind for each in (main, first, second)] == [
        OrderKind.NOTIFICATION,
        OrderKind.REMINDER,
        OrderKind.REMINDER,
    ]
    assert first.requested_send_time == NOON + timedelta(days=8)
    assert second.requested_send_time == NOON + timedelta(days=1)
    assert [each.request_digest for each in (main, first, second)] == ["0f", None, None]


@pytest.mark.parametrize(
    "reminder, told",
    [
        (REMINDER, []),
        (replace(REMINDER, delay_days=0), ["delay_days"]),
        (replace(REMINDER, delay_days=3_000_000), ["delay_days"]),
        (replace(REMINDER, delay_days=10**30), ["delay_days"]),
        (MAIL, ["delay_days"]),
        (replace(REMINDER, requested_send_time=NOON), ["requested_send_time"]),
        (
            replace(MAIL, requested_send_time=NOON - timedelta(seconds=1)),
            ["requested_send_time"],
        ),
    ],
)
def test_which_reminder_cannot_be_placed_is_told(reminder: NewOrder, told: list[str]) -> None:
    assert chain_of(reminder) == [(0, each) for each in told]


def test_an_order_has_no_more_reminders_than_it_may_and_comes_days_after_nothing() -> None:
    assert chain_of(REMINDER, REMINDER) == [(None, "reminders")]
    assert chain_of(main=REMINDER) == [(None, "delay_days")]


def test_everything_that_is_wrong_is_told_together() -> None:
    past = replace(MAIL, requested_send_time=NOON - timedelta(days=1))

    assert chain_of(replace(past, recipients=()), main=past) == [
        (None, "requested_send_time"),
        (0, "requested_send_time"),
        (0, "recipients"),
    ]


# Senders, and where answers go

AGREED: Final = Agreement(
    senders=frozenset({"ttd.example", "ttd"}), reply_to="Test <post@ttd.example>"
)
OURS: Final = replace(
    BOTH,
    email=replace(REMINDER_MAIL, sender="Test <noreply@ttd.example>"),
    sms=replace(REMINDER_SMS, sender="TTD"),
)


@pytest.mark.parametrize(
    "asked, told",
    [
        (OURS, []),
        (replace(OURS, email=replace(REMINDER_MAIL, sender="a@skd.example")), ["email_sender"]),
        (replace(OURS, sms=replace(REMINDER_SMS, sender="Politiet")), ["sms_sender"]),
        (
            replace(MAIL, sms=replace(REMINDER_SMS, sender="Politiet")),
            ["email_sender", "sms_sender"],
        ),
        (MAIL, ["email_sender"]),
        (TEXT, ["sms_sender"]),
    ],
)
def test_an_owner_writes_as_whom_it_is_agreed(asked: NewOrder, told: list[str]) -> None:
    assert parts(asked, agreement=AGREED) == told
    assert parts(asked) == []


def test_a_reminder_is_held_to_what_is_agreed_as_well() -> None:
    with pytest.raises(CannotBePlacedError) as refused:
        place_chain(
            OURS,
            [REMINDER],
            owner="ttd",
            kind=OrderKind.NOTIFICATION,
            now=NOON,
            agreement=AGREED,
            chain=CHAIN,
            order_id=ORDER_ID,
        )

    assert [(each.reminder, each.part) for each in refused.value.faults] == [(0, "email_sender")]


def test_where_answers_go_is_decided_when_the_order_is_placed() -> None:
    circumstances: dict[str, Any] = {
        "owner": "ttd",
        "kind": OrderKind.NOTIFICATION,
        "now": NOON,
        "agreement": AGREED,
    }
    assert place(OURS, **circumstances).reply_to == "Test <post@ttd.example>"
    assert (
        place(replace(OURS, channel=ChannelChoice.SMS, email=None), **circumstances).reply_to
        is None
    )


# What an order keeps of what was known when it was placed

FIRST, SECOND = RecipientNo(0), RecipientNo(1)
KRR = Consulted(source=Source.KRR, position="4711004", as_of=NOON)
AT_KARI = Resolution(
    found=(Found(channel=Channel.EMAIL, address=ADDRESS, source=Source.KRR),),
    considered=(Considered(source=Source.KRR, reason=Reason.OUTDATED, channel=Channel.SMS),),
    consulted=(KRR,),
)


def test_of_who_can_be_reached_nothing_is_kept_but_that_they_were_looked_up() -> None:
    known = placed_knowing(placed, {FIRST: AT_KARI, SECOND: AT_KARI})

    assert known.lookup == PlacingLookup(consulted=(KRR,))


def test_of_who_cannot_be_reached_each_reason_is_kept_once_and_nobodys_profile() -> None:
    refused = [
        Considered(
            source=Source.USER_PROFILE, reason=Reason.NOT_AUTHORISED, user=Identifier(str(user))
        )
        for user in range(3)
    ]
    nowhere = Resolution(missing=(Channel.EMAIL,), considered=tuple(refused))

    known = placed_knowing(placed, {FIRST: AT_KARI, SECOND: nowhere})

    assert known.lookup is not None
    assert known.lookup.unreachable == (
        Unreachable(
            recipient_no=SECOND,
            missing=(Channel.EMAIL,),
            considered=(Considered(source=Source.USER_PROFILE, reason=Reason.NOT_AUTHORISED),),
        ),
    )


def test_that_somebody_has_declined_is_kept() -> None:
    declined = Resolution(missing=(Channel.EMAIL,), is_reserved=True)

    known = placed_knowing(placed, {FIRST: declined})

    assert known.lookup is not None
    assert [each.is_reserved for each in known.lookup.unreachable] == [True]


def test_that_a_register_gave_no_answer_is_kept() -> None:
    assert placed_knowing(placed, None).lookup == PlacingLookup(unanswered=True)


def test_an_order_that_nobody_is_looked_up_for_keeps_nothing() -> None:
    assert placed_knowing(placed, {}) == placed


def in_nynorsk(subject: str = "Sak 77", body: str = "Logg inn.") -> EmailText:
    return EmailText(language=Language.NN, subject=Content(subject), body=Content(body))


def in_sami(body: str = "Čálit sisa.") -> SmsText:
    return SmsText(language=Language.SE, body=Content(body))


@pytest.mark.parametrize(
    "languages, told",
    [
        ((in_nynorsk(),), []),
        ((in_nynorsk(subject=" "),), ["email"]),
        ((in_nynorsk(body=""),), ["email"]),
        ((in_nynorsk(body="\x00"),), ["email"]),
        ((in_nynorsk(), in_nynorsk("Ei anna")), ["email"]),
    ],
)
def test_what_an_email_says_in_another_language_is_held_to_the_same_rules(
    languages: tuple[EmailText, ...], told: list[str]
) -> None:
    asked = replace(MAIL, email=replace(REMINDER_MAIL, languages=languages))

    assert parts(asked) == told


@pytest.mark.parametrize(
    "languages, told",
    [
        ((in_sami(),), []),
        ((in_sami(" "),), ["sms"]),
        ((in_sami("\x1b"),), ["sms"]),
        ((in_sami("č" * 135),), ["sms"]),
        ((in_sami("č" * 134),), []),
        ((in_sami(), in_sami("Eará")), ["sms"]),
    ],
)
def test_what_a_text_message_says_in_another_language_is_counted_by_itself(
    languages: tuple[SmsText, ...], told: list[str]
) -> None:
    asked = replace(TEXT, sms=replace(REMINDER_SMS, languages=languages))

    assert parts(asked) == told


def test_no_other_text_is_in_the_language_of_the_first() -> None:
    again = replace(REMINDER_MAIL, language=Language.NN, languages=(in_nynorsk(),))
    alone = replace(REMINDER_MAIL, language=Language.NN)

    assert parts(replace(MAIL, email=again)) == ["email"]
    assert parts(replace(MAIL, email=alone)) == []
