"""What a mail server answers to each command: RFC 5321. No input or output in here.

met ──EHLO──▶ greeted ──MAIL──▶ addressed ──RCPT──▶ addressed ──DATA──▶ receiving
▲  ◀────RSET─────┘                                        │
└──────────────────────kept or refused────────────────────┘
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from entrypoints.sandbox.mail_server_state import SmtpHouse
from entrypoints.sandbox.scenarios import MailConduct
from entrypoints.sandbox.smtp_envelope import (
    Recipient,
    ReversePath,
    SmtpRefusal,
    recipient,
    reverse_path,
)
from entrypoints.sandbox.smtp_login import Login

_MOST_RECIPIENTS: Final = 1000


class Then(Enum):
    """What a connection does after an answer."""

    GO_ON = auto()
    RECEIVE = auto()
    SECURE = auto()
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
        self._login = Login(house.rules.credentials)
        self._is_greeted = False
        self._is_secure = False
        self.sender: ReversePath | None = None
        self.recipients: list[tuple[Recipient, MailConduct]] = []

    def greeting(self) -> str:
        """Open the dialogue."""
        return f"220 {self._house.rules.hostname} ESMTP varsel catch-all"

    def answer(self, line: str) -> Answer:
        """Answer one line."""
        try:
            if self._login.is_under_way:
                return Answer(self._login.go_on(line))
            return self._command(line)
        except SmtpRefusal as refusal:
            return Answer(str(refusal))

    def reset(self) -> None:
        """Forget sender and recipients."""
        self.sender = None
        self.recipients = []

    def begin_anew(self) -> None:
        """Forget everything, now that nobody can listen."""
        self.reset()
        self._is_secure = True
        self._is_greeted = False

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
            case "STARTTLS" if self._offers_tls():
                return Answer("220 2.0.0 Ready to start TLS", Then.SECURE)
            case "AUTH":
                return Answer(self._auth(argument))
            case "QUIT":
                return Answer("221 2.0.0 Bye", Then.HANG_UP)
            case "STARTTLS":
                return Answer("502 5.5.1 STARTTLS not offered")
            case _:
                return Answer("500 5.5.2 Command not known")

    def _greet(self, greeting: str, argument: str) -> str:
        if not argument.strip():
            return "501 5.5.4 Say who you are"
        self.reset()
        self._is_greeted = True
        rules = self._house.rules
        if greeting == "HELO":
            return f"250 {rules.hostname}"
        words = [rules.hostname, "PIPELINING", f"SIZE {rules.largest_message}", "8BITMIME"]
        words += ["SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES"]
        if self._offers_tls():
            words.append("STARTTLS")
        if self._offers_login():
            words.append("AUTH PLAIN LOGIN")
        return "\r\n".join((*(f"250-{word}" for word in words[:-1]), f"250 {words[-1]}"))

    def _mail(self, argument: str) -> str:
        if not self._is_greeted:
            return "503 5.5.1 EHLO first"
        if not self._login.has_succeeded:
            return "530 5.7.0 Authentication required"
        if self.sender is not None:
            return "503 5.5.1 Sender already given"
        rest = _after("FROM:", argument)
        self.sender = reverse_path(rest, largest=self._house.rules.largest_message)
        return "250 2.1.0 Ok"

    def _rcpt(self, argument: str) -> str:
        if self.sender is None:
            return "503 5.5.1 MAIL first"
        if len(self.recipients) >= _MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
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

    def _auth(self, argument: str) -> str:
        if not self._is_greeted:
            return "503 5.5.1 EHLO first"
        if not self._offers_login():
            return "503 5.5.1 AUTH not possible here"
        return self._login.begin(argument)

    def _offers_tls(self) -> bool:
        return self._house.rules.tls is not None and not self._is_secure

    def _offers_login(self) -> bool:
        return not (self._login.has_succeeded or self._offers_tls())


def _after(word: str, argument: str) -> str:
    if not argument.upper().startswith(word):
        raise SmtpRefusal(f"501 5.5.4 {word} expected")
    return argument[len(word) :]
