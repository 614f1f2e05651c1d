"""Place an order: the one decision by which an order comes to be, and everything that it must fulfil.

What is asked for is judged wholly, and every rule that it breaks is told; what is accepted can be handed
over as far as anybody can tell when it is placed.
Whoever asks has judged nothing by the clock: whether a time is too late is decided here, at the moment at
which the order is recorded.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct
from msgspec.structs import replace as replace_field

from domain.agreement import Agreement
from domain.channel import Channel, ChannelChoice
from domain.message import (
    SMS_SENDER_RULE,
    EmailMessage,
    SmsMessage,
    is_sayable,
    is_sms_sender,
    with_line_breaks,
)
from domain.order.errors import CannotBePlacedError, Fault
from domain.order.events import (
    Chain,
    Considered,
    DeliveryPolicy,
    Dialogue,
    OrderId,
    OrderKind,
    OrderPlaced,
    PlacingLookup,
    Unreachable,
)
from domain.order.limits import USUAL, Limits
from domain.order.terms import decide_terms
from domain.personal import Content
from domain.recipient import Direct, Identity, Recipient, RecipientNo
from domain.resolution import Resolution
from domain.schedule import days_later
from domain.sms_segments import segments

LATE_BY: Final = timedelta(minutes=5)
"""So far back may an order be dated whose sender cannot safely ask for it again."""
OPEN_FOR: Final = timedelta(minutes=15)
"""An attachment's address must open it for so long after the requested send time."""
LAST_YEAR: Final = 9000
"""No order is for later: there are no dates to reckon with soon after it."""
LONGEST_LIFE: Final = 172_800
"""Seconds for which an instant text message may be worth something: two days."""

_NONE: Final = timedelta()


class NewOrder(Struct, frozen=True, kw_only=True):
    """One order as a sender asks for it; a reminder is one, too."""

    requested_send_time: datetime | None = None
    """With a time zone; None means at once."""
    delay_days: int | None = None
    """For a reminder: so many days after the main order, at its time of day in Oslo, in place of a time
    of its own."""
    channel: ChannelChoice
    recipients: tuple[Identity, ...]
    email: EmailMessage | None = None
    sms: SmsMessage | None = None
    senders_reference: str | None = None
    condition: str | None = None
    ignore_reservation: bool | None = None
    use_stale_contact_information: bool = False
    resource: str | None = None
    resource_action: str | None = None
    delivery_policy: DeliveryPolicy | None = None
    """What is wanted where an outcome stays unknown; None for what is usual on each channel."""
    time_to_live: int | None = None
    """For an instant text message: after so many seconds it is worth nothing any more."""


def place(  # the circumstances of a decision, each by its name
    asked: NewOrder,
    *,
    owner: str,
    kind: OrderKind,
    now: datetime,
    agreement: Agreement,
    limits: Limits = USUAL,
    late_by: timedelta = _NONE,
    follows: datetime | None = None,
    attachments_open_until: Sequence[datetime] = (),
    chain: Chain | None = None,
    dialogue: Dialogue | None = None,
    request_digest: str | None = None,
) -> OrderPlaced:
    """Decide whether an order can be placed as it is asked for, and what applies to it.

    `agreement` is what is agreed with the owner now: as whom it may write, and where answers go.
    A reminder follows its order: `follows` is that order's send time.
    Its send time may lie in the past by `late_by`.

    Raises:
        CannotBePlacedError: it breaks rules; every one is told.
    """
    requested = _send_time(asked, now, follows)
    faults = [
        *_faults_of_time(asked, requested, earliest=now - late_by),
        *_faults_of_recipients(asked, limits),
        *_faults_of_texts(asked, limits),
        *_faults_of_senders(asked, agreement),
        *_faults_of_attachments(asked, requested or now, attachments_open_until, limits),
        *_faults_of_kind(asked, kind),
    ]
    if faults or requested is None:
        raise CannotBePlacedError(faults)
    return OrderPlaced(
        owner=owner,
        kind=kind,
        requested_send_time=requested,
        channel=asked.channel,
        recipients=tuple(
            Recipient(RecipientNo(number), identity)
            for number, identity in enumerate(asked.recipients)
        ),
        email=asked.email,
        sms=asked.sms,
        senders_reference=asked.senders_reference,
        condition=None if asked.condition is None else Content(asked.condition),
        ignore_reservation=asked.ignore_reservation,
        use_stale_contact_information=asked.use_stale_contact_information,
        resource=asked.resource,
        resource_action=asked.resource_action,
        dialogue=dialogue,
        chain=chain,
        time_to_live=asked.time_to_live,
        request_digest=request_digest,
        delivery_policy=asked.delivery_policy,
        reply_to=None if asked.email is None else agreement.reply_to,
        terms=tuple(
            decide_terms(
                kind=kind,
                channel=channel,
                requested=requested,
                sms=asked.sms,
                time_to_live=asked.time_to_live,
                delivery_policy=asked.delivery_policy,
            )
            for channel in asked.channel.possible
        ),
    )


