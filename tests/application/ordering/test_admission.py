"""What is on an owner's count when the count itself cannot be reached."""

from uuid import uuid4

import pytest
from typing_extensions import override

from adapters.memory.installation import InMemoryInstallation
from adapters.memory.owner_ledger import InMemoryOwnerLedger
from application.known_owners import KnownOwners
from application.ordering.admission import Admission, QuotaExceededError, amount_of
from application.ordering.commands import NewOrder
from application.ports.order_repository import StoreUnavailableError
from application.ports.owner_ledger import Amount, QuotaLimit
from contracts.order_repository_contract import SetClock
from contracts.owner_records_contract import KARI, REGISTERED
from domain.channel import ChannelChoice
from domain.message import Language, SmsMessage, SmsText
from domain.order.events import OrderId
from domain.owner.events import DailyLimits
from domain.owner.record import Terms
from domain.personal import Content
from tests.samples import STRANGER


class TakesNothingBack(InMemoryOwnerLedger):
    """Goes away between the count and its correction."""

    @override
    async def give_back(self, order_id: OrderId) -> None:
        raise StoreUnavailableError


async def test_what_cannot_be_given_back_stays_counted_and_is_answered() -> None:
    clock, ledger = SetClock(), TakesNothingBack()
    admission = Admission(
        ledger=ledger,
        owners=KnownOwners(InMemoryInstallation(clock=clock).owner_records, clock),
        clock=clock,
        quota_limits={"ttd": QuotaLimit(recipients=4)},
    )
    order = NewOrder(channel=ChannelChoice.EMAIL, recipients=(STRANGER,))

    async with await admission.of("ttd", [order], OrderId(uuid4())) as admitted:
        admitted.is_void = True

    assert await ledger.used("ttd", clock.now.date()) == Amount(recipients=1)


@pytest.mark.parametrize(
    "agreed, may_be_ordered",
    [
        (DailyLimits(), 1),
        (DailyLimits(recipients=3), 3),
        (DailyLimits(recipients=0), 0),
        (DailyLimits(sms_segments=7), 1),
    ],
)
async def test_what_is_agreed_with_an_owner_goes_before_what_the_installation_lets_everybody(
    agreed: DailyLimits, may_be_ordered: int
) -> None:
    clock = SetClock()
    memory = InMemoryInstallation(clock=clock)
    record = await memory.owner_records.append(
        await memory.owner_records.load("ttd"), [REGISTERED], by=KARI
    )
    terms = record.agree(Terms(limits=agreed), reason="asked for it")
    await memory.owner_records.append(record, terms, by=KARI)
    admission = Admission(
        ledger=InMemoryOwnerLedger(),
        owners=memory.ports.known_owners,
        clock=clock,
        quota_limits={"*": QuotaLimit(recipients=1)},
    )
    order = NewOrder(channel=ChannelChoice.EMAIL, recipients=(STRANGER,))

    for _ in range(may_be_ordered):
        async with await admission.of("TTD", [order]):
            pass

    with pytest.raises(QuotaExceededError):
        async with await admission.of("TTD", [order]):
            pass


def test_of_a_text_message_in_several_languages_the_longest_is_counted() -> None:
    sms = SmsMessage(
        sender="Altinn",
        body=Content("Logg inn."),
        languages=(SmsText(language=Language.SE, body=Content("č" * 71)),),
    )
    order = NewOrder(channel=ChannelChoice.SMS, recipients=(STRANGER, STRANGER), sms=sms)

    assert amount_of([order]) == Amount(recipients=2, segments=4)
