"""The application, put together: what it needs from outside goes in, what can be asked of it comes out.

Nothing in here chooses, opens or closes anything. Whoever opened what a port stands for closes it,
and whoever assembled an application lets its instant orders come to their end (`InstantService.aclose`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from application.delivery.contact_lookup import ContactLookup, Registries
from application.delivery.delivery_reports import DeliveryReportService
from application.delivery.dispatcher import Dispatcher
from application.delivery.handover import HandoverService, Timing
from application.delivery.provider_health_log import ProviderHealthRecorder
from application.delivery.provider_selection import CircuitBreakerSettings
from application.delivery.suppressed_addresses import SuppressedAddresses
from application.delivery.usable_copies import MAX_AGE, UsableCopies
from application.known_owners import KnownOwners
from application.official_addresses.editing import OfficialAddressService
from application.official_addresses.writing_back import AddressWriter
from application.operations.health import HealthService, Projections
from application.operations.recorder import ActRecorder
from application.ordering.admission import Admission
from application.ordering.instant_order_service import WAIT, InstantOrderService
from application.ordering.order_ids import OrderNames
from application.ordering.order_service import OrderService
from application.ports.act_log import ActLog
from application.ports.address_changes import AddressChanges
from application.ports.address_register import AddressRegister
from application.ports.agenda import Agenda
from application.ports.chain_index import ChainIndex
from application.ports.dialogue_index import DialogueIndex
from application.ports.key_vault import KeyVault
from application.ports.official_addresses import OfficialAddresses
from application.ports.order_index import OrderIndex
from application.ports.order_repository import OrderRepository
from application.ports.owner_agreements import OwnerAgreements
from application.ports.owner_ledger import OwnerLedger, QuotaLimit
from application.ports.party_ids import PartyIds
from application.ports.profiles import ProfileRepository
from application.ports.provider import Provider
from application.ports.provider_ledger import ProviderHealthLog
from application.ports.recipient_index import RecipientIndex
from application.ports.recording import Recorder
from application.ports.registry_copies import RegistryCopies
from application.ports.registry_feed import RegistryFeed
from application.ports.report_inbox import ReportInbox
from application.ports.result_index import ResultIndex
from application.ports.send_condition import SendCondition
from application.ports.status_feed import StatusFeed
from application.ports.suppressions import Suppressions
from application.ports.sync_schedule import SyncSchedule
from application.ports.unread_mail import UnreadMails
from application.ports.webhooks import Webhook, WebhookClient, Webhooks
from application.profiles.authority import PersonsAuthority
from application.profiles.profile_ids import ProfileIds
from application.profiles.profile_service import PROFILE_RESOURCE, ProfileService
from application.profiles.verification import CodeSender, VerificationService
from application.queries.audit import AuditQueries
from application.queries.contact_points import ContactPointQueries
from application.queries.enduser_log import NOTHING_AFTER, EndUserLogQueries
from application.queries.lookup import LookupQueries
from application.queries.orders import OrderQueries
from application.queries.resolution import ResolutionQueries
from application.queries.statistics import StatisticsQueries
from application.queries.status_feed import Entry, StatusFeedQueries
from application.queries.support import SupportQueries
from application.registries.sync import INTERVAL, RegistrySync, SyncPolicy
from application.webhooks.publisher import WebhookPublisher
from application.webhooks.subscriptions import WebhookSubscriptions
from domain.channel import Channel
from domain.order.limits import USUAL, Limits
from domain.suppression import SUPPRESS_FOR


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Everything that the application needs from outside, as one process has it."""

    # What is kept
    orders: OrderRepository
    agenda: Agenda
    recorder: Recorder
    inbox: ReportInbox
    unread: UnreadMails
    webhooks: Webhooks
    owners: OwnerLedger
    known_owners: KnownOwners
    provider_ledger: ProviderHealthLog
    acts: ActLog
    profiles: ProfileRepository
    vault: KeyVault

    # What is found by the log
    order_index: OrderIndex
    chains: ChainIndex
    recipients: RecipientIndex
    dialogues: DialogueIndex
    results: ResultIndex
    suppressions: Suppressions
    feed: StatusFeed
    projections: Projections

    # Who is asked and told
    registries: Registries
    copies: RegistryCopies
    official_addresses: OfficialAddresses
    address_changes: AddressChanges
    address_register: AddressRegister | None
    """Who is told of changes to official addresses; None where there is nobody, and none can be made."""
    parties: PartyIds | None
    """Who knows by which ids others ask about organisations; None where nobody is asked."""
    feeds: Sequence[RegistryFeed]
    """The feeds of those copies that follow one."""
    syncs: SyncSchedule
    agreements: OwnerAgreements
    condition: SendCondition
    providers: Mapping[Channel, Sequence[Provider]]
    receivers: WebhookClient
    webhook_message: Callable[[Webhook, Entry], bytes]
    """Puts an entry of the feed into the words in which a receiver is told."""
    webhook_challenge: Callable[[Webhook, str, datetime], bytes]
    """Puts the question into words by which a receiver proves that the address is its own."""

    # Time, chance and identity
    clock: Callable[[], datetime]
    chance: Callable[[], float]
    draw_code: Callable[[], str]
    """Draws six digits that nobody can foresee."""
    next_id: Callable[[], UUID]
    process: str
    """By which name this process is leased orders, and notes what it knows of providers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What whoever operates the service decides: how much may be ordered, and how long things may take."""

    quota_limits: Mapping[str, QuotaLimit] = field(default_factory=dict)
    """By owners' short names in small letters; `*` for everybody else."""
    limits: Limits = USUAL
    timing: Timing = field(default_factory=Timing)
    health: CircuitBreakerSettings = field(default_factory=CircuitBreakerSettings)
    profile_resource: str = PROFILE_RESOURCE
    """What persons must have access to for an organisation, to register there where they are told."""
    code_sender: CodeSender = field(default_factory=CodeSender)
    instant_wait: timedelta = WAIT
    """For so long the sender of an instant order waits for the provider's word."""
    nothing_after: timedelta = NOTHING_AFTER
    """So long after the question a person is told that there is nothing for them."""
    registry_max_age: timedelta = MAX_AGE
    """How old a local copy of a register may be, and still be relied on."""
    suppress_for: timedelta = SUPPRESS_FOR
    """For so long an address that bounced hard is not used."""
    registry_interval: timedelta = INTERVAL
    """Between two looks at a register's feed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """Everything that can be asked of the application, and all that it does of its own accord."""

    ordering: OrderService
    instant: InstantOrderService
    orders: OrderQueries
    audit: AuditQueries
    resolution: ResolutionQueries
    lookup: LookupQueries
    status_feed: StatusFeedQueries
    webhook_subscriptions: WebhookSubscriptions
    statistics: StatisticsQueries
    support: SupportQueries
    enduser_log: EndUserLogQueries
    contact_points: ContactPointQueries
    official_addresses: OfficialAddressService
    address_writer: AddressWriter | None
    """None where there is nobody to be told."""
    delivery_reports: DeliveryReportService
    health: HealthService
    dispatcher: Dispatcher
    webhook_publisher: WebhookPublisher
    profiles: ProfileService
    verification: VerificationService
    provider_health: ProviderHealthRecorder
    registry_sync: RegistrySync


def assemble(ports: Ports, policy: Policy) -> Application:
    """Put the application together from what is outside of it."""
    orders, clock = ports.orders, ports.clock
    names = OrderNames(ports.vault)
    copies = UsableCopies(ports.copies, clock=clock, max_age=policy.registry_max_age)
    look_up = ContactLookup(
        ports.registries,
        copies,
        SuppressedAddresses(ports.suppressions, clock=clock, suppress_for=policy.suppress_for),
    )
    acts = ActRecorder(log=ports.acts, clock=clock, next_id=ports.next_id)
    owners = ports.known_owners
    admission = Admission(
        ledger=ports.owners, owners=owners, clock=clock, quota_limits=policy.quota_limits
    )
    hand_over = HandoverService(
        orders=orders,
        providers=ports.providers,
        clock=clock,
        chance=ports.chance,
        agreements=ports.agreements,
        timing=policy.timing,
        health=policy.health,
        limits=policy.limits,
    )
    profile_ids = ProfileIds(ports.vault)
    authority = PersonsAuthority(
        profiles=ports.profiles,
        ids=profile_ids,
        decision_point=ports.registries.decision_point,
    )
    following = StatusFeedQueries(orders=orders, feed=ports.feed, clock=clock)
    instant = InstantOrderService(
        orders=orders,
        names=names,
        hand_over=hand_over,
        admission=admission,
        agreements=ports.agreements,
        clock=clock,
        wait=policy.instant_wait,
        limits=policy.limits,
    )
    return Application(
        ordering=OrderService(
            orders=orders,
            look_up=look_up,
            names=names,
            chains=ports.chains,
            admission=admission,
            agreements=ports.agreements,
            index=ports.recipients,
            recorder=acts,
            clock=clock,
            next_id=ports.next_id,
            limits=policy.limits,
        ),
        instant=instant,
        orders=OrderQueries(orders=orders, index=ports.order_index, clock=clock),
        audit=AuditQueries(orders=orders, recorder=acts),
        resolution=ResolutionQueries(
            orders=orders, agenda=ports.agenda, copies=copies, recorder=acts
        ),
        lookup=LookupQueries(
            look_up=look_up,
            admission=admission,
            index=ports.recipients,
            recorder=acts,
            clock=clock,
            next_id=ports.next_id,
            authority_wait=policy.timing.authority_wait,
        ),
        status_feed=following,
        webhook_subscriptions=WebhookSubscriptions(
            webhooks=ports.webhooks,
            receivers=ports.receivers,
            clock=clock,
            next_id=ports.next_id,
        ),
        statistics=StatisticsQueries(orders=orders, results=ports.results, clock=clock),
        support=SupportQueries(orders=orders, index=ports.recipients, recorder=acts),
        contact_points=ContactPointQueries(
            look_up=look_up,
            parties=ports.parties,
            recipients=ports.recipients,
            admission=admission,
            recorder=acts,
            clock=clock,
            next_id=ports.next_id,
        ),
        official_addresses=OfficialAddressService(
            changes=ports.address_changes,
            addresses=ports.official_addresses,
            authority=authority,
            recorder=acts,
            ids=profile_ids,
            clock=clock,
            max_age=policy.registry_max_age,
            has_register=ports.address_register is not None,
        ),
        address_writer=None
        if ports.address_register is None
        else AddressWriter(
            changes=ports.address_changes,
            addresses=ports.official_addresses,
            register=ports.address_register,
            clock=clock,
            max_age=policy.registry_max_age,
        ),
        enduser_log=EndUserLogQueries(
            orders=orders,
            index=ports.dialogues,
            decision_point=ports.registries.decision_point,
            ids=profile_ids,
            nothing_after=policy.nothing_after,
        ),
        delivery_reports=DeliveryReportService(
            inbox=ports.inbox, orders=orders, unread=ports.unread, clock=clock
        ),
        health=HealthService(
            agenda=ports.agenda,
            projections=ports.projections,
            recorder=ports.recorder,
            copies=ports.copies,
            syncs=ports.syncs,
            changes=ports.address_changes,
            registry_max_age=policy.registry_max_age,
            clock=clock,
        ),
        dispatcher=Dispatcher(
            orders=orders,
            agenda=ports.agenda,
            look_up=look_up,
            condition=ports.condition,
            hand_over=hand_over,
            owners=owners,
            chains=ports.chains,
            clock=clock,
            worker=ports.process,
        ),
        webhook_publisher=WebhookPublisher(
            webhooks=ports.webhooks,
            receivers=ports.receivers,
            following=following,
            write=ports.webhook_message,
            write_challenge=ports.webhook_challenge,
            clock=clock,
            chance=ports.chance,
        ),
        verification=VerificationService(
            profiles=ports.profiles,
            ids=profile_ids,
            instant=instant,
            persons=ports.registries.persons,
            ledger=ports.owners,
            vault=ports.vault,
            sender=policy.code_sender,
            draw=ports.draw_code,
            clock=clock,
        ),
        profiles=ProfileService(
            profiles=ports.profiles,
            ids=profile_ids,
            authority=authority,
            resource=policy.profile_resource,
            clock=clock,
        ),
        provider_health=ProviderHealthRecorder(
            ledger=ports.provider_ledger,
            choice=hand_over.choice,
            clock=clock,
            next_id=ports.next_id,
            process=ports.process,
        ),
        registry_sync=RegistrySync(
            feeds=ports.feeds,
            schedule=ports.syncs,
            copies=ports.copies,
            clock=clock,
            chance=ports.chance,
            process=ports.process,
            policy=SyncPolicy(interval=policy.registry_interval, max_age=policy.registry_max_age),
        ),
    )
