"""The service asks the stand-in for the decision point as it asks the decision point itself."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from typing_extensions import override

from adapters.postgres import open_pool
from adapters.postgres.pool import Pool
from application.ports.decision_point import DecisionPoint, Question
from contracts.decision_point_contract import (
    DECIDED,
    PERMITTED,
    REFUSED,
    AwayContract,
    DecisionPointContract,
)
from domain.authority import Decision
from entrypoints.sandbox.registers import AUTHORIZE, Grant, Holdings, Registers, Trouble
from entrypoints.settings import Settings
from entrypoints.wiring import decision_point as wired

pytestmark = pytest.mark.postgres


def granted(asked: Question) -> Grant:
    """What there is a question about, as the stand-in keeps it."""
    user = asked.user if asked.person is None else asked.person.text
    return Grant(user, asked.organisation, asked.resource, asked.action)


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    async with await open_pool(database_url, size=1, name="test") as opened:
        yield opened


@pytest.fixture
async def decision_point(
    registers: Registers, holdings: Holdings, pool: Pool
) -> AsyncIterator[DecisionPoint]:
    """Who decides as the settings say: the stand-in, that permits what the contract knows, and no more."""
    for each in PERMITTED:
        holdings.grants.permit(granted(each))
    for each in REFUSED:
        holdings.grants.withdraw(granted(each))
    settings = Settings(
        decision_point_url=registers.url + AUTHORIZE,
        decision_point_timeout=1,
        decision_point_cache=0,
    )
    async with AsyncExitStack() as stack:
        yield wired.decision_point(settings, pool, stack)


class TestDecisionPointByTheSettings(DecisionPointContract):
    @override
    @pytest.fixture
    def decision_point(self, decision_point: DecisionPoint) -> DecisionPoint:
        return decision_point


class TestDecisionPointByTheSettingsThatIsClosed(AwayContract):
    @override
    @pytest.fixture
    def away(self, decision_point: DecisionPoint, registers: Registers) -> DecisionPoint:
        registers.troubles.make(AUTHORIZE, Trouble(status=503))
        return decision_point


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble(shuffle=True),
        Trouble(halve=True),
        Trouble(duplicate=True),
        Trouble(halve=True, shuffle=True, duplicate=True),
        Trouble(status=500, times=1),
        Trouble(hang=1.5, times=1),
    ],
)
async def test_whatever_is_wrong_with_its_answers_what_is_decided_is_right(
    decision_point: DecisionPoint, registers: Registers, trouble: Trouble
) -> None:
    registers.troubles.make(AUTHORIZE, trouble)

    decided = await decision_point.decide(list(DECIDED))

    assert decided.keys() == DECIDED.keys()
    assert all(
        decision in {DECIDED[each], Decision.NOT_ASKED} for each, decision in decided.items()
    )
    if not (trouble.halve or trouble.duplicate):
        assert decided == DECIDED
