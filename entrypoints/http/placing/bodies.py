"""The bodies by which orders are placed, member by member, as the API names them."""

from typing import ClassVar

from msgspec import UNSET

from entrypoints.http.validation.wire_struct import (
    DialogueId,
    EmailAddress,
    Enumeration,
    ExternalUrn,
    FileName,
    IdempotencyKey,
    MediaType,
    MobileNumber,
    Moment,
    NationalNumber,
    Number,
    OrganisationNumber,
    Resource,
    SendersReference,
    SmsSender,
    Subject,
    Text,
    Url,
    WireStruct,
    Word,
)


class RecipientRequest(WireStruct, frozen=True, kw_only=True):
    """Whom to notify: an address or a number."""

    email_address: EmailAddress | None = None
    mobile_number: MobileNumber | None = None
    organization_number: OrganisationNumber | None = None
    national_identity_number: NationalNumber | None = None
    is_reserved: bool | None = None


class _CommonRequest(WireStruct, frozen=True, kw_only=True):
    senders_reference: SendersReference | None = None
    requested_send_time: Moment = UNSET
    condition_endpoint: Url | None = None
    recipients: list[RecipientRequest] | None = None
    ignore_reservation: bool | None = None
    resource_id: Resource | None = None
    resource_action: Resource | None = None


class EmailOrderRequest(_CommonRequest, frozen=True, kw_only=True):
    """An order of e-mails."""

    subject: Subject | None = None
    body: Text | None = None
    content_type: Enumeration | None = None


class SmsOrderRequest(_CommonRequest, frozen=True, kw_only=True):
    """An order of text messages."""

    body: Text | None = None
    sender_number: SmsSender | None = None


class EmailTemplateRequest(WireStruct, frozen=True, kw_only=True):
    """What the e-mails of an order say."""

    subject: Subject = ""
    body: Text = ""
    from_address: EmailAddress = ""
    content_type: Enumeration = "Plain"


class SmsTemplateRequest(WireStruct, frozen=True, kw_only=True):
    """What the text messages of an order say."""

    body: Text = ""
    sender_number: SmsSender = ""


class OrderRequest(_CommonRequest, frozen=True, kw_only=True):
    """An order on a channel of choice."""

    notification_channel: Enumeration | None = None
    email_template: EmailTemplateRequest | None = None
    sms_template: SmsTemplateRequest | None = None


class InstantEmailSettingsRequest(WireStruct, frozen=True, kw_only=True):
    """What an e-mail says, and from whom."""

    subject: Subject | None = None
    body: Text | None = None
    sender_email_address: EmailAddress | None = None
    content_type: Enumeration = "Plain"


class ScheduledEmailSettingsRequest(InstantEmailSettingsRequest, frozen=True, kw_only=True):
    """What an e-mail says, from whom, and when in the day it may leave."""

    sending_time_policy: Enumeration = "Anytime"


class EmailTextRequest(WireStruct, frozen=True, kw_only=True):
    """What an e-mail says in one language."""

    subject: Subject | None = None
    body: Text | None = None


