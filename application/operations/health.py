"""Tell whether the service can do its work."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from application.ports.order_repository import StoreUnavailableError
from application.ports.recording import Recorder, Recording

WORRYING_AGE: Final = timedelta(minutes=5)
"""When the most overdue order has waited so long, nobody carries orders out; when an event has waited
so long for a projection, nobody follows the log with it."""


class AgendaAge(Protocol):
    """Knows how far the carrying out of orders is behind."""

    async def age(self) -> timedelta:
        """How long the most overdue order that nobody has in hand has waited.

        Raises:
            StoreUnavailableError: the store cannot be reached.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectionStanding:
    """How far a table that is made from the events is behind them."""

    name: str
    events_behind: int
    """Counted by positions in the log, which has gaps: at most so many."""
    waiting_since: datetime | None
    """When the first event was recorded that it has not reached; None if it has reached all."""
    set_aside: int
    """How many events it could not take; they wait for an operator."""


class Projections(Protocol):
    """Knows how the projections stand."""

    async def standings(self) -> Sequence[ProjectionStanding]:
        """How each projection stands.

        Raises:
            StoreUnavailableError: the store cannot be reached.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """How far a projection is behind at a moment."""

    name: str
    events: int
    seconds: float
    """How long the first event has waited that it has not reached."""
    set_aside: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Whether orders can be taken, are carried out, and can be followed."""

    is_ready: bool
    database: str
    """`up` or `down`."""
    agenda_age_seconds: float | None
    """How long the most overdue order has waited; None if nobody can tell."""
    recording: Recording
    """Whether anything can be recorded, so that orders can be taken."""
    projections: Sequence[Behind] = ()


class HealthService:
    """Asks the store, the agenda and the projections how they are."""

    def __init__(
        self,
        *,
        agenda: AgendaAge,
        projections: Projections,
        recorder: Recorder,
        clock: Callable[[], datetime],
    ) -> None:
        self._agenda = agenda
        self._recorder = recorder
        self._projections = projections
        self._clock = clock

    async def readiness(self) -> Readiness:
        """Whether orders can be taken, are carried out, and can be followed.

        Not so when the store cannot be reached or nothing can be recorded in it, when an order is overdue by five minutes, or when an
        event has waited for a projection for as long. What is set aside is an operator's work, and
        no reason to take no more orders.
        """
        recording = self._recorder.recording
        try:
            age = await self._agenda.age()
            standings = await self._projections.standings()
        except StoreUnavailableError:
            return Readiness(
                is_ready=False, database="down", agenda_age_seconds=None, recording=recording
            )
        now = self._clock()
        waits = [now - (each.waiting_since or now) for each in standings]
        return Readiness(
            is_ready=recording is Recording.UP
            and all(wait < WORRYING_AGE for wait in (age, *waits)),
            database="up",
            agenda_age_seconds=round(age.total_seconds(), 3),
            recording=recording,
            projections=[
                Behind(
                    name=each.name,
                    events=each.events_behind,
                    seconds=max(round(wait.total_seconds(), 3), 0.0),
                    set_aside=each.set_aside,
                )
                for each, wait in zip(standings, waits, strict=True)
            ],
        )
