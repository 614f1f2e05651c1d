"""How the look-up of a recipient is told to a caseworker: every sentence of it, and every rule it names."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final, assert_never

from msgspec import Struct

from application.masking import masked
from application.ports.registry_copies import BUSINESSES, KRR, PROFILES, NotReady
from domain.channel import Channel, ChannelChoice
from domain.message import Language
from domain.order.events import (
    Considered,
    Consulted,
    OrderPlaced,
    Reason,
    Source,
    Wording,
    WordingReason,
)
from domain.recipient import (
    Direct,
    ExternalIdentity,
    Organisation,
    OrganisationNumber,
    Person,
    Recipient,
)

ERASED_USER: Final = "a user whose id was erased"

SOURCES: Final[Mapping[Source, str]] = MappingProxyType(
    {
        Source.SENDER: "the order",
        Source.KRR: "the contact and reservation register (KRR)",
        Source.BUSINESS_REGISTER: "the register of businesses' notification addresses",
        Source.USER_PROFILE: "the register of user profiles",
        Source.LOGIN_SERVICE: "the login service",
    }
)
_REGISTRIES: Final[Mapping[str, Source]] = MappingProxyType(
    {KRR: Source.KRR, BUSINESSES: Source.BUSINESS_REGISTER, PROFILES: Source.USER_PROFILE}
)
CHANNELS: Final[Mapping[Channel, str]] = MappingProxyType(
    {Channel.EMAIL: "e-mail", Channel.SMS: "text message"}
)
PLACES: Final[Mapping[Channel, str]] = MappingProxyType(
    {Channel.EMAIL: "e-mail address", Channel.SMS: "mobile number"}
)
LANGUAGES: Final[Mapping[Language | None, str]] = MappingProxyType(
    {
        Language.NB: "Bokmål",
        Language.NN: "Nynorsk",
        Language.EN: "English",
        Language.SE: "Northern Sami",
        None: "the sender's first language",
    }
)
CHOICES: Final[Mapping[ChannelChoice, str]] = MappingProxyType(
    {
        ChannelChoice.EMAIL: "by e-mail",
        ChannelChoice.SMS: "by text message",
        ChannelChoice.EMAIL_PREFERRED: "by e-mail, and by text message whoever has no e-mail address",
        ChannelChoice.SMS_PREFERRED: "by text message, and by e-mail whoever has no mobile number",
        ChannelChoice.EMAIL_AND_SMS: "by e-mail and by text message",
    }
)


class Outcome(StrEnum):
    """What came of a look-up."""

    REACHED = "reached"
    PARTLY_REACHED = "partly_reached"
    NOT_REACHED = "not_reached"
    RESERVED = "reserved"
    DUPLICATE = "duplicate"
    """Somebody else in the order gets the one message that both would have got."""
    REACHABLE = "reachable"
    """Could have been reached when the order was placed; where was not kept."""
    UNANSWERED = "unanswered"
    """A register gave no answer when the order was placed."""
    NOT_YET = "not_yet"
    """It has not been made."""
    WAITS = "waits"
    """It has come to no end yet: whether users may act for an organisation could not be asked."""
    NOT_KEPT = "not_kept"
    """What came of it was not kept when the order was placed."""
    NOT_NEEDED = "not_needed"
    """The sender gave the address."""


class WaitReason(StrEnum):
    """Why a register is waited for."""

    COPY_NOT_LOADED = "copy_not_loaded"
    """Our copy of it has never been at the register's end."""
    COPY_TOO_OLD = "copy_too_old"
    """For too long nobody has known our copy of it to be up to date."""
    NO_ANSWER = "no_answer"
    """It could not be asked."""


class Basis(StrEnum):
    """Whose rule it is by which something is not used."""

    LAW = "law"
    REGISTER = "register"
    SENDER = "sender"
    USER = "user"
    SERVICE = "service"


class Rule(Struct, frozen=True, kw_only=True):
    """By which rule something was not used."""

    basis: Basis
    source: str
    """Where it stands: a section of a regulation, a field of a register, what the sender asked for."""
    words: str
    """What it says of the case."""


