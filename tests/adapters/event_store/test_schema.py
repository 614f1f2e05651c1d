"""What the tables promise by themselves: plans that stay, rights that are few, names that are pinned."""

from datetime import UTC, datetime
from uuid import uuid4

import msgspec
import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from adapters.event_store.envelope import EnvelopeMapper
from adapters.event_store.postgres.batch import APPEND, Append, columns
from adapters.event_store.sealing import Sealer
from adapters.memory.key_vault import InMemoryKeyVault
from application.envelope import PendingEvents, changed, recorded
from application.ports.agenda import agenda_row
from contracts.order_repository_contract import attempted, going_on, placing, resolved, sent
from domain.order.order import Order
from tests.adapters.event_store.postgres_store import open_store
from tests.samples import NOON, TTD, placed

MAPPER = EnvelopeMapper(Sealer(InMemoryKeyVault()))
TABLES = ["agenda", "data_key", "orders_events", "sealed"]


class _Nobody:
    """Nobody waits for the answer."""

    def done(self) -> bool:
        return True


def waiting(*changes: PendingEvents) -> Append:
    """An append that waits, as the repository makes it."""
    stored = [MAPPER.to_stored(each) for each in recorded(changes, NOON, TTD, uuid4())]
    return Append(
        command_id=uuid4(),
        events=[event for event, _ in stored],
        boxes=[box for _, boxes in stored for box in boxes],
        agenda=[agenda_row(changed(each, NOON), NOON) for each in changes],
        give_up_at=0.0,
        done=_Nobody(),  # type: ignore[arg-type]  # no loop is running
    )


def parameters(change: PendingEvents) -> tuple[Order, list[list[object]]]:
    """What the appender hands to the database's function for one change."""
    return changed(change, NOON), columns([waiting(change)])


def test_appends_never_read_a_whole_table_though_it_was_empty_when_they_began(
    database_url: str,
) -> None:
    """A plan that was made on an empty table is kept; it must go by the indexes all the same."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        for _ in range(10):
            connection.execute(APPEND, parameters(placing())[1], prepare=True)
        connection.execute(
            "INSERT INTO orders_events (originator_id, originator_version, topic, state)"
            " SELECT gen_random_uuid(), 1, 'order.placed', '{}' FROM generate_series(1, 100000)"
        )
        connection.execute(
            "INSERT INTO agenda (order_id, owner, lane, due_at)"
            " SELECT originator_id, 'ttd', 1, now() FROM orders_events ON CONFLICT DO NOTHING"
        )
        # A session hands in what it has counted at most once a second; what it keeps until then, the
        # scans of the INSERT above, would stand in the count below.
        connection.execute("SELECT pg_stat_force_next_flush()")
        with connection.transaction():
            for _ in range(50):
                order, opening = parameters(placing())
                connection.execute(APPEND, opening, prepare=True)
                order, going = parameters(going_on(order, resolved(), attempted(), sent()))
                connection.execute(APPEND, going, prepare=True)
            read = connection.execute(
                "SELECT relname, seq_scan, seq_tup_read FROM pg_stat_xact_user_tables"
                " WHERE relname = ANY(%s) ORDER BY relname",
                (TABLES,),
            ).fetchall()

    assert read == [(table, 0, 0) for table in TABLES]


def test_of_a_refused_append_nothing_is_stored_though_another_goes_with_it(
    database_url: str,
) -> None:
    taken, good, bad = placing(), placing(), placing()
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(APPEND, columns([waiting(taken)]))

        answer = connection.execute(APPEND, columns([waiting(good), waiting(bad, taken)]))

        assert answer.fetchone() == ([1],)
        for table, column in (
            ("orders_events", "originator_id"),
            ("sealed", "order_id"),
            ("data_key", "order_id"),
            ("agenda", "order_id"),
        ):
            found = connection.execute(
                SQL("SELECT DISTINCT {} FROM {}").format(Identifier(column), Identifier(table))
            ).fetchall()
            assert {row[0] for row in found} == {taken.order_id, good.order_id}, table


async def test_a_role_that_may_only_add_to_history_can_append_and_read(database_url: str) -> None:
    role = f"varsel_app_{uuid4().hex}"
    with psycopg.connect(database_url, autocommit=True) as owner:
        if owner.execute(
            "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
        ).fetchone() != (True,):
            pytest.skip("only a superuser can try another role")
        for statement in (
            "CREATE ROLE {}",
            "GRANT SELECT, INSERT ON orders_events, sealed, data_key TO {}",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON agenda TO {}",
            "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}",
        ):
            owner.execute(SQL(statement).format(Identifier(role)))
        try:
            async with open_store(make_conninfo(database_url, options=f"-c role={role}")) as store:
                (opened,) = await store.orders.append([placing()], by=TTD)
                (order,) = await store.orders.append([going_on(opened, resolved())], by=TTD)
                assert (await store.orders.load([order.order_id]))[order.order_id] == order
                async with store.pool.connection() as connection:
                    for forbidden in (
                        "UPDATE orders_events SET topic = ''",
                        "DELETE FROM orders_events",
                        "LOCK TABLE orders_events IN EXCLUSIVE MODE",
                    ):
                        with pytest.raises(psycopg.errors.InsufficientPrivilege):
                            async with connection.transaction():
                                await connection.execute(forbidden)
        finally:
            owner.execute(SQL("DROP OWNED BY {}").format(Identifier(role)))
            owner.execute(SQL("DROP ROLE {}").format(Identifier(role)))


def test_the_function_finds_its_own_tables_whatever_the_search_path_says(
    database_url: str,
) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA elsewhere")
        connection.execute("CREATE TABLE elsewhere.orders_events (LIKE public.orders_events)")
        connection.execute("CREATE TEMPORARY TABLE orders_events (LIKE public.orders_events)")
        connection.execute("SET search_path = elsewhere")

        connection.execute(
            "SELECT public." + APPEND.strip().removeprefix("SELECT "), parameters(placing())[1]
        )

        for table, count in (
            ("public.orders_events", 1),
            ("elsewhere.orders_events", 0),
            ("pg_temp.orders_events", 0),
        ):
            found = connection.execute(f"SELECT count(*) FROM {table}")  # noqa: S608  # named above
            assert found.fetchone() == (count,)


async def test_the_agenda_is_called_only_when_something_is_due(database_url: str) -> None:
    far = msgspec.structs.replace(placed, requested_send_time=datetime(2099, 1, 1, tzinfo=UTC))
    with (
        psycopg.connect(database_url, autocommit=True) as listening,
        psycopg.connect(database_url, autocommit=True) as writing,
    ):
        listening.execute("LISTEN varsel_agenda")
        listening.execute("LISTEN varsel_events")

        writing.execute(APPEND, parameters(placing(far))[1])
        told = [each.channel for each in listening.notifies(timeout=5, stop_after=1)]
        assert told == ["varsel_events"]

        writing.execute(APPEND, parameters(placing())[1])
        told = [each.channel for each in listening.notifies(timeout=5, stop_after=1)]
        assert sorted(told) == ["varsel_agenda", "varsel_events"]
