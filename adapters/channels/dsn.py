"""Delivery status notifications: what mail servers report afterwards (RFC 3464, 6522, 6533).

The attempt is found by its token: in `Original-Envelope-Id` where the servers on the way know DSN,
and else in the address that the notification was sent to (VERP). A Message-ID names a notification
and not an attempt, so nothing is concluded from it.

| action    | state     |                                                                       |
| --------- | --------- | --------------------------------------------------------------------- |
| delivered | delivered | in the mailbox                                                        |
| relayed   | relayed   | taken over by the recipient's server, which does not report; a later  |
|           |           | bounce still comes to the VERP address                                |
| expanded  | delivered | given to a mailing list                                               |
| delayed   | delayed   |                                                                       |
| failed    | failed    | why, by the table of `enhanced_status`; a temporary status means that |
|           |           | the server has tried until its time was up                            |
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, message_from_string
from email.errors import MessageError
from email.message import Message
from email.policy import compat32
from email.utils import parsedate_to_datetime
from typing import Final

from adapters.channels.enhanced_status import enhanced_code, failure_by, says_nothing
from adapters.channels.reports import UnreadableReportError
from application.ports.report_inbox import Report
from domain.order.events import Failure, ReportedState

_LARGEST: Final = 1 << 20
_MOST_RECIPIENTS: Final = 100
_TOKEN: Final = re.compile(r"[0-9a-f]{32}")
_VERP: Final = re.compile(r"\+([0-9a-f]{32})@", re.IGNORECASE)
_SENT_TO: Final = ("X-Original-To", "Delivered-To", "Envelope-To", "X-Envelope-To", "To")
_INTERNATIONAL: Final = "message/global-delivery-status"
_STATUS_TYPES: Final = frozenset({"message/delivery-status", _INTERNATIONAL})
_BASIC_CODE: Final = re.compile(r"([245][0-9]{2})[ -]")
_EMPTY_LINE: Final = re.compile(r"\r?\n[ \t]*\r?\n")
_STATES: Final = {
    "delivered": ReportedState.DELIVERED,
    "relayed": ReportedState.RELAYED,
    "expanded": ReportedState.DELIVERED,
    "delayed": ReportedState.DELAYED,
    "failed": ReportedState.FAILED,
}
_FAILED_RECIPIENTS: Final = "X-Failed-Recipients"
"""By this header old versions of Exim tell that a plain text is a bounce."""


def read_dsn(raw: bytes, *, provider: str, sent_to: str | None = None) -> list[Report]:
    """Read a delivery status notification; empty if it is not about an attempt of ours.

    `sent_to` is the envelope recipient of the notification, where that is known.

    Raises:
        UnreadableReportError: it is no such notification.
    """
    if len(raw) > _LARGEST:
        raise UnreadableReportError("the message is too long")
    try:
        message = message_from_bytes(raw, policy=compat32)
        groups = _status_groups(message)
        if groups is None:
            return _plain_bounce(message, provider, sent_to)
        about_message, *about_recipients = groups
        reports = list(_reports(message, about_message, about_recipients, provider, sent_to))
    except UnreadableReportError:
        raise
    except (MessageError, LookupError, ValueError, TypeError, AttributeError, RecursionError):
        raise UnreadableReportError("the message is not well-formed") from None
    return reports


def _reports(
    message: Message,
    about_message: Message,
    about_recipients: list[Message],
    provider: str,
    sent_to: str | None,
) -> Iterator[Report]:
    understood = [each for each in about_recipients if _word(each, "Action") in _STATES]
    if not understood:
        raise UnreadableReportError("the notification tells of no action")
    token = _token(message, about_message, sent_to)
    if token is None:
        return
    written_at = _moment(_text(message, "Date"))
    for each in understood[:_MOST_RECIPIENTS]:
        action = _word(each, "Action")
        state = _STATES[action]
        status, basic = _status(each)
        yield Report(
            provider=provider,
            reference=token,
            state=state,
            code=f"{action} {status}" if status else action,
            failure=_failure(status, basic) if state is ReportedState.FAILED else None,
            occurred_at=_moment(_text(each, "Last-Attempt-Date")) or written_at,
        )


def _plain_bounce(message: Message, provider: str, sent_to: str | None) -> list[Report]:
    if not _text(message, _FAILED_RECIPIENTS):
        raise UnreadableReportError("the message is no delivery status notification")
    token = _token(message, None, sent_to)
    if token is None:
        return []
    return [
        Report(
            provider=provider,
            reference=token,
            state=ReportedState.FAILED,
            code="failed",
            failure=Failure.BOUNCED,
            occurred_at=_moment(_text(message, "Date")),
        )
    ]


# The parts of a notification


def _status_groups(message: Message) -> list[Message] | None:
    """Find the groups of fields: the first about the message, one more for each recipient."""
    for part in message.walk():
        if part.get_content_type() not in _STATUS_TYPES:
            continue
        payload = part.get_payload()
        if not isinstance(payload, list):
            continue
        groups = [each for each in payload if isinstance(each, Message)]
        if part.get_content_type() == _INTERNATIONAL:
            # The standard library takes the first group for a message and the others for its body.
            text = b"\n\n".join(each.as_bytes() for each in groups).decode("utf-8", "replace")
            groups = [message_from_string(each) for each in _EMPTY_LINE.split(text)]
        groups = [each for each in groups if each.keys()]
        if any("Action" in each for each in groups[:1]):
            groups.insert(0, Message())  # the group about the message was left out
        return groups or [Message()]
    return None


def _token(message: Message, about_message: Message | None, sent_to: str | None) -> str | None:
    if about_message is not None:
        envelope_id = _text(about_message, "Original-Envelope-Id").lower()
        if _TOKEN.fullmatch(envelope_id):
            return envelope_id
    places = [sent_to or ""]
    places += [f"{each}" for name in _SENT_TO for each in message.get_all(name, [])]
    for place in places:
        if found := _VERP.search(place):
            return found.group(1).lower()
    return None


def _status(fields: Message) -> tuple[str | None, int | None]:
    """Read the enhanced and the basic code; a diagnostic that says more goes before the status."""
    status = enhanced_code(_text(fields, "Status"))
    diagnostic = _text(fields, "Diagnostic-Code").partition(";")[2].strip()
    found = _BASIC_CODE.match(diagnostic)
    if found is None:
        return status, None
    detail = enhanced_code(diagnostic[found.end() :].lstrip("#"))
    if detail is not None and (status is None or says_nothing(status)):
        status = detail
    return status, int(found.group(1))


def _failure(status: str | None, basic: int | None) -> Failure:
    if status is not None and status.startswith("4."):
        return Failure.EXPIRED_AT_PROVIDER
    return failure_by(status, basic, names_recipient=True, content_seen=True)


def _text(message: Message, name: str) -> str:
    return f"{message.get(name, '')}".strip()


def _word(message: Message, name: str) -> str:
    # Comments in brackets are allowed behind it.
    return _text(message, name).partition("(")[0].strip().lower()


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
