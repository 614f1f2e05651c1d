"""Our tables by the eventsourcing library's own recorder, for its notification log and its tools.

The service itself appends by the appender; whoever appends by this recorder keeps the same order,
since both take the same lock.
"""

from typing import Final

from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.sql import SQL
from typing_extensions import override

from adapters.event_store.postgres.batch import APPEND_LOCK

EVENTS: Final = "orders_events"
TRACKING: Final = "orders_tracking"
CHANNEL: Final = "varsel_events"


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
    def create_table(self) -> None:
        # The migrations have made everything; the library's function without a lock is not made at all.
        self.datastore.register_type_adapters()
