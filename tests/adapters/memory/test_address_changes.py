"""The changes of addresses in memory keep the port's promises."""

import pytest

from adapters.memory.address_changes import InMemoryAddressChanges
from application.ports.address_changes import AddressChanges
from contracts.address_changes_contract import AddressChangesContract


class TestInMemoryAddressChanges(AddressChangesContract):
    @pytest.fixture
    def changes(self) -> AddressChanges:
        return InMemoryAddressChanges()