def placed_knowing(
    placed: OrderPlaced, resolutions: Mapping[RecipientNo, Resolution] | None
) -> OrderPlaced:
    """An order that keeps what could be found out about its recipients when it was placed.

    Of each who could not be reached, or not on every channel, the sources that were not used are kept,
    each once: what was found, and whose profiles were looked at, is kept before sending. None stands for
    registries that gave no answer; of an order that nobody had to be looked up for, nothing is kept.
    """
    if resolutions is None:
        return replace_field(placed, lookup=PlacingLookup(unanswered=True))
    if not resolutions:
        return placed
    unreachable = tuple(
        Unreachable(
            recipient_no=recipient_no,
            is_reserved=each.is_reserved,
            missing=each.missing,
            considered=sources_not_used(each.considered),
        )
        for recipient_no, each in resolutions.items()
        if each.missing
    )
    consulted = dict.fromkeys(one for each in resolutions.values() for one in each.consulted)
    return replace_field(
        placed, lookup=PlacingLookup(consulted=tuple(consulted), unreachable=unreachable)
    )


def sources_not_used(considered: Sequence[Considered]) -> tuple[Considered, ...]:
    """Each source that was not used and why, once, whosever profile it was."""
    return tuple(dict.fromkeys(replace_field(each, user=None) for each in considered))


def place_chain(  # the circumstances of a decision, each by its name
    asked: NewOrder,
    reminders: Sequence[NewOrder],
    *,
    owner: str,
    kind: OrderKind,
    now: datetime,
    agreement: Agreement,
    chain: Chain,
    order_id: OrderId,
    limits: Limits = USUAL,
    attachments_open_until: Sequence[datetime] = (),
    dialogue: Dialogue | None = None,
    request_digest: str | None = None,
) -> Sequence[OrderPlaced]:
    """Decide whether an order and its reminders can be placed: all of them, or none.

    Each reminder knows the order that it reminds of, whose id is `order_id`.

    Raises:
        CannotBePlacedError: they break rules; every one is told, with the reminder that breaks it.
    """
    follows = _send_time(asked, now, None)
    placed: list[OrderPlaced] = []
    faults: list[Fault] = []
    if len(reminders) > limits.reminders:
        faults.append(Fault("reminders", f"an order takes {limits.reminders} reminders at most"))
    for number, each in enumerate((asked, *reminders)):
        is_reminder = number > 0
        try:
            placed.append(
                place(
                    each,
                    owner=owner,
                    kind=OrderKind.REMINDER if is_reminder else kind,
                    now=now,
                    agreement=agreement,
                    limits=limits,
                    follows=follows if is_reminder else None,
                    attachments_open_until=() if is_reminder else attachments_open_until,
                    chain=Chain(chain.chain_id, reminds_of=order_id) if is_reminder else chain,
                    dialogue=dialogue,
                    request_digest=None if is_reminder else request_digest,
                )
            )
        except CannotBePlacedError as refused:
            which = number - 1 if is_reminder else None
            faults += [replace(fault, reminder=which) for fault in refused.faults]
    if faults:
        raise CannotBePlacedError(faults)
    return placed


