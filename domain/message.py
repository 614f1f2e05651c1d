"""What a notification says, what may be said at all, and how the two keywords in it are filled."""

import html
import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from msgspec import UNSET, Struct, UnsetType

from domain.personal import Content

RECIPIENT_NAME: Final = "$recipientName$"
RECIPIENT_NUMBER: Final = "$recipientNumber$"

_CAN_BE_SAID: Final = r"\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff"
"""What XML 1.0 (§ 2.2) can hold, but for the other control characters of Unicode."""
_SAYABLE: Final = re.compile(rf"[{_CAN_BE_SAID}]*+")
"""Twice as fast over a whole text as to search it for what cannot be said."""
_UNSAYABLE_IN_A_NAME: Final = re.compile(rf"[^{_CAN_BE_SAID}]|[\t\n\r\u2028\u2029]")
_SMS_SENDER: Final = re.compile(r"(?=.*[^0-9 ])[A-Za-z0-9ÆØÅæøå &._-]{1,11}|\+?[0-9]{3,15}")
SMS_SENDER_RULE: Final = (
    "write 1 to 11 of letters (A to Å), digits, spaces and & . _ -, or a number of 3 to 15 digits"
)
"""What `is_sms_sender` asks for, in words."""


def is_sms_sender(text: str) -> bool:
    """Whether every gateway can show a text as the sender of a text message.

    A name has 11 places (3GPP TS 23.040 § 9.1.2.5), and characters that gateways carry unchanged; a
    number is a short one or has its country code.
    """
    return _SMS_SENDER.fullmatch(text) is not None


def with_line_breaks(text: str) -> str:
    """A text in which vertical tabs, which word processors leave behind, and form feeds are line breaks."""
    return text.replace("\v", "\n").replace("\f", "\n")


def is_sayable(text: str) -> bool:
    """Whether every provider can carry a text: it holds no control character but tabs and line breaks."""
    return _SAYABLE.fullmatch(text) is not None


class ContentType(StrEnum):
    """How an e-mail's body is to be read."""

    PLAIN = "plain"
    HTML = "html"


class SendingTime(StrEnum):
    """When in the day a notification may leave."""

    ANYTIME = "anytime"
    DAYTIME = "daytime"


class Language(StrEnum):
    """A language in which somebody is written to, by its code (ISO 639-1)."""

    NB = "nb"
    """Norwegian Bokmål."""
    NN = "nn"
    """Norwegian Nynorsk."""
    EN = "en"
    SE = "se"
    """Northern Sami."""


class EmailText(Struct, frozen=True, kw_only=True):
    """What an order's e-mails say in a language."""

    language: Language
    subject: Content
    body: Content


class SmsText(Struct, frozen=True, kw_only=True):
    """What an order's text messages say in a language."""

    language: Language
    body: Content


class Attachment(Struct, frozen=True, kw_only=True):
    """A file that goes with an e-mail, fetched from the sender's storage when the e-mail leaves."""

    filename: Content
    mime_type: str
    url: Content
    """Where the file lies, with the signature that opens it."""


class EmailMessage(Struct, frozen=True, kw_only=True):
    """What an order's e-mails say."""

    sender: str
    subject: Content
    body: Content
    content_type: ContentType = ContentType.PLAIN
    attachments: tuple[Attachment, ...] = ()
    language: Language | UnsetType = UNSET
    """In which language its own text is, where the sender said so."""
    languages: tuple[EmailText, ...] | UnsetType = UNSET
    """The same in other languages. Left out where there are none: such orders are written, and known
    again, as those of before there were languages."""

    @property
    def first_language(self) -> Language | None:
        """In which language its own text is; None where nobody said so."""
        return None if isinstance(self.language, UnsetType) else self.language

    @property
    def translations(self) -> Sequence[EmailText]:
        """What the sender gave in other languages; none where it gave one text."""
        return () if isinstance(self.languages, UnsetType) else self.languages

    @property
    def words(self) -> Sequence[Content]:
        """Everything that any of its e-mails may say."""
        return (
            self.subject,
            self.body,
            *(words for each in self.translations for words in (each.subject, each.body)),
        )

    def text_in(self, language: Language | None) -> tuple[Content, Content]:
        """The subject and the body in a language; the sender's first where there is none in it."""
        for each in self.translations:
            if each.language is language:
                return each.subject, each.body
        return self.subject, self.body


class SmsMessage(Struct, frozen=True, kw_only=True):
    """What an order's text messages say."""

    sender: str
    body: Content
    sending_time: SendingTime = SendingTime.DAYTIME
    language: Language | UnsetType = UNSET
    """In which language its own text is, where the sender said so."""
    languages: tuple[SmsText, ...] | UnsetType = UNSET
    """The same in other languages, as with an e-mail."""

    @property
    def first_language(self) -> Language | None:
        """In which language its own text is; None where nobody said so."""
        return None if isinstance(self.language, UnsetType) else self.language

    @property
    def translations(self) -> Sequence[SmsText]:
        """What the sender gave in other languages; none where it gave one text."""
        return () if isinstance(self.languages, UnsetType) else self.languages

    @property
    def words(self) -> Sequence[Content]:
        """Everything that any of its text messages may say."""
        return self.body, *(each.body for each in self.translations)

    def text_in(self, language: Language | None) -> Content:
        """What it says in a language; the sender's first where there is none in it."""
        for each in self.translations:
            if each.language is language:
                return each.body
        return self.body


@dataclass(frozen=True, slots=True)
class Keywords:
    """What stands for the keywords in one recipient's notifications; empty where nothing is known."""

    name: str = ""
    number: str = ""

    def of(self, keywords: AbstractSet[str]) -> "Keywords":
        """Those alone that are named; whoever has the same reads the same text where only they stand."""
        return Keywords(
            name=self.name if RECIPIENT_NAME in keywords else "",
            number=self.number if RECIPIENT_NUMBER in keywords else "",
        )

    def fill(self, text: str) -> str:
        """Fill the keywords of a plain text.

        In one pass, so that a name which holds a keyword is not filled again.
        """
        head, *tails = with_line_breaks(text).split(RECIPIENT_NAME)
        filled = [part.replace(RECIPIENT_NUMBER, self.number) for part in (head, *tails)]
        # A register may hold what nobody could carry.
        return _UNSAYABLE_IN_A_NAME.sub(" ", self.name).join(filled)

    def fill_html(self, text: str) -> str:
        """Fill the keywords of an HTML text; a name is text there, never markup."""
        return Keywords(html.escape(self.name), html.escape(self.number)).fill(text)


NOTHING_KNOWN: Final = Keywords()
"""What stands for the keywords where nothing is known of somebody."""


def keywords_in(*texts: Content) -> AbstractSet[str]:
    """Which of the two keywords stand in any of the texts."""
    return {
        keyword
        for keyword in (RECIPIENT_NAME, RECIPIENT_NUMBER)
        if any(keyword in text.text for text in texts)
    }
