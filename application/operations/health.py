"""Tell whether the service can do its work."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from application.delivery.usable_copies import MAX_AGE, not_ready
from application.ports.address_changes import AddressChanges, ChangesStanding
from application.ports.order_repository import StoreUnavailableError
from application.ports.recording import Recorder, Recording
from application.ports.registries import RegistryUnavailableError
from application.ports.registry_copies import CopyStanding, NotReady, RegistryCopies
from application.ports.sync_schedule import SyncSchedule, SyncTurn

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
class CopyHealth:
    """How old a local copy of a register is at a moment, and how far behind."""

    registry: str
    not_ready: NotReady | None = None
    """Why orders that need it are refused, or wait; None where it can be relied on."""
    age_seconds: float | None = None
    """How long ago it was last known to be at its register's end; None if it never was."""
    position: str | None = None
    changes_behind: int | None = None
    """How many changes the register had more when it last told; None where it counts none."""
    failures: int = 0
    """How often its register has been asked in vain since it last gave something."""
    failure: str | None = None
    """Why it gave nothing last, in one line."""


def copy_health(
    standing: CopyStanding, turn: SyncTurn | None, *, now: datetime, max_age: timedelta
) -> CopyHealth:
    """How a copy is at a moment."""
    age = None if standing.confirmed_at is None else (now - standing.confirmed_at).total_seconds()
    behind = None
    if standing.newest is not None:
        behind = max(0, int(standing.newest) - int(standing.position or 0))
    return CopyHealth(
        registry=standing.registry,
        not_ready=not_ready(standing, now, max_age),
        age_seconds=None if age is None else max(0.0, round(age, 3)),
        position=standing.position,
        changes_behind=behind,
        failures=0 if turn is None else turn.failures,
        failure=None if turn is None else turn.failure,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesHealth:
    """How far changes of official addresses have come at a moment."""

    waiting: int = 0
    """How many the register's feed has not brought yet."""
    seconds: float = 0.0
    """How long the oldest of them has waited."""
    refused: int = 0
    """How many the register did not take, of which nobody has taken note yet."""


def changes_health(standing: ChangesStanding, *, now: datetime) -> ChangesHealth:
    """How far changes are at a moment."""
    wait = now - (standing.waiting_since or now)
    return ChangesHealth(
        waiting=standing.waiting,
        seconds=max(0.0, round(wait.total_seconds(), 3)),
        refused=standing.refused,
    )


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
    registries: Sequence[CopyHealth] = ()
    address_changes: ChangesHealth | None = None
    """What organisations want changed in the register; None if nobody can tell."""


class HealthService:
    """Asks the store, the agenda, the projections and the copies of the registers how they are."""

    def __init__(
        self,
        *,
        agenda: AgendaAge,
        projections: Projections,
        recorder: Recorder,
        copies: RegistryCopies,
        syncs: SyncSchedule,
        changes: AddressChanges,
        clock: Callable[[], datetime],
        registry_max_age: timedelta = MAX_AGE,
    ) -> None:
        self._agenda = agenda
        self._recorder = recorder
        self._projections = projections
        self._copies = copies
        self._syncs = syncs
        self._changes = changes
        self._registry_max_age = registry_max_age
        self._clock = clock

    async def readiness(self) -> Readiness:
        """Whether orders can be taken, are carried out, and can be followed.

        Not so when the store cannot be reached or nothing can be recorded in it, when an order is overdue by five minutes, or when an
        event has waited for a projection for as long. What is set aside is an operator's work, and
        no reason to take no more orders. Nor are changes of addresses that wait, or a copy of a register that cannot be relied on: it is
        the same for every process, and most orders may not need it.
        """
        recording = self._recorder.recording
        try:
            age = await self._agenda.age()
            standings = await self._projections.standings()
            registries = await self._registries()
            changes = await self._changes.standing()
        except (StoreUnavailableError, RegistryUnavailableError):
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
            registries=registries,
            address_changes=changes_health(changes, now=now),
        )

    async def _registries(self) -> Sequence[CopyHealth]:
        turns = {each.registry: each for each in await self._syncs.turns()}
        now = self._clock()
        return tuple(
            copy_health(each, turns.get(each.registry), now=now, max_age=self._registry_max_age)
            for each in await self._copies.standings()
        )
