"""Pairs that the decision point cannot judge even by themselves are remembered, and not waited for.

That it cannot judge one may pass, as where a source that it asks is away for a moment. Only what it could
not judge again, a while after the first time, is taken for something that a wait would not change.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from typing import Final, NamedTuple

from application.ports.decision_point import DecisionPoint, Question
from domain.authority import Decision

APART: Final = 30.0
"""Seconds between two answers that a pair cannot be judged, for it to be taken for unjudgeable."""
HOLDS: Final = 300.0
"""Seconds for which an unjudgeable pair is not asked about."""
_KEPT: Final = 900.0
"""Seconds after which it is forgotten that a pair could not be judged."""
_MOST: Final = 100_000
"""So many pairs are remembered at most."""


class _Seen(NamedTuple):
    first: float
    last: float


class UnjudgeableMemory:
    """Asks another decision point, and tells apart what it will not judge from what it has not yet."""

    def __init__(
        self,
        decision_point: DecisionPoint,
        *,
        clock: Callable[[], float] = time.monotonic,
        most: int = _MOST,
    ) -> None:
        self._decision_point = decision_point
        self._clock = clock
        self._most = most
        self._seen: dict[Question, _Seen] = {}

    async def decide(self, questions: Sequence[Question]) -> Mapping[Question, Decision]:
        now = self._clock()
        known = {each for each in questions if self._is_known(each, now)}
        asked = [each for each in dict.fromkeys(questions) if each not in known]
        decided = await self._decision_point.decide(asked) if asked else {}
        told = {each: self._told(each, decision, now) for each, decision in decided.items()}
        self._forget(now)
        return {**dict.fromkeys(known, Decision.UNJUDGEABLE), **told}

    def _is_known(self, question: Question, now: float) -> bool:
        seen = self._seen.get(question)
        return seen is not None and seen.last - seen.first >= APART and now < seen.last + HOLDS

    def _told(self, question: Question, decision: Decision, asked_at: float) -> Decision:
        if decision is Decision.NOT_ASKED:
            return decision
        before = self._seen.pop(question, None)
        if decision is not Decision.UNJUDGEABLE:
            return decision
        is_forgotten = before is None or asked_at >= before.last + _KEPT
        first = asked_at if before is None or is_forgotten else before.first
        self._seen[question] = _Seen(first, asked_at)
        return Decision.NOT_ASKED if asked_at - first < APART else Decision.UNJUDGEABLE

    def _forget(self, now: float) -> None:
        # Who was seen longest ago comes first, but for those that took longer to be answered.
        surplus = len(self._seen) - self._most
        gone = takewhile(
            lambda each: each[0] < surplus or now >= each[1][1].last + _KEPT,
            enumerate(self._seen.items()),
        )
        for _, (question, _) in list(gone):
            del self._seen[question]
