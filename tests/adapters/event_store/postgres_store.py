"""The store in PostgreSQL, put together as the service does it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from uuid import UUID, uuid4

from adapters.event_store.envelope import EnvelopeMapper, OwnerEventMapper, ProfileEventMapper
from adapters.event_store.postgres.agenda import PostgresAgenda
from adapters.event_store.postgres.appender import Appender
from adapters.event_store.postgres.owner_records import PostgresOwnerRecords
from adapters.event_store.postgres.profiles import PostgresProfileRepository, read_registered
from adapters.event_store.postgres.repository import (
    PostgresOrderRepository,
    read_places,
    read_recipients,
)
from adapters.event_store.sealing import Sealer
from adapters.memory.key_vault import InMemoryKeyVault
from adapters.postgres import Succession, open_pool
from adapters.postgres.listening import Listener
from adapters.postgres.pool import Pool
from adapters.projections.chain_index import ChainIndexProjection, PostgresChainIndex
from adapters.projections.delivery_reference import (
    DeliveryReferenceProjection,
    PostgresReportInbox,
)
from adapters.projections.dialogue_index import DialogueIndexProjection, PostgresDialogueIndex
from adapters.projections.notification_result import (
    NotificationResultProjection,
    PostgresResultIndex,
)
from adapters.projections.order_index import OrderIndexProjection, PostgresOrderIndex
from adapters.projections.profile_registration import (
    PostgresProfileIndex,
    ProfileRegistrationProjection,
)
from adapters.projections.recipient_index import (
    PostgresRecipientIndex,
    RecipientIndexProjection,
)
from adapters.projections.runner import ProjectionRunner
from adapters.projections.status_feed import PostgresStatusFeed, StatusFeedProjection
from adapters.projections.suppression import PostgresSuppressions, SuppressionProjection
from adapters.webhooks.postgres import PostgresWebhooks
from contracts.order_repository_contract import SetClock
from domain.order.events import OrderId
from domain.personal import PersonalClass


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresStore:
    """Everything that stands on the event store's tables."""

    conninfo: str
    clock: SetClock
    vault: InMemoryKeyVault
    pool: Pool
    mapper: EnvelopeMapper
    appender: Appender
    orders: PostgresOrderRepository
    agenda: PostgresAgenda
    owners: PostgresOwnerRecords
    profiles: PostgresProfileRepository
    registered: PostgresProfileIndex
    runner: ProjectionRunner
    index: PostgresOrderIndex
    chains: PostgresChainIndex
    dialogues: PostgresDialogueIndex
    inbox: PostgresReportInbox
    feed: PostgresStatusFeed
    recipients: PostgresRecipientIndex
    results: PostgresResultIndex
    suppressions: PostgresSuppressions
    webhooks: PostgresWebhooks

    async def erase(self, history: UUID, kind: PersonalClass) -> None:
        """Delete keys alone: the boxes may stay, and cannot be opened."""
        async with self.pool.connection() as connection:
            await connection.execute(
                "DELETE FROM data_key WHERE order_id = %s AND class = %s", (history, kind)
            )

    async def spoil(self, order_id: OrderId) -> None:
        """Change the words of an order that were recorded last, as nobody may."""
        async with self.pool.connection() as connection:
            await connection.execute(
                "UPDATE sealed SET ciphertext = ciphertext || '!'::bytea WHERE order_id = %s"
                " AND version = (SELECT max(version) FROM sealed WHERE order_id = %s)",
                (order_id, order_id),
            )

    @asynccontextmanager
    async def projecting(self) -> AsyncIterator[None]:
        """Follow the log meanwhile, as a worker does."""
        following = asyncio.create_task(self.runner.run())
        try:
            yield
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)


@asynccontextmanager
async def open_store(
    conninfo: str,
    *,
    patience: float = 10.0,
    parked: int = 20_000,
    pool_size: int = 4,
    beat: float = 5.0,
) -> AsyncIterator[PostgresStore]:
    async with AsyncExitStack() as stack:
        clock, vault = SetClock(), InMemoryKeyVault()
        succession = Succession()
        pool = await open_pool(conninfo, size=pool_size, name="varsel tests", succession=succession)
        await stack.enter_async_context(pool)
        listener = Listener(
            conninfo, "varsel_events", "varsel_agenda", "varsel_reports", succession=succession
        )
        await listener.start()
        stack.push_async_callback(listener.stop)
        appender = Appender(
            conninfo, patience=patience, parked=parked, beat=beat, succession=succession
        )
        await appender.start()
        stack.push_async_callback(appender.stop)
        mapper = EnvelopeMapper(Sealer(vault))
        of_profiles = ProfileEventMapper(Sealer(vault))
        runner = ProjectionRunner(
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
        yield PostgresStore(
            conninfo=conninfo,
            clock=clock,
            vault=vault,
            pool=pool,
            mapper=mapper,
            appender=appender,
            orders=PostgresOrderRepository(
                appender=appender, pool=pool, mapper=mapper, clock=clock, next_id=uuid4
            ),
            agenda=PostgresAgenda(pool, listener),
            owners=PostgresOwnerRecords(
                appender=appender,
                pool=pool,
                mapper=OwnerEventMapper(),
                clock=clock,
                next_id=uuid4,
            ),
            profiles=PostgresProfileRepository(
                appender=appender, pool=pool, mapper=of_profiles, clock=clock, next_id=uuid4
            ),
            registered=PostgresProfileIndex(pool, runner, partial(read_registered, of_profiles)),
            runner=runner,
            index=PostgresOrderIndex(pool, runner),
            chains=PostgresChainIndex(pool, runner),
            dialogues=PostgresDialogueIndex(pool, runner),
            inbox=PostgresReportInbox(pool, listener),
            feed=PostgresStatusFeed(pool, runner),
            results=PostgresResultIndex(pool, runner),
            suppressions=PostgresSuppressions(pool, vault),
            webhooks=PostgresWebhooks(pool),
            recipients=PostgresRecipientIndex(pool, runner, vault),
        )
