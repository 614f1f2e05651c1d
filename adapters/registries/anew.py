"""Load a copy anew, from its register's first change on, beside the one that is asked until it is whole.

    nothing ──page by page──▶ half a copy ──the register's end──▶ whole ──▶ it is the copy that is asked
                  ▲                │
                  └───broken off───┘

What is half loaded answers nobody, and so nobody is taken for unknown who has not come yet: the copy of
before answers, with the age that it has. When the other is whole it takes its place in one transaction, with its
position and with what of it could not be read; whom the register did not tell of any more is gone then.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final, LiteralString, NamedTuple

import structlog
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from adapters.postgres.reaching import reaching
from adapters.registries.pages import UnreadablePageError
from application.ports.registry_copies import BUSINESSES, KRR
from application.ports.registry_feed import PageTaken, RegistryFeed

log = structlog.get_logger()

Connection = AsyncConnection[Any]

_PATIENCE: Final = 1800.0
"""Seconds in which the largest copy has taken the other's place."""
_LONG: Final[LiteralString] = "SET LOCAL statement_timeout = '30min'"


class Replaced(NamedTuple):
    """What became of the records of before that the register has not told of again."""

    gone: int
    kept: int
    """Of these it is not known: an entry that could not be read, and of nobody, may be about any of them."""


class _Statements(NamedTuple):
    """How one copy takes another's place."""

    part: str
    """What its entries are."""
    untold: LiteralString
    """How many records of before the register has not told of again."""
    forget: LiteralString
    """Forget the records of before; those that the register has not told of only if that `is_certain`."""
    take: tuple[LiteralString, ...]
    clear: tuple[LiteralString, ...]


_STATEMENTS: Final[Mapping[str, _Statements]] = {
    KRR: _Statements(
        "persons",
        """
SELECT count(*) FROM krr_person old
 WHERE NOT EXISTS (SELECT FROM anew_krr_person n WHERE n.number_hash = old.number_hash)
   AND NOT EXISTS (SELECT FROM anew_registry_quarantine q
                    WHERE q.part = 'persons' AND q.whose = encode(old.number_hash, 'hex'))
""",
        """
DELETE FROM krr_person old
 WHERE %(is_certain)s
    OR EXISTS (SELECT FROM anew_krr_person n WHERE n.number_hash = old.number_hash)
""",
        ("INSERT INTO krr_person SELECT * FROM anew_krr_person",),
        ("DELETE FROM anew_krr_person",),
    ),
    BUSINESSES: _Statements(
        "addresses",
        """
SELECT count(*) FROM business_address old
 WHERE NOT EXISTS (SELECT FROM anew_business_address n WHERE n.registry_id = old.registry_id)
   AND NOT EXISTS (SELECT FROM anew_registry_quarantine q
                    WHERE q.part = 'addresses'
                      AND (q.item = old.registry_id OR q.whose = old.organisation))
""",
        """
DELETE FROM business_address old
 WHERE %(is_certain)s
    OR EXISTS (SELECT FROM anew_business_address n WHERE n.registry_id = old.registry_id)
    OR EXISTS (SELECT FROM anew_business_address_removed n WHERE n.registry_id = old.registry_id)
""",
        (
            "INSERT INTO business_address SELECT * FROM anew_business_address",
            "DELETE FROM business_address_removed",
            "INSERT INTO business_address_removed SELECT * FROM anew_business_address_removed",
        ),
        ("DELETE FROM anew_business_address", "DELETE FROM anew_business_address_removed"),
    ),
}
_IS_CERTAIN: Final[LiteralString] = """
SELECT NOT EXISTS (SELECT FROM anew_registry_quarantine
                    WHERE registry = %(registry)s AND part = %(part)s AND whose IS NULL)
"""
_FORGET_UNREAD: Final[LiteralString] = (
    "DELETE FROM registry_quarantine WHERE registry = %(registry)s AND part = %(part)s"
)
_QUARANTINED: Final[LiteralString] = """
registry, page, entry, reason, found_at, part, whose, item, about, change_from, change_id, changed_at,
tried_by, key_id, box
"""
_TAKE_UNREAD: Final[LiteralString] = f"""
INSERT INTO registry_quarantine ({_QUARANTINED})
SELECT {_QUARANTINED} FROM anew_registry_quarantine
 WHERE registry = %(registry)s AND part = %(part)s ORDER BY entry_id
"""  # noqa: S608  # nothing but names of columns
_HELD: Final[LiteralString] = """
INSERT INTO registry_copy (registry) VALUES (%(registry)s) ON CONFLICT (registry) DO UPDATE
   SET registry = excluded.registry
"""
_TAKE_POSITION: Final[LiteralString] = """
UPDATE registry_copy c
   SET cursor = n.cursor, newest = n.newest, confirmed_at = n.confirmed_at, moved_at = now()
  FROM anew_registry_copy n
 WHERE c.registry = %(registry)s AND n.registry = c.registry AND n.confirmed_at IS NOT NULL
"""
_POSITIONS: Final[LiteralString] = "SELECT registry, cursor FROM anew_registry_copy"
_CLEAR: Final[tuple[LiteralString, ...]] = (
    "DELETE FROM anew_registry_quarantine WHERE registry = %(registry)s",
    "DELETE FROM anew_registry_copy WHERE registry = %(registry)s",
)


