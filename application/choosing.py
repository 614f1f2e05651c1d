"""Which provider a notification is handed to: by weight, and the weight by how it has been doing."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from application.ports.provider import Deferred, Outcome, Provider, Trouble, Unknown
from application.ports.provider_ledger import Shift
from domain.channel import Channel

log = structlog.get_logger()

_NEVER: Final = datetime.min.replace(tzinfo=UTC)


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


@dataclass(slots=True)
class _Health:
    """How a provider has been doing."""

    provider: Provider
    recent: deque[tuple[datetime, bool, float]] = field(default_factory=deque)
    weight: float = 1.0
    told: float = 1.0
    """The weight that was told last."""
    opened_until: datetime = _NEVER
    pause: timedelta | None = None
    """How long its breaker has been open last; None once it has done well again."""
    is_probing: bool = False
    """Whether one notification is finding out how it is doing now."""

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

    def choose(self, channel: Channel, now: datetime, *, bound_to: str | None = None) -> Provider:
        """The provider of the next notification on a channel.

        `bound_to` names the one that may have taken it already: nobody else is ever given that.
        """
        if bound_to is not None and bound_to in self._health:
            return self._health[bound_to].provider
        several = self._of[channel]
        for each in several:
            if each.pause is not None and each.opened_until <= now:
                # Its outcome is known by then, or never: not all that is chosen for is handed over.
                longest = timedelta(seconds=each.provider.longest_hand_over)
                each.is_probing, each.opened_until = True, now + max(each.pause, longest)
                return each.provider
        if len(several) == 1:
            return several[0].provider
        fit = [each for each in several if each.pause is None]
        if not fit:
            return min(several, key=lambda each: each.opened_until).provider
        return self._drawn(fit).provider

    def learn(self, name: str, outcome: Outcome, *, took: timedelta, now: datetime) -> None:
        """Take into account what became of a hand-over."""
        health = self._health.get(name)
        trouble = outcome.trouble if isinstance(outcome, Deferred) else None
        if health is None or trouble is Trouble.ELSEWHERE:
            return
        is_trouble = isinstance(outcome, Deferred | Unknown)
        if health.pause is not None:
            self._after_a_probe(health, is_trouble=is_trouble, now=now)
            return
        health.recent.append((now, is_trouble, took.total_seconds()))
        health.forget(now - self._rules.window)
        if isinstance(outcome, Deferred) and trouble is Trouble.REFUSES_US:
            # Not one message of ours is taken; somebody has to mend the credentials.
            log.critical("provider_refuses_us", provider=name, code=outcome.code)
            self._open(health, now, f"refuses us: {outcome.code}")
        elif len(health.recent) >= self._rules.fewest and health.trouble >= self._rules.opens_at:
            self._open(health, now, f"{health.trouble:.0%} trouble in {len(health.recent)}")
        else:
            self._weigh(health, now)

    def _after_a_probe(self, health: _Health, *, is_trouble: bool, now: datetime) -> None:
        if not health.is_probing:
            return  # it was handed over before the breaker opened
        health.is_probing = False
        if is_trouble:
            self._open(health, now, "the probe failed")
            return
        health.pause = None
        health.recent.clear()
        self._shift(health, 0.25, "the probe succeeded", now)

    def _open(self, health: _Health, now: datetime, reason: str) -> None:
        before = health.pause
        pause = self._rules.first_pause if before is None else before * 2
        health.pause = min(pause, self._rules.longest_pause)
        health.opened_until = now + health.pause
        health.recent.clear()
        self._shift(health, 0.0, reason, now)

    def _weigh(self, health: _Health, now: datetime) -> None:
        if len(health.recent) < self._rules.fewest:
            return
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