def rule(reason: Reason) -> Rule:  # one for each reason
    """The rule that a reason goes by."""
    match reason:
        case Reason.RESERVED:
            return Rule(
                basis=Basis.LAW,
                source="eForvaltningsforskriften § 9",
                words="the person has declined digital communication",
            )
        case Reason.DELETED:
            return Rule(
                basis=Basis.REGISTER,
                source="KRR: status SLETTET",
                words="the register says that the person's entry was deleted",
            )
        case Reason.NOT_NOTIFIABLE:
            return Rule(
                basis=Basis.REGISTER,
                source="KRR: varslingsstatus KAN_IKKE_VARSLES",
                words="the register says that the person cannot be notified",
            )
        case Reason.OUTDATED:
            return Rule(
                basis=Basis.LAW,
                source="eForvaltningsforskriften § 32",
                words="it was neither changed nor confirmed in the last 18 months",
            )
        case Reason.NO_RECORD:
            return Rule(
                basis=Basis.REGISTER,
                source="no entry",
                words="the recipient is not registered there",
            )
        case Reason.NO_ADDRESS:
            return Rule(basis=Basis.REGISTER, source="no such entry", words="none is registered")
        case Reason.INVALID_ADDRESS:
            return Rule(
                basis=Basis.SERVICE,
                source="addresses are checked before they are used",
                words="nothing can be sent to what is registered",
            )
        case Reason.NOT_AUTHORISED:
            return Rule(
                basis=Basis.REGISTER,
                source="authorisation for the order's resource",
                words="the user may not act for the organisation in what the order is about",
            )
        case Reason.DUPLICATE:
            return Rule(
                basis=Basis.SERVICE,
                source="nobody gets the same message twice",
                words="the same message goes there already",
            )
        case Reason.OTHER_CHANNEL_USED:
            return Rule(
                basis=Basis.SENDER,
                source="the order's channel",
                words="the channel that the sender prefers is used",
            )
        case Reason.NOT_CONSULTED:
            return Rule(
                basis=Basis.SENDER,
                source="the order names no resource",
                words="without a resource nobody can judge which users may be told",
            )
        case Reason.UNCERTAIN:
            return Rule(
                basis=Basis.SERVICE,
                source="nobody is notified by what may no longer hold",
                words="a change of the entry could not be read",
            )
        case Reason.UNVERIFIED:
            return Rule(
                basis=Basis.SERVICE,
                source="what users register is proved before it is used",
                words="the user has not shown yet that it is theirs",
            )
        case Reason.OTHER_RESOURCE:
            return Rule(
                basis=Basis.USER,
                source="the user's own choice of resources",
                words="the user wants to be told of other things than this order's resource",
            )
        case Reason.AUTHORITY_NOT_ASKED:
            return Rule(
                basis=Basis.SERVICE,
                source="nothing personal is sent unasked",
                words="whether the user may act for the organisation could not be asked",
            )
        case Reason.BOUNCED_HERE:
            return Rule(
                basis=Basis.SERVICE,
                source="an address that bounced is left alone for a time",
                words="what was sent there came back for good",
            )
        case _:
            assert_never(reason)


def user(number: int) -> str:
    """How an end user is called."""
    return f"user {number}"


def order(placed: OrderPlaced) -> str:
    """What the order asked of the look-up."""
    about = f" about {placed.resource}" if placed.resource else ""
    reserved = (
        "those who have declined digital communication are notified all the same, on the sender's "
        "responsibility"
        if placed.ignore_reservation
        else "nobody who has declined digital communication is notified"
    )
    stale = (
        "; outdated addresses are used, too, as the sender asked"
        if placed.use_stale_contact_information
        else ""
    )
    return (
        f"The order of {placed.owner}{about} is to reach its recipients {CHOICES[placed.channel]}; "
        f"{reserved}{stale}."
    )


def recipient(recipient: Recipient) -> str:
    """Who it is, without saying it."""
    number = recipient.recipient_no
    match recipient.identity:
        case Person():
            return f"Recipient {number}, a person"
        case Organisation(number=organisation):
            return f"Recipient {number}, the organisation {organisation}"
        case ExternalIdentity():
            return f"Recipient {number}, somebody without a national number"
        case Direct(email=email, mobile=mobile):
            given = " or ".join(masked(each) for each in (email, mobile) if each is not None)
            return f"Recipient {number}, whoever reads {given}"


def asked(source: Source, consulted: Consulted | None, at: datetime) -> str:
    """Who was asked, and as of when what they answered holds."""
    who = _capital(SOURCES[source])
    if consulted is None:
        return f"{who} was asked; at which change its copy was, and how old, is not recorded."
    if consulted.position is None and consulted.as_of is None:
        return f"{who} was asked."
    copy = "" if consulted.position is None else f", in our copy at change {consulted.position}"
    if consulted.as_of is None:
        return f"{who} was asked{copy}."
    as_of, age = consulted.as_of.isoformat(timespec="seconds"), how_long(at - consulted.as_of)
    return f"{who} was asked{copy}; what it answered holds as of {as_of}, {age} before."


def how_long(span: timedelta) -> str:
    """A span of time, in the largest unit that it fills twice."""
    seconds = max(0, int(span.total_seconds()))
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} seconds"


def found(
    channel: Channel,
    address: str,
    source: Source,
    origin: OrganisationNumber | None,
    user: str | None,
) -> str:
    """Where somebody is reached."""
    whose = "" if user is None else f", registered by {user}"
    unit = "" if origin is None else f", for the unit {origin} above it"
    return f"By {CHANNELS[channel]} at {address}, from {SOURCES[source]}{whose}{unit}."


