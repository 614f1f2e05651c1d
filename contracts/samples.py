"""The people, firms and facts that the contracts talk about; every number is synthetic."""

from datetime import UTC, datetime
from uuid import UUID

from application.envelope import Actor, Role
from domain.channel import ChannelChoice
from domain.message import EmailMessage, SmsMessage
from domain.order.events import OrderId, OrderKind, OrderPlaced
from domain.personal import Contact, Content, Identifier
from domain.recipient import (
    Direct,
    Organisation,
    OrganisationNumber,
    Person,
    Recipient,
    RecipientNo,
)

NOON = datetime(2026, 9, 1, 10, tzinfo=UTC)
"""Noon in Oslo, on a working day in summer."""

ORDER_ID = OrderId(UUID("5a1e1c44-1111-4f00-8aaa-9b9b9b9b9b9b"))
AUDITOR = Actor(role=Role.OPERATOR, name="auditor@host-1")
TTD = Actor(role=Role.OWNER, name="ttd", organisation="991825827")
SKD = Actor(role=Role.OWNER, name="skd", organisation="974761076")

KARI = Person(Identifier("15859010099"))
OLA = Person(Identifier("06927530250"))
BAKERY = Organisation(OrganisationNumber("314022009"))
STRANGER = Direct(email=Contact("stranger@example.org"))

REMINDER_MAIL = EmailMessage(
    sender="noreply@altinn.cloud",
    subject=Content("Reminder about case 77"),
    body=Content("Hi $recipientName$, please log in."),
)
REMINDER_SMS = SmsMessage(sender="Altinn", body=Content("Please log in."))

placed = OrderPlaced(
    owner="ttd",
    kind=OrderKind.NOTIFICATION,
    requested_send_time=NOON,
    channel=ChannelChoice.EMAIL,
    recipients=(Recipient(RecipientNo(0), KARI),),
    email=REMINDER_MAIL,
    senders_reference="case-77",
)
