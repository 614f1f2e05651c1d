"""A provider that carries nothing anywhere, and remembers everything."""

from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta

from application.mail_address import CONTROL_CHARACTER
from application.ports.provider import (
    TOO_LATE,
    HandoverAccepted,
    HandoverUnknown,
    OutboundEmail,
    OutboundMessage,
    Outcome,
    OutcomeLookup,
    Told,
    withheld,
)
from domain.channel import Channel
from domain.message import is_sayable
from domain.order.events import Failure


class RecordingMemory:
    """What became of each hand-over, whatever its sender was told."""

    def __init__(self, *, deduplication_window: timedelta) -> None:
        self.deduplication_window = deduplication_window
        self.answers = True
        """Whether it can be asked."""
        self._known: dict[str, tuple[datetime, Outcome]] = {}

    def note(self, token: str, outcome: Outcome, at: datetime) -> None:
        """Remember what became of a hand-over; what was taken once stays taken."""
        before = self._known.get(token)
        if before is None or not isinstance(before[1], HandoverAccepted):
            self._known[token] = (at, outcome)

    def carried(self, token: str, now: datetime) -> HandoverAccepted | None:
        """What was said under a token when its letter was taken, so short a time ago."""
        at, outcome = self._known.get(token, (now, None))
        is_remembered = now - at < self.deduplication_window
        return outcome if isinstance(outcome, HandoverAccepted) and is_remembered else None

    async def look_up(self, tokens: Sequence[str]) -> Mapping[str, Outcome]:
        known = self._known if self.answers else {}
        return {each: known[each][1] for each in tokens if each in known}


class RecordingProvider:
    """Accepts letters, unless told otherwise, and keeps them.

    `deduplication_window` says how long it remembers hand-overs; None: it remembers nothing.
    """

    def __init__(
        self,
        name: str = "recording",
        channel: Channel = Channel.EMAIL,
        *,
        clock: Callable[[], datetime],
        longest_hand_over: float = 1.0,
        deduplication_window: timedelta | None = None,
    ) -> None:
        self._name = name
        self._channel = channel
        self._clock = clock
        self._longest_hand_over = longest_hand_over
        self._memory: RecordingMemory | None = None
        if deduplication_window is not None:
            self._memory = RecordingMemory(deduplication_window=deduplication_window)
        self._script: deque[Outcome] = deque()
        self._lost: deque[Outcome] = deque()
        self._by_address: dict[str, Outcome] = {}
        self.offered: list[OutboundMessage] = []
        """Every letter that was handed over, whatever came of it."""
        self.carried: list[OutboundMessage] = []
        """The letters that were accepted."""
        self.doubted: list[OutboundMessage] = []
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

    @property
    def memory(self) -> OutcomeLookup | None:
        return self._memory

    def answer(self, *outcomes: Outcome) -> None:
        """Give these outcomes to the next letters, one each, before accepting again."""
        self._script.extend(outcomes)

    def lose(self, *outcomes: Outcome) -> None:
        """Let these be what becomes of the next letters, one each, and let nobody hear of it."""
        self._lost.extend(outcomes)

    def answer_no_questions(self) -> None:
        """Answer no question about what became of a letter."""
        if self._memory is not None:
            self._memory.answers = False

    def answer_for(self, address: str, outcome: Outcome) -> None:
        """Give this outcome to every letter to an address."""
        self._by_address[address] = outcome

    async def send(self, letters: Sequence[OutboundMessage]) -> AsyncIterator[Told]:
        for letter in letters:
            began = self._clock()
            yield Told(letter, self._outcome(letter), began)

    def _outcome(self, letter: OutboundMessage) -> Outcome:
        if self._clock() > letter.send_before:
            return TOO_LATE
        subject = letter.subject.text if isinstance(letter, OutboundEmail) else ""
        try:
            line = letter.to.text + letter.sender + subject
        except TypeError:
            return withheld(Failure.FAILED, "unexpected")
        if CONTROL_CHARACTER.search(line) or not is_sayable(letter.body.text):
            return withheld(Failure.FAILED, "control_character")
        self.offered.append(letter)
        if self._memory is not None and (
            known := self._memory.carried(letter.token, self._clock())
        ):
            return known
        is_lost = bool(self._lost)
        outcome = self._lost.popleft() if is_lost else self._told(letter)
        if isinstance(outcome, HandoverAccepted):
            self.carried.append(letter)
        if self._memory is not None:
            self._memory.note(letter.token, outcome, self._clock())
        if is_lost or isinstance(outcome, HandoverUnknown):
            self.doubted.append(letter)
            return HandoverUnknown("lost") if is_lost else outcome
        return outcome

    def _told(self, letter: OutboundMessage) -> Outcome:
        by_address = self._by_address.get(letter.to.text)
        if by_address is not None:
            return by_address
        return self._script.popleft() if self._script else HandoverAccepted(letter.token)
