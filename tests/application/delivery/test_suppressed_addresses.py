from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from typing_extensions import override

from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.order_repository import InMemoryOrderRepository
from adapters.memory.suppressions import InMemorySuppressions
from application.delivery.suppressed_addresses import SuppressedAddresses
from contracts.suppressions_contract import came_back
from domain.channel import Channel
from domain.contact_point import (
    AddressKey,
    BusinessRecord,
    ExternalRecord,
    PersonRecord,
    ProfileRecord,
    RegisteredAddress,
    address_key,
)
from domain.order.events import Suppression
from domain.personal import Contact
from domain.recipient import Direct, OrganisationNumber
from domain.resolution import (
    DirectFinding,
    ExternalFinding,
    Finding,
    OrganisationFinding,
    PersonFinding,
)
from tests.samples import NOON

UNIT = OrganisationNumber("314022009")
BOUNCED = Suppression(bounced_at=NOON, until=NOON + timedelta(days=30))


def at(text: str) -> RegisteredAddress:
    return RegisteredAddress(address=Contact(text))


def email(text: str) -> AddressKey:
    return address_key(Contact(text), Channel.EMAIL)


class Asked(InMemorySuppressions):
    """Remembers what it was asked."""

    def __init__(self, orders: InMemoryOrderRepository) -> None:
        super().__init__(orders, InMemoryKeyVault())
        self.asked: list[set[AddressKey]] = []

    @override
    async def bounced(
        self, addresses: Collection[AddressKey], *, since: datetime
    ) -> Mapping[AddressKey, datetime]:
        self.asked.append(set(addresses))
        return await super().bounced(addresses, since=since)


@pytest.fixture
def orders() -> InMemoryOrderRepository:
    return InMemoryOrderRepository(vault=InMemoryKeyVault(), clock=lambda: NOON, next_id=uuid4)


@pytest.fixture
def asked(orders: InMemoryOrderRepository) -> Asked:
    return Asked(orders)


def left_alone(asked: Asked, days: int = 30) -> SuppressedAddresses:
    return SuppressedAddresses(asked, clock=lambda: NOON, suppress_for=timedelta(days=days))


KARI = PersonFinding(record=PersonRecord(email=at("kari@example.org"), mobile=at("+4740000001")))
FIRM = OrganisationFinding(
    number=UNIT,
    record=BusinessRecord(origin=UNIT, emails=[at("post@firm.example")], mobiles=[]),
    profiles=[ProfileRecord(user="1", email=at("ola@example.org"))],
)
SIGRID = ExternalFinding(record=ExternalRecord(email=at("sigrid@example.org")))
GIVEN = DirectFinding(identity=Direct(email=Contact("given@example.org")))
UNKNOWN = PersonFinding(record=None)


async def test_everybody_whom_registries_know_is_asked_about_at_once_and_nobody_else(
    asked: Asked,
) -> None:
    findings: list[Finding] = [KARI, FIRM, SIGRID, GIVEN, UNKNOWN]

    assert list(await left_alone(asked).told_with(findings)) == findings

    assert asked.asked == [
        {
            email("kari@example.org"),
            (Channel.SMS, "4740000001"),
            email("post@firm.example"),
            email("ola@example.org"),
            email("sigrid@example.org"),
        }
    ]


async def test_each_finding_tells_what_bounced_and_until_when_it_is_left_alone(
    orders: InMemoryOrderRepository, asked: Asked
) -> None:
    await came_back(orders, address="kari@example.org")

    kari, given = await left_alone(asked).told_with([KARI, GIVEN])

    assert isinstance(kari, PersonFinding)
    assert (kari.record, kari.suppressed) == (KARI.record, {email("kari@example.org"): BOUNCED})
    assert given == GIVEN


async def test_where_no_address_was_found_nobody_is_asked(asked: Asked) -> None:
    assert list(await left_alone(asked).told_with([GIVEN, UNKNOWN])) == [GIVEN, UNKNOWN]
    assert asked.asked == []


async def test_where_nothing_is_to_be_left_alone_nobody_is_asked(
    orders: InMemoryOrderRepository, asked: Asked
) -> None:
    await came_back(orders, address="kari@example.org")

    assert list(await left_alone(asked, days=0).told_with([KARI])) == [KARI]
    assert asked.asked == []
