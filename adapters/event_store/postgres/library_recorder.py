"""Our tables by the eventsourcing library's own recorder: its notification log, and an auditor's way in.

With each event it brings the boxes that lie beside it, which the mapper opens.
The service itself appends by the appender, and orders are appended by nothing else, since what is
sealed and the agenda go in with them; what other events a tool appends by this recorder stand in
the same order, since both take the same lock.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, LiteralString
from uuid import UUID

from eventsourcing.persistence import NotSupportedError, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg import Connection
from psycopg.rows import dict_row
from psycopg.sql import SQL
from typing_extensions import override

from adapters.event_store.envelope import SealedEvent, SealedNotification
from adapters.event_store.postgres.batch import APPEND_LOCK
from adapters.event_store.sealing import Boxes, BoxKey, StoredBox

EVENTS: Final = "orders_events"
TRACKING: Final = "orders_tracking"
CHANNEL: Final = "varsel_events"

_BOXES: Final[LiteralString] = """
SELECT s.order_id, s.version, s.class, s.recipient_no, s.ciphertext, k.month, k.wrapped
  FROM sealed s LEFT JOIN data_key k USING (order_id, version, class, recipient_no)
 WHERE s.order_id = ANY(%s) AND s.version = ANY(%s)
"""
_READING: Final[LiteralString] = """
SELECT set_config('default_transaction_read_only', 'on', false), set_config('enable_seqscan', 'off', false)
"""


class ReadingDatastore(PostgresDatastore):
    """One connection of the library's, wherever a connection string leads, on which nothing is written."""

    def __init__(self, conninfo: str) -> None:
        super().__init__(dbname="", host="", port="", user="", password="", connect_timeout=3)
        self.pool.conninfo = conninfo  # the library takes five words of it, and no certificate
        self.pool.kwargs = {"row_factory": dict_row}

    @override
    def after_connect_func(self) -> Callable[[Connection[Any]], None]:
        configure = super().after_connect_func()

        def after_connect(connection: Connection[Any]) -> None:
            configure(connection)
            connection.execute(_READING)

        return after_connect


class OrdersRecorder(PostgresApplicationRecorder):
    """Takes the lock of all appends in place of the library's lock on the table.

    So the order of commits is the order of positions, and a role that may only SELECT and INSERT
    can write.
    """

    def __init__(self, datastore: PostgresDatastore, *, events_table_name: str = EVENTS) -> None:
        """Use the tables that the migrations have made.

        Raises:
            ValueError: the library's database functions are on, which make readers skip events.
        """
        if datastore.enable_db_functions:
            raise ValueError("POSTGRES_ENABLE_DB_FUNCTIONS makes readers of the log skip events")
        super().__init__(datastore, events_table_name=events_table_name)
        self.lock_table_statements = [
            SQL("SET LOCAL lock_timeout = '{0}s'").format(datastore.lock_timeout),
            SQL("SELECT pg_advisory_xact_lock({0})").format(APPEND_LOCK),
        ]
        self.channel_name = CHANNEL

    @override
    def insert_events(
        self,
        stored_events: Sequence[StoredEvent],
        **kwargs: Any,
    ) -> Sequence[int] | None:
        """Append events that nothing belongs to.

        Raises:
            NotSupportedError: these are an order's, which the appender alone stores whole.
        """
        if any(isinstance(each, SealedEvent) for each in stored_events):
            raise NotSupportedError("orders are appended by the Appender, with boxes and agenda")
        inserted: Sequence[int] | None = super().insert_events(stored_events, **kwargs)
        return inserted

    @override
    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[SealedEvent]:
        """The events of an order, each with its boxes."""
        events = super().select_events(originator_id, gt=gt, lte=lte, desc=desc, limit=limit)
        boxes = self._boxes(events)
        return [SealedEvent(**vars(each), boxes=boxes) for each in events]

    @override
    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[SealedNotification]:
        """A part of the log, each event with its boxes."""
        events = super().select_notifications(
            start, limit, stop, topics, inclusive_of_start=inclusive_of_start
        )
        boxes = self._boxes(events)
        return [SealedNotification(**vars(each), boxes=boxes) for each in events]

    def _boxes(self, events: Sequence[StoredEvent]) -> Boxes:
        orders = [*{each.originator_id for each in events}]
        versions = [*{each.originator_version for each in events}]
        with self.datastore.get_connection() as connection:
            rows = connection.execute(_BOXES, (orders, versions), binary=True)
            return {
                BoxKey(
                    row["order_id"], row["version"], row["class"], row["recipient_no"]
                ): StoredBox(row["ciphertext"], row["month"], row["wrapped"])
                for row in rows
            }

    @override
    def create_table(self) -> None:
        # The migrations have made everything; the library's function without a lock is not made at all.
        self.datastore.register_type_adapters()
