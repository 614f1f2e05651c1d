"""The rules that single values are held to, each with the words that say what is wrong and what to do."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cached_property
from typing import Final, TypeVar
from urllib.parse import unquote_plus, urlsplit

from msgspec import UNSET, UnsetType

from application.mail_address import AddressError, is_mailbox, read_sender
from application.phone_number import e164
from domain.channel import ChannelChoice
from domain.contact_point import is_email_address
from domain.message import (
    NOTHING_KNOWN,
    SMS_SENDER_RULE,
    ContentType,
    Language,
    SendingTime,
    is_sayable,
    is_sms_sender,
    with_line_breaks,
)
from domain.order.events import DeliveryPolicy
from domain.order.placing import LAST_YEAR
from domain.sms_segments import MOST_SEGMENTS, segments
from entrypoints.http.validation.errors import Faults

E = TypeVar("E", bound=Enum)

CHANNELS: Final = {
    "Email": ChannelChoice.EMAIL,
    "Sms": ChannelChoice.SMS,
    "EmailPreferred": ChannelChoice.EMAIL_PREFERRED,
    "SmsPreferred": ChannelChoice.SMS_PREFERRED,
    "EmailAndSms": ChannelChoice.EMAIL_AND_SMS,
}
CONTENT_TYPES: Final = {"Plain": ContentType.PLAIN, "Html": ContentType.HTML}
POLICIES: Final = {"Anytime": SendingTime.ANYTIME, "Daytime": SendingTime.DAYTIME}
DELIVERY_POLICIES: Final = {
    "AtMostOnce": DeliveryPolicy.AT_MOST_ONCE,
    "AtLeastOnce": DeliveryPolicy.AT_LEAST_ONCE,
}
FIRST_POLICY: Final = 1
"""The number of the first sending-time policy; the other enumerations count from 0."""

RESOURCE: Final = "urn:altinn:resource:"
_EMAIL_URN: Final = "urn:altinn:person:idporten-email:"
_USERNAME_URNS: Final = (
    "urn:altinn:person:legacy-selfidentified:",
    "urn:altinn:username:",
    "urn:altinn:party:username:",
)
_MOMENT: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2})?(?:\.(\d{1,9}))?(Z|z|[+-]\d{2}:?\d{2})?)?",
    re.ASCII,
)
_USUAL_MOMENT: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:Z|[+-]\d{2}:\d{2})", re.ASCII
)
"""What nearly all moments look like; the library reads these as they are."""
_DIGITS: Final = re.compile(r"[0-9]+")
_WHOLE_NUMBER: Final = re.compile(r"-?[0-9]{1,18}")
_DNS_NAME: Final = re.compile(r"(?=.{1,253}$)(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}")
_URL_CHARACTERS: Final = re.compile(r"[!-~]+")
_EARLIEST: Final = datetime(1, 1, 2, tzinfo=UTC)
"""What is earlier may be no date at all in UTC."""
_PERSON_DIGITS: Final = 11
_ORGANISATION_DIGITS: Final = 9


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What requests are held to, as the installation decides; never the moment at which they come."""

    owner: str
    email_sender: str
    sms_sender: str
    max_recipients: int = 1000
    max_reminders: int = 100
    max_attachments: int = 20
    max_sms_segments: int = MOST_SEGMENTS
    attachment_hosts: tuple[str, ...] = (".blob.core.windows.net",)
    """Where attachments may lie: hosts, and after a leading dot everything below one."""
    delivery_policy: DeliveryPolicy | None = None
    """What this owner wants where an outcome stays unknown; None for what is usual."""
    stale_owners: frozenset[str] = frozenset()
    """Owners whose persons are reached at outdated contact points, too; in small letters."""

    refuses_national_numbers: bool = False
    """Whether a text with a national identity number in it is refused, and not only remarked on."""

    @cached_property
    def most(self) -> Mapping[str, int]:
        """How many the lists of a request may hold, by their members' names."""
        return {
            "recipients": self.max_recipients,
            "reminders": self.max_reminders,
            "attachments": self.max_attachments,
        }

    @property
    def uses_stale(self) -> bool:
        """Whether this owner is one of them."""
        return self.owner.lower() in self.stale_owners


def is_blank(text: str | None) -> bool:
    """Whether there is nothing to read."""
    return text is None or not text.strip()


def key(text: str, faults: Faults) -> None:
    """Check the key under which something is asked for."""
    if is_blank(text):
        faults.broken("IdempotencyId", "The IdempotencyId field is required.")


def has_control_characters(text: str) -> bool:
    """Whether the text holds a control character, or a line or paragraph separator."""
    return not text.isprintable() and any(
        unicodedata.category(each) in ("Cc", "Zl", "Zp", "Cs") for each in text
    )


