"""Orders of one or more recipients, as `/orders`, `/orders/email` and `/orders/sms` take them."""

from collections.abc import Sequence

from application.ordering.commands import NewOrder
from domain.channel import Channel, ChannelChoice
from domain.message import ContentType, EmailMessage, SendingTime, SmsMessage
from domain.personal import Contact, Content, Identifier
from domain.recipient import Direct, Identity, Organisation, OrganisationNumber, Person
from entrypoints.http.placing.bodies import (
    EmailOrderRequest,
    EmailTemplateRequest,
    OrderRequest,
    RecipientRequest,
    SmsOrderRequest,
    SmsTemplateRequest,
)
from entrypoints.http.validation import rules as check
from entrypoints.http.validation.errors import Faults
from entrypoints.http.validation.json_reader import BodyReader
from entrypoints.http.validation.rules import Rules

_email_orders = BodyReader(EmailOrderRequest, "emailNotificationOrderRequest")
_sms_orders = BodyReader(SmsOrderRequest, "smsNotificationOrderRequest")
_orders = BodyReader(OrderRequest, "notificationOrderRequest")


def read_email_order(body: bytes, rules: Rules) -> NewOrder:
    """Read an order of e-mails.

    Raises:
        InvalidRequestError: it cannot be taken; every fault is told.
    """
    faults = Faults()
    asked = _email_orders.read(body, faults, rules.most)
    content_type = _content_type(
        "Plain" if asked.content_type is None else asked.content_type, "", "", faults
    )
    email = EmailMessage(
        sender=rules.email_sender,
        subject=Content(check.subject(asked.subject, faults, "Subject")),
        body=Content(check.body(asked.body, faults, "Body")),
        content_type=content_type,
    )
    return _order(asked, ChannelChoice.EMAIL, rules, faults, email=email)


def read_sms_order(body: bytes, rules: Rules) -> NewOrder:
    """Read an order of text messages.

    Raises:
        InvalidRequestError: it cannot be taken; every fault is told.
    """
    faults = Faults()
    asked = _sms_orders.read(body, faults, rules.most)
    sms = SmsMessage(
        sender=check.sms_sender(asked.sender_number, rules.sms_sender, faults, "SenderNumber"),
        body=Content(check.sms_body(asked.body, rules, faults, "Body")),
        sending_time=SendingTime.DAYTIME,
    )
    return _order(asked, ChannelChoice.SMS, rules, faults, sms=sms)


def read_order(body: bytes, rules: Rules) -> NewOrder:
    """Read an order on a channel of choice.

    Raises:
        InvalidRequestError: it cannot be taken; every fault is told.
    """
    faults = Faults()
    asked = _orders.read(body, faults, rules.most)
    choice = None
    if asked.notification_channel is None:
        faults.broken("NotificationChannel", "choose a notification channel")
    else:
        choice = check.enumeration(
            asked.notification_channel,
            check.CHANNELS,
            faults,
            json_path="$.notificationChannel",
            property_path="NotificationChannel",
        )
    email = sms = None
    if asked.email_template is not None:
        email = _email_template(asked.email_template, rules, faults)
    elif choice is not None and Channel.EMAIL in choice.possible:
        faults.broken("EmailTemplate", "this channel needs an email template")
    if asked.sms_template is not None:
        sms = _sms_template(asked.sms_template, rules, faults)
    elif choice is not None and Channel.SMS in choice.possible:
        faults.broken("SmsTemplate", "this channel needs an SMS template")
    return _order(asked, choice or ChannelChoice.EMAIL, rules, faults, email=email, sms=sms)


def _content_type(value: str | int, json_path: str, path: str, faults: Faults) -> ContentType:
    found = check.enumeration(
        value,
        check.CONTENT_TYPES,
        faults,
        json_path=f"${json_path}.contentType",
        property_path=f"{path}ContentType",
    )
    return found or ContentType.PLAIN


def _email_template(asked: EmailTemplateRequest, rules: Rules, faults: Faults) -> EmailMessage:
    return EmailMessage(
        sender=check.email_sender(
            asked.from_address, rules.email_sender, faults, "EmailTemplate.FromAddress"
        ),
        subject=Content(check.subject(asked.subject, faults, "EmailTemplate.Subject")),
        body=Content(check.body(asked.body, faults, "EmailTemplate.Body")),
        content_type=_content_type(asked.content_type, ".emailTemplate", "EmailTemplate.", faults),
    )


