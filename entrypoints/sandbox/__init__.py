"""A mail server and an SMS gateway that take everything and send nothing on.

They stand in for real providers where there are none: they speak SMTP and the gateway's XML over
real sockets, keep each message where `varsel mailbox` shows it, and report its delivery back over
HTTP. They know nothing of orders. What an address or a number begins or ends with chooses what
becomes of a message; a `+tag` behind the local part does not matter:

    bounce@       accepted, then reported failed with 5.1.1, no such mailbox
    spam@         accepted, then reported failed with 5.7.1, taken for spam
    full@         accepted, then reported failed with 5.2.2, mailbox full
    delayed@      reported delayed at once, delivered a while after
    late@         delivered, but reported only after 30 s
    quiet@        accepted, and never reported
    reject@       refused for good at RCPT with 550 5.1.1
    defer@        put off at RCPT with 451 4.7.1 twice, then accepted
    deferalways@  put off at RCPT with 451 4.7.1, always
    slow@         accepted, but the answer to the content takes 5 s
    drop@         kept, but the connection is dropped in place of the last answer
    dropbefore@   connection dropped at DATA, before any content; not kept
    …9901         reported UNDELIV
    …9902         reported EXPIRED
    …9903         reported BARRED
    …9904         reported REJECTD
    …9905         refused at submission, Invalid RCV
    …9906         refused at submission, with another reason
    …9907         HTTP 500, nothing kept
    …9908         accepted, but the answer takes 5 s
    …9909         accepted, but the connection is dropped in place of the answer
    …9910         accepted, and never reported
    …9911         reported DELIVRD only after 30 s, or EXPIRED if its time was shorter
    …9912         reported DELIVRD before the submission is answered
    …9913         reported DELIVRD twice
    …9914         accepted, but the answer is no XML
    …9915         reported DELETED
    …9916         reported UNKNOWN
    …9917         reported FAILED
    …9918         reported BARREDA
    …9919         reported ZEROBAL

Everything else is delivered and reported at once. Mail is reported on as far as its sender asked
for by NOTIFY; where nothing was asked for, on failure only.
"""

from entrypoints.sandbox.credentials import Credentials
from entrypoints.sandbox.delays import Pace
from entrypoints.sandbox.errors import MailboxInUseError, MailboxUnavailableError
from entrypoints.sandbox.inbox import (
    CaughtMessage,
    caught_messages,
    clear_messages,
    count_messages,
)
from entrypoints.sandbox.mailbox import MAILBOX_FILE
from entrypoints.sandbox.report_sender import ReportTarget
from entrypoints.sandbox.scenarios import STEERING, Steering
from entrypoints.sandbox.servers import CatchAll

__all__ = [
    "MAILBOX_FILE",
    "STEERING",
    "CatchAll",
    "CaughtMessage",
    "Credentials",
    "MailboxInUseError",
    "MailboxUnavailableError",
    "Pace",
    "ReportTarget",
    "Steering",
    "caught_messages",
    "clear_messages",
    "count_messages",
]