def enumeration(
    value: str | int,
    names: Mapping[str, E],
    faults: Faults,
    *,
    json_path: str,
    property_path: str,
    first: int = 0,
) -> E | None:
    """Read an enumeration by its name in any case, or by its number."""
    if isinstance(value, str) and value in names:
        return names[value]
    members = list(names.values())
    if isinstance(value, int) or _WHOLE_NUMBER.fullmatch(value):
        number = int(value) - first
        if 0 <= number < len(members):
            return members[number]
        faults.broken(property_path, f"choose one of {', '.join(names)}")
        return None
    by_small_letters = {name.lower(): member for name, member in names.items()}
    found = by_small_letters.get(value.strip().lower())
    if found is None:
        faults.unreadable(json_path, f"choose one of {', '.join(names)}")
    return found


def delivery_policy(value: str | int | None, rules: Rules, faults: Faults) -> DeliveryPolicy | None:
    """Read what is wanted where an outcome stays unknown; what the owner wants if nothing is said."""
    if value is None:
        return rules.delivery_policy
    return enumeration(
        value,
        DELIVERY_POLICIES,
        faults,
        json_path="$.deliveryPolicy",
        property_path="DeliveryPolicy",
    )


def language(value: str, faults: Faults, *, json_path: str) -> Language | UnsetType:
    """Read the code of a language, in any letters; UNSET for none that is known."""
    try:
        return Language(value.strip().lower())
    except ValueError:
        faults.unreadable(json_path, f"choose one of {', '.join(Language)}")
        return UNSET


def whole_number(value: int | str, faults: Faults, *, json_path: str) -> int | None:
    """Read a whole number, written as one or as text."""
    if isinstance(value, int):
        return value
    if _WHOLE_NUMBER.fullmatch(value.strip()):
        return int(value)
    faults.unreadable(json_path, "write a whole number")
    return None


def moment(
    value: str | UnsetType,
    faults: Faults,
    *,
    json_path: str,
    property_path: str,
) -> datetime | None:
    """Read a date and time, which must have a zone; None if left out.

    Whether it is too late is judged when the order is placed, and once: readers know no clock.
    """
    if value is UNSET:
        return None
    parsed = _parsed(value)
    if parsed is None:
        faults.unreadable(json_path, "write a date and time such as 2026-09-01T08:00:00Z")
        return None
    if parsed.tzinfo is None:
        faults.broken(
            property_path, "the time has no zone; end it with Z or an offset such as +02:00"
        )
        return None
    if parsed.year > LAST_YEAR:
        faults.broken(property_path, f"the time lies beyond the year {LAST_YEAR}")
        return None
    if parsed < _EARLIEST:
        faults.broken(property_path, "the time lies before the first year")
        return None
    return parsed.astimezone(UTC)


