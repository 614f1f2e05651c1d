"""An address that is asked for here goes to the register, and comes back by its feed."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from adapters.address_changes.postgres import PostgresAddressChanges
from adapters.postgres import open_pool
from adapters.postgres.pool import Pool
from application.official_addresses.writing_back import AddressWriter
from domain.channel import Channel
from domain.official_address import ChangeKind, ChangeState, Place, WantedChange
from domain.personal import Contact
from domain.recipient import OrganisationNumber
from entrypoints.sandbox.registers import ADDRESSES, Registers
from entrypoints.settings import Settings
from entrypoints.wiring.clock import utc_now
from entrypoints.wiring.registries import address_register, official_addresses, sync_registry
from entrypoints.wiring.store import key_vault
from tests.entrypoints.sandbox.registers.conftest import TOKEN

pytestmark = pytest.mark.postgres

FIRM, NOBODY = OrganisationNumber("314022009"), OrganisationNumber("999999998")
POST = Place(channel=Channel.EMAIL, address=Contact("written-back@fjell.example.no"))
PHONE = Place(channel=Channel.SMS, address=Contact("+4740000077"))


@pytest.fixture
def settings(registers: Registers, tmp_path: Path) -> Settings:
    return Settings(
        data=tmp_path,
        businesses_url=registers.url + ADDRESSES,
        businesses_token=TOKEN,
        businesses_write_url=registers.url,
    )


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    async with await open_pool(database_url, size=2, name="test") as opened:
        yield opened


@dataclass
class House:
    """A database, the register that it follows, and a clock that can be put forward."""

    settings: Settings
    database_url: str
    changes: PostgresAddressChanges
    writer: AddressWriter
    ahead: timedelta

    def now(self) -> datetime:
        """The time, as far as it was put forward."""
        return utc_now() + self.ahead

    async def want(
        self,
        kind: ChangeKind,
        place: Place | None = None,
        registry_id: str | None = None,
        *,
        of: OrganisationNumber = FIRM,
    ) -> None:
        """Have a change asked for."""
        known = await self.changes.of(of)
        wanted = WantedChange(organisation=of, kind=kind, place=place, registry_id=registry_id)
        latest = known[-1].change_id if known else None
        await self.changes.add(wanted, after=latest, now=self.now())

    async def go_round(self) -> None:
        """Let the register be told, and its feed be read and looked at."""
        await self.writer.look_after()
        await sync_registry(self.settings, "businesses", self.database_url)
        self.ahead += timedelta(minutes=2)
        await self.writer.look_after()

    async def last(self, of: OrganisationNumber = FIRM) -> ChangeState:
        """How far the latest change has come."""
        return (await self.changes.of(of))[-1].state


@pytest.fixture
async def house(settings: Settings, pool: Pool, database_url: str) -> House:
    vault = await key_vault(settings, pool)
    register = address_register(settings)
    assert register is not None
    changes = PostgresAddressChanges(pool, vault)
    house: House

    def now() -> datetime:
        return house.now()

    writer = AddressWriter(
        changes=changes, addresses=official_addresses(pool, vault), register=register, clock=now
    )
    house = House(settings, database_url, changes, writer, timedelta())
    await sync_registry(settings, "businesses", database_url)
    return house


async def test_an_address_that_is_asked_for_comes_back_by_the_feed_and_goes_the_same_way(
    house: House,
) -> None:
    await house.want(ChangeKind.ADD, POST)
    await house.go_round()
    (added,) = await house.changes.of(FIRM)
    assert (added.state, added.place) == (ChangeState.HELD, None)

    await house.want(ChangeKind.REPLACE, PHONE, added.taken_as)
    await house.go_round()
    assert await house.last() is ChangeState.HELD
    (_, replaced) = await house.changes.of(FIRM)

    await house.want(ChangeKind.REMOVE, None, replaced.taken_as)
    await house.go_round()
    assert await house.last() is ChangeState.HELD


async def test_what_the_register_refuses_is_refused(house: House) -> None:
    await house.want(ChangeKind.ADD, POST, of=NOBODY)

    await house.go_round()

    assert await house.last(NOBODY) is ChangeState.REFUSED
