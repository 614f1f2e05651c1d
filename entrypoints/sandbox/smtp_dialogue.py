"""What a mail server answers to each command: RFC 5321. No input or output in here.

met ──EHLO──▶ greeted ──MAIL──▶ addressed ──RCPT──▶ addressed ──DATA──▶ receiving
▲  ◀────RSET─────┘                                        │
└──────────────────────kept or refused────────────────────┘
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from entrypoints.sandbox.mail_server_state import HOSTNAME, LARGEST_MESSAGE, SmtpHouse
from entrypoints.sandbox.scenarios import MailConduct
from entrypoints.sandbox.smtp_envelope import (
    Recipient,
    ReversePath,
    SmtpRefusal,
    recipient,
    reverse_path,
)

_ABILITIES: Final = f"""250-{HOSTNAME}
250-PIPELINING
250-SIZE {LARGEST_MESSAGE}
250-8BITMIME
250-SMTPUTF8
250-DSN
250 ENHANCEDSTATUSCODES""".replace("\n", "\r\n")


class Then(Enum):
    """What a connection does after an answer."""

    GO_ON = auto()
    RECEIVE = auto()
    HANG_UP = auto()
    DROP = auto()


@dataclass(frozen=True, slots=True)
class Answer:
    """One reply, and what follows it."""

    text: str
    then: Then = Then.GO_ON


class SmtpDialogue:
    """Knows how far one client has come, and what it may say next."""

    def __init__(self, house: SmtpHouse) -> None:
        self._house = house
        self._is_greeted = False
        self.sender: ReversePath | None = None
        self.recipients: list[tuple[Recipient, MailConduct]] = []

    def greeting(self) -> Answer:
        """Open the dialogue."""
        return Answer(f"220 {HOSTNAME} ESMTP varsel catch-all")

    def answer(self, line: str) -> Answer:
        """Answer one line."""
        try:
            return self._command(line)
        except SmtpRefusal as refusal:
            return Answer(str(refusal))

    def reset(self) -> None:
        """Forget sender and recipients."""
        self.sender = None
        self.recipients = []

    def asks_for(self, conduct: MailConduct) -> bool:
        """Tell whether any recipient asks to be treated so."""
        return any(known is conduct for _, known in self.recipients)

    def _command(self, line: str) -> Answer:
        verb, _, argument = line.partition(" ")
        match verb.upper():
            case "EHLO" | "HELO" as greeting:
                return Answer(self._greet(greeting, argument))
            case "MAIL":
                return Answer(self._mail(argument))
            case "RCPT":
                return Answer(self._rcpt(argument))
            case "DATA":
                return self._data()
            case "RSET":
                self.reset()
                return Answer("250 2.0.0 Ok")
            case "NOOP":
                return Answer("250 2.0.0 Ok")
            case "VRFY":
                return Answer("252 2.1.5 Send some mail, and see")
            case "QUIT":
                return Answer("221 2.0.0 Bye", Then.HANG_UP)
            case _:
                return Answer("500 5.5.2 Command not known")

    def _greet(self, greeting: str, argument: str) -> str:
        if not argument.strip():
            return "501 5.5.4 Say who you are"
        self.reset()
        self._is_greeted = True
        if greeting == "HELO":
            return f"250 {HOSTNAME}"
        return _ABILITIES

    def _mail(self, argument: str) -> str:
        if not self._is_greeted:
            return "503 5.5.1 EHLO first"
        if self.sender is not None:
            return "503 5.5.1 Sender already given"
        rest = _after("FROM:", argument)
        self.sender = reverse_path(rest, largest=LARGEST_MESSAGE)
        return "250 2.1.0 Ok"

    def _rcpt(self, argument: str) -> str:
        if self.sender is None:
            return "503 5.5.1 MAIL first"
        rest = _after("TO:", argument)
        named = recipient(rest, is_international=self.sender.is_international)
        self.recipients.append((named, self._house.admit(named)))
        return "250 2.1.5 Ok"

    def _data(self) -> Answer:
        if self.sender is None:
            return Answer("503 5.5.1 MAIL first")
        if not self.recipients:
            return Answer("554 5.5.1 No valid recipients")
        if self.asks_for(MailConduct.DROP_BEFORE):
            # In place of the 354, so that the client knows for sure that no content has left it.
            return Answer("", Then.DROP)
        return Answer("354 End data with <CR><LF>.<CR><LF>", Then.RECEIVE)


def _after(word: str, argument: str) -> str:
    if not argument.upper().startswith(word):
        raise SmtpRefusal(f"501 5.5.4 {word} expected")
    return argument[len(word) :]
