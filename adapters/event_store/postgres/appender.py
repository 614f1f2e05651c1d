"""Group commit: whatever waits to be appended goes into one transaction, with a verdict for each.

One connection writes for the process.
While a transaction is under way, the next appends gather; none of them waits for another's conflict.
A lost connection leaves no append without an answer: it is tried again, and where the history then
has gone on, the events there are looked at: if they bear this append's command id, they are ours.
If the database has meanwhile forgotten what was answered for, nothing more is appended.
Of what is found there already, a commit of our own says that it will stay, for all who wait in one.

While nothing is to be appended, such a commit is made every few seconds: by it everybody knows whether
anything can be recorded, and a connection that leads nowhere is found out before it is needed.
"""

import asyncio
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import structlog
from eventsourcing.persistence import StoredEvent
from psycopg.errors import DiskFull

from adapters.event_store.postgres.batch import Append, Beginning, split
from adapters.event_store.postgres.writer import LOST, HistoryWentBackError, Writer
from adapters.event_store.sealing import Box
from adapters.postgres.connection import Succession
from adapters.postgres.refusing import is_of_data
from application.ports.agenda import AgendaRow
from application.ports.order_repository import StoreUnavailableError
from application.ports.recording import Recording

log = structlog.get_logger()

_PATIENCE: Final = 10.0
_BEAT: Final = 5.0
_PARKED: Final = 20_000
_LOOK: Final = 0.25
"""Seconds between two looks at who has waited too long."""
_FIRST_PAUSE: Final = 0.1
_LAST_PAUSE: Final = 1.0
_NOBODY: Final = UUID(int=0)
_QUIET: Final = 600.0
"""Seconds until an alarm is sounded again whose cause is still there."""


class NotStorableError(Exception):
    """The store can be reached, and will never take this append; it is the service that is wrong."""


