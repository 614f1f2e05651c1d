import pytest
from typing_extensions import override

from adapters.memory.registry_copies import InMemoryRegistryCopies
from application.ports.registry_copies import BUSINESSES, KRR, CopyStanding, RegistryCopies
from contracts.registry_copies_contract import POSITION, RegistryCopiesContract
from tests.samples import NOON


class TestInMemoryRegistryCopies(RegistryCopiesContract):
    @override
    @pytest.fixture
    def copies(self) -> RegistryCopies:
        return InMemoryRegistryCopies(
            [
                CopyStanding(registry=KRR, position="10", newest="20"),
                CopyStanding(registry=BUSINESSES, position=POSITION, confirmed_at=NOON),
            ]
        )

    @override
    @pytest.fixture
    def never_loaded(self) -> RegistryCopies:
        return InMemoryRegistryCopies(CopyStanding(registry=each) for each in (KRR, BUSINESSES))
