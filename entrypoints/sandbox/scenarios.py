"""Which addresses and numbers call forth which outcome, as data."""

from enum import StrEnum

from msgspec import Struct


class Steering(Struct, frozen=True):
    """One sign by which a sender of test messages chooses an outcome."""

    channel: str
    sign: str
    effect: str


class MailConduct(StrEnum):
    """What the mail server does with a recipient; the value is the local part that asks for it."""

    DELIVER = ""
    BOUNCE = "bounce"
    SPAM = "spam"
    FULL = "full"
    DELAYED = "delayed"
    LATE = "late"
    QUIET = "quiet"
    REJECT = "reject"
    DEFER = "defer"
    DEFER_ALWAYS = "deferalways"
    SLOW = "slow"
    DROP = "drop"
    DROP_BEFORE = "dropbefore"


class SmsConduct(StrEnum):
    """What the SMS gateway does with a number; the value is the ending that asks for it."""

    DELIVER = ""
    UNDELIVERED = "9901"
    EXPIRE = "9902"
    BAR = "9903"
    REJECT = "9904"
    INVALID = "9905"
    REFUSE = "9906"
    FAIL = "9907"
    SLOW = "9908"
    DROP = "9909"
    QUIET = "9910"
    LATE = "9911"
    REPORT_FIRST = "9912"
    REPORT_TWICE = "9913"
    GARBLE = "9914"
    DELETE = "9915"
    UNKNOWN = "9916"
    FAILED = "9917"
    BARRED_AT_SENDER = "9918"
    NO_BALANCE = "9919"


_MAIL_EFFECTS = {
    MailConduct.BOUNCE: "accepted, then reported failed with 5.1.1, no such mailbox",
    MailConduct.SPAM: "accepted, then reported failed with 5.7.1, taken for spam",
    MailConduct.FULL: "accepted, then reported failed with 5.2.2, mailbox full",
    MailConduct.DELAYED: "reported delayed at once, delivered a while after",
    MailConduct.LATE: "delivered, but reported only after 30 s",
    MailConduct.QUIET: "accepted, and never reported",
    MailConduct.REJECT: "refused for good at RCPT with 550 5.1.1",
    MailConduct.DEFER: "put off at RCPT with 451 4.7.1 twice, then accepted",
    MailConduct.DEFER_ALWAYS: "put off at RCPT with 451 4.7.1, always",
    MailConduct.SLOW: "accepted, but the answer to the content takes 5 s",
    MailConduct.DROP: "kept, but the connection is dropped in place of the last answer",
    MailConduct.DROP_BEFORE: "connection dropped at DATA, before any content; not kept",
}

_SMS_EFFECTS = {
    SmsConduct.UNDELIVERED: "reported UNDELIV",
    SmsConduct.EXPIRE: "reported EXPIRED",
    SmsConduct.BAR: "reported BARRED",
    SmsConduct.REJECT: "reported REJECTD",
    SmsConduct.INVALID: "refused at submission, Invalid RCV",
    SmsConduct.REFUSE: "refused at submission, with another reason",
    SmsConduct.FAIL: "HTTP 500, nothing kept",
    SmsConduct.SLOW: "accepted, but the answer takes 5 s",
    SmsConduct.DROP: "accepted, but the connection is dropped in place of the answer",
    SmsConduct.QUIET: "accepted, and never reported",
    SmsConduct.LATE: "reported DELIVRD only after 30 s, or EXPIRED if its time was shorter",
    SmsConduct.REPORT_FIRST: "reported DELIVRD before the submission is answered",
    SmsConduct.REPORT_TWICE: "reported DELIVRD twice",
    SmsConduct.GARBLE: "accepted, but the answer is no XML",
    SmsConduct.DELETE: "reported DELETED",
    SmsConduct.UNKNOWN: "reported UNKNOWN",
    SmsConduct.FAILED: "reported FAILED",
    SmsConduct.BARRED_AT_SENDER: "reported BARREDA",
    SmsConduct.NO_BALANCE: "reported ZEROBAL",
}

STEERING: tuple[Steering, ...] = (
    *(Steering("email", f"{conduct}@", effect) for conduct, effect in _MAIL_EFFECTS.items()),
    *(Steering("sms", f"…{conduct}", effect) for conduct, effect in _SMS_EFFECTS.items()),
)
"""Every sign that is understood; anything else is delivered, and reported so at once."""

_ENDING_LENGTH = 4
_MAIL_BY_SIGN = {conduct.value: conduct for conduct in MailConduct if conduct.value}
_SMS_BY_SIGN = {conduct.value: conduct for conduct in SmsConduct if conduct.value}


def mail_conduct(address: str) -> MailConduct:
    """Read from an address how it is to be treated; what follows a `+` does not matter."""
    local_part = address.rpartition("@")[0].strip('"').lower()
    return _MAIL_BY_SIGN.get(local_part.partition("+")[0], MailConduct.DELIVER)


def sms_conduct(number: str) -> SmsConduct:
    """Read from a number's last four digits how it is to be treated."""
    return _SMS_BY_SIGN.get(number[-_ENDING_LENGTH:], SmsConduct.DELIVER)
