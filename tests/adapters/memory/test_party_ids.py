"""Party ids in memory keep the port's promises."""

import pytest

from adapters.memory.party_ids import InMemoryPartyIds
from application.ports.party_ids import PartyIds
from contracts.party_ids_contract import PARTY_IDS, PartyIdsContract


class TestInMemoryPartyIds(PartyIdsContract):
    @pytest.fixture
    def party_ids(self) -> PartyIds:
        return InMemoryPartyIds(PARTY_IDS)
