"""What was permitted lately is not asked again.

Only that: who was refused may be let in by the next question, and what was not asked is to be.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from typing import Final

from application.ports.decision_point import DecisionPoint, Question
from domain.authority import Decision

_MOST: Final = 100_000
"""So many permits are remembered at most."""


class PermitCache:
    """Asks another decision point, and remembers for a time what it permitted."""

    def __init__(
        self,
        decision_point: DecisionPoint,
        *,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
        most: int = _MOST,
    ) -> None:
        """Take who decides, for how many seconds a permit holds, and how many are remembered."""
        self._decision_point = decision_point
        self._seconds = seconds
        self._clock = clock
        self._most = most
        self._until: dict[Question, float] = {}

    async def decide(self, questions: Sequence[Question]) -> Mapping[Question, Decision]:
        now = self._clock()
        known = {each for each in questions if self._until.get(each, now) > now}
        asked = [each for each in dict.fromkeys(questions) if each not in known]
        decided = await self._decision_point.decide(asked) if asked else {}
        self._remember(decided, now)
        return {**dict.fromkeys(known, Decision.PERMITTED), **decided}

    def _remember(self, decided: Mapping[Question, Decision], asked_at: float) -> None:
        for question, decision in decided.items():
            self._until.pop(question, None)
            if decision is Decision.PERMITTED:
                self._until[question] = asked_at + self._seconds
        # The oldest come first, but for those that took longer to be answered.
        surplus = len(self._until) - self._most
        gone = takewhile(
            lambda each: each[0] < surplus or each[1][1] <= asked_at,
            enumerate(self._until.items()),
        )
        for _, (question, _) in list(gone):
            del self._until[question]