def read_moment_text(text: str) -> datetime | None:
    """The moment that a text tells, in UTC where it names no zone; None if it tells none."""
    parsed = _parsed(text)
    if parsed is None:
        return None
    try:
        return (parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:  # in UTC it is before the first day, or after the last
        return None


def _parsed(text: str) -> datetime | None:
    if _USUAL_MOMENT.fullmatch(text) is None:
        match = _MOMENT.fullmatch(text.strip())
        if match is None:
            return None
        day, minutes, seconds, fraction, zone = match.groups()
        clock = f"{minutes or '00:00'}{seconds or ':00'}.{(fraction or '0')[:6]:0<6}"
        text = f"{day}T{clock}{(zone or '').upper()}"
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def email_address(text: str, faults: Faults, property_path: str) -> str:
    """Check an e-mail address, and give it without the space around it."""
    if has_control_characters(text) or not (is_email_address(text) and is_mailbox(text)):
        faults.broken(
            property_path, "Invalid email address format; write one, as in name@example.org"
        )
    return text.strip()


def mobile_number(text: str, faults: Faults, property_path: str) -> str:
    """Check a telephone number with its country code, and give it as E.164 writes it."""
    number = e164(text)
    if number is None:
        faults.broken(
            property_path,
            "this is not a valid mobile number; write it with its country code, as in +4799999999",
        )
        return text
    return number


def digits(text: str, count: int, what: str, faults: Faults, property_path: str) -> str:
    """Check a number of so many digits; its control digits are not judged."""
    if len(text) != count or not text.isascii() or _DIGITS.fullmatch(text) is None:
        faults.broken(property_path, f"{what} must be {count} digits")
    return text


def person_number(text: str, faults: Faults, property_path: str) -> str:
    """Check a national identity number."""
    return digits(text, _PERSON_DIGITS, "a national identity number", faults, property_path)


def organisation_number(text: str, faults: Faults, property_path: str) -> str:
    """Check an organisation number."""
    return digits(text, _ORGANISATION_DIGITS, "an organization number", faults, property_path)


def external_identity(text: str, faults: Faults, property_path: str) -> str:
    """Check a URN of the login service; its value is URL-decoded first."""
    if is_blank(text):
        faults.broken(property_path, "The ExternalIdentity field is required.")
        return text
    if text.startswith(_EMAIL_URN):
        address = unquote_plus(text.removeprefix(_EMAIL_URN))
        is_good = is_email_address(address) and is_mailbox(address)
    else:
        prefix = next((each for each in _USERNAME_URNS if text.startswith(each)), None)
        is_good = prefix is not None and not is_blank(unquote_plus(text.removeprefix(prefix)))
    if not is_good or has_control_characters(unquote_plus(text)):
        faults.broken(
            property_path,
            f"invalid URN format; write {_EMAIL_URN} and an e-mail address, "
            "or urn:altinn:party:username: and a user name",
        )
    return text


def subject(text: str | None, faults: Faults, property_path: str) -> str:
    """Check a subject; line breaks in it, however they are written, become spaces."""
    if is_blank(text):
        faults.broken(property_path, "the subject must not be empty")
        return ""
    lines = with_line_breaks(text or "")
    one_line = lines.replace("\r\n", " ").replace("\r", " ").replace("\n", " ")
    if has_control_characters(one_line):
        faults.broken(property_path, "the subject must not hold control characters")
    return one_line


def body(text: str | None, faults: Faults, property_path: str) -> str:
    """Check that there is something to say, and that it can be said."""
    if is_blank(text):
        faults.broken(property_path, "the body must not be empty")
    said = with_line_breaks(text or "")
    if not is_sayable(said):
        faults.broken(
            property_path, "the body must not hold control characters but tabs and line breaks"
        )
    return said


def sms_body(text: str | None, rules: Rules, faults: Faults, property_path: str) -> str:
    """Check what a text message says, and that it is not too long for one."""
    said = body(text, faults, property_path)
    if said and is_blank(NOTHING_KNOWN.fill(said)) and not is_blank(said):
        faults.broken(property_path, "the body must say something beside the recipient's name")
    count = segments(said).count
    if count > rules.max_sms_segments:
        faults.broken(
            property_path,
            f"the text makes {count} segments, and {rules.max_sms_segments} are the most; "
            "shorten it (a segment holds 153 characters, or 67 if one is not of the GSM alphabet)",
        )
    return said


def email_sender(text: str | None, default: str, faults: Faults, property_path: str) -> str:
    """Check an e-mail's sender, an address with or without a name; the default if there is none."""
    if is_blank(text):
        return default
    sender = (text or "").strip()
    try:
        read_sender(text or "")
    except AddressError:
        faults.broken(
            property_path,
            "this is no sender; write an address, as in post@example.org, "
            "or a name with it, as in An Agency <post@example.org>",
        )
    return sender


def sms_sender(text: str | None, default: str, faults: Faults, property_path: str) -> str:
    """Check a text message's sender, a name or a number; the default if there is none."""
    if is_blank(text):
        return default
    sender = (text or "").strip(" ")
    if not is_sms_sender(sender):
        faults.broken(property_path, f"this is no sender of text messages; {SMS_SENDER_RULE}")
    return sender


def condition_v1(text: str | None, faults: Faults, property_path: str) -> str | None:
    """Check the address of a send condition, at a host with a name in the DNS."""
    if text is None:
        return None
    is_good = is_url(text, lambda host: _DNS_NAME.fullmatch(host) is not None)
    if not is_good:
        faults.broken(
            property_path, "this is not a valid URL; write one, as in https://example.org/ok"
        )
    return text


def condition_v2(text: str | None, faults: Faults, property_path: str) -> str | None:
    """Check the address of a send condition."""
    if text is None:
        return None
    scheme = text.partition(":")[0].lower()
    if scheme not in ("http", "https") and re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:\S+", text):
        faults.broken(property_path, "the condition endpoint must be an http or https address")
    elif not is_url(text, bool):
        faults.broken(
            property_path, "the condition endpoint must be a well-formed absolute URI, or null"
        )
    return text


def is_url(text: str, is_host: Callable[[str], bool]) -> bool:
    """Whether it is a whole http or https address, at a host that is one."""
    if _URL_CHARACTERS.fullmatch(text) is None:
        return False
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme.lower() in ("http", "https") and is_host(parts.hostname or "")


def resource_v2(text: str | None, faults: Faults, property_path: str) -> str | None:
    """Check the URN of a resource."""
    if text is not None and not (text.startswith(RESOURCE) and len(text) > len(RESOURCE)):
        faults.broken(property_path, f"write {RESOURCE} and the resource's id, or leave it out")
    return text


def resource_action(
    text: str | None, resource: str | None, faults: Faults, property_path: str
) -> str | None:
    """Check what a user must be allowed to do with the resource."""
    if not text:
        return None
    if is_blank(resource):
        faults.broken(property_path, "an action needs a resource; give its id, or leave both out")
    elif is_blank(text):
        faults.broken(property_path, "the action must not be blank")
    return text
