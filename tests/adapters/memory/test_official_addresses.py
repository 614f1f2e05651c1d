"""The register of official addresses in memory, and what its feed tells, keep the ports' promises."""

import pytest

from adapters.memory.official_addresses import (
    InMemoryAddressRegister,
    InMemoryOfficialAddresses,
)
from application.ports.address_register import AddressRegister
from contracts.address_register_contract import UNKNOWN, AddressRegisterContract
from contracts.official_addresses_contract import Bring, Has, OfficialAddressesContract
from contracts.samples import NOON


class TestInMemoryAddressRegister(AddressRegisterContract):
    @pytest.fixture
    def register(self) -> AddressRegister:
        register = InMemoryAddressRegister()
        register.unknown.add(UNKNOWN)
        return register


class TestInMemoryOfficialAddresses(OfficialAddressesContract):
    @pytest.fixture
    def register(self) -> InMemoryAddressRegister:
        return InMemoryAddressRegister()

    @pytest.fixture
    def addresses(self, register: InMemoryAddressRegister) -> InMemoryOfficialAddresses:
        return InMemoryOfficialAddresses(register)

    @pytest.fixture
    def bring(
        self, register: InMemoryAddressRegister, addresses: InMemoryOfficialAddresses
    ) -> Bring:
        async def bring(has: Has) -> None:
            register.has = dict(has)
            addresses.read_feed(NOON)

        return bring
