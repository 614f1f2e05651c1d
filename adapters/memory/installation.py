"""All ports at once, in memory: enough to assemble the application on nothing."""

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from adapters.memory.act_log import InMemoryActLog
from adapters.memory.address_changes import InMemoryAddressChanges
from adapters.memory.chain_index import InMemoryChainIndex
from adapters.memory.dialogue_index import InMemoryDialogueIndex
from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.official_addresses import (
    InMemoryAddressRegister,
    InMemoryOfficialAddresses,
)
from adapters.memory.order_repository import (
    InMemoryAgenda,
    InMemoryOrderIndex,
    InMemoryOrderRepository,
)
from adapters.memory.owner_agreements import InMemoryOwnerAgreements
from adapters.memory.owner_ledger import InMemoryOwnerLedger
from adapters.memory.owner_records import InMemoryOwnerRecords
from adapters.memory.party_ids import InMemoryPartyIds
from adapters.memory.profiles import InMemoryProfileIndex, InMemoryProfileRepository
from adapters.memory.provider import RecordingProvider
from adapters.memory.provider_ledger import InMemoryProviderHealthLog
from adapters.memory.recipient_index import InMemoryRecipientIndex
from adapters.memory.registries import RegisteredInProfiles, registries
from adapters.memory.registry_copies import InMemoryRegistryCopies
from adapters.memory.report_inbox import InMemoryReportInbox
from adapters.memory.result_index import InMemoryResultIndex
from adapters.memory.send_condition import InMemorySendCondition
from adapters.memory.status_feed import InMemoryStatusFeed
from adapters.memory.suppressions import InMemorySuppressions
from adapters.memory.sync_schedule import InMemorySyncSchedule
from adapters.memory.unread_mail import InMemoryUnreadMails
from adapters.memory.webhooks import InMemoryWebhookClient, InMemoryWebhooks
from application.assembly import Ports
from application.known_owners import KnownOwners
from application.operations.health import ProjectionStanding
from application.ports.webhooks import DeliveryFailure, Webhook
from application.queries.status_feed import Entry
from domain.channel import Channel


class NothingBehind:
    """Projections that read the log whenever they are asked, and so are never behind it."""

    async def standings(self) -> Sequence[ProjectionStanding]:
        return []


class InMemoryInstallation:
    """Everything that the application needs from outside, for one process, and open to inspection.

    Nobody is registered anywhere but in the profiles here, every send condition is met, and no receiver answers. Who wants a
    part otherwise replaces it: `dataclasses.replace(installation.ports, condition=...)`.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], datetime],
        next_id: Callable[[], UUID] = uuid4,
        repository: type[InMemoryOrderRepository] = InMemoryOrderRepository,
        deduplication_window: timedelta | None = None,
    ) -> None:
        """Begin with nothing; `deduplication_window` says how long providers remember hand-overs, if they do."""
        self.vault = InMemoryKeyVault()
        self.orders = repository(vault=self.vault, clock=clock, next_id=next_id)
        self.owners = InMemoryOwnerLedger()
        self.owner_records = InMemoryOwnerRecords(self.orders.log, clock=clock, next_id=next_id)
        self.profiles = InMemoryProfileRepository(
            self.orders.log, vault=self.vault, clock=clock, next_id=next_id
        )
        self.agenda = InMemoryAgenda(
            self.orders, suspended=lambda: self.owner_records.who_is_suspended
        )
        self.inbox = InMemoryReportInbox(self.orders)
        self.unread = InMemoryUnreadMails()
        self.acts = InMemoryActLog()
        self.agreements = InMemoryOwnerAgreements()
        self.address_register = InMemoryAddressRegister()
        self.address_changes = InMemoryAddressChanges()
        self.official_addresses = InMemoryOfficialAddresses(self.address_register)
        self.copies = InMemoryRegistryCopies()
        self.mail, self.sms = (
            RecordingProvider(name, channel, clock=clock, deduplication_window=deduplication_window)
            for name, channel in (("smtp", Channel.EMAIL), ("link_mobility", Channel.SMS))
        )
        feed = InMemoryStatusFeed(self.orders)
        self.ports = Ports(
            orders=self.orders,
            agenda=self.agenda,
            recorder=self.orders,
            inbox=self.inbox,
            unread=self.unread,
            webhooks=InMemoryWebhooks(self.orders, feed),
            owners=self.owners,
            known_owners=KnownOwners(self.owner_records, clock),
            provider_ledger=InMemoryProviderHealthLog(),
            acts=self.acts,
            profiles=self.profiles,
            vault=self.vault,
            order_index=InMemoryOrderIndex(self.orders),
            chains=InMemoryChainIndex(self.orders),
            recipients=InMemoryRecipientIndex(self.orders),
            dialogues=InMemoryDialogueIndex(self.orders),
            results=InMemoryResultIndex(self.orders),
            suppressions=InMemorySuppressions(self.orders, self.vault),
            feed=feed,
            projections=NothingBehind(),
            registries=registries(
                profiles=RegisteredInProfiles(InMemoryProfileIndex(self.profiles))
            ),
            copies=self.copies,
            official_addresses=self.official_addresses,
            address_changes=self.address_changes,
            address_register=self.address_register,
            parties=InMemoryPartyIds(),
            feeds=(),
            syncs=InMemorySyncSchedule(),
            agreements=self.agreements,
            condition=InMemorySendCondition(lambda _: True),
            providers={Channel.EMAIL: [self.mail], Channel.SMS: [self.sms]},
            receivers=InMemoryWebhookClient(_nobody_answers),
            webhook_message=_position,
            webhook_challenge=_challenge,
            clock=clock,
            chance=lambda: 0.5,
            draw_code=lambda: str(100_000 + secrets.randbelow(900_000)),
            next_id=next_id,
            process="in memory",
        )


async def _nobody_answers(url: str, message_id: str, body: bytes) -> DeliveryFailure:  # noqa: ARG001  # whoever is called
    return DeliveryFailure("not_reached")


def _position(webhook: Webhook, entry: Entry) -> bytes:  # noqa: ARG001  # all are told alike
    return str(entry.position).encode()


def _challenge(webhook: Webhook, challenge: str, at: datetime) -> bytes:  # noqa: ARG001  # as above
    return challenge.encode()