def _send_time(asked: NewOrder, now: datetime, follows: datetime | None) -> datetime | None:
    """When it is to be sent, in UTC; None where there is no such time."""
    if asked.delay_days is None:
        requested = asked.requested_send_time or now
        return None if requested.tzinfo is None else requested.astimezone(UTC)
    try:
        return days_later(follows or now, asked.delay_days)
    except OverflowError:
        return None


def _faults_of_time(
    asked: NewOrder, requested: datetime | None, *, earliest: datetime
) -> Iterator[Fault]:
    is_too_far = requested is None or requested.year > LAST_YEAR
    if asked.delay_days is not None:
        if asked.delay_days < 1:
            yield Fault("delay_days", "the delay must be at least 1 day")
        elif is_too_far:
            yield Fault("delay_days", f"so many days lead beyond the year {LAST_YEAR}")
        if asked.requested_send_time is not None:
            yield Fault("requested_send_time", "leave it out where there are days of delay")
    elif requested is None:
        yield Fault("requested_send_time", "the time has no zone")
    elif is_too_far:
        yield Fault("requested_send_time", f"the time lies beyond the year {LAST_YEAR}")
    elif requested < earliest:
        yield Fault(
            "requested_send_time", "the time must be now or later; leave it out to send at once"
        )


def _faults_of_recipients(asked: NewOrder, limits: Limits) -> Iterator[Fault]:
    if not asked.recipients:
        yield Fault("recipients", "name at least one recipient")
    if len(asked.recipients) > limits.recipients:
        yield Fault(
            "recipients",
            f"an order takes {limits.recipients} recipients at most; place several orders",
        )
    for number, each in enumerate(asked.recipients[: limits.recipients]):
        if isinstance(each, Direct) and not _can_be_reached(each, asked.channel):
            yield Fault("recipients", "give an address for the channel", number)


def _can_be_reached(recipient: Direct, choice: ChannelChoice) -> bool:
    """Whether an address is given for each channel that is wanted, or for one that may stand in for it."""
    given = [
        (recipient.email if channel is Channel.EMAIL else recipient.mobile) is not None
        for channel in choice.possible
    ]
    return all(given) if choice.fallback is None else any(given)


def _faults_of_texts(asked: NewOrder, limits: Limits) -> Iterator[Fault]:
    possible, email, sms = asked.channel.possible, asked.email, asked.sms
    if email is not None:
        yield from _faults_of_email(email)
    elif Channel.EMAIL in possible:
        yield Fault("email", "this channel needs the text of an e-mail")
    if sms is not None:
        yield from _faults_of_sms(sms, limits, is_possible=Channel.SMS in possible)
    elif Channel.SMS in possible:
        yield Fault("sms", "this channel needs the text of a text message")


def _faults_of_email(email: EmailMessage) -> Iterator[Fault]:
    wrong = _wrong_with_email(email.subject.text, email.body.text)
    for each in email.translations:
        wrong = wrong or _wrong_with_email(each.subject.text, each.body.text)
    if wrong is not None:
        yield Fault("email", wrong)
    if _is_any_twice(email):
        yield Fault("email", "give one text in each language")


def _wrong_with_email(subject: str, body: str) -> str | None:
    if not subject.strip() or not body.strip():
        return "neither the subject nor the body may be empty"
    if not is_sayable(subject) or not is_sayable(with_line_breaks(body)):
        return "neither the subject nor the body may hold control characters"
    return None


