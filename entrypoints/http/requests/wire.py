"""The bodies that clients send, member by member, as the API names them.

An enumeration comes by its name in any case or by its number, a number as one or as text; both are
read where the rules are. Members that are not known are ignored.
"""

from typing import ClassVar, TypeAlias

from msgspec import UNSET, Struct, UnsetType

Enumeration: TypeAlias = str | int
Number: TypeAlias = int | str
Moment: TypeAlias = str | UnsetType
"""A date and time with its zone (RFC 3339); it may be left out, and may not be null."""


class WireStruct(Struct, frozen=True, kw_only=True, rename="camel"):
    """A body or a part of one."""

    property_names: ClassVar[dict[str, str]] = {}
    """Property names in faults, where they are not the member's own in Pascal case."""


class RecipientRequest(WireStruct, frozen=True, kw_only=True):
    """Whom to notify: an address or a number."""

    email_address: str | None = None
    mobile_number: str | None = None
    organization_number: str | None = None
    national_identity_number: str | None = None
    is_reserved: bool | None = None


class _CommonRequest(WireStruct, frozen=True, kw_only=True):
    senders_reference: str | None = None
    requested_send_time: Moment = UNSET
    condition_endpoint: str | None = None
    recipients: list[RecipientRequest] | None = None
    ignore_reservation: bool | None = None
    resource_id: str | None = None
    resource_action: str | None = None


class EmailOrderRequest(_CommonRequest, frozen=True, kw_only=True):
    """An order of e-mails."""

    subject: str | None = None
    body: str | None = None
    content_type: Enumeration | None = None


class SmsOrderRequest(_CommonRequest, frozen=True, kw_only=True):
    """An order of text messages."""

    body: str | None = None
    sender_number: str | None = None


class EmailTemplateRequest(WireStruct, frozen=True, kw_only=True):
    """What the e-mails of an order say."""

    subject: str = ""
    body: str = ""
    from_address: str = ""
    content_type: Enumeration = "Plain"


class SmsTemplateRequest(WireStruct, frozen=True, kw_only=True):
    """What the text messages of an order say."""

    body: str = ""
    sender_number: str = ""


class OrderRequest(_CommonRequest, frozen=True, kw_only=True):
    """An order on a channel of choice."""

    notification_channel: Enumeration | None = None
    email_template: EmailTemplateRequest | None = None
    sms_template: SmsTemplateRequest | None = None


class InstantEmailSettingsRequest(WireStruct, frozen=True, kw_only=True):
    """What an e-mail says, and from whom."""

    subject: str | None = None
    body: str | None = None
    sender_email_address: str | None = None
    content_type: Enumeration = "Plain"


class EmailSettingsRequest(InstantEmailSettingsRequest, frozen=True, kw_only=True):
    """What an e-mail says, from whom, and when in the day it may leave."""

    sending_time_policy: Enumeration = "Anytime"


class SmsSettingsRequest(WireStruct, frozen=True, kw_only=True):
    """What a text message says, from whom, and when in the day it may leave."""

    body: str | None = None
    sender: str | None = None
    sending_time_policy: Enumeration = "Daytime"


class RecipientEmailRequest(WireStruct, frozen=True, kw_only=True):
    """Whoever reads an e-mail address."""

    property_names = {"email_settings": "Settings"}  # annotated in the base

    email_address: str
    email_settings: EmailSettingsRequest


class RecipientSmsRequest(WireStruct, frozen=True, kw_only=True):
    """Whoever has a telephone number."""

    property_names = {"sms_settings": "Settings"}  # annotated in the base

    phone_number: str
    sms_settings: SmsSettingsRequest


class _LookedUpRequest(WireStruct, frozen=True, kw_only=True):
    channel_schema: Enumeration
    email_settings: EmailSettingsRequest | None = None
    sms_settings: SmsSettingsRequest | None = None
    resource_id: str | None = None
    resource_action: str | None = None


class RecipientPersonRequest(_LookedUpRequest, frozen=True, kw_only=True):
    """A person, reached where the contact register says."""

    national_identity_number: str
    ignore_reservation: bool = False
    use_stale_contact_information: bool = False


class RecipientOrganizationRequest(_LookedUpRequest, frozen=True, kw_only=True):
    """An organisation, reached where the business register and its users say."""

    org_number: str


class RecipientExternalIdentityRequest(_LookedUpRequest, frozen=True, kw_only=True):
    """Somebody without a national number, by a URN of the login service."""

    external_identity: str


class RecipientSpecRequest(WireStruct, frozen=True, kw_only=True):
    """Exactly one kind of recipient."""

    recipient_email: RecipientEmailRequest | None = None
    recipient_sms: RecipientSmsRequest | None = None
    recipient_person: RecipientPersonRequest | None = None
    recipient_organization: RecipientOrganizationRequest | None = None
    recipient_external_identity: RecipientExternalIdentityRequest | None = None


