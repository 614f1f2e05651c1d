"""An order to one recipient with its reminders, as `/future/orders` takes them."""

from datetime import datetime
from typing import Final, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from application.ordering.commands import NewOrder
from domain.channel import Channel, ChannelChoice
from domain.message import EmailMessage, SmsMessage
from domain.order.events import DeliveryPolicy, Dialogue, OrderKind
from domain.order.placing import LAST_YEAR
from domain.personal import Contact, Identifier
from domain.recipient import (
    Direct,
    ExternalIdentity,
    Identity,
    Organisation,
    OrganisationNumber,
    Person,
)
from entrypoints.http.placing.bodies import (
    ChainOrderRequest,
    RecipientExternalIdentityRequest,
    RecipientOrganizationRequest,
    RecipientPersonRequest,
    RecipientSpecRequest,
    ReminderRequest,
)
from entrypoints.http.placing.messages import MessageReader
from entrypoints.http.validation import rules as check
from entrypoints.http.validation.errors import Faults
from entrypoints.http.validation.json_reader import BodyReader
from entrypoints.http.validation.rules import Rules

_LookedUp: TypeAlias = (
    RecipientPersonRequest | RecipientOrganizationRequest | RecipientExternalIdentityRequest
)

_MOST_DAYS: Final = LAST_YEAR * 366
"""Whatever they are counted from, more lead too far; where exactly the end is, the order judges."""

_chains = BodyReader(ChainOrderRequest, "notificationOrderRequest")


class ChainRequest(Struct, frozen=True, kw_only=True):
    """What a client asks for: an order, its reminders, and the key under which it is asked for."""

    idempotency_key: str
    kind: OrderKind = OrderKind.NOTIFICATION
    order: NewOrder
    attachments_open_until: tuple[datetime, ...] = ()
    """Until when each attachment's address opens it."""
    reminders: tuple[NewOrder, ...]
    dialogue: Dialogue | None


class _Spec(Struct, frozen=True, kw_only=True):
    """Whom to notify, on which channel, and saying what."""

    identity: Identity
    channel: ChannelChoice
    email: EmailMessage | None = None
    sms: SmsMessage | None = None
    ignore_reservation: bool | None = None
    use_stale: bool = False
    resource: str | None = None
    resource_action: str | None = None


def read_chain(body: bytes, rules: Rules) -> ChainRequest:
    """Read an order and its reminders.

    Raises:
        InvalidRequestError: it cannot be taken; every fault is told.
    """
    faults = Faults()
    asked = _chains.read(body, faults, rules.most)
    check.key(asked.idempotency_id, faults)
    requested = check.moment(
        asked.requested_send_time,
        faults,
        json_path="$.requestedSendTime",
        property_path="RequestedSendTime",
    )
    order = _order(
        _Reader(rules, faults).spec(asked.recipient, "$.recipient", "Recipient"),
        senders_reference=asked.senders_reference,
        condition=check.condition_v2(asked.condition_endpoint, faults, "ConditionEndpoint"),
        requested=requested,
    )
    reminders = _reminders(asked.reminders or [], rules, faults)
    policy = check.delivery_policy(asked.delivery_policy, rules, faults)
    faults.raise_any()
    about = asked.dialogporten_association
    return ChainRequest(
        idempotency_key=asked.idempotency_id,
        order=_under(policy, order),
        reminders=tuple(_under(policy, each) for each in reminders),
        dialogue=None if about is None else Dialogue(about.dialog_id, about.transmission_id),
    )


def _under(policy: DeliveryPolicy | None, order: NewOrder) -> NewOrder:
    """The order with what is wanted of it where an outcome stays unknown."""
    return order if policy is None else replace(order, delivery_policy=policy)


def _order(
    spec: _Spec,
    *,
    senders_reference: str | None,
    condition: str | None,
    requested: datetime | None,
    delay_days: int | None = None,
) -> NewOrder:
    return NewOrder(
        requested_send_time=requested,
        delay_days=delay_days,
        channel=spec.channel,
        recipients=(spec.identity,),
        email=spec.email,
        sms=spec.sms,
        senders_reference=senders_reference,
        condition=condition,
        ignore_reservation=spec.ignore_reservation,
        use_stale_contact_information=spec.use_stale,
        resource=spec.resource,
        resource_action=spec.resource_action,
    )


def _reminders(asked: list[ReminderRequest], rules: Rules, faults: Faults) -> tuple[NewOrder, ...]:
    if len(asked) > rules.max_reminders:
        faults.broken("Reminders", f"an order takes {rules.max_reminders} reminders at most")
        return ()
    return tuple(_reminder(each, number, rules, faults) for number, each in enumerate(asked))


