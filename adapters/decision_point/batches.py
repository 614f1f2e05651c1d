"""A decision point that is asked from afar about many at once, and believed only where it is certain.

What several want decided at the same moment goes there together, at most so many pairs in a question;
who has been asked about least comes first, and nobody's many questions keep another's few waiting.
What gets no answer that counts is asked again in halves, down to one pair, since one pair that it cannot
judge may cost all of them the answer: within so many questions and so long for each who wants to know.
One that cannot be reached, or turns everybody away, is left alone for a while, and whatever comes up
meanwhile is not asked.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Final, TypeAlias

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
GATHERING: Final = 0.01
"""Seconds for which what comes up first waits for what comes up at the same moment."""
_AT_ONCE: Final = 8
_FOR_NEWCOMERS: Final = 3
"""So many of the questions that are put at once are kept for whom nothing has been asked yet."""

_log = structlog.get_logger(__name__)


class _Round:
    """What somebody wants decided at once, and how far that has come."""

    def __init__(self, decided: dict[Question, Decision], asked: Iterable[Question]) -> None:
        self.decided = decided
        self.open = set(asked)
        """What has neither been decided nor given up."""
        self.waiting: dict[Hashable, deque[Question]] = {}
        """What is still to be put a first time."""
        for each in asked:
            self.waiting.setdefault(alike(each), deque()).append(each)
        self.questions = 0
        """In how many questions it has been, by which it is seen whose turn it is."""
        self.again_left = QUESTIONS
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def is_over(self) -> bool:
        """Whether nobody waits for it any more."""
        return self.done.done()

    def settle(self, question: Question, decision: Decision) -> None:
        """Take down what has come of a question."""
        if self.is_over:
            return
        self.decided[question] = decision
        self.open.discard(question)
        if not self.open:
            self.done.set_result(None)

    def fail(self, error: Exception) -> None:
        """Tell whoever waits that something is wrong with us, and not with the decision point."""
        if not self.is_over:
            self.done.set_exception(error)


_Batch: TypeAlias = Mapping[Question, Sequence[_Round]]
"""What goes in one question, and who wants to know it."""


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
        self._rounds: list[_Round] = []
        self._again: list[_Batch] = []
        self._under_way: dict[asyncio.Task[None], _Batch] = {}
        self._gathering: asyncio.TimerHandle | None = None
        self._heard_at = self._away_until = float("-inf")

    async def decide(self, questions: Sequence[Question]) -> Mapping[Question, Decision]:
        # Whom the decision point cannot know it can permit nothing, and no wait would change that.
        decided = {
            each: Decision.NOT_ASKED if self._knows(each) else Decision.REFUSED
            for each in questions
        }
        asked = [each for each in decided if self._knows(each)]
        if not asked or self._is_away:
            return decided
        began_at, wanted = self._clock(), _Round(decided, asked)
        self._rounds.append(wanted)
        if self._gathering is None:
            self._gathering = asyncio.get_running_loop().call_later(GATHERING, self._put_gathered)
        try:
            # What has been decided by then is, and the rest is not asked.
            with suppress(TimeoutError):
                async with asyncio.timeout(self._seconds):
                    await wanted.done
        finally:
            self._rounds.remove(wanted)
            self._break_off()
        if wanted.questions and self._heard_at < began_at:
            self._leave_alone("gave no answer that could be read")
        return decided

    def _put_gathered(self) -> None:
        self._gathering = None
        self._put_next()

    def _put_next(self) -> None:
        """Put questions for as long as there is room for them."""
        while (batch := self._next()) is not None:
            for each in _who_ask(batch):
                each.questions += 1
            task = asyncio.create_task(self._put(batch))
            self._under_way[task] = batch
            task.add_done_callback(self._has_put)

    def _has_put(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        if self._gathering is None:
            self._put_next()

    def _next(self) -> _Batch | None:
        """What is to be asked next: of those who have been asked about least."""
        self._again = [each for each in map(_still_wanted, self._again) if each]
        # The latest halves first, so that some have come to their end when no more may be put.
        again = min(self._again[::-1], key=_turn, default=None)
        first = min(
            (each for each in self._rounds if each.waiting and not each.is_over),
            key=lambda each: each.questions,
            default=None,
        )
        turn = min(
            float("inf") if again is None else _turn(again),
            float("inf") if first is None else first.questions,
        )
        room = _AT_ONCE - len(self._under_way) - (_FOR_NEWCOMERS if turn else 0)
        if room <= 0:
            return None
        if first is not None and first.questions == turn:
            return self._gathered(first)
        if again is not None:
            self._again.remove(again)
        return again

    def _gathered(self, first: _Round) -> _Batch:
        """What can be asked together with what somebody wants to know, as much as goes in one question."""
        together = next(iter(first.waiting))
        batch: dict[Question, list[_Round]] = {}
        for each in sorted(self._rounds, key=lambda each: each.questions):
            waiting = each.waiting.get(together, deque())
            while waiting and len(batch) < self._pairs:
                batch.setdefault(waiting.popleft(), []).append(each)
            if not waiting:
                each.waiting.pop(together, None)
        return batch

    async def _put(self, batch: _Batch) -> None:
        try:
            decisions = judged([*batch], await self._answer(written([*batch])))
        except NoAnswerError as no_answer:
            if no_answer.is_readable:
                self._heard_at = self._clock()
            if len(batch) > 1:
                self._halve(batch)
            else:
                is_unjudgeable = no_answer.is_indeterminate
                _settle(batch, Decision.UNJUDGEABLE if is_unjudgeable else Decision.NOT_ASKED)
        except AwayError as away:
            self._leave_alone(str(away))
            _settle(batch, Decision.NOT_ASKED)
        except Exception as error:  # noqa: BLE001  # whoever waits for it hears of it
            for each in _who_ask(batch):
                each.fail(error)
        else:
            self._heard_at = self._clock()
            for question, several in batch.items():
                for each in several:
                    each.settle(question, decisions[question])

    def _halve(self, batch: _Batch) -> None:
        """Ask again in halves, for those for whom that may still be."""
        questions = [*batch]
        half = len(questions) // 2
        for part in (questions[:half], questions[half:]):
            again = {each: [one for one in batch[each] if self._may_again(one)] for each in part}
            _settle(
                {each: [one for one in batch[each] if one not in again[each]] for each in part},
                Decision.NOT_ASKED,
            )
            if again := {question: several for question, several in again.items() if several}:
                for each in _who_ask(again):
                    each.again_left -= 1
                self._again.append(again)

    def _may_again(self, wanted: _Round) -> bool:
        return wanted.again_left > 0 and not self._is_away

    def _break_off(self) -> None:
        """Let go of questions whose answers nobody waits for."""
        for task, batch in self._under_way.items():
            if not _still_wanted(batch):
                task.cancel()

    def _knows(self, question: Question) -> bool:
        is_named_there = question.person is None or self._takes_numbers
        return is_named_there and can_be_asked(question)

    @property
    def _is_away(self) -> bool:
        return self._clock() < self._away_until

    def _leave_alone(self, why: str) -> None:
        if self._is_away:
            return
        self._away_until = self._clock() + LEFT_ALONE
        _log.warning("decision_point_away", because=why, left_alone_for=LEFT_ALONE)
        again, self._again = self._again, []
        for batch in again:
            _settle(batch, Decision.NOT_ASKED)
        for each in self._rounds:
            waiting, each.waiting = each.waiting, {}
            for question in (one for several in waiting.values() for one in several):
                each.settle(question, Decision.NOT_ASKED)


def _who_ask(batch: _Batch) -> Sequence[_Round]:
    return list(dict.fromkeys(each for several in batch.values() for each in several))


def _turn(batch: _Batch) -> int:
    return min(each.questions for each in _who_ask(batch))


def _still_wanted(batch: _Batch) -> _Batch:
    """What of a batch somebody still waits for."""
    wanted = {
        question: [each for each in several if not each.is_over]
        for question, several in batch.items()
    }
    return {question: several for question, several in wanted.items() if several}


def _settle(batch: _Batch, decision: Decision) -> None:
    for question, several in batch.items():
        for each in several:
            each.settle(question, decision)
