"""E-mails as bytes, ready for DATA: what all recipients share is made once.

What differs between two recipients of an order (To, Message-ID, Date) stands in front of what does
not (From, Subject, MIME, body). The shared part is made with all its encodings and dot-stuffing,
and kept for a while, so that most e-mails of an order cost three header lines. It is made once for all
that ask for it at the same time, and where it is long beside the event loop, so that others' e-mails go on.
Bodies are sent as 7bit where they are, and otherwise as quoted-printable, never as 8bit:
no server on the way has to convert them, so a signature made at the relay stays valid.
"""

import asyncio
import binascii
import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from email.header import Header
from email.message import MIMEPart
from email.policy import SMTP
from email.utils import format_datetime
from functools import lru_cache, partial
from typing import Final, NamedTuple, ParamSpec, TypeVar
from uuid import UUID

from adapters.channels.smtp.plain_text import plain_text_of
from application.mail_address import (
    CONTROL_CHARACTER,
    AddressError,
    MailAddress,
    read_address,
    read_sender,
)
from application.ports.provider import OutboundEmail
from domain.message import Attachment, ContentType, is_sayable
from domain.order.events import Failure

_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_PLAIN_SUBJECT: Final = re.compile(r"[!-~](?:[ -~]{0,64}[!-~])?")
_LONGEST_LINE: Final = 998
_MOST_KEPT: Final = 64
_MOST_BYTES_KEPT: Final = 32 << 20
_LONG: Final = 8192
"""Characters from which on a text is not rendered on the event loop: about a millisecond's work."""

_P = ParamSpec("_P")
_T = TypeVar("_T")


class UnmailableError(Exception):
    """This letter can never become an e-mail; the code says why."""

    def __init__(self, failure: Failure, code: str) -> None:
        super().__init__(code)
        self.failure = failure
        self.code = code


class _Shared(NamedTuple):
    """What the e-mails of an order have in common."""

    subject: str
    body: str
    sender: str
    reply_to: str | None
    content_type: ContentType
    attachments: tuple[Attachment, ...]
    digest: bytes
    """Of the files, which are not kept."""


class Renderer:
    """Makes e-mails, and remembers the shared part of the latest."""

    def __init__(self, mail_domain: str) -> None:
        self._mail_domain = mail_domain
        self._kept: OrderedDict[_Shared, bytes] = OrderedDict()
        self._bytes_kept = 0
        self._being_made: dict[_Shared, asyncio.Future[bytes]] = {}
        self.rendered = 0
        """How many texts were written so far."""
        # One, so that long texts wait for each other and not the loop for them.
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="rendering")

    def forget(self) -> None:
        """Let go of every text that was kept."""
        self._kept.clear()
        self._bytes_kept = 0

    async def render(
        self, letter: OutboundEmail, *, at: datetime, files: Sequence[bytes] = ()
    ) -> "Mail":
        """Write an e-mail, with the files that go with it in the order of its attachments.

        Raises:
            UnmailableError: its words or addresses must not or cannot be written.
        """
        if letter.subject.is_erased or letter.body.is_erased:
            raise UnmailableError(Failure.FAILED, "content_erased")
        try:
            to = read_address(letter.to.text)
        except AddressError as error:
            raise UnmailableError(Failure.INVALID_ADDRESS, error.code) from None
        shared = await self._shared(letter, files)
        own = (
            f"Date: {_date(at.replace(microsecond=0))}\r\n"
            f"Message-ID: {self.message_id(letter.notification_id)}\r\n"
            f"To: {to.spec}\r\n"
        )
        head = own.encode()
        return Mail(to, head + shared, needs_smtputf8=to.needs_smtputf8 or not shared.isascii())

    async def _shared(self, letter: OutboundEmail, files: Sequence[bytes]) -> bytes:
        what = _Shared(
            letter.subject.text,
            letter.body.text,
            letter.sender,
            letter.reply_to,
            letter.content_type,
            letter.attachments,
            await self._beside_the_loop(_digest, files) if files else b"",
        )
        if (kept := self._kept.get(what)) is not None:
            self._kept.move_to_end(what)
            return kept
        if not files and len(what.subject) + len(what.body) <= _LONG:
            self.rendered += 1
            made = _render(what, files)
            self._keep(what, made)
            return made
        making = self._being_made.get(what)
        if making is None:
            self.rendered += 1
            making = asyncio.ensure_future(self._beside_the_loop(_render, what, files))
            self._being_made[what] = making
            making.add_done_callback(lambda made: self._has_been_made(what, made))
        # Whoever gives up leaves it to the others who wait for it.
        return await asyncio.shield(making)

    def _has_been_made(self, what: _Shared, made: asyncio.Future[bytes]) -> None:
        del self._being_made[what]
        if not made.cancelled() and made.exception() is None:
            self._keep(what, made.result())

    def _keep(self, what: _Shared, made: bytes) -> None:
        self._kept[what] = made
        self._bytes_kept += len(made)
        while len(self._kept) > _MOST_KEPT or self._bytes_kept > _MOST_BYTES_KEPT:
            _, oldest = self._kept.popitem(last=False)
            self._bytes_kept -= len(oldest)

    async def _beside_the_loop(
        self, work: Callable[_P, _T], *args: _P.args, **keywords: _P.kwargs
    ) -> _T:
        run = partial(work, *args, **keywords)
        return await asyncio.get_running_loop().run_in_executor(self._aside, run)

    def message_id(self, notification_id: UUID) -> str:
        """Tell the name that an e-mail bears, the same at every attempt."""
        return f"<{notification_id}@{self._mail_domain}>"


