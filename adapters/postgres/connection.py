"""How every connection of the service is made, whoever makes it, and how it is let go of.

A former primary that does not know yet that another was promoted takes writes, too. It is known by its
timeline, of which every promotion begins a new one: of two that take writes the higher one leads.

And nothing is ever cancelled. A commit that waits for its standby and is cancelled is there all the
same, for everybody to see, and the standby does not have it: whoever will not wait any longer cuts
the connection, and the commit waits on without him.
"""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final, LiteralString, Self, TypeVar
from weakref import WeakSet

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow
from psycopg.waiting import wait_async
from typing_extensions import override

from adapters.postgres.connecting import each_host

_Result = TypeVar("_Result")
_Connection = TypeVar("_Connection", bound="Connection")

_OTHERS_MAY_TAKE: Final = 0.3
"""Seconds for which a server that takes writes waits for a word of the others: one may lead it."""
_LOOK: Final = 0.1
_COMMIT_WAITS: Final = "SyncRepWaitForLSN"
"""PostgreSQL's name for where a commit waits for its standby; it warns from there if it is ended."""

# What the promises rest on, whatever the server's defaults are: what is answered for is on the disk,
# and on the standby where there is a synchronous one; and it is told where that is not so.
_SESSION: Final[LiteralString] = """
SELECT set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit')
                  IN ('off', 'local') THEN 'on' ELSE current_setting('synchronous_commit') END, false),
       set_config('client_min_messages', CASE current_setting('client_min_messages')
                  WHEN 'error' THEN 'warning' ELSE current_setting('client_min_messages') END, false),
       set_config('enable_seqscan', 'off', false)
"""
_TIMELINE: Final[LiteralString] = (
    "SELECT ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int"
)


class FormerPrimaryError(psycopg.OperationalError):
    """The server that answers takes writes, and another has taken its place; it may be found later."""


class OnlyHereError(psycopg.OperationalError):
    """Somebody has ended a commit's wait for its standby: it is there, and the standby may lack it."""


class Connection(psycopg.AsyncConnection[TupleRow]):
    """A connection to the primary, whose statements are never cancelled."""

    timeline = 0
    """The primary's; 0 where the server does not tell."""

    def __init__(self, *given: Any, **named: Any) -> None:  # noqa: ANN401  # psycopg's own
        super().__init__(*given, **named)
        self._is_only_here = False
        self._only_reads = False
        self._succession: Succession | None = None
        self.add_notice_handler(self._hear)

    @override
    @classmethod
    async def connect(  # type: ignore[override]  # of psycopg's own words `kwargs` takes any
        cls, conninfo: str = "", *, succession: "Succession | None" = None, **more: Any
    ) -> Self:
        """Connect to whichever of the hosts leads; they are asked side by side.

        Statements commit by themselves.

        Raises:
            FormerPrimaryError: whoever answers does not lead any more.
            psycopg.OperationalError: nobody who takes writes can be reached.
        """
        trying = [asyncio.create_task(cls._reach(each, **more)) for each in each_host(conninfo)]
        chosen: Self | None = None
        try:
            leading = await _leading(trying)
            if succession is not None:
                succession.join(leading)
            leading._succession = succession  # noqa: SLF001  # it is one of us
            chosen = leading
        finally:
            _let_go(trying, chosen)
        return chosen

    @classmethod
    async def _reach(cls, conninfo: str, **more: Any) -> Self:  # noqa: ANN401  # psycopg's own
        connection = await super().connect(conninfo, **more, autocommit=True)
        try:
            await connection.execute(_SESSION)
            # Not every service that speaks PostgreSQL's protocol has timelines.
            with suppress(psycopg.ProgrammingError, psycopg.NotSupportedError):
                row = await (await connection.execute(_TIMELINE)).fetchone()
                connection.timeline = 0 if row is None else row[0]
        except BaseException:
            await connection.close()
            raise
        return connection

    @override
    async def wait(
        self, gen: PQGen[_Result], interval: float = _LOOK, timeout: float | None = None
    ) -> _Result:
        """Wait for an answer; whoever is cancelled meanwhile cuts the connection.

        Raises:
            OnlyHereError: the commit is done, and the standby may lack it.
        """
        try:
            told = await wait_async(gen, self.pgconn.socket, interval=interval, timeout=timeout)
        except (asyncio.CancelledError, KeyboardInterrupt, SystemExit):
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.pgconn.finish()
            raise
        if self._is_only_here:
            self._is_only_here = False
            raise OnlyHereError("a commit's wait for its standby was ended")
        return told

    @property
    def leads(self) -> bool:
        """Whether no later primary is known than the one that it leads to."""
        return self._succession is None or self._succession.includes(self)

    async def begin_nothing_in_vain(self) -> None:
        """Refuse to write for as long as no commit comes to its end, and to read never."""
        only_reads = self._succession is not None and self._succession.takes_nothing
        if only_reads is not self._only_reads:
            await self.execute(
                "SELECT set_config('default_transaction_read_only', %s, false)",
                ("on" if only_reads else "off",),
            )
            self._only_reads = only_reads

    def cut(self) -> None:
        """End it under whoever waits on it, who then hears that it is gone."""
        if not self.closed:
            with (
                suppress(OSError),
                socket.fromfd(self.fileno(), socket.AF_UNIX, socket.SOCK_STREAM) as doubled,
            ):
                doubled.shutdown(socket.SHUT_RDWR)

    def _hear(self, told: psycopg.errors.Diagnostic) -> None:
        self._is_only_here = self._is_only_here or told.source_function == _COMMIT_WAITS


