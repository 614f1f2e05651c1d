"""What a notification says, and how the two keywords in it are filled."""

import html
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from msgspec import Struct

from domain.personal import Content

RECIPIENT_NAME: Final = "$recipientName$"
RECIPIENT_NUMBER: Final = "$recipientNumber$"


class ContentType(StrEnum):
    """How an e-mail's body is to be read."""

    PLAIN = "plain"
    HTML = "html"


class SendingTime(StrEnum):
    """When in the day a notification may leave."""

    ANYTIME = "anytime"
    DAYTIME = "daytime"


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


class SmsMessage(Struct, frozen=True, kw_only=True):
    """What an order's text messages say."""

    sender: str
    body: Content
    sending_time: SendingTime = SendingTime.DAYTIME


@dataclass(frozen=True, slots=True)
class Keywords:
    """What stands for the keywords in one recipient's notifications; empty where nothing is known."""

    name: str = ""
    number: str = ""

    def fill(self, text: str) -> str:
        """Fill the keywords of a plain text.

        In one pass, so that a name which holds a keyword is not filled again.
        """
        head, *tails = text.split(RECIPIENT_NAME)
        filled = [part.replace(RECIPIENT_NUMBER, self.number) for part in (head, *tails)]
        return self.name.join(filled)

    def fill_html(self, text: str) -> str:
        """Fill the keywords of an HTML text; a name is text there, never markup."""
        return Keywords(html.escape(self.name), html.escape(self.number)).fill(text)


def has_keywords(*texts: Content) -> bool:
    """Whether any of the texts waits for a recipient's name or number."""
    return any(RECIPIENT_NAME in text.text or RECIPIENT_NUMBER in text.text for text in texts)