def _reminder(asked: ReminderRequest, number: int, rules: Rules, faults: Faults) -> NewOrder:
    json_path, path = f"$.reminders[{number}]", f"Reminders[{number}]"
    days = None
    if asked.delay_days is not None:
        days = check.whole_number(asked.delay_days, faults, json_path=f"{json_path}.delayDays")
        if days is not None and days < 1:
            faults.broken(f"{path}.DelayDays", "the delay must be at least 1 day")
        elif days is not None and days > _MOST_DAYS:
            faults.broken(f"{path}.DelayDays", "so many days lead beyond any calendar")
    requested = check.moment(
        asked.requested_send_time,
        faults,
        json_path=f"{json_path}.requestedSendTime",
        property_path=f"{path}.RequestedSendTime",
    )
    has_time = isinstance(asked.requested_send_time, str)
    if has_time == (asked.delay_days is not None):
        faults.broken(path, "give exactly one of DelayDays and RequestedSendTime")
        if has_time:
            faults.broken(f"{path}.DelayDays", "leave it out where there is a RequestedSendTime")
            faults.broken(f"{path}.RequestedSendTime", "leave it out where there are DelayDays")
    return _order(
        _Reader(rules, faults).spec(asked.recipient, f"{json_path}.recipient", f"{path}.Recipient"),
        senders_reference=asked.senders_reference,
        condition=check.condition_v2(asked.condition_endpoint, faults, f"{path}.ConditionEndpoint"),
        requested=requested,
        delay_days=days,
    )


class _Reader:
    """Reads whom a client names, and what is to be said."""

    def __init__(self, rules: Rules, faults: Faults) -> None:
        self._rules = rules
        self._faults = faults
        self._messages = MessageReader(rules, faults)

    def spec(self, asked: RecipientSpecRequest, json_path: str, path: str) -> _Spec:
        given: list[_Spec] = []
        if (email := asked.recipient_email) is not None:
            where, its_json = f"{path}.RecipientEmail", f"{json_path}.recipientEmail"
            address = check.email_address(
                email.email_address, self._faults, f"{where}.EmailAddress"
            )
            given.append(
                _Spec(
                    identity=Direct(email=Contact(address)),
                    channel=ChannelChoice.EMAIL,
                    email=self._messages.email(
                        email.email_settings, f"{its_json}.emailSettings", f"{where}.Settings"
                    ),
                )
            )
        if (sms := asked.recipient_sms) is not None:
            where, its_json = f"{path}.RecipientSms", f"{json_path}.recipientSms"
            number = check.mobile_number(sms.phone_number, self._faults, f"{where}.PhoneNumber")
            given.append(
                _Spec(
                    identity=Direct(mobile=Contact(number)),
                    channel=ChannelChoice.SMS,
                    sms=self._messages.sms(
                        sms.sms_settings, f"{its_json}.smsSettings", f"{where}.Settings"
                    ),
                )
            )
        if (person := asked.recipient_person) is not None:
            given.append(
                self._looked_up(person, f"{json_path}.recipientPerson", f"{path}.RecipientPerson")
            )
        if (organisation := asked.recipient_organization) is not None:
            given.append(
                self._looked_up(
                    organisation,
                    f"{json_path}.recipientOrganization",
                    f"{path}.RecipientOrganization",
                )
            )
        if (external := asked.recipient_external_identity) is not None:
            given.append(
                self._looked_up(
                    external,
                    f"{json_path}.recipientExternalIdentity",
                    f"{path}.RecipientExternalIdentity",
                )
            )
        if len(given) != 1:
            self._faults.broken(path, "give exactly one kind of recipient")
        return given[0] if given else _Spec(identity=Direct(), channel=ChannelChoice.EMAIL)

    def _looked_up(self, asked: _LookedUp, json_path: str, path: str) -> _Spec:
        choice = check.enumeration(
            asked.channel_schema,
            check.CHANNELS,
            self._faults,
            json_path=f"{json_path}.channelSchema",
            property_path=f"{path}.ChannelSchema",
        )
        email = sms = None
        if asked.email_settings is not None:
            email = self._messages.email(
                asked.email_settings, f"{json_path}.emailSettings", f"{path}.EmailSettings"
            )
        elif choice is not None and Channel.EMAIL in choice.possible:
            self._faults.broken(
                f"{path}.EmailSettings", "EmailSettings have to be set for this channel"
            )
        if asked.sms_settings is not None:
            sms = self._messages.sms(
                asked.sms_settings, f"{json_path}.smsSettings", f"{path}.SmsSettings"
            )
        elif choice is not None and Channel.SMS in choice.possible:
            self._faults.broken(
                f"{path}.SmsSettings", "SmsSettings have to be set for this channel"
            )
        return _Spec(
            identity=self._identity(asked, path),
            channel=choice or ChannelChoice.EMAIL,
            email=email,
            sms=sms,
            ignore_reservation=(
                asked.ignore_reservation if isinstance(asked, RecipientPersonRequest) else None
            ),
            use_stale=isinstance(asked, RecipientPersonRequest)
            and (asked.use_stale_contact_information or self._rules.uses_stale),
            resource=check.resource_v2(asked.resource_id, self._faults, f"{path}.ResourceId"),
            resource_action=check.resource_action(
                asked.resource_action, asked.resource_id, self._faults, f"{path}.ResourceAction"
            ),
        )

    def _identity(self, asked: _LookedUp, path: str) -> Identity:
        match asked:
            case RecipientPersonRequest():
                number = check.person_number(
                    asked.national_identity_number, self._faults, f"{path}.NationalIdentityNumber"
                )
                return Person(Identifier(number))
            case RecipientOrganizationRequest():
                number = check.organisation_number(
                    asked.org_number, self._faults, f"{path}.OrgNumber"
                )
                return Organisation(OrganisationNumber(number))
            case RecipientExternalIdentityRequest():
                urn = check.external_identity(
                    asked.external_identity, self._faults, f"{path}.ExternalIdentity"
                )
                return ExternalIdentity(Identifier(urn))