class CopiesBeside:
    """The copies that are being loaded anew."""

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        self._pool = pool

    async def positions(self) -> Mapping[str, str | None]:
        """Which copies are half loaded, and how far each has come.

        Raises:
            StoreUnavailableError: try again later.
        """
        async with reaching(self._pool) as connection:
            return dict(await (await connection.execute(_POSITIONS)).fetchall())

    async def throw_away(self, registry: str) -> None:
        """Throw away what was loaded of one, so that it begins again with the first change.

        Raises:
            StoreUnavailableError: try again later.
        """
        async with self._long() as connection:
            await _clear(connection, registry)

    async def take_place(self, registry: str) -> Replaced:
        """Let a copy that is whole be the one that is asked.

        Raises:
            UnreadablePageError: it was never at its register's end, and nothing was changed.
            StoreUnavailableError: nothing was changed; try again later.
        """
        how = _STATEMENTS[registry]
        asked: dict[str, Any] = {"registry": registry, "part": how.part}
        async with self._long() as connection:
            await connection.execute(_HELD, asked)  # nobody writes a page meanwhile
            if (await connection.execute(_TAKE_POSITION, asked)).rowcount == 0:
                raise UnreadablePageError("the feed ended before the register did")
            is_certain = await _one(connection, _IS_CERTAIN, asked)
            untold = await _one(connection, how.untold, asked)
            await connection.execute(how.forget, asked | {"is_certain": is_certain})
            for take in how.take:
                await connection.execute(take)
            await connection.execute(_FORGET_UNREAD, asked)
            await connection.execute(_TAKE_UNREAD, asked)
            await _clear(connection, registry)
        return Replaced(untold, 0) if is_certain else Replaced(0, untold)

    @asynccontextmanager
    async def _long(self) -> AsyncIterator[Connection]:
        """Lend a connection in a transaction that may take long."""
        async with (
            reaching(self._pool, within=_PATIENCE) as connection,
            connection.transaction(),
        ):
            await connection.execute(_LONG)
            yield connection


class AnewFeed:
    """A register's feed from its first change on; at its end the copy takes the other's place."""

    def __init__(
        self, following: RegistryFeed, copies: CopiesBeside, *, starts_over: bool = False
    ) -> None:
        """Follow what writes into the copy beside the one that is asked; what it holds may go before."""
        self._following = following
        self._copies = copies
        self._starts_over = starts_over
        self.replaced: Replaced | None = None
        """What became of the records of before, when that is done."""

    @property
    def registry(self) -> str:
        return self._following.registry

    async def follow(self, *, again: bool = False) -> AsyncGenerator[PageTaken, None]:
        if self.replaced is not None:
            return  # whoever comes back after that has nothing more to do
        if self._starts_over:
            await self._copies.throw_away(self.registry)
            self._starts_over = False
        async with aclosing(self._following.follow(again=again)) as pages:
            async for page in pages:
                yield page
        self.replaced = await self._copies.take_place(self.registry)
        log.info("registry_copy_replaced", registry=self.registry, **self.replaced._asdict())


async def _clear(connection: Connection, registry: str) -> None:
    for each in (*_STATEMENTS[registry].clear, *_CLEAR):
        await connection.execute(each, {"registry": registry})


async def _one(connection: Connection, query: LiteralString, asked: Mapping[str, Any]) -> Any:  # noqa: ANN401  # as the query has it
    row = await (await connection.execute(query, asked)).fetchone()
    return None if row is None else row[0]
