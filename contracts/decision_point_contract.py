"""What every decision point promises; a suite for each gives one that has decided `DECIDED`."""

import pytest

from application.ports.decision_point import DecisionPoint, Question
from domain.authority import Decision
from domain.personal import Identifier
from domain.recipient import OrganisationNumber

UNIT, SUB_UNIT = OrganisationNumber("314022009"), OrganisationNumber("314022017")
OTHER_UNIT = OrganisationNumber("314023005")


def question(
    user: str,
    organisation: OrganisationNumber = UNIT,
    resource: str = "tax-2026",
    action: str = "read",
) -> Question:
    return Question(user, organisation, resource, action)


PROFILES = {
    "15859010099": "6f1f5f0e-0000-8000-8000-000000000001",
    "06927530250": "6f1f5f0e-0000-8000-8000-000000000002",
}
"""Under which ids the profiles of persons lie of whom no user's id is known, by their numbers."""


def of_person(number: str, organisation: OrganisationNumber = UNIT) -> Question:
    """A question about somebody who has no user's id."""
    return question(PROFILES[number], organisation)._replace(person=Identifier(number))


KARI_ALONE = of_person("15859010099")
PERMITTED = (
    question("20001111"),
    question("20002222", action="write"),
    question("20002222", SUB_UNIT),
    question("20003333", resource="app_ttd_my_app"),
    KARI_ALONE,
    of_person("06927530250", SUB_UNIT),
)
REFUSED = (
    question("20002222"),
    question("20001111", action="write"),
    question("20001111", resource="other"),
    question("20001111", SUB_UNIT),
    question("20001111", OTHER_UNIT),
    question("20009999"),
    of_person("15859010099", SUB_UNIT),
    of_person("06927530250"),
)
DECIDED = {
    **dict.fromkeys(PERMITTED, Decision.PERMITTED),
    **dict.fromkeys(REFUSED, Decision.REFUSED),
}


class DecisionPointContract:
    """Whoever decides is asked about many at once, and answers each by itself."""

    @pytest.fixture
    def decision_point(self) -> DecisionPoint:
        """One that permits `PERMITTED`, and nothing else."""
        raise NotImplementedError

    async def test_what_is_permitted_depends_on_all_that_is_asked(
        self, decision_point: DecisionPoint
    ) -> None:
        assert await decision_point.decide(list(DECIDED)) == DECIDED

    async def test_in_which_order_is_asked_makes_no_difference(
        self, decision_point: DecisionPoint
    ) -> None:
        assert await decision_point.decide([*DECIDED][::-1]) == DECIDED

    @pytest.mark.parametrize("asked", [PERMITTED[0], REFUSED[0], KARI_ALONE])
    async def test_a_question_by_itself_is_decided_as_among_others(
        self, decision_point: DecisionPoint, asked: Question
    ) -> None:
        assert await decision_point.decide([asked]) == {asked: DECIDED[asked]}

    async def test_to_ask_twice_is_to_ask_once(self, decision_point: DecisionPoint) -> None:
        asked = [PERMITTED[0], REFUSED[0], PERMITTED[0]]
        expected = {each: DECIDED[each] for each in asked}
        assert await decision_point.decide(asked) == expected
        assert await decision_point.decide(asked) == expected

    async def test_to_ask_nothing_is_to_learn_nothing(self, decision_point: DecisionPoint) -> None:
        assert not await decision_point.decide([])


class AwayContract:
    """A decision point that cannot be reached decides nothing, and says so."""

    @pytest.fixture
    def away(self) -> DecisionPoint:
        """One that cannot be reached."""
        raise NotImplementedError

    async def test_what_was_not_answered_is_not_asked(self, away: DecisionPoint) -> None:
        assert await away.decide(list(DECIDED)) == dict.fromkeys(DECIDED, Decision.NOT_ASKED)
