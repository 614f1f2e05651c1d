"""Delivery status notifications: what mail servers report afterwards (RFC 3464, 6522, 6533).

The attempt is found by its token: in `Original-Envelope-Id` where the servers on the way know DSN,
and else in the address that the notification was sent to (VERP). A Message-ID names a notification
and not an attempt, so nothing is concluded from it.

| action                              | state     |                                                        |
| ----------------------------------- | --------- | ------------------------------------------------------ |
| delivered                           | delivered | in the mailbox                                         |
| relayed                             | relayed   | accepted by a server that does not report; a later   |
|                                     |           | bounce still comes to the VERP address                 |
| expanded                            | delivered | given to a mailing list                                |
| delayed, delay                      | delayed   |                                                        |
| failed, failure, error, expired     | failed    | why, by the table of `enhanced_status`; a temporary    |
|                                     |           | status means that the server has tried until its time  |
|                                     |           | was up                                                 |

Servers write more than the standard knows: other words for an action, the whole part in base64, lines
that continue a field without saying so.
"""

import binascii
import quopri
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.message import Message
from email.policy import compat32
from email.utils import parsedate_to_datetime
from typing import Final, TypeAlias

from adapters.channels.smtp.bounce_forms import own_parts
from adapters.channels.smtp.enhanced_status import enhanced_code, failure_by, says_nothing
from application.ports.report_inbox import Report
from domain.order.events import Failure, ReportedState

AS_IT_CAME: Final = compat32.clone(max_line_length=None)
"""By this policy a mail is read: nothing is folded again when a part of it is written out again."""

Fields: TypeAlias = Mapping[str, str]
"""A group of fields, by their names in lower case."""

_MOST_RECIPIENTS: Final = 100
_LONGEST_FIELD: Final = 4096
_TOKEN: Final = re.compile(r"[0-9a-f]{32}")
_VERP: Final = re.compile(r"\+([0-9a-f]{32})@", re.IGNORECASE)
_SENT_TO: Final = ("X-Original-To", "Delivered-To", "Envelope-To", "X-Envelope-To", "To")
_STATUS_TYPES: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
_BASIC_CODE: Final = re.compile(r"([245][0-9]{2})[ -]")
_EMPTY_LINE: Final = re.compile(r"\r?\n[ \t]*\r?\n")
_FIELD: Final = re.compile(r"([!-9;-~]{1,76})[ \t]*:(.*)")
_EXPIRED: Final = "expired"
_STATES: Final = {
    "delivered": ReportedState.DELIVERED,
    "relayed": ReportedState.RELAYED,
    "expanded": ReportedState.DELIVERED,
    "delayed": ReportedState.DELAYED,
    "delay": ReportedState.DELAYED,
    "failed": ReportedState.FAILED,
    "failure": ReportedState.FAILED,
    "error": ReportedState.FAILED,
    _EXPIRED: ReportedState.FAILED,
}


def status_groups(message: Message, *, anywhere: bool) -> Sequence[Fields] | None:
    """Find the groups of fields: the first about the message, one more for each recipient.

    `anywhere`: the part is looked for in mails of other kinds than reports, too. None if there is none.
    """
    if not anywhere and message.get_content_type() != "multipart/report":
        return None
    for part in own_parts(message):
        if part.get_content_type() in _STATUS_TYPES:
            groups = [each for each in map(_fields, _EMPTY_LINE.split(_text(part))) if each]
            if any("action" in each for each in groups[:1]):
                # What is about the message was left out, or stands in one group with the recipient.
                groups.insert(0, groups[0])
            return groups or [{}]
    return None


def token_of(message: Message, about_message: Fields | None, sent_to: str | None) -> str | None:
    """Find the token of the attempt that a notification is about; None if it is none of ours."""
    if about_message is not None:
        envelope_id = about_message.get("original-envelope-id", "").lower()
        if _TOKEN.fullmatch(envelope_id):
            return envelope_id
    places = [sent_to or ""]
    places += [f"{each}" for name in _SENT_TO for each in message.get_all(name, [])]
    for place in places:
        if found := _VERP.search(place):
            return found.group(1).lower()
    return None


def reports_of(
    message: Message, about_recipients: Sequence[Fields], provider: str, token: str
) -> Sequence[Report]:
    """What a notification tells of each recipient, of an attempt; none if it tells of no action."""
    understood = [each for each in about_recipients if _action(each) in _STATES]
    return [_report(message, each, provider, token) for each in understood[:_MOST_RECIPIENTS]]


def written_at(message: Message) -> datetime | None:
    """When a mail was written, if it says."""
    return _moment(f"{message.get('Date', '')}")


def _report(message: Message, fields: Fields, provider: str, token: str) -> Report:
    action = _action(fields)
    state = _STATES[action]
    status, basic, words = _status(fields)
    failure = None
    if state is ReportedState.FAILED:
        failure = _failure(status, basic, words, has_expired=action == _EXPIRED)
    return Report(
        provider=provider,
        reference=token,
        state=state,
        code=f"{action} {status}" if status else action,
        failure=failure,
        occurred_at=_moment(fields.get("last-attempt-date", "")) or written_at(message),
    )


# The fields of a notification


def _text(part: Message) -> str:
    """The part for machines, as it was before it was encoded."""
    payload = part.get_payload()
    groups = payload if isinstance(payload, list) else []
    written = b"\n\n".join(each.as_bytes() for each in groups if isinstance(each, Message))
    match f"{part.get('Content-Transfer-Encoding', '')}".strip().lower():
        case "base64" if b":" not in written:
            written = binascii.a2b_base64(written)
        case "quoted-printable":
            written = quopri.decodestring(written)
        case _:
            pass
    return written.decode("utf-8", "replace")


def _fields(group: str) -> Fields:
    fields: dict[str, str] = {}
    name = ""
    for line in group.splitlines():
        found = None if line[:1] in {" ", "\t"} else _FIELD.fullmatch(line)
        if found is not None:
            name = found.group(1).lower()
            if name not in fields:
                fields[name] = found.group(2).strip()[:_LONGEST_FIELD]
        elif name and len(fields[name]) < _LONGEST_FIELD:
            fields[name] = f"{fields[name]} {line.strip()}"[:_LONGEST_FIELD]
    return fields


def _action(fields: Fields) -> str:
    # Comments in brackets are allowed behind it.
    return fields.get("action", "").partition("(")[0].strip().lower()


def _status(fields: Fields) -> tuple[str | None, int | None, str]:
    """Read the enhanced and the basic code, and the server's words for people.

    A diagnostic that says more goes before the status.
    """
    status = enhanced_code(fields.get("status", ""))
    diagnostic = fields.get("diagnostic-code", "").partition(";")[2].strip()
    found = _BASIC_CODE.match(diagnostic)
    if found is None:
        return status, None, diagnostic
    detail = enhanced_code(diagnostic[found.end() :].lstrip("#"))
    if detail is not None and (status is None or says_nothing(status)):
        status = detail
    return status, int(found.group(1)), diagnostic


def _failure(status: str | None, basic: int | None, words: str, *, has_expired: bool) -> Failure:
    is_temporary = status is not None and status.startswith("4.")
    says_no_more = status is None or says_nothing(status)
    if is_temporary or (has_expired and says_no_more):
        return Failure.EXPIRED_AT_PROVIDER
    return failure_by(status, basic, words=words, names_recipient=True, content_seen=True)


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