class EmailLanguagesRequest(WireStruct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an e-mail says in other languages, each by its code; no others are known."""

    nb: EmailTextRequest | None = None
    nn: EmailTextRequest | None = None
    en: EmailTextRequest | None = None
    se: EmailTextRequest | None = None


class EmailSettingsRequest(ScheduledEmailSettingsRequest, frozen=True, kw_only=True):
    """What an e-mail says, in which languages, from whom, and when in the day it may leave."""

    language: Word | None = None
    languages: EmailLanguagesRequest | None = None


class SmsTextRequest(WireStruct, frozen=True, kw_only=True):
    """What a text message says in one language."""

    body: Text | None = None


class SmsLanguagesRequest(WireStruct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a text message says in other languages, each by its code; no others are known."""

    nb: SmsTextRequest | None = None
    nn: SmsTextRequest | None = None
    en: SmsTextRequest | None = None
    se: SmsTextRequest | None = None


class SmsSettingsRequest(WireStruct, frozen=True, kw_only=True):
    """What a text message says, in which languages, from whom, and when in the day it may leave."""

    body: Text | None = None
    sender: SmsSender | None = None
    sending_time_policy: Enumeration = "Daytime"
    language: Word | None = None
    languages: SmsLanguagesRequest | None = None


class RecipientEmailRequest(WireStruct, frozen=True, kw_only=True):
    """Whoever reads an e-mail address."""

    property_names: ClassVar[dict[str, str]] = {"email_settings": "Settings"}

    email_address: EmailAddress
    email_settings: EmailSettingsRequest


class RecipientSmsRequest(WireStruct, frozen=True, kw_only=True):
    """Whoever has a telephone number."""

    property_names: ClassVar[dict[str, str]] = {"sms_settings": "Settings"}

    phone_number: MobileNumber
    sms_settings: SmsSettingsRequest


class _LookedUpRequest(WireStruct, frozen=True, kw_only=True):
    channel_schema: Enumeration
    email_settings: EmailSettingsRequest | None = None
    sms_settings: SmsSettingsRequest | None = None
    resource_id: Resource | None = None
    resource_action: Resource | None = None


class RecipientPersonRequest(_LookedUpRequest, frozen=True, kw_only=True):
    """A person, reached where the contact register says."""

    national_identity_number: NationalNumber
    ignore_reservation: bool = False
    use_stale_contact_information: bool = False


class RecipientOrganizationRequest(_LookedUpRequest, frozen=True, kw_only=True):
    """An organisation, reached where the business register and its users say."""

    org_number: OrganisationNumber


class RecipientExternalIdentityRequest(_LookedUpRequest, frozen=True, kw_only=True):
    """Somebody without a national number, by a URN of the login service."""

    external_identity: ExternalUrn


class RecipientSpecRequest(WireStruct, frozen=True, kw_only=True):
    """Exactly one kind of recipient."""

    recipient_email: RecipientEmailRequest | None = None
    recipient_sms: RecipientSmsRequest | None = None
    recipient_person: RecipientPersonRequest | None = None
    recipient_organization: RecipientOrganizationRequest | None = None
    recipient_external_identity: RecipientExternalIdentityRequest | None = None


class DialogportenRequest(WireStruct, frozen=True, kw_only=True):
    """The dialogue that an order belongs to."""

    dialog_id: DialogueId | None = None
    transmission_id: DialogueId | None = None


class ReminderRequest(WireStruct, frozen=True, kw_only=True):
    """A reminder: after some days, or at a time of its own."""

    delay_days: Number | None = None
    requested_send_time: Moment = UNSET
    senders_reference: SendersReference | None = None
    condition_endpoint: Url | None = None
    recipient: RecipientSpecRequest


class ChainOrderRequest(WireStruct, frozen=True, kw_only=True):
    """An order to one recipient, with its reminders, under an idempotency key."""

    idempotency_id: IdempotencyKey
    senders_reference: SendersReference | None = None
    requested_send_time: Moment = UNSET
    condition_endpoint: Url | None = None
    delivery_policy: Enumeration | None = None
    dialogporten_association: DialogportenRequest | None = None
    recipient: RecipientSpecRequest
    reminders: list[ReminderRequest] | None = None


class InstantSmsSettingsRequest(WireStruct, frozen=True, kw_only=True):
    """What a text message says, and from whom."""

    body: Text | None = None
    sender: SmsSender | None = None


class InstantRecipientSmsRequest(WireStruct, frozen=True, kw_only=True):
    """Whoever has a telephone number, and for how long the message is worth something."""

    property_names: ClassVar[dict[str, str]] = {"sms_settings": "ShortMessageContent"}

    phone_number: MobileNumber
    time_to_live_in_seconds: Number
    sms_settings: InstantSmsSettingsRequest


class InstantSmsOrderRequest(WireStruct, frozen=True, kw_only=True):
    """One text message that is to be handed over now."""

    idempotency_id: IdempotencyKey
    senders_reference: SendersReference | None = None
    recipient_sms: InstantRecipientSmsRequest


class InstantRecipientRequest(WireStruct, frozen=True, kw_only=True):
    """Whoever has a telephone number, as it was asked for at first."""

    property_names: ClassVar[dict[str, str]] = {"recipient_sms": "ShortMessageDeliveryDetails"}

    recipient_sms: InstantRecipientSmsRequest


class InstantOrderRequest(WireStruct, frozen=True, kw_only=True):
    """One text message that is to be handed over now, as it was asked for at first."""

    property_names: ClassVar[dict[str, str]] = {"recipient": "InstantNotificationRecipient"}

    idempotency_id: IdempotencyKey
    senders_reference: SendersReference | None = None
    recipient: InstantRecipientRequest


class InstantRecipientEmailRequest(WireStruct, frozen=True, kw_only=True):
    """Whoever reads an e-mail address."""

    email_address: EmailAddress
    email_settings: InstantEmailSettingsRequest


class InstantEmailOrderRequest(WireStruct, frozen=True, kw_only=True):
    """One e-mail that is to be handed over now."""

    property_names: ClassVar[dict[str, str]] = {"recipient_email": "InstantEmailDetails"}

    idempotency_id: IdempotencyKey
    senders_reference: SendersReference | None = None
    recipient_email: InstantRecipientEmailRequest


class AttachmentRequest(WireStruct, frozen=True, kw_only=True):
    """A file, and the signed address where it lies."""

    filename: FileName
    mime_type: MediaType
    sas_url: Url


class ComposedEmailSettingsRequest(ScheduledEmailSettingsRequest, frozen=True, kw_only=True):
    """What an e-mail says, from whom, and which files go with it."""

    attachments: list[AttachmentRequest] | None = None


class ComposedRecipientRequest(WireStruct, frozen=True, kw_only=True):
    """Whoever reads an e-mail address."""

    property_names: ClassVar[dict[str, str]] = {"email_settings": "Settings"}

    email_address: EmailAddress
    email_settings: ComposedEmailSettingsRequest


class ComposedEmailOrderRequest(WireStruct, frozen=True, kw_only=True):
    """An e-mail that its sender composed in full, under an idempotency key."""

    idempotency_id: IdempotencyKey
    senders_reference: SendersReference | None = None
    requested_send_time: Moment = UNSET
    condition_endpoint: Url | None = None
    delivery_policy: Enumeration | None = None
    dialogporten_association: DialogportenRequest | None = None
    recipient: ComposedRecipientRequest
