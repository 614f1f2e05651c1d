"""Where histories are kept, sealed, and made into projections."""

from collections.abc import Sequence
from functools import partial
from uuid import uuid4

from adapters.event_store.appender import Appender
from adapters.event_store.envelope import EnvelopeMapper
from adapters.event_store.repository import PostgresOrderRepository, read_placed
from adapters.event_store.sealing import Sealer
from adapters.key_vault.file_key_vault import FileKeyVault
from adapters.postgres import migrate
from adapters.postgres.listening import Listener
from adapters.postgres.pool import Pool
from adapters.projections.delivery_reference import DeliveryReferenceProjection
from adapters.projections.notification_result import NotificationResultProjection
from adapters.projections.order_index import OrderIndexProjection
from adapters.projections.recipient_index import RecipientIndexProjection
from adapters.projections.runner import ProjectionRunner
from adapters.projections.status_feed import StatusFeedProjection
from entrypoints.settings import Settings
from entrypoints.wiring.clock import utc_now


async def bring_schema_up_to_date(database: str) -> Sequence[str]:
    """Apply the migrations that are missing, and tell which."""
    return await migrate(database)


def key_vault(settings: Settings) -> FileKeyVault:
    """The keys, in their file."""
    return FileKeyVault(settings.key_file or settings.data / "keys.json")


def order_repository(
    appender: Appender, pool: Pool, vault: FileKeyVault
) -> PostgresOrderRepository:
    """The histories of orders."""
    return PostgresOrderRepository(
        appender=appender,
        pool=pool,
        mapper=EnvelopeMapper(Sealer(vault)),
        clock=utc_now,
        next_id=uuid4,
    )


def projection_runner(pool: Pool, listener: Listener, vault: FileKeyVault) -> ProjectionRunner:
    """All projections, each read by whoever answers from it."""
    open_placed = partial(read_placed, EnvelopeMapper(Sealer(vault)))
    return ProjectionRunner(
        pool,
        listener,
        [
            OrderIndexProjection(),
            DeliveryReferenceProjection(),
            StatusFeedProjection(),
            NotificationResultProjection(),
            RecipientIndexProjection(vault, open_placed),
        ],
    )
