import pytest
from typing_extensions import override

from adapters.memory.decision_point import InMemoryDecisionPoint
from application.ports.decision_point import DecisionPoint
from contracts.decision_point_contract import PERMITTED, AwayContract, DecisionPointContract


class TestInMemoryDecisionPoint(DecisionPointContract):
    @override
    @pytest.fixture
    def decision_point(self) -> DecisionPoint:
        return InMemoryDecisionPoint(PERMITTED)


class TestInMemoryDecisionPointThatIsAway(AwayContract):
    @override
    @pytest.fixture
    def away(self) -> DecisionPoint:
        decision_point = InMemoryDecisionPoint(PERMITTED)
        decision_point.is_away = True
        return decision_point