def in_language(wording: Wording) -> str:
    """Which of the sender's texts somebody gets, and why."""
    match wording.because:
        case WordingReason.RECIPIENTS_LANGUAGE:
            return f"The text in {LANGUAGES[wording.language]}, which they have chosen."
        case WordingReason.NOT_IN_THEIR_LANGUAGE:
            return "The sender's first text, since none is named in the language that they have chosen."
        case WordingReason.LANGUAGE_UNKNOWN:
            return "The sender's first text, since it is not known which language they have chosen."
        case _:
            assert_never(wording.because)


def left_out(considered: Considered, user: str | None) -> str:
    """What was not used, and why."""
    reason, channel = considered.reason, considered.channel
    why = rule(reason)
    whose = SOURCES[considered.source] if user is None else f"what {user} registered"
    of = considered.duplicate_of
    who_else = "" if of is None else f", for recipient {of}"
    bounced = considered.suppression
    since_when = (
        ""
        if bounced is None
        else f" on {bounced.bounced_at:%Y-%m-%d}; it is left alone until {bounced.until:%Y-%m-%d}"
    )
    place = "" if channel is None else PLACES[channel]
    match reason:
        case Reason.NO_ADDRESS:
            return f"No {place} in {whose}."
        case Reason.NO_RECORD:
            return f"Nothing in {whose}: {why.words}."
        case Reason.NOT_CONSULTED:
            return f"{_capital(whose)} was not asked: {why.words}."
        case _:
            what = whose if channel is None else f"the {place} in {whose}"
            return f"Not used: {what}, since {why.words}{who_else}{since_when} ({why.source})."


def outcome(
    outcome: Outcome, reached: Sequence[Channel] = (), missing: Sequence[Channel] = ()
) -> str:
    """What came of a look-up, in a sentence."""
    by, not_by = _channels(reached), _channels(missing)
    match outcome:
        case Outcome.REACHED:
            return f"Reached by {by}."
        case Outcome.PARTLY_REACHED:
            return f"Reached by {by}, and not by {not_by}."
        case Outcome.NOT_REACHED:
            return f"Cannot be reached by {not_by}."
        case Outcome.RESERVED:
            return "Is not notified, having declined digital communication."
        case Outcome.DUPLICATE:
            return "Gets no message of their own: the same one goes to the same place already."
        case Outcome.REACHABLE:
            return "Could be reached as the order asks; where is found out before it is sent."
        case Outcome.UNANSWERED:
            return "A register gave no answer then; the recipient is looked up before it is sent."
        case Outcome.NOT_YET:
            return "Not looked up yet."
        case Outcome.WAITS:
            return "Waits until whether users may act for the organisation can be asked."
        case Outcome.NOT_KEPT:
            return "What was found then was not kept when this order was placed."
        case Outcome.NOT_NEEDED:
            return "Nobody was asked: the sender gave the address."
        case _:
            assert_never(outcome)


def not_shown(lines: int) -> str:
    """That there is more than is shown, as a sentence more; nothing where there is not."""
    return f" {lines} more contact points are counted and not shown." if lines else ""


def waits(until: datetime) -> str:
    """That a look-up has come to no end yet, and by when it does, in a sentence."""
    return (
        f"{outcome(Outcome.WAITS)} From {until.isoformat()} on the official addresses are notified "
        "without them."
    )


def why_waited(because: NotReady | None) -> WaitReason:
    """Why a register is waited for, by what keeps its copy from being relied on, if that does."""
    match because:
        case NotReady.NEVER_LOADED:
            return WaitReason.COPY_NOT_LOADED
        case NotReady.TOO_OLD:
            return WaitReason.COPY_TOO_OLD
        case None:
            return WaitReason.NO_ANSWER
        case _:
            assert_never(because)


def waits_for(registry: str, reason: WaitReason) -> str:
    """That nobody was looked up yet since a register cannot be relied on, in a sentence."""
    source = _REGISTRIES.get(registry)
    which = f"the register {registry}" if source is None else SOURCES[source]
    return f"Not looked up yet: the order waits for {which}, {_whose_fault(reason)}."


def _whose_fault(reason: WaitReason) -> str:
    match reason:
        case WaitReason.COPY_NOT_LOADED:
            return "our copy of which has never been loaded to its end"
        case WaitReason.COPY_TOO_OLD:
            return "our copy of which has grown too old to be relied on"
        case WaitReason.NO_ANSWER:
            return "which gives no answer that can be relied on"
        case _:
            assert_never(reason)


def _channels(channels: Sequence[Channel]) -> str:
    return " and ".join(CHANNELS[each] for each in dict.fromkeys(channels))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
