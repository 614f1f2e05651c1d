from datetime import timedelta
from uuid import uuid4

import pytest

from adapters.memory.act_log import InMemoryActLog
from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.order_repository import InMemoryOrderRepository
from adapters.memory.suppressions import InMemorySuppressions
from application.envelope import Role
from application.operations.recorder import ActRecorder, ReasonMissingError
from application.operations.suppressions import (
    NoAddressError,
    SuppressionService,
    address_meant,
)
from contracts.suppressions_contract import KARIS, OLAS, came_back
from domain.channel import Channel
from domain.operations.acts import Act, SuppressionLifted
from tests.samples import AUDITOR, NOON


class Desk:
    """An operator's desk, with one address that bounced."""

    def __init__(self) -> None:
        vault = InMemoryKeyVault()
        self.orders = InMemoryOrderRepository(vault=vault, clock=lambda: NOON, next_id=uuid4)
        self.known = InMemorySuppressions(self.orders, vault)
        self.log = InMemoryActLog()
        self.service = SuppressionService(
            suppressions=self.known,
            recorder=ActRecorder(log=self.log, clock=lambda: NOON, next_id=uuid4),
            clock=lambda: NOON,
            suppress_for=timedelta(days=30),
        )

    async def acts(self) -> list[Act]:
        return [
            each.act for each in await self.log.latest(roles=frozenset(Role), since=NOON, most=9)
        ]


@pytest.fixture
async def desk() -> Desk:
    made = Desk()
    await came_back(made.orders)
    return made


async def test_what_is_left_alone_is_listed_by_its_hash(desk: Desk) -> None:
    (listed,) = await desk.service.suppressed(most=10)

    assert listed.address_hash == desk.known.address_hash(KARIS)


async def test_to_lift_it_is_an_act_on_record_without_the_address(desk: Desk) -> None:
    assert await desk.service.lift(KARIS, by=AUDITOR, reason="the mailbox is back")

    hashed = desk.known.address_hash(KARIS)
    assert await desk.acts() == [SuppressionLifted(channel=Channel.EMAIL, address_hash=hashed)]
    assert list(await desk.service.suppressed(most=10)) == []


async def test_of_an_address_that_is_not_left_alone_nothing_is_on_record(desk: Desk) -> None:
    assert not await desk.service.lift(OLAS, by=AUDITOR, reason="to be sure")
    assert await desk.acts() == []


async def test_who_gives_no_reason_lifts_nothing(desk: Desk) -> None:
    with pytest.raises(ReasonMissingError):
        await desk.service.lift(KARIS, by=AUDITOR, reason=" ")

    assert len(await desk.service.suppressed(most=10)) == 1


@pytest.mark.parametrize(
    "written, meant",
    [
        (" Kari@Example.org\n", KARIS),
        ("+47 400 00 001", (Channel.SMS, "4740000001")),
        ("004740000001", (Channel.SMS, "4740000001")),
    ],
)
def test_an_address_is_meant_however_it_is_written(written: str, meant: object) -> None:
    assert address_meant(written) == meant


@pytest.mark.parametrize("written", ["", "kari", "kari@", "12"])
def test_what_is_no_address_is_refused(written: str) -> None:
    with pytest.raises(NoAddressError):
        address_meant(written)
