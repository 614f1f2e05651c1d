import pytest
from typing_extensions import override

from adapters.memory.registries import (
    InMemoryBusinessRegistry,
    InMemoryExternalIdentityRegistry,
    InMemoryNameRegistry,
    InMemoryPersonRegistry,
    InMemoryProfileRegistry,
    InMemoryUnitRegistry,
)
from application.ports.registries import (
    BusinessRegistry,
    ExternalIdentityRegistry,
    NameRegistry,
    PersonRegistry,
    ProfileRegistry,
    UnitRegistry,
)
from contracts import registries_contract as known


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
