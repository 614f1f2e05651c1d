from contextlib import AbstractContextManager

import pytest
from typing_extensions import override

from adapters.decision_point.grants import GrantTable
from adapters.postgres.pool import Pool
from adapters.registries.businesses import AddressRow, KeptAddress
from adapters.registries.importing import ImportSummary, RegistryImporter
from adapters.registries.krr import KeptPerson, PersonRow
from adapters.registries.replicas import (
    PostgresBusinessRegistry,
    PostgresExternalIdentityRegistry,
    PostgresNameRegistry,
    PostgresPersonRegistry,
    PostgresUnitRegistry,
)
from adapters.registries.upserts import SealedWriter
from application.delivery.contact_lookup import Registries
from application.ports.registries import (
    BusinessRegistry,
    ExternalIdentityRegistry,
    NameRegistry,
    PersonRegistry,
    ProfileRegistry,
    RegistryUnavailableError,
    UnitRegistry,
)
from application.ports.registry_copies import BUSINESSES, KRR, PROFILES
from contracts import registries_contract as known
from contracts.registries_contract import KARI, UNIT
from domain.channel import Channel
from tests.adapters.registries.local import profile_registry
from tests.adapters.registries.pages import KNOWN, unit, units
from tests.adapters.registries.sealed import SEALER
from tests.samples import NOON


def local_copies(pool: Pool) -> Registries:
    return Registries(
        persons=PostgresPersonRegistry(pool, SEALER),
        businesses=PostgresBusinessRegistry(pool, SEALER),
        units=PostgresUnitRegistry(pool),
        profiles=profile_registry(pool),
        decision_point=GrantTable(pool),
        externals=PostgresExternalIdentityRegistry(pool, SEALER),
        names=PostgresNameRegistry(pool, SEALER),
    )


@pytest.fixture
async def copies(pool: Pool, importer: RegistryImporter) -> Registries:
    """Copies of registers in which everything stands that the contracts know."""
    for kind, page in KNOWN:
        await importer.import_page(kind, page, ImportSummary())
    return local_copies(pool)


class TestPostgresPersonRegistry(known.PersonRegistryContract):
    @override
    @pytest.fixture
    def persons(self, copies: Registries) -> PersonRegistry:
        return copies.persons


class TestPostgresBusinessRegistry(known.BusinessRegistryContract):
    @override
    @pytest.fixture
    def businesses(self, copies: Registries) -> BusinessRegistry:
        return copies.businesses


class TestPostgresUnitRegistry(known.UnitRegistryContract):
    @override
    @pytest.fixture
    async def units(self, copies: Registries, importer: RegistryImporter) -> UnitRegistry:
        page = units(*(unit(*each) for each in known.CHAIN.items()))
        await importer.import_page("businesses", page, ImportSummary())
        return copies.units


class TestPostgresProfileRegistry(known.ProfileRegistryContract):
    @override
    @pytest.fixture
    def profiles(self, copies: Registries) -> ProfileRegistry:
        return copies.profiles


class TestPostgresExternalIdentityRegistry(known.ExternalIdentityRegistryContract):
    @override
    @pytest.fixture
    def externals(self, copies: Registries) -> ExternalIdentityRegistry:
        return copies.externals


class TestPostgresNameRegistry(known.NameRegistryContract):
    @override
    @pytest.fixture
    def names(self, copies: Registries) -> NameRegistry:
        return copies.names


def unavailable(registry: str) -> AbstractContextManager[object]:
    """By the name by which operators know the copy: under it they are told how many orders wait for it."""
    return pytest.raises(RegistryUnavailableError, match=f"registry {registry} ")


async def test_a_copy_that_cannot_be_reached_is_not_a_copy_that_knows_nobody(pool: Pool) -> None:
    await pool.close()
    registries = local_copies(pool)
    with unavailable(KRR):
        await registries.persons.find([KARI])
    with unavailable(BUSINESSES):
        await registries.businesses.find([UNIT])
    with unavailable(PROFILES):
        await registries.profiles.find([UNIT], "tax-2026")
    with unavailable(BUSINESSES):
        await registries.units.main_units([UNIT])
    with unavailable(PROFILES):
        await registries.externals.find(["urn:altinn:username:sigrid"])
    with unavailable("names"):
        await registries.names.find([KARI], [])


async def test_a_number_in_a_copy_of_before_is_read_as_e164_writes_it(pool: Pool) -> None:
    leads = KeptAddress(Channel.SMS, "+460701234567")
    async with pool.connection() as connection, connection.transaction():
        writer = SealedWriter(connection, SEALER, await SEALER.sealing(connection))
        known = KeptPerson(False, False, True, None, None, "+460701234567", None, None)  # noqa: FBT003  # a box's columns
        await writer.write_persons([PersonRow(KARI, known)], 1)
        await writer.write_addresses([AddressRow("a", NOON, UNIT, leads)])
    registries = local_copies(pool)
    mobile = (await registries.persons.find([KARI]))[KARI].mobile
    assert mobile is not None
    assert (mobile.address.text, mobile.is_valid) == ("+46701234567", True)
    (found,) = (await registries.businesses.find([UNIT]))[UNIT].mobiles
    assert (found.address.text, found.is_valid) == ("+46701234567", True)
