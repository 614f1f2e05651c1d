"""Which provider a notification is handed to: by weight, and the weight by how it has been doing.

Each provider has a breaker:

    closed ──much trouble, or it refuses us──▶ open ──its pause is over──▶ half open ──▶ closed
                                                ▲                           │   the probe did well
                                                └───────────────────────────┘
                                                  the probe did not: twice the pause
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

import structlog

from application.ports.provider import Deferred, Outcome, Provider, Trouble, Unknown
from application.ports.provider_ledger import Shift
from domain.channel import Channel

log = structlog.get_logger()

_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_QUIET: Final = timedelta(minutes=10)
"""For so long after an alarm the same one is not sounded again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthRules:
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


@dataclass(slots=True)
class _Health:
    """How a provider has been doing."""

    provider: Provider
    recent: deque[tuple[datetime, bool, float]] = field(default_factory=deque)
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

    def forget(self, before: datetime) -> None:
        while self.recent and self.recent[0][0] < before:
            self.recent.popleft()

    @property
    def trouble(self) -> float:
        """The share of what went wrong lately."""
        return sum(is_trouble for _, is_trouble, _ in self.recent) / max(len(self.recent), 1)

    @property
    def seconds(self) -> float:
        """What a hand-over took lately, on average."""
        return sum(each for _, _, each in self.recent) / max(len(self.recent), 1)


class ProviderChoice:
    """Gives each notification a provider, and learns from what becomes of it.

    No channel ever pauses: where every breaker is open, the one that closes next is tried.
    What was learned is this process's own; each has its own eyes.
    """

    def __init__(
        self,
        providers: Mapping[Channel, Sequence[Provider]],
        *,
        chance: Callable[[], float],
        rules: HealthRules | None = None,
    ) -> None:
        self._of = {
            channel: [_Health(each) for each in several] for channel, several in providers.items()
        }
        self._health = {each.provider.name: each for some in self._of.values() for each in some}
        self._chance = chance
        self._rules = rules or HealthRules()
        self.shifts: deque[Shift] = deque(maxlen=1000)
        """The latest changes, oldest first, until somebody takes them to put them on record."""

    @property
    def weights(self) -> Mapping[str, float]:
        """What each provider is given now, before the others' weights are set beside its own."""
        return {name: each.weight for name, each in self._health.items()}

    def choose(
        self, channel: Channel, now: datetime, *, bound_to: str | None = None
    ) -> Provider | None:
        """The provider of the next notification on a channel, which may thereby become a probe.

        `bound_to` names the one that may have taken it already: nobody else is ever given that,
        and there is none if that one is not there any more.
        """
        if bound_to is not None:
            bound = self._health.get(bound_to)
            return None if bound is None else bound.provider
        several = self._of[channel]
        for each in several:
            if each.begin_probe(now):
                return each.provider
        if len(several) == 1:
            return several[0].provider
        fit = [each for each in several if isinstance(each.breaker, _Closed)]
        if not fit:
            return min(several, key=lambda each: each.shut_until).provider
        return self._drawn(fit).provider

    def learn(self, name: str, outcome: Outcome, *, began: datetime, now: datetime) -> None:
        """Take into account what became of a hand-over that began then."""
        health = self._health.get(name)
        if health is None:
            return
        breaker = health.breaker
        if not isinstance(breaker, _Open) and began < breaker.since:
            return
        match outcome:
            case Deferred(code=code, trouble=Trouble.REFUSES_US):
                self._refused(health, code, now)
            case Deferred(trouble=Trouble.ELSEWHERE):
                if isinstance(breaker, _HalfOpen):
                    health.breaker = replace(breaker, until=now)  # the next one finds out
            case _:
                self._learn(health, outcome, began, now)

    def _learn(self, health: _Health, outcome: Outcome, began: datetime, now: datetime) -> None:
        is_trouble = isinstance(outcome, Deferred | Unknown)
        match health.breaker:
            case _Open():
                pass  # it began before, or came here for want of another
            case _HalfOpen() if is_trouble:
                self._open(health, now, "the probe failed")
            case _HalfOpen(since=since):
                health.breaker = _Closed(since)
                self._shift(health, 0.25, "the probe succeeded", now)
            case _Closed():
                health.recent.append((now, is_trouble, (now - began).total_seconds()))
                health.forget(now - self._rules.window)
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
        health.recent.clear()
        self._shift(health, 0.0, reason, now)

    def _weigh_or_open(self, health: _Health, now: datetime) -> None:
        if len(health.recent) < self._rules.fewest:
            return
        if health.trouble >= self._rules.opens_at:
            self._open(health, now, f"{health.trouble:.0%} trouble in {len(health.recent)}")
        else:
            self._weigh(health, now)

    def _weigh(self, health: _Health, now: datetime) -> None:
        weight, reason = 1 - health.trouble, "does well"
        if health.trouble:
            reason = f"{health.trouble:.0%} trouble"
        others = [
            each.seconds
            for each in self._of[health.provider.channel]
            if each is not health and len(each.recent) >= self._rules.fewest
        ]
        is_slow = health.seconds >= self._rules.slow_from.total_seconds()
        if others and is_slow and health.seconds > self._rules.slow_by * min(others):
            weight, reason = weight / 2, f"slow: {health.seconds:.1f} s"
        weight = max(weight, self._rules.smallest_weight)
        # It drifts rather than jumps, and only what can be noticed is told.
        health.weight = (3 * health.weight + weight) / 4
        if abs(health.weight - health.told) >= self._rules.noticed:
            self._shift(health, health.weight, reason, now)

    def _shift(self, health: _Health, weight: float, reason: str, now: datetime) -> None:
        health.weight = health.told = round(weight, 2)
        name = health.provider.name
        self.shifts.append(Shift(provider=name, weight=health.weight, reason=reason, at=now))
        log.warning("provider_weight_shifted", provider=name, weight=health.weight, reason=reason)

    def _drawn(self, several: Sequence[_Health]) -> _Health:
        draw = self._chance() * sum(each.weight for each in several)
        for each in several:
            draw -= each.weight
            if draw < 0:
                return each
        return several[-1]
