"""Nothing that the database keeps shows anybody's words; and the log stays when they are gone."""

import msgspec
from psycopg import sql

from application.envelope import SERVICE
from contracts.order_repository_contract import (
    attempted,
    going_on,
    placing,
    resolved,
    sent,
)
from contracts.report_inbox_contract import report
from domain.message import EmailMessage, SmsMessage
from domain.order.events import OrderPlaced
from domain.personal import Contact, Content, Identifier
from domain.recipient import Direct, Person, Recipient, RecipientNo
from tests.adapters.event_store.postgres_store import PostgresStore
from tests.samples import NOON, TTD, placed

CANARIES = ["06927530250", "canary@example.org", "Canary Nordmann", "canary body", "+4799123456"]
FULL: OrderPlaced = msgspec.structs.replace(
    placed,
    recipients=(
        Recipient(RecipientNo(0), Person(Identifier("06927530250"))),
        Recipient(RecipientNo(1), Direct(mobile=Contact("+4799123456"))),
    ),
    email=EmailMessage(sender="a@b.no", subject=Content("Canary"), body=Content("canary body")),
    sms=SmsMessage(sender="Altinn", body=Content("canary body")),
    condition=Content("https://example.org/canary body"),
)


async def test_no_row_shows_anybodys_words(store: PostgresStore) -> None:
    (opened,) = await store.orders.append([placing(FULL)], by=TTD)
    found = resolved("canary@example.org", "Canary Nordmann")
    await store.orders.append([going_on(opened, found, attempted(), sent())], by=SERVICE)
    await store.inbox.keep([report()])
    await store.index.with_reference("ttd", "case-77")
    await store.runner.catch_up("delivery_reference")

    async with store.pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT relname FROM pg_stat_user_tables WHERE schemaname = 'public'"
        )
        tables = [row[0] for row in await cursor.fetchall()]
        shown = ""
        for table in tables:
            query = sql.SQL("SELECT t::text FROM {} t")  # byte strings are shown in hexadecimal
            cursor = await connection.execute(query.format(sql.Identifier(table)))
            shown += "".join(str(row) for row in await cursor.fetchall())
        cursor = await connection.execute("SELECT state FROM orders_events", binary=True)
        shown += "".join(row[0].decode() for row in await cursor.fetchall())

    assert {"orders_events", "sealed", "data_key", "agenda", "order_index"} <= set(tables)
    assert "case-77" in shown
    for canary in CANARIES:
        assert canary not in shown
        assert canary.encode().hex() not in shown


async def test_one_recipients_contact_is_erased_by_deleting_their_keys(
    store: PostgresStore,
) -> None:
    (opened,) = await store.orders.append([placing(FULL)], by=TTD)
    (left,) = await store.orders.append([going_on(opened, resolved(name="Kari"))], by=SERVICE)
    async with store.pool.connection() as connection:
        for table in ("data_key", "sealed"):
            await connection.execute(
                sql.SQL("DELETE FROM {} WHERE order_id = %s AND recipient_no = 0").format(
                    sql.Identifier(table)
                ),
                (left.order_id,),
            )

    order = (await store.orders.load([left.order_id]))[left.order_id]

    assert order.placed.recipients[0].identity == Person(Identifier(None))
    assert order.names[RecipientNo(0)] == Identifier(None)
    assert order.notifications[0].address == Contact(None)
    assert order.placed.recipients[1] == FULL.recipients[1]
    assert order.placed.email == FULL.email
    assert (order.version, order.status) == (left.version, left.status)
    assert order.next_step(NOON) == left.next_step(NOON)
