"""What the mailbox holds, read back for people; the servers need not be running for it."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

from msgspec import Struct
from typing_extensions import override

from entrypoints.sandbox.errors import MailboxUnavailableError
from entrypoints.sandbox.mailbox import MAILBOX_FILE, recipient_key

_SELECT: Final = (
    "SELECT channel, recipient, sender, received_at, content, reference, envelope_id,"
    " original_recipient FROM message WHERE (? IS NULL OR recipient_key = ?)"
    " ORDER BY id DESC LIMIT ?"
)
_COUNT: Final = "SELECT count(*) FROM message"
_CLEAR: Final = "DELETE FROM message"
_NO_LIMIT: Final = -1
_WHITE: Final = re.compile(r"\s+")
_SECONDS_FOR_ANOTHER_WRITER: Final = 30.0


class CaughtMessage(Struct, frozen=True, kw_only=True):
    """A message that a catch-all server took in, for one recipient."""

    channel: str
    to: str
    subject: str | None
    message_id: str
    received_at: datetime
    body: str
    html: str | None = None
    attachments: tuple[str, ...] = ()
    headers: dict[str, str]
    envelope_from: str
    envelope_id: str | None = None
    original_recipient: str | None = None


def caught_messages(
    folder: Path, *, to: str | None = None, limit: int | None = None
) -> Iterator[CaughtMessage]:
    """Tell what the mailbox of a folder holds, the newest first; nothing if there is none yet.

    Raises:
        MailboxUnavailableError: the mailbox is there but cannot be read.
    """
    key = None if to is None else recipient_key(to)
    parameters = (key, key, _NO_LIMIT if limit is None else limit)
    try:
        with closing(_open(folder, "ro")) as connection:
            connection.row_factory = sqlite3.Row
            for row in connection.execute(_SELECT, parameters):
                yield _read(row)
    except FileNotFoundError:
        return
    except sqlite3.Error as error:
        raise MailboxUnavailableError(f"{folder / MAILBOX_FILE}: {error}") from error


def count_messages(folder: Path) -> int:
    """Tell how many messages the mailbox of a folder holds."""
    try:
        with closing(_open(folder, "ro")) as connection:
            return int(connection.execute(_COUNT).fetchone()[0])
    except FileNotFoundError:
        return 0
    except sqlite3.Error as error:
        raise MailboxUnavailableError(f"{folder / MAILBOX_FILE}: {error}") from error


def clear_messages(folder: Path) -> int:
    """Throw away all messages, and tell how many; reports that are still owed stay owed."""
    try:
        with closing(_open(folder, "rw")) as connection:
            return connection.execute(_CLEAR).rowcount
    except FileNotFoundError:
        return 0
    except sqlite3.Error as error:
        raise MailboxUnavailableError(f"{folder / MAILBOX_FILE}: {error}") from error


def _open(folder: Path, mode: str) -> sqlite3.Connection:
    path = (folder / MAILBOX_FILE).resolve(strict=True)
    return sqlite3.connect(
        f"{path.as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        timeout=_SECONDS_FOR_ANOTHER_WRITER,
    )


def _read(row: sqlite3.Row) -> CaughtMessage:
    received_at = datetime.fromtimestamp(row["received_at"], tz=UTC)
    if row["channel"] == "sms":
        return CaughtMessage(
            channel="sms",
            to=row["recipient"],
            subject=None,
            message_id=row["reference"],
            received_at=received_at,
            body=row["content"].decode(),
            headers={},
            envelope_from=row["sender"],
        )
    mail = message_from_bytes(row["content"], policy=default)
    plain, html = _text(mail, "plain"), _text(mail, "html")
    return CaughtMessage(
        channel="email",
        to=row["recipient"],
        subject=_header(mail["Subject"]),
        message_id=_header(mail["Message-ID"]),
        received_at=received_at,
        body=plain if plain is not None else _readable(html or ""),
        html=html,
        attachments=tuple(part.get_filename() or "" for part in mail.iter_attachments()),
        headers={name: _header(value) for name, value in mail.items()},
        envelope_from=row["sender"],
        envelope_id=row["envelope_id"],
        original_recipient=row["original_recipient"],
    )


def _header(value: object) -> str:
    # What came as raw UTF-8 is kept by the parser as lone surrogates.
    return str(value or "").encode(errors="surrogateescape").decode(errors="replace")


def _text(mail: EmailMessage, kind: str) -> str | None:
    part = mail.get_body((kind,))
    if part is None:
        return None
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return None
    charset = part.get_content_charset("utf-8")
    try:
        text = content.decode(charset, errors="replace")
    except LookupError:
        text = content.decode(errors="replace")
    return text.replace("\r\n", "\n")


class _Reader(HTMLParser):
    """Keeps what a person would read of a page."""

    _UNREAD: Final = frozenset({"head", "script", "style", "title"})
    _BREAKS: Final = frozenset(
        {"br", "div", "h1", "h2", "h3", "h4", "h5", "h6", "li", "p", "table", "tr"}
    )

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._depth = 0

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._depth += tag in self._UNREAD
        if tag in self._BREAKS:
            self.words.append("\n")

    @override
    def handle_endtag(self, tag: str) -> None:
        self._depth -= tag in self._UNREAD and self._depth > 0

    @override
    def handle_data(self, data: str) -> None:
        if not self._depth:
            self.words.append(_WHITE.sub(" ", data))


def _readable(html: str) -> str:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.words).split("\n"))
    return "\n".join(line for line in lines if line)