class Succession:
    """Which timeline leads, as the connections of one process have seen it; they share it.

    As soon as one of them has found a new primary, those to the former one are cut.
    """

    def __init__(self) -> None:
        self.takes_nothing = False
        """Whether no commit comes to its end, as while the standby is away.

        Nobody begins one then but whoever looks whether that is over: each would keep a process of the
        server until it is.
        """
        self._timeline = 0
        self._connections: WeakSet[Connection] = WeakSet()

    def join(self, connection: Connection) -> None:
        """Take a new connection in.

        Raises:
            FormerPrimaryError: another one has led to a later primary.
        """
        if not self.includes(connection):
            raise FormerPrimaryError("another server has been promoted since")
        if connection.timeline > self._timeline:
            self._timeline = connection.timeline
            former, self._connections = self._connections, WeakSet()
            for each in former:
                each.cut()
        self._connections.add(connection)

    def includes(self, connection: Connection) -> bool:
        """Whether no later primary is known than the one that a connection leads to."""
        return connection.timeline >= self._timeline


async def _leading(trying: Sequence["asyncio.Task[_Connection]"]) -> _Connection:
    """The connection with the highest timeline; one that is made waits but a moment for the others."""
    made: list[_Connection] = []
    pending = set(trying)
    while pending:
        done, pending = await asyncio.wait(
            pending,
            timeout=_OTHERS_MAY_TAKE if made else None,
            return_when=asyncio.FIRST_COMPLETED,
        )
        if not done:
            break
        made += [each.result() for each in done if each.exception() is None]
    if not made:
        return trying[-1].result()  # which raises
    return max(made, key=lambda each: each.timeline)


def _let_go(trying: Sequence["asyncio.Task[_Connection]"], chosen: Connection | None) -> None:
    """Close every connection but one, and give up those that are still being made.

    Nothing is waited for: who is cancelled just then would leave a connection behind.
    """

    def close(made: "asyncio.Task[_Connection]") -> None:
        if not made.cancelled() and made.exception() is None and made.result() is not chosen:
            made.result().pgconn.finish()

    for each in trying:
        each.cancel()
        each.add_done_callback(close)
