import pytest
from typing_extensions import override

from adapters.memory.owner_agreements import InMemoryOwnerAgreements
from application.ports.owner_agreements import OwnerAgreements
from contracts.owner_agreements_contract import (
    AGREED_WITH_ALL,
    AGREED_WITH_TTD,
    OwnerAgreementsContract,
)


class TestInMemoryOwnerAgreements(OwnerAgreementsContract):
    @override
    @pytest.fixture
    def agreements(self) -> OwnerAgreements:
        return InMemoryOwnerAgreements({"ttd": AGREED_WITH_TTD}, usual=AGREED_WITH_ALL)
