"""Single histories by the eventsourcing library's own event store: the way that any auditor can go."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import cast
from uuid import UUID

from eventsourcing.persistence import EventStore, InterfaceError, OperationalError

from adapters.event_store.envelope import Envelope, EnvelopeMapper
from adapters.event_store.postgres.library_recorder import OrdersRecorder, ReadingDatastore
from application.envelope import Recorded
from application.ports.order_repository import StoreUnavailableError
from domain.order.events import OrderId


class LibraryHistories:
    """Reads histories in a thread, each on a connection of its own: for a command, not for a service."""

    def __init__(
        self, conninfo: str, *, mapper: EnvelopeMapper, confirm: Callable[[], Awaitable[None]]
    ) -> None:
        self._conninfo = conninfo
        self._mapper = mapper
        self._confirm = confirm

    async def history(self, order_id: OrderId) -> Sequence[Recorded]:
        try:
            return await asyncio.to_thread(self._read, order_id)
        except (InterfaceError, OperationalError) as problem:
            raise StoreUnavailableError from problem

    async def confirm(self) -> None:
        await self._confirm()

    def _read(self, order_id: UUID) -> Sequence[Recorded]:
        with ReadingDatastore(self._conninfo) as datastore:
            events = EventStore(self._mapper, OrdersRecorder(datastore)).get(order_id)
            told = [cast("Envelope", each).recorded for each in events]
            return [each for each in told if isinstance(each, Recorded)]
