"""Bounces of servers that write them for people alone, and what else comes to an address for bounces.

| form                                    | whose                                             |
| --------------------------------------- | ------------------------------------------------- |
| `Hi. This is the qmail-send program …`  | qmail (QSBMF)                                     |
| `X-Failed-Recipients`                   | Exim                                              |
| `did not reach some or all of the …`    | Exchange 2000 and 2003                            |
| `did not reach the following …`         | Exchange 5.5                                      |
| `DELIVERY FAILURE: …`                   | Domino                                            |
| `had permanent fatal errors`            | sendmail before DSN                               |
| `could not be delivered`, and the like  | GroupWise, MDaemon, IMail, Yahoo, and many others |

A bounce that only people can read says surely that a mail did not arrive, and not surely why.
"""

import re
from email.header import decode_header
from email.message import Message
from typing import Final

from adapters.channels.smtp.plain_text import plain_text_of
from domain.order.events import ReportedState

_LONGEST_SUBJECT: Final = 1000
_LONGEST_TEXT: Final = 1 << 14
_DEEPEST: Final = 8
_SERVERS: Final = frozenset({"mailer-daemon", "postmaster", "mail-daemon", "mailerdaemon"})
_ADDRESS: Final = re.compile(r"([^\s<>@\"]{1,64})@[^\s<>@]")

_ORIGINAL: Final = re.compile(
    r"^[ \t>]*(?:-{2,}.{0,80}(?:copy|original)|(?:return-path|received|message-id):)",
    re.IGNORECASE | re.MULTILINE,
)
"""Where the mail begins that came back; its words are ours."""

_STILL_TRIED_BY_SUBJECT: Final = re.compile(
    r"\W{0,3}(?:warning: (?:message|could not send)|delayed (?:mail|delivery)|delivery delayed"
    r"|delivery status notification ?\(delay\)|mail delivery delayed)",
    re.IGNORECASE,
)
_STILL_TRIED_BY_TEXT: Final = re.compile(
    r"\bhas been delayed\b|\bdelivery is delayed\b|\bwill (?:be retried|keep trying|continue to (?:be retried|try))\b"
    r"|\b(?:you do not|no) need to (?:do anything|take any action|resend)\b"
    r"|\bno action is required\b|this is a warning message only",
    re.IGNORECASE,
)
_FAILED_BY_SUBJECT: Final = re.compile(
    r"\W{0,3}(?:undeliver(?:able|ed)|delivery (?:failure|has failed|failed|unsuccessful)|failure notice"
    r"|returned mail|mail delivery failed|returning message to sender|message undeliverable"
    r"|delivery status notification ?\(failure\)|unzustellbar|kunne ikke leveres|ikke leverbar"
    r"|mail (?:could not be|not) delivered|nondeliverable)",
    re.IGNORECASE,
)
_FAILED_BY_TEXT: Final = re.compile(
    r"this is the [\w.-]{1,40} program at"
    r"|did not reach (?:some or all of )?(?:the|your|its) (?:following|intended) recipient"
    r"|had permanent (?:fatal )?(?:delivery )?errors"
    r"|(?:could|can)(?:not| not|n't) be (?:delivered|reached)"
    r"|(?:was|is) (?:not delivered|undeliverable) to"
    r"|(?:unable|not able) to deliver (?:your|this|the) (?:message|mail|e-?mail)"
    r"|delivery to the following recipients? (?:has )?failed"
    r"|kunne ikke leveres",
    re.IGNORECASE,
)
_AUTO_REPLY_SUBJECT: Final = re.compile(
    r"^\s*(?:auto(?:matic|matisk)?[ -]?(?:reply|response|svar)|automatische antwort"
    r"|out of (?:the )?office|autosvar|frav[æa]r|ikke til stede|vacation)",
    re.IGNORECASE,
)
_AUTO_REPLY_FIELDS: Final = ("X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Vacation")
_AUTO_REPLY_PRECEDENCE: Final = frozenset({"auto_reply", "auto-reply"})


def form_of(message: Message) -> ReportedState | None:
    """What a bounce without a part for machines tells: failed, or still tried; None for no such thing."""
    if is_auto_reply(message):
        return None
    subject, text = _subject(message), _text(message)
    # The subject may end in our own, so that only its beginning is the server's.
    if "X-Failed-Recipients" in message or _FAILED_BY_SUBJECT.match(subject):
        return ReportedState.FAILED
    if _STILL_TRIED_BY_SUBJECT.match(subject) or _STILL_TRIED_BY_TEXT.search(text):
        return ReportedState.DELAYED
    return ReportedState.FAILED if _FAILED_BY_TEXT.search(text) else None


def comes_from_a_server(message: Message) -> bool:
    """Whether nobody is to be answered: its envelope has no sender, or a server's own, where it says."""
    sender = _field(message, "Return-Path").strip()
    if sender:
        return sender == "<>" or _local_part(sender) in _SERVERS
    return _local_part(_field(message, "From")) in _SERVERS


def is_auto_reply(message: Message) -> bool:
    """Whether a recipient's own machine has answered.

    Servers mark their bounces as answers of machines as well, so that this mark alone says it of nobody
    who bears a server's name.
    """
    if any(each in message for each in _AUTO_REPLY_FIELDS):
        return True
    if _field(message, "Precedence").strip().lower() in _AUTO_REPLY_PRECEDENCE:
        return True
    if _AUTO_REPLY_SUBJECT.search(_subject(message)):
        return True
    mark = _field(message, "Auto-Submitted").strip().lower()
    is_server = _local_part(_field(message, "From")) in _SERVERS
    return mark.startswith("auto-replied") and ("vacation" in mark or not is_server)


def is_report_of(message: Message, kind: str) -> bool:
    """Whether a mail is a report of this kind (RFC 6522)."""
    return message.get_content_type() == "multipart/report" and (
        f"{message.get_param('report-type', '')}".lower() == kind
        or any(each.get_content_type() == f"message/{kind}" for each in own_parts(message))
    )


def own_parts(message: Message) -> list[Message]:
    """The parts of a mail, and theirs, but nothing of any mail that it holds."""
    found: list[Message] = []
    waiting = [(message, 0)]
    while waiting:
        part, depth = waiting.pop()
        found.append(part)
        payload = part.get_payload()
        is_opened = part.get_content_maintype() == "multipart" and depth < _DEEPEST
        if is_opened and isinstance(payload, list):
            waiting += [
                (each, depth + 1) for each in reversed(payload) if isinstance(each, Message)
            ]
    return found


def _text(message: Message) -> str:
    """The beginning of what a mail says to people."""
    for part in own_parts(message):
        kind = part.get_content_type()
        if kind not in {"text/plain", "text/html"}:
            continue
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            told = payload[: 4 * _LONGEST_TEXT].decode("utf-8", "replace")
            told = plain_text_of(told) if kind == "text/html" else told
            return " ".join(_ORIGINAL.split(told[:_LONGEST_TEXT], 1)[0].split())
    return ""


def _subject(message: Message) -> str:
    written = _field(message, "Subject")[:_LONGEST_SUBJECT]
    try:
        words = decode_header(written)
        decoded = [
            each if isinstance(each, str) else each.decode(charset or "latin-1", "replace")
            for each, charset in words
        ]
    except (ValueError, LookupError):
        return written
    return "".join(decoded)


def _local_part(text: str) -> str:
    found = _ADDRESS.search(text[:_LONGEST_SUBJECT])
    return found.group(1).lower() if found else text.strip(" <>").lower()


def _field(message: Message, name: str) -> str:
    return f"{message.get(name, '')}"
