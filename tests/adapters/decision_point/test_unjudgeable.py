"""What cannot be judged is told from what was not asked, and remembered for some minutes."""

import pytest
from typing_extensions import override

from adapters.decision_point.unjudgeable import APART, HOLDS, UnjudgeableMemory
from adapters.memory.decision_point import InMemoryDecisionPoint
from application.ports.decision_point import DecisionPoint, Question
from contracts.decision_point_contract import (
    PERMITTED,
    AwayContract,
    DecisionPointContract,
)
from domain.authority import Decision

LOST, YES = PERMITTED[:2]


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class House:
    """A decision point that cannot judge one pair, and whoever remembers it."""

    def __init__(self, *, most: int = 100) -> None:
        self.clock = Clock()
        self.decision_point = InMemoryDecisionPoint(PERMITTED, unjudgeable=[LOST])
        self.memory = UnjudgeableMemory(self.decision_point, clock=self.clock, most=most)

    async def told(self, question: Question = LOST, *, after: float = 0.0) -> Decision:
        """What is told of a question some seconds later."""
        self.clock.now += after
        return (await self.memory.decide([question]))[question]

    @property
    def asked(self) -> int:
        """How often the decision point was asked."""
        return len(self.decision_point.asked)


@pytest.fixture
def house() -> House:
    return House()


class TestUnjudgeableMemory(DecisionPointContract):
    @override
    @pytest.fixture
    def decision_point(self) -> DecisionPoint:
        return UnjudgeableMemory(InMemoryDecisionPoint(PERMITTED))


class TestUnjudgeableMemoryOfOneThatIsAway(AwayContract):
    @override
    @pytest.fixture
    def away(self) -> DecisionPoint:
        decision_point = InMemoryDecisionPoint(PERMITTED)
        decision_point.is_away = True
        return UnjudgeableMemory(decision_point)


async def test_what_could_not_be_judged_once_may_be_when_it_is_asked_again(house: House) -> None:
    assert await house.told() is Decision.NOT_ASKED
    assert await house.told(after=APART - 1) is Decision.NOT_ASKED
    house.decision_point.unjudgeable.clear()
    assert await house.told(after=1) is Decision.PERMITTED


async def test_what_could_not_be_judged_twice_is_not_asked_for_some_minutes(house: House) -> None:
    await house.told()
    assert await house.told(after=APART) is Decision.UNJUDGEABLE
    asked = house.asked
    assert await house.told(after=HOLDS - 1) is Decision.UNJUDGEABLE
    assert house.asked == asked

    assert await house.told(after=1) is Decision.UNJUDGEABLE
    assert house.asked == asked + 1


async def test_what_is_judged_again_is_judgeable(house: House) -> None:
    await house.told()
    await house.told(after=APART)
    house.decision_point.unjudgeable.clear()
    assert await house.told(after=HOLDS) is Decision.PERMITTED
    house.decision_point.unjudgeable.add(LOST)
    assert await house.told(after=APART) is Decision.NOT_ASKED


async def test_an_outage_is_no_sign_that_a_pair_cannot_be_judged(house: House) -> None:
    house.decision_point.is_away = True
    for _ in range(3):
        assert await house.told(after=APART) is Decision.NOT_ASKED
    house.decision_point.is_away = False
    assert await house.told(after=APART) is Decision.NOT_ASKED


async def test_others_are_asked_beside_one_that_cannot_be_judged(house: House) -> None:
    await house.told()
    await house.told(after=APART)
    assert await house.memory.decide([LOST, YES]) == {
        LOST: Decision.UNJUDGEABLE,
        YES: Decision.PERMITTED,
    }
    assert house.decision_point.asked[-1] == [YES]


async def test_that_it_was_long_ago_that_a_pair_could_not_be_judged_counts_no_more(
    house: House,
) -> None:
    await house.told()
    assert await house.told(after=900) is Decision.NOT_ASKED


async def test_the_oldest_give_way_where_there_are_too_many() -> None:
    house = House(most=1)
    house.decision_point.unjudgeable.add(YES)
    await house.told()
    await house.told(YES)
    assert await house.told(after=APART) is Decision.NOT_ASKED
