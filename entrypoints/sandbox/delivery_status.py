"""Delivery status notifications, as a mail server writes them: RFC 3461, 3464 and 6533."""

import secrets
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from enum import StrEnum
from typing import Final

from entrypoints.sandbox.delays import Pace
from entrypoints.sandbox.scenarios import MailConduct
from entrypoints.sandbox.smtp_envelope import Notify, Recipient, ReversePath, encode_utf8_address


class Action(StrEnum):
    """What a notification says has happened."""

    DELIVERED = "delivered"
    DELAYED = "delayed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Notice:
    """What is to be reported of one recipient, and how long after acceptance."""

    after: float
    action: Action
    status: str
    diagnostic: str


_FAILURES: Final = {
    MailConduct.BOUNCE: ("5.1.1", "550 5.1.1 Recipient address rejected: no such mailbox"),
    MailConduct.SPAM: ("5.7.1", "554 5.7.1 Message refused: taken for spam"),
    MailConduct.FULL: ("5.2.2", "552 5.2.2 Mailbox full"),
}
_SENTENCES: Final = {
    Action.DELIVERED: "Your message was delivered.",
    Action.DELAYED: "Your message has not been delivered yet. It will be tried again.",
    Action.FAILED: "Your message could not be delivered.",
}
_SUBJECTS: Final = {
    Action.DELIVERED: "Successful Mail Delivery Report",
    Action.DELAYED: "Delayed Mail (still being retried)",
    Action.FAILED: "Undelivered Mail Returned to Sender",
}
_ASKED_BY: Final = {
    Action.DELIVERED: Notify.SUCCESS,
    Action.DELAYED: Notify.DELAY,
    Action.FAILED: Notify.FAILURE,
}


def notices(conduct: MailConduct, notify: frozenset[Notify], *, pace: Pace) -> list[Notice]:
    """Tell what there is to report of a recipient, as far as the sender has asked for it."""
    return [n for n in _all_notices(conduct, pace) if _ASKED_BY[n.action] in notify]


def _all_notices(conduct: MailConduct, pace: Pace) -> list[Notice]:
    match conduct:
        case MailConduct.QUIET:
            return []
        case MailConduct.BOUNCE | MailConduct.SPAM | MailConduct.FULL:
            status, diagnostic = _FAILURES[conduct]
            return [Notice(pace.report, Action.FAILED, status, diagnostic)]
        case MailConduct.DELAYED:
            busy = "451 4.2.0 Mailbox busy, trying again"
            return [
                Notice(pace.report, Action.DELAYED, "4.2.0", busy),
                _delivered(pace.report + pace.delayed),
            ]
        case MailConduct.LATE:
            return [_delivered(pace.late)]
        case MailConduct.SLOW:
            return [_delivered(pace.slow)]
        case _:
            return [_delivered(pace.report)]


def _delivered(after: float) -> Notice:
    return Notice(after, Action.DELIVERED, "2.0.0", "250 2.0.0 Ok: delivered to mailbox")


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """The message that a notification is about."""

    sender: ReversePath
    recipient: Recipient
    content: bytes = field(repr=False)
    received_at: float


def delivery_status_notification(hostname: str, original: Original, notice: Notice) -> bytes:
    """Write the notification that the sender of a message receives about one recipient."""
    happened_at = original.received_at + notice.after
    boundary = f"{secrets.token_hex(12)}/{hostname}"
    returned = _returned(original, notice.action)
    head = "\r\n".join(
        (
            "Return-Path: <>",
            f"Delivered-To: {original.sender.address}",
            f"Date: {formatdate(happened_at)}",
            f"From: Mail Delivery System <MAILER-DAEMON@{hostname}>",
            f"To: {original.sender.address}",
            f"Subject: {_SUBJECTS[notice.action]}",
            f"Message-ID: <{time.time_ns():x}.{secrets.token_hex(6)}@{hostname}>",
            "Auto-Submitted: auto-replied",
            "MIME-Version: 1.0",
            "Content-Type: multipart/report; report-type=delivery-status;",
            f'\tboundary="{boundary}"',
            "",
            "This is a MIME-encapsulated message.",
            "",
            f"--{boundary}",
            "Content-Description: Notification",
            "Content-Type: text/plain; charset=us-ascii",
            "",
            f"This is the mail system at host {hostname}.",
            "",
            _SENTENCES[notice.action],
            "",
            f"--{boundary}",
            "Content-Description: Delivery report",
            "Content-Type: message/delivery-status",
            "",
            *_status_fields(hostname, original, notice, happened_at),
            "",
            f"--{boundary}",
            "",
        )
    )
    return b"".join((head.encode(), returned, f"\r\n--{boundary}--\r\n".encode()))


def _status_fields(
    hostname: str, original: Original, notice: Notice, happened_at: float
) -> list[str]:
    sender, recipient = original.sender, original.recipient
    fields = [f"Reporting-MTA: dns; {hostname}"]
    if sender.envelope_id is not None:
        fields.append(f"Original-Envelope-Id: {sender.envelope_id}")
    fields += [f"Arrival-Date: {formatdate(original.received_at)}", ""]
    if recipient.original is not None:
        fields.append(f"Original-Recipient: {recipient.original}")
    fields += [
        f"Final-Recipient: {_typed(recipient.address)}",
        f"Action: {notice.action}",
        f"Status: {notice.status}",
        "Remote-MTA: dns; mailboxes.invalid",
        f"Diagnostic-Code: smtp; {notice.diagnostic}",
        f"Last-Attempt-Date: {formatdate(happened_at)}",
    ]
    return fields


def _typed(address: str) -> str:
    # The form of RFC 6533 for a report that itself stays in ASCII.
    if address.isascii():
        return f"rfc822; {address}"
    return f"utf-8; {encode_utf8_address(address)}"


def _returned(original: Original, action: Action) -> bytes:
    if original.sender.returns_content and action is Action.FAILED:
        kind, content = "message/rfc822", original.content
        description = "Undelivered Message"
    else:
        kind, content = "text/rfc822-headers", original.content.partition(b"\r\n\r\n")[0] + b"\r\n"
        description = "Message Headers"
    encoding = "7bit" if content.isascii() else "8bit"
    head = (
        f"Content-Description: {description}\r\n"
        f"Content-Type: {kind}\r\n"
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    )
    return head.encode() + content
