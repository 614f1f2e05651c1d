from collections.abc import Mapping, Sequence

import pytest
from typing_extensions import override

from adapters.decision_point.permit_cache import PermitCache
from adapters.memory.decision_point import InMemoryDecisionPoint
from application.ports.decision_point import DecisionPoint, Question
from contracts.decision_point_contract import (
    PERMITTED,
    REFUSED,
    AwayContract,
    DecisionPointContract,
)
from domain.authority import Decision

YES, NO = PERMITTED[0], REFUSED[0]


class TestPermitCache(DecisionPointContract):
    @override
    @pytest.fixture
    def decision_point(self) -> DecisionPoint:
        return PermitCache(InMemoryDecisionPoint(PERMITTED), seconds=60)


class TestPermitCacheOfOneThatIsAway(AwayContract):
    @override
    @pytest.fixture
    def away(self) -> DecisionPoint:
        decision_point = InMemoryDecisionPoint(PERMITTED)
        decision_point.is_away = True
        return PermitCache(decision_point, seconds=60)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def test_a_permit_holds_for_its_time_and_no_longer(clock: Clock) -> None:
    decision_point = InMemoryDecisionPoint([YES])
    cache = PermitCache(decision_point, seconds=120, clock=clock)
    await cache.decide([YES])
    decision_point.permitted.clear()

    clock.now += 119
    assert await cache.decide([YES]) == {YES: Decision.PERMITTED}
    clock.now += 1
    assert await cache.decide([YES]) == {YES: Decision.REFUSED}
    assert len(decision_point.asked) == 2


async def test_a_refusal_does_not_outlast_the_question(clock: Clock) -> None:
    decision_point = InMemoryDecisionPoint()
    cache = PermitCache(decision_point, seconds=120, clock=clock)
    assert await cache.decide([NO]) == {NO: Decision.REFUSED}
    decision_point.permitted.add(NO)
    assert await cache.decide([NO]) == {NO: Decision.PERMITTED}


async def test_what_was_not_asked_is_asked(clock: Clock) -> None:
    decision_point = InMemoryDecisionPoint([YES])
    cache = PermitCache(decision_point, seconds=120, clock=clock)
    decision_point.is_away = True
    assert await cache.decide([YES]) == {YES: Decision.NOT_ASKED}
    decision_point.is_away = False
    assert await cache.decide([YES]) == {YES: Decision.PERMITTED}


async def test_a_permit_holds_while_the_decision_point_is_away(clock: Clock) -> None:
    decision_point = InMemoryDecisionPoint([YES])
    cache = PermitCache(decision_point, seconds=120, clock=clock)
    await cache.decide([YES])
    decision_point.is_away = True
    decided = await cache.decide([NO, YES])
    assert decided == {YES: Decision.PERMITTED, NO: Decision.NOT_ASKED}


async def test_a_permit_is_as_old_as_its_question(clock: Clock) -> None:
    class Slow:
        async def decide(self, questions: Sequence[Question]) -> Mapping[Question, Decision]:
            clock.now += 100
            return dict.fromkeys(questions, Decision.PERMITTED)

    cache = PermitCache(Slow(), seconds=120, clock=clock)
    await cache.decide([YES])
    clock.now += 20
    began = clock.now
    await cache.decide([YES])
    assert clock.now == began + 100


async def test_the_oldest_permits_give_way_to_new_ones(clock: Clock) -> None:
    several = [Question(str(n), YES.organisation, "tax", "read") for n in range(5)]
    decision_point = InMemoryDecisionPoint(several)
    cache = PermitCache(decision_point, seconds=120, clock=clock, most=3)
    for each in several:
        await cache.decide([each])
        clock.now += 1

    await cache.decide(several)

    assert decision_point.asked[-1] == several[:2]


async def test_nothing_is_remembered_where_permits_hold_for_no_time(clock: Clock) -> None:
    decision_point = InMemoryDecisionPoint([YES])
    cache = PermitCache(decision_point, seconds=0, clock=clock)
    await cache.decide([YES])
    await cache.decide([YES])
    assert len(decision_point.asked) == 2