class Appender:
    """Appends for one process, in one order with all other processes."""

    def __init__(
        self,
        conninfo: str,
        *,
        patience: float = _PATIENCE,
        parked: int = _PARKED,
        beat: float = _BEAT,
        succession: Succession | None = None,
    ) -> None:
        """Prepare to append.

        After `patience` seconds an append that could not be made is answered with a failure;
        at most `parked` appends wait, since more would only wait longer than anybody does.
        Whoever shares the `succession` hears from this connection that another server leads.
        """
        self._succession = succession or Succession()
        self._writer = Writer(conninfo, limit=patience / 2, succession=self._succession)
        self._patience = patience
        self._beat = beat
        self._parked = parked
        self._waiting: list[Append] = []
        self._under_way: list[Append] = []
        self._wake = asyncio.Event()
        self._pause = _FIRST_PAUSE
        self._quiet_until = 0.0
        self._tasks: Sequence[asyncio.Task[None]] = ()
        self._is_open = False
        self._has_gone_back = False
        self._tried_at = self._stored_at = 0.0

    @property
    def recording(self) -> Recording:
        """Whether anything can be recorded, as of the last look."""
        if self._has_gone_back:
            return Recording.WENT_BACK
        is_late = asyncio.get_running_loop().time() > self._stored_at + 2 * self._beat
        return Recording.STANDS_STILL if is_late else Recording.UP

    async def start(self) -> None:
        """Begin to take appends."""
        self._is_open = True
        self._tried_at = self._stored_at = asyncio.get_running_loop().time()
        self._tasks = (asyncio.create_task(self._run()), asyncio.create_task(self._keep_watch()))

    async def stop(self) -> None:
        """Take no more; what waits is still stored, if the store can be reached in time."""
        self._is_open = False
        self._wake.set()
        if self._tasks:
            await asyncio.wait(self._tasks[:1], timeout=self._patience)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        _give_up([*self._under_way, *self._waiting])
        self._waiting = []
        await self._writer.disconnect()

    async def append(
        self,
        command_id: UUID,
        events: Sequence[StoredEvent],
        boxes: Sequence[Box],
        agenda: Sequence[AgendaRow],
    ) -> None:
        """Append events of one or more orders, with what belongs to them, or nothing.

        Raises:
            ConcurrentUpdateError: one of the histories does not end where these events begin.
            StoreUnavailableError: the store did not answer in time, too much waits for it, or it has
                forgotten what was appended before.
            NotStorableError: the store will never take it.
        """
        await self._queued(command_id, events, boxes, agenda)

    async def confirm(self) -> None:
        """Return when whatever could be read before is as lasting as what is appended.

        Raises:
            StoreUnavailableError: it may not be, and nothing may be promised by it; ask again later.
        """
        await self._queued(_NOBODY, (), (), ())

    def _queued(
        self,
        command_id: UUID,
        events: Sequence[StoredEvent],
        boxes: Sequence[Box],
        agenda: Sequence[AgendaRow],
    ) -> asyncio.Future[None]:
        """What is to be stored with the next batch that there is room in, and when it is.

        Raises:
            StoreUnavailableError: too much waits, or nothing is stored any more.
        """
        if not self._is_open or len(self._waiting) >= self._parked:
            raise StoreUnavailableError
        loop = asyncio.get_running_loop()
        append = Append(
            command_id=command_id,
            events=events,
            boxes=boxes,
            agenda=agenda,
            give_up_at=loop.time() + self._patience,
            done=loop.create_future(),
        )
        self._waiting.append(append)
        self._wake.set()
        return append.done

    async def _run(self) -> None:
        while self._is_open or self._waiting:
            await self._wake.wait()
            if self._is_open:
                self._wake.clear()
            while self._waiting:
                self._under_way, self._waiting = split(self._waiting)
                await self._store(self._under_way)
                self._under_way = []

    async def _store(self, batch: Sequence[Append]) -> None:
        """Store a batch; afterwards each of it has its answer, or waits again."""
        if not batch:
            return
        try:
            async with asyncio.timeout(self._patience):
                await self._writer.write(batch)
        except LOST as problem:
            if is_of_data(
                problem
            ):  # what is too large for an index, the driver calls operational, too
                self._refused_whole(batch, problem)
            else:
                await self._lost(batch, problem)
        except HistoryWentBackError as problem:
            self._end(batch, problem.forgotten)
        except Exception as problem:  # noqa: BLE001  # one bad append must not end all others
            self._refused_whole(batch, problem)
        else:
            self._pause = _FIRST_PAUSE
            self._stored_at = asyncio.get_running_loop().time()
        finally:
            self._tried_at = asyncio.get_running_loop().time()

    async def _lost(self, batch: Sequence[Append], problem: Exception) -> None:
        """Let wait again what may or may not have been stored; whoever gives up is not tried again."""
        log.warning("store_lost", because=type(problem).__name__, waiting=len(batch))
        if isinstance(problem, DiskFull):
            self._sound_alarm()
        for append in batch:
            append.was_tried = True
        self._waiting = [*batch, *self._waiting]
        await self._writer.disconnect()
        await asyncio.sleep(self._pause)
        self._pause = min(2 * self._pause, _LAST_PAUSE)

    def _sound_alarm(self) -> None:
        """Say that the database's disk is full, but not at every attempt."""
        now = asyncio.get_running_loop().time()
        if now >= self._quiet_until:
            self._quiet_until = now + _QUIET
            log.critical("disk_full", does="answers 503, and goes on by itself when there is room")

    def _end(self, batch: Sequence[Append], forgotten: Beginning) -> None:
        """Take no more: what is sent was recorded there, and nobody here may decide what it is now."""
        self._is_open = False
        self._has_gone_back = True
        log.critical(
            "history_went_back",
            order_id=str(forgotten.order_id),
            version=forgotten.version,
            does="records nothing more until it is restarted; see docs/operating.md first",
        )
        _give_up([*batch, *self._waiting])

    def _refused_whole(self, batch: Sequence[Append], problem: Exception) -> None:
        """Let each be tried by itself, so that the one that cannot be stored drags no other down."""
        if len(batch) > 1:
            for append in batch:
                append.goes_alone = True
            self._waiting = [*batch, *self._waiting]
            return
        # The database's own words may hold what was to be stored; its kind of refusal does not.
        log.error("append_refused", because=type(problem).__name__)
        batch[0].fail(NotStorableError(f"the store refuses it: {type(problem).__name__}"))

    async def _keep_watch(self) -> None:
        """Answer those who have waited too long, whatever the database is doing."""
        while True:
            await asyncio.sleep(_LOOK)
            now = asyncio.get_running_loop().time()
            pending = (*self._under_way, *self._waiting)
            _give_up([each for each in pending if each.give_up_at <= now])
            self._succession.takes_nothing = self.recording is Recording.STANDS_STILL
            if self._is_open and not pending and now > self._tried_at + self._beat:
                # Nobody waits for it, nor need hear of its failure: `recording` tells.
                self._queued(_NOBODY, (), (), ()).add_done_callback(asyncio.Future.exception)


def _give_up(appends: Sequence[Append]) -> None:
    for append in appends:
        append.fail(StoreUnavailableError())
