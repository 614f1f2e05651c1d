"""The mailbox: every message that the catch-all servers took in, and the reports they still owe.

One file, SQLite with a write-ahead log. Whoever is told that a message was accepted is told so
after its commit, together with the delivery reports that follow from it. Commits are made in
groups: all that arrives during one is in the next. A commit is handed to the operating system
and not forced to the disk, so a killed process loses nothing; a machine that loses power may lose
the last moment, which is right for a stand-in for providers and would not be for our own records.
"""

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from entrypoints.sandbox.errors import MailboxInUseError, MailboxUnavailableError

MAILBOX_FILE: Final = "mailbox.sqlite3"
_LOCK_FILE: Final = "mailbox.lock"

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS message (
    id INTEGER PRIMARY KEY,
    channel TEXT NOT NULL,
    recipient TEXT NOT NULL,
    recipient_key TEXT NOT NULL,
    sender TEXT NOT NULL,
    received_at REAL NOT NULL,
    content BLOB NOT NULL,
    reference TEXT,
    envelope_id TEXT,
    original_recipient TEXT
);
CREATE INDEX IF NOT EXISTS message_by_recipient ON message (recipient_key, id);
CREATE TABLE IF NOT EXISTS report (
    id INTEGER PRIMARY KEY,
    channel TEXT NOT NULL,
    due_at REAL NOT NULL,
    attempts INTEGER NOT NULL,
    payload BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS report_by_due ON report (due_at, id);
"""
_KEEP_MESSAGE: Final = (
    "INSERT INTO message (channel, recipient, recipient_key, sender, received_at, content,"
    " reference, envelope_id, original_recipient) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_OWE_REPORT: Final = (
    "INSERT INTO report (id, channel, due_at, attempts, payload) VALUES (?, ?, ?, ?, ?)"
)
_FORGET_REPORT: Final = "DELETE FROM report WHERE id = ?"
_POSTPONE_REPORT: Final = "UPDATE report SET due_at = ?, attempts = ? WHERE id = ?"
_DUE_REPORTS: Final = (
    "SELECT id, channel, due_at, attempts, payload FROM report WHERE due_at <= ?"
    " ORDER BY due_at, id LIMIT ?"
)
_NEXT_DUE: Final = "SELECT min(due_at) FROM report WHERE due_at > ?"
_LAST_REPORT: Final = "SELECT coalesce(max(id), 0) FROM report"
_SECONDS_FOR_ANOTHER_WRITER: Final = 30.0


def recipient_key(recipient: str) -> str:
    """Name a recipient alike however it is written."""
    return recipient.strip().lower().removeprefix("+")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundMessage:
    """A message as it was taken in: for one recipient, and unread."""

    channel: str
    recipient: str = field(repr=False)
    sender: str = field(repr=False)
    received_at: float
    content: bytes = field(repr=False)
    reference: str | None = None
    envelope_id: str | None = None
    original_recipient: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A delivery report that is owed to the service, ready to be handed over."""

    id: int
    channel: str
    due_at: float
    attempts: int = 0
    payload: bytes = field(repr=False)


@dataclass(slots=True)
class _Group:
    """What is written down in one commit, and who waits for it."""

    letters: list[OutboundMessage] = field(default_factory=list)
    owed: list[Report] = field(default_factory=list)
    handed_over: list[int] = field(default_factory=list)
    postponed: list[Report] = field(default_factory=list)
    waiting: list[asyncio.Future[None]] = field(default_factory=list)


class Mailbox:
    """Writes the mailbox of one folder, in whose data nobody else may write meanwhile.

    To be used from one event loop.

    Raises:
        MailboxInUseError: another process writes here.
        MailboxUnavailableError: the folder or the file cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = _lock(folder / _LOCK_FILE)
            (folder / MAILBOX_FILE).touch(mode=0o600)
        except OSError as error:
            raise MailboxUnavailableError(f"{folder}: {error.strerror}") from error
        try:
            self._writer = _connect(folder / MAILBOX_FILE)
            self._writer.executescript(_SCHEMA)
            self._reader = _connect(folder / MAILBOX_FILE)
            self._last_report: int = self._writer.execute(_LAST_REPORT).fetchone()[0]
        except sqlite3.Error as error:
            os.close(self._lock)
            raise MailboxUnavailableError(f"{folder / MAILBOX_FILE}: {error}") from error
        # A thread for each connection: a look-up whose caller is gone is still waited for.
        self._writing = ThreadPoolExecutor(1, thread_name_prefix="mailbox-writing")
        self._reading = ThreadPoolExecutor(1, thread_name_prefix="mailbox-reading")
        self._group = _Group()
        self._round: asyncio.Task[None] | None = None

    def owe(self, channel: str, *, due_at: float, payload: bytes) -> Report:
        """Name a new report; it is owed from the moment that it is kept."""
        self._last_report += 1
        return Report(id=self._last_report, channel=channel, due_at=due_at, payload=payload)

    def keep(
        self, letters: Sequence[OutboundMessage], reports: Sequence[Report]
    ) -> asyncio.Future[None]:
        """Take in messages and what is owed for them; done when both are safe.

        The future fails with `MailboxUnavailableError` if nothing was taken in.
        """
        self._group.letters.extend(letters)
        self._group.owed.extend(reports)
        return self._written()

    def settle(self, reports: Sequence[Report]) -> asyncio.Future[None]:
        """Strike out reports that the service has taken."""
        self._group.handed_over.extend(report.id for report in reports)
        return self._written()

    def postpone(self, reports: Sequence[Report]) -> asyncio.Future[None]:
        """Write down when reports are offered again, and how often they have been."""
        self._group.postponed.extend(reports)
        return self._written()

    async def due(self, now: float, *, limit: int) -> tuple[list[Report], float | None]:
        """Tell the reports that are due, the oldest first, and when the first of the others is."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._reading, self._due, now, limit)

    async def close(self) -> None:
        """Finish what is being written, and let the folder go."""
        try:
            if self._round is not None:
                await asyncio.wait([self._round])
        finally:
            self._writing.shutdown()
            self._reading.shutdown()
            self._reader.close()
            self._writer.close()
            os.close(self._lock)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _written(self) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        self._group.waiting.append(waiter)
        if self._round is None:
            self._round = loop.create_task(self._write_on())
        return waiter

    async def _write_on(self) -> None:
        loop = asyncio.get_running_loop()
        while self._group.waiting:
            group, self._group = self._group, _Group()
            try:
                await loop.run_in_executor(self._writing, self._commit, group)
            except sqlite3.Error as error:
                _fail(group.waiting, error)
            else:
                _release(group.waiting)
        self._round = None

    def _commit(self, group: _Group) -> None:
        writer = self._writer
        writer.execute("BEGIN IMMEDIATE")
        try:
            writer.executemany(_KEEP_MESSAGE, [_row(letter) for letter in group.letters])
            writer.executemany(
                _OWE_REPORT,
                [(r.id, r.channel, r.due_at, r.attempts, r.payload) for r in group.owed],
            )
            writer.executemany(_FORGET_REPORT, [(number,) for number in group.handed_over])
            writer.executemany(
                _POSTPONE_REPORT, [(r.due_at, r.attempts, r.id) for r in group.postponed]
            )
            writer.execute("COMMIT")
        except sqlite3.Error:
            if writer.in_transaction:
                writer.execute("ROLLBACK")
            raise

    def _due(self, now: float, limit: int) -> tuple[list[Report], float | None]:
        try:
            rows = self._reader.execute(_DUE_REPORTS, (now, limit)).fetchall()
            following = self._reader.execute(_NEXT_DUE, (now,)).fetchone()[0]
        except sqlite3.Error as error:
            raise MailboxUnavailableError(str(error)) from error
        reports = [
            Report(id=number, channel=channel, due_at=due_at, attempts=attempts, payload=payload)
            for number, channel, due_at, attempts, payload in rows
        ]
        return reports, following


def _row(letter: OutboundMessage) -> tuple[object, ...]:
    return (
        letter.channel,
        letter.recipient,
        recipient_key(letter.recipient),
        letter.sender,
        letter.received_at,
        letter.content,
        letter.reference,
        letter.envelope_id,
        letter.original_recipient,
    )


def _connect(path: Path) -> sqlite3.Connection:
    # Opened by the event loop's thread, then used by one thread of its own.
    connection = sqlite3.connect(
        path,
        isolation_level=None,
        timeout=_SECONDS_FOR_ANOTHER_WRITER,
        check_same_thread=False,
    )
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def _lock(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise MailboxInUseError(f"{path.parent}: another catch-all writes here") from None
    return descriptor


def _release(waiting: Sequence[asyncio.Future[None]]) -> None:
    for waiter in waiting:
        if not waiter.done():
            waiter.set_result(None)


def _fail(waiting: Sequence[asyncio.Future[None]], error: sqlite3.Error) -> None:
    for waiter in waiting:
        if not waiter.done():
            waiter.set_exception(MailboxUnavailableError(str(error)))
