import pytest
from typing_extensions import override

from adapters.memory.installation import InMemoryInstallation
from adapters.memory.registries import (
    InMemoryBusinessRegistry,
    InMemoryExternalIdentityRegistry,
    InMemoryNameRegistry,
    InMemoryPersonRegistry,
    InMemoryProfileRegistry,
    InMemoryUnitRegistry,
)
from application.envelope import SERVICE
from application.ports.registries import (
    BusinessRegistry,
    ExternalIdentityRegistry,
    NameRegistry,
    PersonRegistry,
    ProfileRegistry,
    UnitRegistry,
)
from application.profiles.profile_ids import ProfileIds
from contracts import registries_contract as known
from contracts.order_repository_contract import SetClock
from domain.personal import Contact, Identifier
from domain.profile.events import AddressesRegistered, ProfileAddress, ProfileOpened


class TestInMemoryPersonRegistry(known.PersonRegistryContract):
    @override
    @pytest.fixture
    def persons(self) -> PersonRegistry:
        return InMemoryPersonRegistry(known.PERSONS)


class TestInMemoryBusinessRegistry(known.BusinessRegistryContract):
    @override
    @pytest.fixture
    def businesses(self) -> BusinessRegistry:
        return InMemoryBusinessRegistry(known.BUSINESSES, known.MAIN_UNITS)


class TestInMemoryUnitRegistry(known.UnitRegistryContract):
    @override
    @pytest.fixture
    def units(self) -> UnitRegistry:
        return InMemoryUnitRegistry(known.CHAIN)


class TestInMemoryProfileRegistry(known.ProfileRegistryContract):
    @override
    @pytest.fixture
    def profiles(self) -> ProfileRegistry:
        return InMemoryProfileRegistry(known.PROFILES)


async def test_what_is_registered_in_profiles_is_told_with_what_is_not_to_be_used() -> None:
    installation = InMemoryInstallation(clock=SetClock())
    profiles, registry = installation.profiles, installation.ports.registries.profiles
    ids = ProfileIds(installation.vault)
    for user, address, resources, is_verified in (
        ("1", "ola@example.org", (), True),
        ("2", "kari@example.org", ("tax-2026",), False),
        ("3", "sigrid@example.org", ("other",), True),
    ):
        registered = AddressesRegistered(
            organisation=known.UNIT,
            email=ProfileAddress(address=Contact(address), is_verified=is_verified),
            resources=resources,
            user=Identifier(user),
        )
        opened = ProfileOpened(person=None, user=Identifier(user))
        empty = await profiles.load(ids.of_user(user))
        await profiles.append(empty, [opened, registered], by=SERVICE)

    found = await registry.find([known.UNIT, known.SUB_UNIT], "urn:altinn:resource:tax-2026")

    assert list(found) == [known.UNIT]
    assert sorted(
        (each.user, each.email and each.email.is_verified, each.is_about_another)
        for each in found[known.UNIT]
    ) == [("1", True, False), ("2", False, False), ("3", None, True)]


class TestInMemoryExternalIdentityRegistry(known.ExternalIdentityRegistryContract):
    @override
    @pytest.fixture
    def externals(self) -> ExternalIdentityRegistry:
        return InMemoryExternalIdentityRegistry(known.EXTERNALS)


class TestInMemoryNameRegistry(known.NameRegistryContract):
    @override
    @pytest.fixture
    def names(self) -> NameRegistry:
        return InMemoryNameRegistry(known.NAMES)