def _sms_template(asked: SmsTemplateRequest, rules: Rules, faults: Faults) -> SmsMessage:
    return SmsMessage(
        sender=check.sms_sender(
            asked.sender_number, rules.sms_sender, faults, "SmsTemplate.SenderNumber"
        ),
        body=Content(check.sms_body(asked.body, rules, faults, "SmsTemplate.Body")),
        sending_time=SendingTime.DAYTIME,
    )


def _order(
    asked: EmailOrderRequest | SmsOrderRequest | OrderRequest,
    choice: ChannelChoice,
    rules: Rules,
    faults: Faults,
    *,
    email: EmailMessage | None = None,
    sms: SmsMessage | None = None,
) -> NewOrder:
    requested = check.moment(
        asked.requested_send_time,
        faults,
        json_path="$.requestedSendTime",
        property_path="RequestedSendTime",
    )
    condition = check.condition_v1(asked.condition_endpoint, faults, "ConditionEndpoint")
    action = check.resource_action(
        asked.resource_action, asked.resource_id, faults, "ResourceAction"
    )
    recipients: tuple[Identity, ...] = ()
    if len(asked.recipients or ()) > rules.max_recipients:
        faults.broken(
            "Recipients",
            f"an order takes {rules.max_recipients} recipients at most; place several orders",
        )
    else:
        recipients = read_recipients(asked.recipients or (), choice, faults)
    faults.raise_any()
    return NewOrder(
        requested_send_time=requested,
        channel=choice,
        recipients=recipients,
        email=email,
        sms=sms,
        senders_reference=asked.senders_reference,
        condition=condition,
        ignore_reservation=asked.ignore_reservation,
        resource=asked.resource_id or None,
        resource_action=action,
        delivery_policy=rules.delivery_policy,
    )


def read_recipients(
    asked: Sequence[RecipientRequest], choice: ChannelChoice, faults: Faults
) -> tuple[Identity, ...]:
    """Read whom a request names, and note what is wrong with each."""
    if not asked:
        faults.broken("Recipients", "name at least one recipient")
    recipients = []
    for number, each in enumerate(asked):
        if faults.is_full:
            break
        recipients.append(_recipient(each, choice, f"Recipients[{number}]", faults))
    return tuple(recipients)


def _recipient(
    asked: RecipientRequest, choice: ChannelChoice, path: str, faults: Faults
) -> Identity:
    takes_email = Channel.EMAIL in choice.possible
    takes_sms = Channel.SMS in choice.possible
    email = mobile = None
    if takes_email and asked.email_address:
        email = Contact(check.email_address(asked.email_address, faults, f"{path}.EmailAddress"))
    if takes_sms and asked.mobile_number:
        mobile = Contact(check.mobile_number(asked.mobile_number, faults, f"{path}.MobileNumber"))
    person, organisation = asked.national_identity_number, asked.organization_number
    if person:
        check.person_number(person, faults, f"{path}.NationalIdentityNumber")
        if asked.email_address or asked.mobile_number or organisation:
            faults.broken(
                path, "a national identity number cannot be combined with other identifiers"
            )
        return Person(Identifier(person))
    if organisation:
        check.organisation_number(organisation, faults, f"{path}.OrganizationNumber")
        if asked.email_address or asked.mobile_number:
            faults.broken(path, "an organization number cannot be combined with other identifiers")
        return Organisation(OrganisationNumber(organisation))
    is_given = [email is not None] * takes_email + [mobile is not None] * takes_sms
    needs_all = choice is ChannelChoice.EMAIL_AND_SMS
    if not (all(is_given) if needs_all else any(is_given)):
        faults.broken(path, _needed(choice))
    return Direct(email=email, mobile=mobile)


def _needed(choice: ChannelChoice) -> str:
    numbers = "an organization number or a national identity number"
    match choice:
        case ChannelChoice.EMAIL:
            return f"give an email address, {numbers}"
        case ChannelChoice.SMS:
            return f"give a mobile number, {numbers}"
        case ChannelChoice.EMAIL_AND_SMS:
            return f"give both an email address and a mobile number, or {numbers}"
        case _:
            return f"give an email address, a mobile number, {numbers}"
