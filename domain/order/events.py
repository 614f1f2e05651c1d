"""What may happen to an order; the tags and fields in here are a storage format.

An event holds the fact alone.
Which order it belongs to, its version, when it was recorded, and by whom, stand in the envelope.
Events change by addition only: a new field has a default, a changed meaning is a new event with a new tag.
A field that says nothing is not stored, in those of which every order has some: none, false or empty is what
it is read as, for ever.
"""

from datetime import datetime
from enum import StrEnum
from typing import NewType, TypeAlias
from uuid import UUID

from msgspec import Struct

from domain.channel import Channel, ChannelChoice
from domain.message import EmailMessage, Language, SmsMessage
from domain.personal import Contact, Content, Identifier
from domain.recipient import OrganisationNumber, Recipient, RecipientNo

OrderId = NewType("OrderId", UUID)
ChainId = NewType("ChainId", UUID)
NotificationNo = NewType("NotificationNo", int)
"""A notification's place in its order, from 0."""


class OrderKind(StrEnum):
    """Which door an order came in by."""

    NOTIFICATION = "notification"
    REMINDER = "reminder"
    INSTANT = "instant"
    COMPOSED = "composed"


class Source(StrEnum):
    """Where a contact point may come from."""

    SENDER = "sender"
    KRR = "krr"
    BUSINESS_REGISTER = "business_register"
    USER_PROFILE = "user_profile"
    LOGIN_SERVICE = "login_service"


class Reason(StrEnum):
    """Why a source was not used."""

    RESERVED = "reserved"
    DELETED = "deleted"
    NOT_NOTIFIABLE = "not_notifiable"
    OUTDATED = "outdated"
    NO_RECORD = "no_record"
    NO_ADDRESS = "no_address"
    INVALID_ADDRESS = "invalid_address"
    NOT_AUTHORISED = "not_authorised"
    DUPLICATE = "duplicate"
    OTHER_CHANNEL_USED = "other_channel_used"
    NOT_CONSULTED = "not_consulted"
    UNCERTAIN = "uncertain"
    """A change of what the source knows could not be read; what it knew before may not hold."""
    AUTHORITY_NOT_ASKED = "authority_not_asked"
    """Whether the user may hear of it could not be asked in time."""
    UNVERIFIED = "unverified"
    """A user registered it, and has not shown yet that it is theirs."""
    OTHER_RESOURCE = "other_resource"
    """The user who registered it wants to be told of other resources."""
    BOUNCED_HERE = "bounced_here"
    """What was sent there came back for good, and nobody has confirmed the address since."""


class Failure(StrEnum):
    """Why a notification did not arrive, or never left."""

    FAILED = "failed"
    INVALID_ADDRESS = "invalid_address"
    SUPPRESSED = "suppressed"
    BOUNCED = "bounced"
    FILTERED_AS_SPAM = "filtered_as_spam"
    QUARANTINED = "quarantined"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    BARRED = "barred"
    DELETED = "deleted"
    EXPIRED_AT_PROVIDER = "expired_at_provider"
    UNDELIVERED = "undelivered"
    REJECTED = "rejected"
    INVALID_ATTACHMENT = "invalid_attachment"


class ReportedState(StrEnum):
    """What a delivery report says of a notification."""

    DELAYED = "delayed"
    RELAYED = "relayed"
    """Handed on to a server that reports nothing."""
    FAILED = "failed"
    DELIVERED = "delivered"


class Refuser(StrEnum):
    """Who refused a notification for good."""

    PROVIDER = "provider"
    """The provider that it was handed to."""
    SERVICE = "service"
    """This service itself, before anything of it left."""


class DeliveryPolicy(StrEnum):
    """What is done with a notification of which nobody knows whether it was accepted."""

    AT_MOST_ONCE = "at_most_once"
    AT_LEAST_ONCE = "at_least_once"


class ReminderLink(Struct, frozen=True):
    """A reminder's order, as the order that it reminds of knows it."""

    order_id: OrderId
    senders_reference: str | None = None


