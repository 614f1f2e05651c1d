"""What is on an owner's count when the count itself cannot be reached."""

from uuid import uuid4

from typing_extensions import override

from adapters.memory.installation import InMemoryInstallation
from adapters.memory.owner_ledger import InMemoryOwnerLedger
from application.known_owners import KnownOwners
from application.ordering.admission import Admission
from application.ordering.commands import NewOrder
from application.ports.order_repository import StoreUnavailableError
from application.ports.owner_ledger import Amount, QuotaLimit
from contracts.order_repository_contract import SetClock
from domain.channel import ChannelChoice
from domain.order.events import OrderId
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

    async with admission.of("ttd", [order], OrderId(uuid4())) as admitted:
        admitted.is_void = True

    assert await ledger.used("ttd", clock.now.date()) == Amount(recipients=1)
