import pytest
from typing_extensions import override

from adapters.memory.registry_copies import InMemoryRegistryCopies
from adapters.memory.registry_feed import InMemoryRegistryFeed
from application.ports.registry_feed import RegistryFeed
from contracts.registry_feed_contract import RegistryFeedContract
from tests.samples import NOON


class TestInMemoryRegistryFeed(RegistryFeedContract):
    @override
    @pytest.fixture
    def feed(self) -> RegistryFeed:
        made = InMemoryRegistryFeed("krr", InMemoryRegistryCopies(), clock=lambda: NOON)
        made.grow(3)
        return made