class Mail:
    """An e-mail as it goes to the relay: dot-stuffed, each line ended, without the final dot."""

    __slots__ = ("content", "needs_smtputf8", "to")

    def __init__(self, to: MailAddress, content: bytes, *, needs_smtputf8: bool) -> None:
        self.to = to
        self.content = content
        self.needs_smtputf8 = needs_smtputf8


@lru_cache(maxsize=2)
def _date(second: datetime) -> str:
    """A moment as a header has it; in one second there are many e-mails."""
    return format_datetime(second)


def _digest(files: Sequence[bytes]) -> bytes:
    """Tell equal files from others."""
    digest = hashlib.sha256()
    for each in files:
        digest.update(hashlib.sha256(each).digest())
    return digest.digest()


def _render(what: _Shared, files: Sequence[bytes]) -> bytes:
    try:
        _, from_ = read_sender(what.sender)
        answers_to = (
            "" if what.reply_to is None else f"Reply-To: {read_sender(what.reply_to)[1]}\r\n"
        )
    except AddressError as error:
        raise UnmailableError(Failure.FAILED, f"sender_{error.code}") from None
    subject = what.subject.replace("\t", " ")
    if CONTROL_CHARACTER.search(subject) or not is_sayable(what.body):
        raise UnmailableError(Failure.FAILED, "control_character")
    try:
        parts = _body(what.body, what.content_type)
        if files:
            parts = _with_files(parts, list(zip(what.attachments, files, strict=True)))
        head = (
            f"From: {from_}\r\n{answers_to}"
            f"Subject: {_subject(subject)}\r\n"
            "Auto-Submitted: auto-generated\r\n"
            # Not `All`: that would suppress the delivery reports of Exchange as well.
            "X-Auto-Response-Suppress: OOF, AutoReply\r\n"
            "MIME-Version: 1.0\r\n"
        ).encode()
    except UnicodeError:
        raise UnmailableError(Failure.FAILED, "not_unicode") from None
    return (head + parts).replace(b"\r\n.", b"\r\n..")


def _subject(subject: str) -> str:
    if "=?" not in subject and _PLAIN_SUBJECT.fullmatch(subject):
        return subject
    return Header(subject, "utf-8", header_name="Subject").encode(linesep="\r\n")


def _body(body: str, content_type: ContentType) -> bytes:
    if content_type is ContentType.PLAIN:
        return _part("plain", body)
    boundary = f"=_{hashlib.sha256(body.encode()).hexdigest()[:32]}"
    opening = f"--{boundary}\r\n".encode()
    return b"".join(
        (
            f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n'.encode(),
            opening,
            _part("plain", plain_text_of(body)),
            opening,
            _part("html", body),
            f"--{boundary}--\r\n".encode(),
        )
    )


def _with_files(body: bytes, attached: Sequence[tuple[Attachment, bytes]]) -> bytes:
    """The body, and after it the files as the standard library encodes them."""
    made = [_file_part(attachment, data) for attachment, data in attached]
    digest = hashlib.sha256(body)
    for part in made:
        digest.update(part)
    boundary = f"=_{digest.hexdigest()[:32]}"
    opening = f"--{boundary}\r\n".encode()
    return b"".join(
        (
            f'Content-Type: multipart/mixed; boundary="{boundary}"\r\n\r\n'.encode(),
            opening,
            body,
            *(opening + part for part in made),
            f"--{boundary}--\r\n".encode(),
        )
    )


def _file_part(attachment: Attachment, data: bytes) -> bytes:
    if attachment.filename.is_erased:
        raise UnmailableError(Failure.FAILED, "content_erased")
    kind, _, subtype = attachment.mime_type.partition("/")
    part = MIMEPart(policy=SMTP)
    part.set_content(
        data,
        maintype=kind,
        subtype=subtype,
        cte="base64",
        disposition="attachment",
        filename=attachment.filename.text,
    )
    return part.as_bytes()


def _part(kind: str, text: str) -> bytes:
    data = _LINE_END.sub("\n", text).encode()
    if not data.endswith(b"\n"):
        data += b"\n"
    fits = data.isascii() and all(len(line) <= _LONGEST_LINE for line in data.split(b"\n"))
    encoding = "7bit" if fits else "quoted-printable"
    if not fits:
        data = binascii.b2a_qp(data, istext=True)
    head = (
        f'Content-Type: text/{kind}; charset="utf-8"\r\n'
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    )
    return head.encode() + data.replace(b"\n", b"\r\n")
