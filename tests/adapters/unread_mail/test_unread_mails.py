"""Both keep the port's promises, and nothing of a mail lies in the database in clear."""

from collections.abc import AsyncIterator

import pytest

from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.unread_mail import InMemoryUnreadMails
from adapters.postgres import open_pool
from adapters.postgres.pool import Pool
from adapters.unread_mail.postgres import PostgresUnreadMails
from application.ports.unread_mail import UnreadKind, UnreadMails
from contracts.unread_mail_contract import UnreadMailsContract
from tests.samples import NOON


class TestPostgresUnreadMails(UnreadMailsContract):
    @pytest.fixture
    async def mails(self, database_url: str) -> AsyncIterator[UnreadMails]:
        async with await open_pool(database_url, size=1, name="varsel tests") as pool:
            yield PostgresUnreadMails(pool, InMemoryKeyVault())


class TestInMemoryUnreadMails(UnreadMailsContract):
    @pytest.fixture
    def mails(self) -> UnreadMails:
        return InMemoryUnreadMails()


async def test_a_mail_lies_sealed_and_goes_with_its_months_key(database_url: str) -> None:
    async with await open_pool(database_url, size=1, name="varsel tests") as pool:
        vault = InMemoryKeyVault()
        mails = PostgresUnreadMails(pool, vault)
        await mails.keep(UnreadKind.UNCLEAR, b"kari@example.no", at=NOON)
        async with pool.connection() as connection:
            cursor = await connection.execute("SELECT unread_mail::text, sealed FROM unread_mail")
            ((text, sealed),) = await cursor.fetchall()

        assert b"kari" not in sealed
        assert "kari" not in text
        vault.destroy(f"{NOON:%Y-%m}")
        (kept,) = await mails.latest(1)
        assert kept.content is None


async def test_a_mail_that_was_kept_before_is_answered_for_after_a_commit_of_its_own(
    database_url: str,
) -> None:
    # A commit that has written nothing waits for no standby, and what it has found may be lacking there.
    async with await open_pool(database_url, size=1, name="varsel tests") as pool:
        mails = PostgresUnreadMails(pool, InMemoryKeyVault())
        await mails.keep(UnreadKind.UNCLEAR, b"kari@example.no", at=NOON)
        before = await _next_transaction(pool)
        await mails.keep(UnreadKind.UNCLEAR, b"kari@example.no", at=NOON)

        assert await _next_transaction(pool) > before
        assert len(await mails.latest(10)) == 1


async def _next_transaction(pool: Pool) -> int:
    """The number of the next transaction that will have written anything."""
    async with pool.connection() as connection:
        asked = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
        ((number,),) = await (await connection.execute(asked)).fetchall()
    return int(number)
