"""The service is ready where orders can be taken, are carried out, and can be followed."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from adapters.memory.address_changes import InMemoryAddressChanges
from adapters.memory.registry_copies import InMemoryRegistryCopies
from adapters.memory.sync_schedule import InMemorySyncSchedule
from application.operations.health import (
    WORRYING_AGE,
    Behind,
    ChangesHealth,
    CopyHealth,
    HealthService,
    ProjectionStanding,
    Readiness,
)
from application.ports.order_repository import StoreUnavailableError
from application.ports.recording import Recording
from application.ports.registry_copies import CopyStanding, NotReady
from domain.official_address import ChangeKind, WantedChange
from tests.samples import BAKERY, NOON

MOMENT = timedelta(milliseconds=1)


@dataclass
class Standing:
    """How a store stands, as a test says."""

    overdue: timedelta = timedelta()
    projections: Sequence[ProjectionStanding] = ()
    recording: Recording = Recording.UP
    is_away: set[str] = field(default_factory=set)
    copies: InMemoryRegistryCopies = field(default_factory=InMemoryRegistryCopies)
    syncs: InMemorySyncSchedule = field(default_factory=InMemorySyncSchedule)
    changes: InMemoryAddressChanges = field(default_factory=InMemoryAddressChanges)

    async def age(self) -> timedelta:
        self._answer("agenda")
        return self.overdue

    async def standings(self) -> Sequence[ProjectionStanding]:
        self._answer("projections")
        return self.projections

    def _answer(self, name: str) -> None:
        if name in self.is_away:
            raise StoreUnavailableError

    async def readiness(self) -> Readiness:
        service = HealthService(
            agenda=self,
            projections=self,
            recorder=self,
            copies=self.copies,
            syncs=self.syncs,
            changes=self.changes,
            clock=lambda: NOON,
        )
        return await service.readiness()


def projection(*, waits: timedelta | None = None, set_aside: int = 0) -> ProjectionStanding:
    return ProjectionStanding(
        name="status_feed",
        events_behind=0 if waits is None else 3,
        waiting_since=None if waits is None else NOON - waits,
        set_aside=set_aside,
    )


async def test_where_nothing_waits_it_is_ready() -> None:
    assert await Standing(projections=[projection()]).readiness() == Readiness(
        is_ready=True,
        database="up",
        agenda_age_seconds=0.0,
        recording=Recording.UP,
        projections=[Behind(name="status_feed", events=0, seconds=0.0, set_aside=0)],
        address_changes=ChangesHealth(),
    )


@pytest.mark.parametrize("waited, is_ready", [(WORRYING_AGE - MOMENT, True), (WORRYING_AGE, False)])
async def test_an_order_that_nobody_carries_out_for_five_minutes_is_worrying(
    waited: timedelta, *, is_ready: bool
) -> None:
    told = await Standing(overdue=waited).readiness()

    assert told.is_ready is is_ready
    assert told.agenda_age_seconds == waited.total_seconds()


@pytest.mark.parametrize("waited, is_ready", [(WORRYING_AGE - MOMENT, True), (WORRYING_AGE, False)])
async def test_an_event_that_nobody_follows_for_five_minutes_is_worrying(
    waited: timedelta, *, is_ready: bool
) -> None:
    told = await Standing(projections=[projection(), projection(waits=waited)]).readiness()

    assert told.is_ready is is_ready
    assert [each.seconds for each in told.projections] == [0.0, waited.total_seconds()]


async def test_what_is_set_aside_is_told_and_no_reason_to_take_no_orders() -> None:
    told = await Standing(projections=[projection(set_aside=4)]).readiness()

    assert told.is_ready
    assert [each.set_aside for each in told.projections] == [4]


@pytest.mark.parametrize("part", ["agenda", "projections"])
async def test_where_the_store_is_away_it_is_not_ready_and_nobody_can_tell_more(part: str) -> None:
    told = await Standing(is_away={part}).readiness()

    assert (told.is_ready, told.database, told.agenda_age_seconds) == (False, "down", None)


@pytest.mark.parametrize("recording", [Recording.STANDS_STILL, Recording.WENT_BACK])
async def test_where_nothing_can_be_recorded_no_orders_can_be_taken(recording: Recording) -> None:
    told = await Standing(recording=recording).readiness()

    assert (told.is_ready, told.database, told.recording) == (False, "up", recording)


async def test_a_clock_behind_the_databases_makes_no_wait_of_less_than_nothing() -> None:
    told = await Standing(projections=[projection(waits=-timedelta(seconds=2))]).readiness()

    assert [each.seconds for each in told.projections] == [0.0]


async def test_a_copy_that_cannot_be_relied_on_is_told_and_no_reason_to_be_unready() -> None:
    then = NOON - timedelta(hours=73)
    old = CopyStanding(registry="krr", position="10", newest="51", confirmed_at=then)
    never = CopyStanding(registry="businesses")
    standing = Standing(copies=InMemoryRegistryCopies([old, never]))
    turn = await standing.syncs.claim("krr", holder="anna", now=NOON, until=NOON + MOMENT)
    assert turn is not None
    await standing.syncs.keep(turn, replace(turn, failures=7, failure="it is closed"))

    told = await standing.readiness()

    assert told.is_ready
    assert told.registries == (
        CopyHealth(
            registry="krr",
            not_ready=NotReady.TOO_OLD,
            age_seconds=73 * 3600.0,
            position="10",
            changes_behind=41,
            failures=7,
            failure="it is closed",
        ),
        CopyHealth(registry="businesses", not_ready=NotReady.NEVER_LOADED),
    )


async def test_changes_of_addresses_that_wait_are_told_and_no_reason_to_be_unready() -> None:
    standing = Standing()
    wanted = WantedChange(organisation=BAKERY.number, kind=ChangeKind.REMOVE, registry_id="0a1b")
    await standing.changes.add(wanted, after=None, now=NOON - timedelta(days=3))

    told = await standing.readiness()

    assert told.is_ready
    assert told.address_changes == ChangesHealth(waiting=1, seconds=3 * 86400.0)


async def test_a_copy_that_is_up_to_date_is_ready() -> None:
    copies = [CopyStanding(registry="krr", position="10", newest="10", confirmed_at=NOON)]

    (told,) = (await Standing(copies=InMemoryRegistryCopies(copies)).readiness()).registries

    assert told == CopyHealth(registry="krr", age_seconds=0.0, position="10", changes_behind=0)