class DialogportenRequest(WireStruct, frozen=True, kw_only=True):
    """The dialogue that an order belongs to."""

    dialog_id: str | None = None
    transmission_id: str | None = None


class ReminderRequest(WireStruct, frozen=True, kw_only=True):
    """A reminder: after some days, or at a time of its own."""

    delay_days: Number | None = None
    requested_send_time: Moment = UNSET
    senders_reference: str | None = None
    condition_endpoint: str | None = None
    recipient: RecipientSpecRequest


class ChainOrderRequest(WireStruct, frozen=True, kw_only=True):
    """An order to one recipient, with its reminders, under an idempotency key."""

    idempotency_id: str
    senders_reference: str | None = None
    requested_send_time: Moment = UNSET
    condition_endpoint: str | None = None
    delivery_policy: Enumeration | None = None
    dialogporten_association: DialogportenRequest | None = None
    recipient: RecipientSpecRequest
    reminders: list[ReminderRequest] | None = None


class InstantSmsSettingsRequest(WireStruct, frozen=True, kw_only=True):
    """What a text message says, and from whom."""

    body: str | None = None
    sender: str | None = None


class InstantRecipientSmsRequest(WireStruct, frozen=True, kw_only=True):
    """Whoever has a telephone number, and for how long the message is worth something."""

    property_names = {"sms_settings": "ShortMessageContent"}  # annotated in the base

    phone_number: str
    time_to_live_in_seconds: Number
    sms_settings: InstantSmsSettingsRequest


class InstantSmsOrderRequest(WireStruct, frozen=True, kw_only=True):
    """One text message that is to be handed over now."""

    idempotency_id: str
    senders_reference: str | None = None
    recipient_sms: InstantRecipientSmsRequest


class InstantRecipientRequest(WireStruct, frozen=True, kw_only=True):
    """Whoever has a telephone number, as it was asked for at first."""

    property_names = {"recipient_sms": "ShortMessageDeliveryDetails"}  # annotated in the base

    recipient_sms: InstantRecipientSmsRequest


class InstantOrderRequest(WireStruct, frozen=True, kw_only=True):
    """One text message that is to be handed over now, as it was asked for at first."""

    property_names = {"recipient": "InstantNotificationRecipient"}  # annotated in the base

    idempotency_id: str
    senders_reference: str | None = None
    recipient: InstantRecipientRequest


class InstantRecipientEmailRequest(WireStruct, frozen=True, kw_only=True):
    """Whoever reads an e-mail address."""

    email_address: str
    email_settings: InstantEmailSettingsRequest


class InstantEmailOrderRequest(WireStruct, frozen=True, kw_only=True):
    """One e-mail that is to be handed over now."""

    property_names = {"recipient_email": "InstantEmailDetails"}  # annotated in the base

    idempotency_id: str
    senders_reference: str | None = None
    recipient_email: InstantRecipientEmailRequest


class AttachmentRequest(WireStruct, frozen=True, kw_only=True):
    """A file, and the signed address where it lies."""

    filename: str
    mime_type: str
    sas_url: str


class ComposedEmailSettingsRequest(EmailSettingsRequest, frozen=True, kw_only=True):
    """What an e-mail says, from whom, and which files go with it."""

    attachments: list[AttachmentRequest] | None = None


class ComposedRecipientRequest(WireStruct, frozen=True, kw_only=True):
    """Whoever reads an e-mail address."""

    property_names = {"email_settings": "Settings"}  # annotated in the base

    email_address: str
    email_settings: ComposedEmailSettingsRequest


class ComposedEmailOrderRequest(WireStruct, frozen=True, kw_only=True):
    """An e-mail that its sender composed in full, under an idempotency key."""

    idempotency_id: str
    senders_reference: str | None = None
    requested_send_time: Moment = UNSET
    condition_endpoint: str | None = None
    delivery_policy: Enumeration | None = None
    dialogporten_association: DialogportenRequest | None = None
    recipient: ComposedRecipientRequest


class SmsHandedInRequest(WireStruct, frozen=True, kw_only=True):
    """A text message that another of the installation's systems hands in."""

    sender: str
    message: str
    recipient: str
    notification_id: str
    time_to_live: Number


class EmailHandedInRequest(WireStruct, frozen=True, kw_only=True):
    """An e-mail that another of the installation's systems hands in."""

    sender: str
    recipient: str
    subject: str
    body: str
    content_type: Enumeration
    notification_id: str


class WebhookRequest(WireStruct, frozen=True, kw_only=True):
    """Where an owner wants its feed carried to."""

    url: str
    transitions: str | None = None
