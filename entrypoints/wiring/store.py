"""Where histories are kept, sealed, and made into projections."""

from collections.abc import Sequence
from functools import partial
from uuid import uuid4

from adapters.act_log.postgres import PostgresActLog
from adapters.event_store.envelope import EnvelopeMapper, OwnerEventMapper, ProfileEventMapper
from adapters.event_store.postgres.appender import Appender
from adapters.event_store.postgres.owner_records import PostgresOwnerRecords
from adapters.event_store.postgres.profiles import PostgresProfileRepository, read_registered
from adapters.event_store.postgres.repository import (
    PostgresOrderRepository,
    read_places,
    read_recipients,
)
from adapters.event_store.sealing import Sealer
from adapters.key_vault.file_key_vault import FileKeyVault
from adapters.key_vault.fingerprint import vault_of
from adapters.owner_ledger.postgres import carry_over_stopped
from adapters.postgres import migrate
from adapters.postgres.listening import Listener
from adapters.postgres.migrations import refuse_old_schema
from adapters.postgres.pool import Pool, open_pool
from adapters.postgres.privileges import refuse_more_than_needed
from adapters.projections.chain_index import ChainIndexProjection
from adapters.projections.delivery_reference import DeliveryReferenceProjection
from adapters.projections.dialogue_index import DialogueIndexProjection
from adapters.projections.notification_result import NotificationResultProjection
from adapters.projections.order_index import OrderIndexProjection
from adapters.projections.profile_registration import (
    PostgresProfileIndex,
    ProfileRegistrationProjection,
)
from adapters.projections.recipient_index import RecipientIndexProjection
from adapters.projections.runner import ProjectionRunner
from adapters.projections.status_feed import StatusFeedProjection
from adapters.projections.suppression import SuppressionProjection
from application.envelope import SERVICE
from application.operations.owners import OwnerService
from application.operations.recorder import ActRecorder
from entrypoints.settings import Settings
from entrypoints.wiring.clock import utc_now


async def bring_schema_up_to_date(database: str, service_role: str | None = None) -> Sequence[str]:
    """Apply the migrations that are missing, and tell which; let the service's role use them."""
    return await migrate(database, service_role=service_role)


async def refuse_unsafe_database(pool: Pool) -> None:
    """Refuse a schema that is too old, and a role that could change history.

    Raises:
        MigrationError, UnsafeRoleError: one line says what to do.
    """
    async with pool.connection() as connection:
        await refuse_old_schema(connection)
        await refuse_more_than_needed(connection)


async def refuse_unfit_database(settings: Settings, database: str) -> None:
    """Refuse what each process of the service would refuse, before any is started.

    Raises:
        PostgresError, KeyFileError: one line says what to do.
    """
    async with await open_pool(database, size=1, name="varsel up") as pool:
        await refuse_unsafe_database(pool)
        await key_vault(settings, pool)


async def key_vault(settings: Settings, pool: Pool) -> FileKeyVault:
    """The keys, in their file, which are those that the database was sealed under.

    Raises:
        KeyFileError: they are not; one line says what to do.
    """
    file = settings.key_file or settings.data / "keys.json"
    return await vault_of(pool, lambda is_new: FileKeyVault(file, may_be_made=is_new))


def recorder(pool: Pool) -> ActRecorder:
    """By which acts are put on record."""
    return ActRecorder(log=PostgresActLog(pool), clock=utc_now, next_id=uuid4)


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


async def owner_records(appender: Appender, pool: Pool) -> PostgresOwnerRecords:
    """The owners' records, with whatever was decided before there were any."""
    records = PostgresOwnerRecords(
        appender=appender, pool=pool, mapper=OwnerEventMapper(), clock=utc_now, next_id=uuid4
    )
    owners = OwnerService(records=records, recorder=recorder(pool))
    await carry_over_stopped(pool, partial(owners.carry_over, by=SERVICE))
    return records


def projection_runner(pool: Pool, listener: Listener, vault: FileKeyVault) -> ProjectionRunner:
    """All projections, each read by whoever answers from it."""
    mapper = EnvelopeMapper(Sealer(vault))
    return ProjectionRunner(
        pool,
        listener,
        [
            OrderIndexProjection(),
            ChainIndexProjection(),
            DialogueIndexProjection(),
            DeliveryReferenceProjection(),
            StatusFeedProjection(),
            NotificationResultProjection(),
            RecipientIndexProjection(vault, partial(read_recipients, mapper)),
            SuppressionProjection(vault, partial(read_places, mapper)),
            ProfileRegistrationProjection(),
        ],
    )


def profile_repository(
    appender: Appender, pool: Pool, vault: FileKeyVault
) -> PostgresProfileRepository:
    """The histories of persons' profiles."""
    return PostgresProfileRepository(
        appender=appender,
        pool=pool,
        mapper=ProfileEventMapper(Sealer(vault)),
        clock=utc_now,
        next_id=uuid4,
    )


def profile_index(
    pool: Pool, projecting: ProjectionRunner, vault: FileKeyVault
) -> PostgresProfileIndex:
    """Who wants to be told what concerns an organisation."""
    return PostgresProfileIndex(
        pool, projecting, partial(read_registered, ProfileEventMapper(Sealer(vault)))
    )
