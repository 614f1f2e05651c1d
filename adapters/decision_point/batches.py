"""A decision point that is asked from afar about many at once, and believed only where it is certain.

It is asked about at most so many pairs at once. What gets no answer that counts is asked again in
halves, down to one pair, since one pair that it cannot judge may cost all of them the answer: within
so many questions and so long altogether. One that cannot be reached, or turns everybody away, is left
alone for a while, and whatever comes up meanwhile is not asked.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog

from adapters.decision_point.xacml import (
    AwayError,
    NoAnswerError,
    alike,
    can_be_asked,
    judged,
    written,
)
from application.ports.decision_point import Question
from domain.authority import Decision

PAIRS: Final = 500
"""So many pairs are asked about in one question at most."""
QUESTIONS: Final = 200
"""So many questions are put once more at most for those who are to be decided of at once: in halves, one
pair of 500 that cannot be judged takes some twenty."""
LEFT_ALONE: Final = 10.0
"""Seconds for which a decision point that was away is not asked."""
_AT_ONCE: Final = 8

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Round:
    """What is to be decided at once, and how far that has come."""

    decided: dict[Question, Decision]
    questions_left: int
    was_asked: bool = False
    was_heard: bool = False


class BatchedDecisionPoint:
    """Asks a decision point in XACML's JSON, whichever way the questions go there."""

    def __init__(
        self,
        answer: Callable[[bytes], Awaitable[bytes]],
        *,
        seconds: float,
        pairs: int = PAIRS,
        takes_numbers: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take who answers, and how long all that is asked at once may take.

        Args:
            answer: gives what is answered to a question; raises `NoAnswerError` or `AwayError`.
            seconds: so long it takes to decide, whatever the answers.
            pairs: how many pairs one question is about at most.
            takes_numbers: whether persons may be named there by their national identity numbers.
            clock: tells seconds, from any beginning.
        """
        self._answer = answer
        self._seconds = seconds
        self._pairs = pairs
        self._takes_numbers = takes_numbers
        self._clock = clock
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._away_until = float("-inf")

    async def decide(self, questions: Sequence[Question]) -> Mapping[Question, Decision]:
        # Whom the decision point cannot know it can permit nothing, and no wait would change that.
        decided = {
            each: Decision.NOT_ASKED if self._knows(each) else Decision.REFUSED
            for each in questions
        }
        together: dict[Hashable, list[Question]] = {}
        for each in filter(self._knows, decided):
            together.setdefault(alike(each), []).append(each)
        batches = [
            several[start : start + self._pairs]
            for several in together.values()
            for start in range(0, len(several), self._pairs)
        ]
        if not batches:
            return decided
        asking = _Round(decided, questions_left=len(batches) + QUESTIONS)
        # What has been decided by then is, and the rest is not asked.
        with suppress(TimeoutError):
            async with asyncio.timeout(self._seconds):
                await asyncio.gather(*(self._ask(batch, asking) for batch in batches))
        if asking.was_asked and not asking.was_heard:
            self._leave_alone("gave no answer that could be read")
        return asking.decided

    async def _ask(self, batch: Sequence[Question], asking: _Round) -> None:
        async with self._places:
            if self._is_away or not asking.questions_left:
                return
            asking.questions_left -= 1
            asking.was_asked = True
            try:
                asking.decided.update(judged(batch, await self._answer(written(batch))))
            except NoAnswerError as no_answer:
                asking.was_heard |= no_answer.is_readable
                if len(batch) == 1 and no_answer.is_indeterminate:
                    asking.decided[batch[0]] = Decision.UNJUDGEABLE
            except AwayError as away:
                self._leave_alone(str(away))
                return
            else:
                asking.was_heard = True
                return
        if len(batch) > 1:
            half = len(batch) // 2
            await asyncio.gather(self._ask(batch[:half], asking), self._ask(batch[half:], asking))

    def _knows(self, question: Question) -> bool:
        is_named_there = question.person is None or self._takes_numbers
        return is_named_there and can_be_asked(question)

    @property
    def _is_away(self) -> bool:
        return self._clock() < self._away_until

    def _leave_alone(self, why: str) -> None:
        if not self._is_away:
            self._away_until = self._clock() + LEFT_ALONE
            _log.warning("decision_point_away", because=why, left_alone_for=LEFT_ALONE)
