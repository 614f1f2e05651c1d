import pytest
from typing_extensions import override

from adapters.memory.registries import (
    InMemoryBusinessRegistry,
    InMemoryExternalIdentityRegistry,
    InMemoryNameRegistry,
    InMemoryPersonRegistry,
    InMemoryProfileRegistry,
)
from application.delivery.contact_lookup import Registries
from contracts import registries_contract as known
from contracts.registries_contract import RegistriesContract


class TestInMemoryRegistries(RegistriesContract):
    @override
    @pytest.fixture
    def registries(self) -> Registries:
        return Registries(
            persons=InMemoryPersonRegistry(known.PERSONS),
            businesses=InMemoryBusinessRegistry(known.BUSINESSES, known.MAIN_UNITS),
            profiles=InMemoryProfileRegistry(known.PROFILES),
            externals=InMemoryExternalIdentityRegistry(known.EXTERNALS),
            names=InMemoryNameRegistry(known.NAMES),
        )
