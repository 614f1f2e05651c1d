"""Which provider a notification is handed to: by weight, and the weight by how it has been doing.

Each provider has a breaker:

    closed ──much trouble, or it refuses us──▶ open ──its pause is over──▶ half open ──▶ closed
                                                ▲                           │   the probe did well
                                                └───────────────────────────┘
                                                  the probe did not: twice the pause
"""

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

import structlog

from application.ports.provider import (
    HandoverDeferred,
    HandoverRejected,
    HandoverUnknown,
    Outcome,
    Provider,
    Trouble,
)
from application.ports.provider_ledger import WeightChange
from domain.channel import Channel
from domain.order.events import Refuser

log = structlog.get_logger()

_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_QUIET: Final = timedelta(minutes=10)
"""For so long after an alarm the same one is not sounded again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitBreakerSettings:
    """From when on a provider is in trouble, and for how long it is left alone."""

    window: timedelta = timedelta(seconds=60)
    """Only what happened so lately counts."""
    fewest: int = 5
    """Of fewer outcomes nothing is concluded."""
    opens_at: float = 0.5
    """This share of trouble opens the breaker: the others take what is new."""
    first_pause: timedelta = timedelta(seconds=15)
    longest_pause: timedelta = timedelta(minutes=5)
    """A breaker that opens again right away stays open twice as long, up to this."""
    slow_by: float = 3.0
    """So many times slower than the quickest, and slower than `slow_from`, halves the weight."""
    slow_from: timedelta = timedelta(seconds=1)
    smallest_weight: float = 0.05
    noticed: float = 0.05
    """A smaller change of weight is not told."""


@dataclass(frozen=True, slots=True)
class _Closed:
    """The provider is given what is new, by its weight."""

    since: datetime = _NEVER
    """What was handed over before says nothing of it any more."""


@dataclass(frozen=True, slots=True)
class _Open:
    """It has been in trouble, and is left alone for a while."""

    until: datetime
    pause: timedelta


@dataclass(frozen=True, slots=True)
class _HalfOpen:
    """One notification, the probe, is finding out how it is doing now."""

    since: datetime
    """What was handed over before is no probe."""
    until: datetime
    """When another follows, if nothing has been heard: not all that is chosen for is handed over."""
    pause: timedelta
    """How long its breaker was open."""


_Breaker: TypeAlias = _Closed | _Open | _HalfOpen


class _Lately:
    """What came of the latest hand-overs, and its sums.

    The sums are carried on, so that an outcome costs the same however many there were before it;
    in whole microseconds, so that they stay exact.
    """

    def __init__(self) -> None:
        self._outcomes: deque[tuple[datetime, bool, timedelta]] = deque()
        self._troubles = 0
        self._took = timedelta()

    def __len__(self) -> int:
        return len(self._outcomes)

    @property
    def trouble(self) -> float:
        """The share of what went wrong."""
        return self._troubles / max(len(self), 1)

    @property
    def seconds(self) -> float:
        """What a hand-over took on average."""
        return self._took.total_seconds() / max(len(self), 1)

    def add(self, at: datetime, took: timedelta, *, is_trouble: bool) -> None:
        self._outcomes.append((at, is_trouble, took))
        self._troubles += is_trouble
        self._took += took

    def forget(self, before: datetime) -> None:
        while self._outcomes and self._outcomes[0][0] < before:
            _, was_trouble, took = self._outcomes.popleft()
            self._troubles -= was_trouble
            self._took -= took


@dataclass(slots=True)
class _Health:
    """How a provider has been doing."""

    provider: Provider
    recent: _Lately = field(default_factory=_Lately)
    weight: float = 1.0
    told: float = 1.0
    """The weight that was told last."""
    breaker: _Breaker = field(default_factory=_Closed)
    quiet_until: datetime = _NEVER
    """Until when no alarm is sounded because it refuses us."""

    @property
    def shut_until(self) -> datetime:
        """Until when it is given nothing new, as long as there is another."""
        return _NEVER if isinstance(self.breaker, _Closed) else self.breaker.until

    def begin_probe(self, now: datetime) -> bool:
        """Let the next notification be a probe, if it is time for one; tell whether it is."""
        breaker = self.breaker
        if isinstance(breaker, _Closed) or now < breaker.until:
            return False
        since = breaker.since if isinstance(breaker, _HalfOpen) else now
        self.breaker = _HalfOpen(since=since, until=now + breaker.pause, pause=breaker.pause)
        return True


class ProviderSelector:
    """Gives each notification a provider, and learns from what becomes of it.

    No channel ever pauses: where every breaker is open, the one that closes next is tried.
    What was learned is this process's own; each has its own eyes.
    """

    def __init__(
        self,
        providers: Mapping[Channel, Sequence[Provider]],
        *,
        chance: Callable[[], float],
        rules: CircuitBreakerSettings | None = None,
    ) -> None:
        self._of = {
            channel: [_Health(each) for each in several] for channel, several in providers.items()
        }
        self._health = {each.provider.name: each for some in self._of.values() for each in some}
        self._chance = chance
        self._rules = rules or CircuitBreakerSettings()
        self.shifts: deque[WeightChange] = deque(maxlen=1000)
        """The latest changes, oldest first, until somebody takes them to put them on record."""

    @property
    def weights(self) -> Mapping[str, float]:
        """What each provider is given now, before the others' weights are set beside its own."""
        return {name: each.weight for name, each in self._health.items()}

    def choose(
        self,
        channel: Channel,
        now: datetime,
        *,
        is_new: bool = True,
        bound_to: str | None = None,
        tried: Collection[str] = (),
    ) -> Provider | None:
        """The provider of the next notification on a channel, which may thereby become a probe.

        What is not new, since it was put off before, is no probe as long as anybody fit can take it:
        one notification is not to find out time and again how a dead provider is doing.
        `bound_to` names the one that may have taken it already: nobody else is ever given that,
        and there is none if that one is not there any more.
        `tried` are those that have only just not taken it; there is none if nobody else is left.
        """
        if bound_to is not None:
            bound = self._health.get(bound_to)
            return None if bound is None or bound_to in tried else bound.provider
        several = [each for each in self._of[channel] if each.provider.name not in tried]
        fit = [each for each in several if isinstance(each.breaker, _Closed)]
        if is_new or not fit:
            for each in several:
                if each.begin_probe(now):
                    return each.provider
        if not several:
            return None
        if not fit:
            return min(several, key=lambda each: each.shut_until).provider
        return self._drawn(fit).provider

    def record_outcome(
        self, name: str, outcome: Outcome, *, began: datetime, now: datetime
    ) -> None:
        """Take into account what became of a hand-over that began then."""
        health = self._health.get(name)
        if health is None:
            return
        breaker = health.breaker
        if not isinstance(breaker, _Open) and began < breaker.since:
            return
        match outcome:
            case HandoverDeferred(code=code, trouble=Trouble.REFUSES_US):
                self._refused(health, code, now)
            case (
                HandoverDeferred(trouble=Trouble.ELSEWHERE)
                | HandoverUnknown(trouble=Trouble.ELSEWHERE)
                | HandoverRejected(by=Refuser.SERVICE)
            ):
                if isinstance(breaker, _HalfOpen):
                    health.breaker = replace(breaker, until=now)  # the next one finds out
            case _:
                self._learn(health, outcome, began, now)

    def _learn(self, health: _Health, outcome: Outcome, began: datetime, now: datetime) -> None:
        is_trouble = isinstance(outcome, HandoverDeferred | HandoverUnknown)
        match health.breaker:
            case _Open():
                pass  # it began before, or came here for want of another
            case _HalfOpen() if is_trouble:
                self._open(health, now, "the probe failed")
            case _HalfOpen(since=since):
                health.breaker = _Closed(since)
                self._shift(health, 0.25, "the probe succeeded", now)
            case _Closed():
                health.recent.add(now, now - began, is_trouble=is_trouble)
                health.recent.forget(now - self._rules.window)
                self._weigh_or_open(health, now)

    def _refused(self, health: _Health, code: str, now: datetime) -> None:
        """Not one message of ours is taken; somebody has to mend the credentials."""
        reason = f"refuses us: {code}"
        is_quiet = now < health.quiet_until
        if not is_quiet:
            health.quiet_until = now + _QUIET
            log.critical("provider_refuses_us", provider=health.provider.name, code=code)
        if not isinstance(health.breaker, _Open):
            self._open(health, now, reason)
        elif not is_quiet:
            self._shift(health, 0.0, reason, now)

    def _open(self, health: _Health, now: datetime, reason: str) -> None:
        pause = self._rules.first_pause
        if not isinstance(health.breaker, _Closed):
            pause = min(2 * health.breaker.pause, self._rules.longest_pause)
        health.breaker = _Open(until=now + pause, pause=pause)
        health.recent = _Lately()
        self._shift(health, 0.0, reason, now)

    def _weigh_or_open(self, health: _Health, now: datetime) -> None:
        if len(health.recent) < self._rules.fewest:
            return
        if health.recent.trouble >= self._rules.opens_at:
            self._open(health, now, f"{health.recent.trouble:.0%} trouble in {len(health.recent)}")
        else:
            self._weigh(health, now)

    def _weigh(self, health: _Health, now: datetime) -> None:
        lately = health.recent
        weight, reason = 1 - lately.trouble, "does well"
        if lately.trouble:
            reason = f"{lately.trouble:.0%} trouble"
        others = [
            each.recent.seconds
            for each in self._of[health.provider.channel]
            if each is not health and len(each.recent) >= self._rules.fewest
        ]
        is_slow = lately.seconds >= self._rules.slow_from.total_seconds()
        if others and is_slow and lately.seconds > self._rules.slow_by * min(others):
            weight, reason = weight / 2, f"slow: {lately.seconds:.1f} s"
        weight = max(weight, self._rules.smallest_weight)
        # It drifts rather than jumps, and only what can be noticed is told.
        health.weight = (3 * health.weight + weight) / 4
        if abs(health.weight - health.told) >= self._rules.noticed:
            self._shift(health, health.weight, reason, now)

    def _shift(self, health: _Health, weight: float, reason: str, now: datetime) -> None:
        health.weight = health.told = round(weight, 2)
        name = health.provider.name
        self.shifts.append(WeightChange(provider=name, weight=health.weight, reason=reason, at=now))
        log.warning("provider_weight_shifted", provider=name, weight=health.weight, reason=reason)

    def _drawn(self, several: Sequence[_Health]) -> _Health:
        draw = self._chance() * sum(each.weight for each in several)
        for each in several:
            draw -= each.weight
            if draw < 0:
                return each
        return several[-1]