def _faults_of_sms(sms: SmsMessage, limits: Limits, *, is_possible: bool) -> Iterator[Fault]:
    most = limits.segments if is_possible else None
    wrong = _wrong_with_sms(sms.body.text, most)
    for each in sms.translations:
        wrong = wrong or _wrong_with_sms(each.body.text, most)
    if wrong is not None:
        yield Fault("sms", wrong)
    if is_possible and not is_sms_sender(sms.sender):
        yield Fault("sms", f"as the sender {SMS_SENDER_RULE}")
    if _is_any_twice(sms):
        yield Fault("sms", "give one text in each language")


def _wrong_with_sms(body: str, most: int | None) -> str | None:
    if not body.strip():
        return "the body must not be empty"
    if not is_sayable(with_line_breaks(body)):
        return "the body must not hold control characters"
    if most is not None and segments(body).count > most:
        return f"a text message takes {most} segments at most"
    return None


def _is_any_twice(message: EmailMessage | SmsMessage) -> bool:
    """Whether two texts are in one language."""
    if not message.translations:
        return False
    languages = [message.first_language, *(each.language for each in message.translations)]
    return len(set(languages)) < len(languages)


def _faults_of_senders(asked: NewOrder, agreement: Agreement) -> Iterator[Fault]:
    not_agreed = "it is not agreed that you write as this sender; name another, or none"
    if asked.email is not None and not agreement.lets_emails_come_from(asked.email.sender):
        yield Fault("email_sender", not_agreed)
    if asked.sms is not None and not agreement.lets_text_messages_come_from(asked.sms.sender):
        yield Fault("sms_sender", not_agreed)


def _faults_of_attachments(
    asked: NewOrder, requested: datetime, open_until: Sequence[datetime], limits: Limits
) -> Iterator[Fault]:
    attached = () if asked.email is None else asked.email.attachments
    if len(attached) > limits.attachments:
        yield Fault("attachments", f"an e-mail takes {limits.attachments} attachments at most")
    for number, moment in enumerate(open_until):
        if moment - requested < OPEN_FOR:
            yield Fault(
                "attachments", "it must stay open for 15 minutes after the requested time", number
            )


def _faults_of_kind(asked: NewOrder, kind: OrderKind) -> Iterator[Fault]:
    attached = () if asked.email is None else asked.email.attachments
    is_to_one_address = len(asked.recipients) == 1 and isinstance(asked.recipients[0], Direct)
    if asked.delay_days is not None and kind is not OrderKind.REMINDER:
        yield Fault("delay_days", "only a reminder comes so many days later")
    if attached and kind is not OrderKind.COMPOSED:
        yield Fault("attachments", "only an e-mail that was composed in full has attachments")
    match kind:
        case OrderKind.COMPOSED:
            if asked.channel is not ChannelChoice.EMAIL or not is_to_one_address:
                yield Fault("recipients", "what was composed in full goes to one e-mail address")
        case OrderKind.INSTANT:
            if asked.channel.possible != asked.channel.wanted[:1] or not is_to_one_address:
                yield Fault("recipients", "an instant order goes to one address or number")
            if asked.requested_send_time is not None:
                yield Fault("requested_send_time", "an instant order is sent at once")
            if asked.condition is not None:
                yield Fault("condition", "an instant order waits for no condition")
        case OrderKind.REMINDER:
            if asked.delay_days is None and asked.requested_send_time is None:
                yield Fault("delay_days", "say when the reminder is to come")
        case OrderKind.NOTIFICATION:
            pass
    if asked.time_to_live is not None:
        is_instant_text = kind is OrderKind.INSTANT and asked.channel is ChannelChoice.SMS
        if not is_instant_text:
            yield Fault("time_to_live", "only an instant text message has a time to live")
        elif not 1 <= asked.time_to_live <= LONGEST_LIFE:
            yield Fault("time_to_live", f"give between 1 and {LONGEST_LIFE} seconds")
