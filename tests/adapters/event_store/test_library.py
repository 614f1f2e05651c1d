"""Our log, read by the eventsourcing library's own event store."""

from collections.abc import Iterator

import pytest
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import EventStore, NotSupportedError
from eventsourcing.popo import POPOApplicationRecorder
from eventsourcing.postgres import PostgresApplicationRecorder
from psycopg.conninfo import make_conninfo
from psycopg.errors import ReadOnlySqlTransaction

from adapters.event_store.envelope import Envelope, EnvelopeMapper
from adapters.event_store.postgres.library_histories import LibraryHistories
from adapters.event_store.postgres.library_recorder import EVENTS, OrdersRecorder, ReadingDatastore
from adapters.event_store.sealing import Sealer, TamperedError
from adapters.memory.key_vault import InMemoryKeyVault
from application.envelope import SERVICE, Recorded, recorded_of_owner
from application.ports.order_repository import StoreUnavailableError
from contracts.order_repository_contract import (
    HistoriesContract,
    attempted,
    going_on,
    order_id,
    placing,
    resolved,
    sent,
)
from contracts.owner_records_contract import KARI, SUSPENDED
from domain.order.events import OrderId
from domain.order.order import Order
from domain.owner.record import OwnerRecord, owner_id
from tests.adapters.event_store.postgres_store import PostgresStore
from tests.samples import NOON, TTD, placed


@pytest.fixture
def reading(store: PostgresStore) -> Iterator[OrdersRecorder]:
    with ReadingDatastore(store.conninfo) as datastore:
        yield OrdersRecorder(datastore)


def histories(store: PostgresStore, conninfo: str | None = None) -> LibraryHistories:
    return LibraryHistories(
        conninfo or store.conninfo, mapper=store.mapper, confirm=store.orders.confirm
    )


class TestLibraryHistories(HistoriesContract):
    @pytest.fixture
    def histories(self, store: PostgresStore) -> LibraryHistories:
        return histories(store)


async def notified(store: PostgresStore) -> Order:
    (order,) = await store.orders.append([placing()], by=TTD)
    (order,) = await store.orders.append(
        [going_on(order, resolved(name="Kari"), attempted(), sent())], by=SERVICE
    )
    return order


async def test_an_order_reads_as_the_service_reads_it(store: PostgresStore) -> None:
    order = await notified(store)

    read = await histories(store).history(order.order_id)

    assert read == await store.orders.history(order.order_id)
    assert [each.event for each in read] == [placed, resolved(name="Kari"), attempted(), sent()]


async def test_words_whose_keys_are_gone_read_as_erased(store: PostgresStore) -> None:
    order = await notified(store)
    await store.erase(order.order_id, "content")

    read = await histories(store).history(order.order_id)

    assert read == await store.orders.history(order.order_id)
    assert read[0].event != placed


async def test_what_is_recorded_of_an_owner_is_no_orders_history(store: PostgresStore) -> None:
    await store.owners.append(await store.owners.load("ttd"), [SUSPENDED], by=KARI)

    assert await histories(store).history(OrderId(owner_id("ttd"))) == []


async def test_words_that_somebody_changed_are_not_read(store: PostgresStore) -> None:
    order = await notified(store)
    await store.spoil(order.order_id)

    with pytest.raises(TamperedError):
        await histories(store).history(order.order_id)


async def test_a_server_that_is_not_there_is_unavailable(store: PostgresStore) -> None:
    elsewhere = make_conninfo(store.conninfo, host="127.0.0.1", port="1")

    with pytest.raises(StoreUnavailableError):
        await histories(store, elsewhere).history(order_id())


async def test_the_log_opens_in_the_order_of_commits(
    store: PostgresStore, reading: OrdersRecorder
) -> None:
    first, second = await notified(store), await notified(store)
    await store.owners.append(await store.owners.load("ttd"), [SUSPENDED], by=KARI)

    log = reading.select_notifications(start=None, limit=100)
    opened = [store.mapper.to_domain_event(each).recorded for each in log]

    assert opened == [
        *await store.orders.history(first.order_id),
        *await store.orders.history(second.order_id),
        *await store.owners.history("ttd"),
    ]
    assert [each.id for each in log] == sorted({each.id for each in log})


def test_nothing_is_written_where_histories_are_read(reading: OrdersRecorder) -> None:
    with (
        reading.datastore.get_connection() as connection,
        pytest.raises(ReadOnlySqlTransaction),
    ):
        connection.execute("DELETE FROM agenda")


async def test_an_order_is_not_appended_past_the_appender(
    store: PostgresStore, reading: OrdersRecorder
) -> None:
    """Its words would be lost, and nobody would carry it out."""
    events = EventStore(store.mapper, reading)

    with pytest.raises(NotSupportedError, match="Appender"):
        events.put([in_envelope(order_id())])


async def test_an_event_that_was_read_without_its_words_is_not_taken_for_erased(
    store: PostgresStore, reading: OrdersRecorder
) -> None:
    order = await notified(store)
    plain = PostgresApplicationRecorder(reading.datastore, events_table_name=EVENTS)

    for each in plain.select_events(order.order_id):
        with pytest.raises(TypeError, match="with its boxes"):
            store.mapper.to_domain_event(each)


@pytest.mark.parametrize("kind", ["order", "owner"])
def test_the_librarys_event_store_gives_back_what_it_was_given(kind: str) -> None:
    events = EventStore(EnvelopeMapper(Sealer(InMemoryKeyVault())), POPOApplicationRecorder())
    given = in_envelope(order_id()) if kind == "order" else of_an_owner()

    events.put([given])

    assert list(events.get(given.originator_id)) == [given]


def test_what_is_no_envelope_is_not_stored() -> None:
    mapper = EnvelopeMapper(Sealer(InMemoryKeyVault()))

    event = Aggregate.Event(originator_id=order_id(), originator_version=1, timestamp=NOON)

    with pytest.raises(TypeError, match="envelopes"):
        mapper.to_stored_event(event)


def in_envelope(under: OrderId) -> Envelope:
    return Envelope(
        Recorded(
            order_id=under,
            version=1,
            recorded_at=NOON,
            recorded_by=TTD,
            command_id=order_id(),
            event=placed,
        )
    )


def of_an_owner() -> Envelope:
    record = OwnerRecord(owner="ttd")
    (recorded,) = recorded_of_owner(record, [SUSPENDED], NOON, KARI, order_id())
    return Envelope(recorded)
