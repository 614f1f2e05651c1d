"""Both keep the port's promises, and nothing of a mail lies in the database in clear."""

from collections.abc import AsyncIterator

import pytest

from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.unread_mail import InMemoryUnreadMails
from adapters.postgres import open_pool
from adapters.unread_mail.postgres import PostgresUnreadMails
from application.ports.unread_mail import UnreadKind, UnreadMails
from tests.contracts.unread_mail_contract import UnreadMailContract
from tests.samples import NOON


class TestPostgresUnreadMails(UnreadMailContract):
    @pytest.fixture
    async def mails(self, database_url: str) -> AsyncIterator[UnreadMails]:
        async with await open_pool(database_url, size=1, name="varsel tests") as pool:
            yield PostgresUnreadMails(pool, InMemoryKeyVault())


class TestInMemoryUnreadMails(UnreadMailContract):
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