class Chain(Struct, frozen=True):
    """What ties an order and its reminders together."""

    chain_id: ChainId
    reminders: tuple[ReminderLink, ...] = ()
    reminds_of: OrderId | None = None
    """In a reminder: the order that it reminds of; unknown in those recorded before this was."""


class Dialogue(Struct, frozen=True):
    """The dialogue that an order belongs to, in the sender's own dialogue service."""

    dialogue_id: str | None = None
    transmission_id: str | None = None


class Suppression(Struct, frozen=True, kw_only=True):
    """What was decided of an address that bounced here."""

    bounced_at: datetime
    until: datetime
    """From this moment on it is used again."""


class Considered(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A source that was looked at and not used, and why."""

    source: Source
    reason: Reason
    channel: Channel | None = None
    duplicate_of: RecipientNo | None = None
    """The recipient who is notified at the same place, or is the same; unknown before it was recorded."""
    user: Identifier | None = None
    suppression: Suppression | None = None
    """Of an address that bounced here: since when and until when it is left alone."""


class Consulted(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A source that was asked, and as of when what it answered holds."""

    source: Source
    position: str | None = None
    """How far our copy of it had come, in its own terms; None where it counts nothing."""
    as_of: datetime | None = None
    """When our copy of it was last known to be up to date; None if it never was."""


class WordingReason(StrEnum):
    """Why a notification says the one of the sender's texts that it says."""

    RECIPIENTS_LANGUAGE = "recipients_language"
    """It is in the language that the recipient has asked for."""
    NOT_IN_THEIR_LANGUAGE = "not_in_their_language"
    """The sender named none in that language, so that the first one stands."""
    LANGUAGE_UNKNOWN = "language_unknown"
    """Nobody knows which language the recipient would read, so that the first one stands."""


class Wording(Struct, frozen=True, kw_only=True):
    """Which of a sender's texts a notification says, where there are several, and why.

    The recipient's language stands here only where there is a text in it.
    """

    language: Language | None = None
    """In which language it is; None for the first one where the sender has not said in which that is."""
    because: WordingReason


class Target(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One contact point that is to get one notification, and where it was found."""

    notification_no: NotificationNo
    channel: Channel
    address: Contact
    source: Source
    origin: OrganisationNumber | None = None
    """The unit whose address it is, where that is not the recipient itself."""
    user: Identifier | None = None
    """The end user who registered it, where one did."""
    wording: Wording | None = None
    """Which of the sender's texts goes there; None where there is only one."""


class Unreachable(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A recipient whom the order could not have reached on every channel when it was placed."""

    recipient_no: RecipientNo
    is_reserved: bool = False
    missing: tuple[Channel, ...] = ()
    """The channels on which the recipient could not be reached."""
    considered: tuple[Considered, ...] = ()
    """Each source that was not used and why, once; whose profile it was is not told here."""


class PlacingLookup(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was known of the recipients of an order when it was placed.

    Whoever has to be looked up and is not named as unreachable could be reached. Where they were to be
    reached is not kept: that is found out anew before anything is sent.
    """

    consulted: tuple[Consulted, ...] = ()
    unreachable: tuple[Unreachable, ...] = ()
    unanswered: bool = False
    """Whether a registry gave no answer, so that nothing was found out of anybody."""


class Terms(Struct, frozen=True, kw_only=True):
    """What was decided of an order's notifications on one channel when it was placed."""

    channel: Channel
    expires_at: datetime
    """From this moment on they are not sent any more."""
    expiry_rule: str
    """The rule by which they expire, in a stable code: `48h_after_it_could_leave`, `time_to_live` …"""
    delivery_policy: DeliveryPolicy
    """What is done with one of which nobody knows whether it was accepted."""


class OrderPlaced(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="order.placed"):
    """A sender asked for some recipients to be notified."""

    owner: str
    kind: OrderKind
    requested_send_time: datetime
    channel: ChannelChoice
    recipients: tuple[Recipient, ...]
    email: EmailMessage | None = None
    sms: SmsMessage | None = None
    senders_reference: str | None = None
    condition: Content | None = None
    """The address that is asked, right before sending, whether to send."""
    ignore_reservation: bool | None = None
    use_stale_contact_information: bool = False
    resource: str | None = None
    resource_action: str | None = None
    dialogue: Dialogue | None = None
    chain: Chain | None = None
    time_to_live: int | None = None
    """Seconds after which an instant text message is worth nothing any more."""
    request_digest: str | None = None
    """A keyed digest of the request, by which a repeat with another content is seen."""
    delivery_policy: DeliveryPolicy | None = None
    """What the sender wants where an outcome stays unknown; None for what is usual on each channel."""
    terms: tuple[Terms, ...] = ()
    """What was decided for every channel that a notification may take; empty in orders that were placed
    before it was recorded."""
    reply_to: str | None = None
    """To whom answers to its e-mails go, as was agreed with the sender then; None for whom they are from."""
    lookup: PlacingLookup | None = None
    """What was known of its recipients then; None where nobody had to be looked up, and in orders that were
    placed before it was kept."""


class Withdrawal(StrEnum):
    """Why an order was withdrawn by no word of its own."""

    MAIN_ORDER_CANCELLED = "main_order_cancelled"
    """The order that it reminds of was cancelled."""
    MAIN_CONDITION_NOT_MET = "main_condition_not_met"
    """The condition of the order that it reminds of said: do not send."""


class OrderCancelled(Struct, frozen=True, kw_only=True, omit_defaults=True, tag="order.cancelled"):
    """The order was withdrawn in time."""

    because: Withdrawal | None = None
    """None where its sender withdrew it."""


class SendConditionMet(Struct, frozen=True, tag="order.send_condition_met"):
    """The sender's condition said: send."""


class SendConditionNotMet(Struct, frozen=True, tag="order.send_condition_not_met"):
    """The sender's condition said: do not send. What has not left stays."""


class SendConditionUnknown(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag="order.send_condition_unknown"
):
    """The sender's condition gave no answer that could be read."""

    reason: str
    """A stable code: `timeout`, `status_503`, `not_json`, `refused_address` …"""
    retry_at: datetime | None = None
    """When it is asked once more; None when the order goes on without an answer."""


class AuthorityUnknown(Struct, frozen=True, kw_only=True, tag="order.authority_unknown"):
    """Whether users may hear of it on behalf of some recipients could not be asked; these wait a while."""

    recipients: tuple[RecipientNo, ...]
    retry_at: datetime
    """When it is asked again."""
    until: datetime
    """If it cannot be asked by then either, these are notified without their users."""


class ContactResolved(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag="order.contact_resolved"
):
    """The places where a recipient is to be reached were found."""

    recipient_no: RecipientNo
    targets: tuple[Target, ...]
    considered: tuple[Considered, ...] = ()
    name: Identifier | None = None
    """The recipient's name, where the message waits for one."""
    consulted: tuple[Consulted, ...] = ()
    """Who was asked; empty for who was not looked up, and in events from before it was recorded."""


class ContactNotFound(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag="order.contact_not_found"
):
    """No place was found where a recipient can be reached, on one or more channels."""

    recipient_no: RecipientNo
    notifications: tuple[tuple[NotificationNo, Channel], ...]
    considered: tuple[Considered, ...] = ()
    consulted: tuple[Consulted, ...] = ()


class RecipientReserved(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag="order.recipient_reserved"
):
    """A recipient has declined digital communication, and the order does not override it."""

    recipient_no: RecipientNo
    notifications: tuple[tuple[NotificationNo, Channel], ...]
    considered: tuple[Considered, ...] = ()
    consulted: tuple[Consulted, ...] = ()


class NotificationAttempted(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag="order.notification_attempted"
):
    """A notification is about to be handed to a provider; recorded before the first byte leaves."""

    notification_no: NotificationNo
    attempt: int
    provider: str
    token: str
    """Names this attempt to the provider; delivery reports carry it back where they can."""
    send_before: datetime
    """After this moment the hand-over must not begin any more."""
    settled_by: datetime
    """With no outcome recorded by this moment, the outcome is unknown."""
    carried_once_until: datetime | None = None
    """Until then the provider carries once what comes to it again under this token; None where it
    would carry it twice."""
    can_be_looked_up: bool = False
    """Whether the provider can be asked later what became of it."""
    segments: int | None = None
    """How many segments a text message is charged by; None for an e-mail, and where it was not counted."""
    country: str | None = None
    """Where a text message goes, by the region of its number (ISO 3166-1 alpha-2, `NO` at home); None
    for an e-mail, and for a number of no country."""


class NotificationSimulated(Struct, frozen=True, kw_only=True, tag="order.notification_simulated"):
    """A notification to somebody whom its sender only tries out is done: nothing was handed to anybody.

    It counts as if it had arrived, and costs nothing. What was agreed with the sender at that moment
    decided it; no attempt was made, and none ever is.
    """

    notification_no: NotificationNo
    rule: str = "test_recipient"
    """By which rule nothing was handed over, in a stable code."""


class NotificationSent(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag="order.notification_sent"
):
    """A provider took a notification over."""

    notification_no: NotificationNo
    attempt: int
    provider: str
    reference: str
    """The provider's own name for it."""
    was_looked_up: bool = False
    """Whether it was found out by asking the provider later."""


class NotificationRejected(Struct, frozen=True, kw_only=True, tag="order.notification_rejected"):
    """A notification was refused for good, by its provider or before it was handed over."""

    notification_no: NotificationNo
    attempt: int
    """The attempt that was refused; where it was never offered, how many there had been."""
    failure: Failure
    code: str
    by: Refuser = Refuser.PROVIDER


class NotificationDeferred(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag="order.notification_deferred"
):
    """A notification was certainly not accepted this time, and may be at another."""

    notification_no: NotificationNo
    attempt: int
    code: str
    retry_at: datetime
    was_looked_up: bool = False
    """Whether it was found out by asking the provider later, so that no earlier attempt is in doubt."""


class NotificationOutcomeUnknown(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag="order.notification_outcome_unknown"
):
    """Nobody can tell whether the provider took a notification over; a report may yet."""

    notification_no: NotificationNo
    attempt: int
    code: str
    resolve_by: datetime
    """Without a report by this moment, the order's delivery policy decides."""
    repeat_at: datetime | None = None
    """When it is handed over again under the same token, since the provider carries that once; None
    where it would carry it twice."""


class NotificationGivenUp(Struct, frozen=True, kw_only=True, tag="order.notification_given_up"):
    """A notification whose outcome stayed unknown is not sent again, lest it arrive twice."""

    notification_no: NotificationNo


class DeliveryReported(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag="order.delivery_reported"
):
    """A provider told what became of a notification."""

    notification_no: NotificationNo
    provider: str
    state: ReportedState
    code: str
    """The provider's own word for it."""
    failure: Failure | None = None
    occurred_at: datetime | None = None
    """When it happened by the provider's clock; None if it does not say."""


class NotificationExpired(Struct, frozen=True, kw_only=True, tag="order.notification_expired"):
    """Time ran out for a notification."""

    notification_no: NotificationNo
    has_left: bool
    """True: handed over, but never confirmed. False: never handed over in time."""


class OrderCompleted(Struct, frozen=True, tag="order.completed"):
    """Every notification of the order has its result."""


OrderEvent: TypeAlias = (
    OrderPlaced
    | OrderCancelled
    | SendConditionMet
    | SendConditionNotMet
    | SendConditionUnknown
    | AuthorityUnknown
    | ContactResolved
    | ContactNotFound
    | RecipientReserved
    | NotificationAttempted
    | NotificationSimulated
    | NotificationSent
    | NotificationRejected
    | NotificationDeferred
    | NotificationOutcomeUnknown
    | NotificationGivenUp
    | DeliveryReported
    | NotificationExpired
    | OrderCompleted
)
