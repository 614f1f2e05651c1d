"""Connections to the database, pooled, and with limits to how long anything may wait."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from adapters.postgres.connecting import refusal, to_primary
from adapters.postgres.connection import Connection, Succession
from adapters.postgres.errors import DatabaseUnreachableError, UnsafeSettingError

Pool = AsyncConnectionPool[Connection]

_SECONDS_FOR_A_CONNECTION = 10.0
_USES_BEFORE_A_STATEMENT_IS_PREPARED = 3

# What an operator's URL says in its own `options` comes after these, and wins.
_SESSION = {
    "timezone": "UTC",
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "10s",
}

_pool_log = logging.getLogger("psycopg.pool")
_NO_NEWS = ("discarding closed connection", "error ignored ")
_library_logs = (_pool_log, logging.getLogger("psycopg"))

_SKIPS_EVENTS = "POSTGRES_ENABLE_DB_FUNCTIONS"
_FALSE = {"", "0", "f", "false", "n", "no", "off"}


async def open_pool(
    conninfo: str,
    *,
    size: int,
    most: int | None = None,
    name: str,
    succession: Succession | None = None,
    timeout: float = _SECONDS_FOR_A_CONNECTION,  # noqa: ASYNC109  # the pool keeps time itself
) -> Pool:
    """Open `size` connections, which the server's own views show under `name`.

    Where `most` is more, further ones are made when they are needed, and given up when they are not.
    Those of `succession` know of one another's primary; `reaching` lends none that leads to a former one.

    Whoever asks for a connection waits no longer than `timeout` seconds for it.

    Statements commit by themselves unless they are put into a transaction.

    Raises:
        DatabaseUnreachableError: the connections could not be made in time, or only to a standby.
    """
    for log in _library_logs:
        log.addFilter(_is_news)
    pool: Pool = AsyncConnectionPool(
        _with_limits(conninfo),
        connection_class=Connection,
        min_size=size,
        max_size=most or size,
        name=name,
        open=False,
        reconnect_timeout=timeout,  # then whoever asks has it retried, instead of ever more rarely
        timeout=timeout,
        kwargs={
            "succession": succession or Succession(),
            "application_name": name,
            "prepare_threshold": _USES_BEFORE_A_STATEMENT_IS_PREPARED,
        },
    )
    try:
        with _saying_nothing():
            try:
                await pool.open(wait=True, timeout=timeout)
            except BaseException:  # also who is cancelled leaves nobody who goes on trying
                await pool.close()
                raise
    except PoolTimeout:
        raise DatabaseUnreachableError(
            await refusal(conninfo)
            or f"The database gave no {size} connections within {timeout:g} seconds: "
            "see whether it runs, lets us in, and allows that many."
        ) from None
    return pool


def _is_news(said: logging.LogRecord) -> bool:
    """Whether the library says more than who had the connection knows: he cut it, or was told of its loss."""
    return not said.getMessage().startswith(_NO_NEWS)


@contextmanager
def _saying_nothing() -> Iterator[None]:
    """Let the pool not log each of its tries: why it could not be opened is told in one line."""
    _pool_log.disabled = True
    try:
        yield
    finally:
        _pool_log.disabled = False


def refuse_unsafe(environ: Mapping[str, str]) -> None:
    """Refuse to work in an environment in which readers would skip events.

    The event store's library reads this variable by itself. Its database functions insert without
    the lock that makes the order of commits the order of the log.
    """
    if environ.get(_SKIPS_EVENTS, "").strip().lower() not in _FALSE:
        raise UnsafeSettingError(
            f"{_SKIPS_EVENTS} makes readers of the log skip events: remove it from the environment."
        )


def _with_limits(conninfo: str) -> str:
    limits = " ".join(f"-c {setting}={value}" for setting, value in _SESSION.items())
    given = conninfo_to_dict(conninfo).get("options") or ""
    return to_primary(conninfo, options=f"{limits} {given}".strip())
