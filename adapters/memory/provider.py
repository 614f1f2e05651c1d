"""A provider that carries nothing anywhere, and remembers everything."""

import re
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Final

from application.ports.provider import (
    Accepted,
    Deferred,
    EmailLetter,
    Letter,
    Outcome,
    Rejected,
    Unknown,
)
from domain.channel import Channel
from domain.order.events import Failure

_CONTROL_IN_LINE: Final = re.compile(r"[\x00-\x08\x0a-\x1f]")
_CONTROL_IN_TEXT: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


class RecordingProvider:
    """Accepts letters, unless told otherwise, and keeps them."""

    def __init__(
        self,
        name: str = "recording",
        channel: Channel = Channel.EMAIL,
        *,
        clock: Callable[[], datetime],
        longest_hand_over: float = 1.0,
    ) -> None:
        self._name = name
        self._channel = channel
        self._clock = clock
        self._longest_hand_over = longest_hand_over
        self._script: deque[Outcome] = deque()
        self._by_address: dict[str, Outcome] = {}
        self.offered: list[Letter] = []
        """Every letter that was handed over, whatever came of it."""
        self.carried: list[Letter] = []
        """The letters that were accepted."""
        self.doubted: list[Letter] = []
        """The letters of which nobody could tell whether they were."""

    @property
    def name(self) -> str:
        return self._name

    @property
    def channel(self) -> Channel:
        return self._channel

    @property
    def longest_hand_over(self) -> float:
        return self._longest_hand_over

    def answer(self, *outcomes: Outcome) -> None:
        """Give these outcomes to the next letters, one each, before accepting again."""
        self._script.extend(outcomes)

    def answer_for(self, address: str, outcome: Outcome) -> None:
        """Give this outcome to every letter to an address."""
        self._by_address[address] = outcome

    async def send(self, letters: Sequence[Letter]) -> AsyncIterator[tuple[Letter, Outcome]]:
        for letter in letters:
            yield letter, self._outcome(letter)

    def _outcome(self, letter: Letter) -> Outcome:
        if self._clock() > letter.send_before:
            return Deferred("too_late")
        subject = letter.subject.text if isinstance(letter, EmailLetter) else ""
        line = f"{letter.to.text}{letter.sender}{subject}"
        if _CONTROL_IN_LINE.search(line) or _CONTROL_IN_TEXT.search(letter.body.text):
            return Rejected(Failure.FAILED, "control_character")
        self.offered.append(letter)
        outcome = self._by_address.get(letter.to.text)
        if outcome is None:
            outcome = self._script.popleft() if self._script else Accepted(letter.token)
        if isinstance(outcome, Accepted):
            self.carried.append(letter)
        if isinstance(outcome, Unknown):
            self.doubted.append(letter)
        return outcome
