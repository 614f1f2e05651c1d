"""The service says how it is."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import httpx
import pytest

from adapters.memory.address_changes import InMemoryAddressChanges
from adapters.memory.registry_copies import InMemoryRegistryCopies
from adapters.memory.sync_schedule import InMemorySyncSchedule
from application.operations.health import Behind, HealthService, ProjectionStanding, Readiness
from application.ports.order_repository import StoreUnavailableError
from application.ports.recording import Recording
from application.ports.registry_copies import CopyStanding
from domain.official_address import ChangeKind, WantedChange
from tests.entrypoints.http.installation import Installation, Punctual, Recorded
from tests.samples import BAKERY

NONE_WAITS = {"waiting": 0, "oldestSeconds": 0.0, "refused": 0}


class Cut:
    async def age(self) -> timedelta:
        raise StoreUnavailableError


class Standing:
    """Projections that stand as a test says."""

    def __init__(self, *standings: ProjectionStanding) -> None:
        self._standings = standings

    async def standings(self) -> Sequence[ProjectionStanding]:
        return self._standings


def behind_since(moment: datetime | None, *, events: int = 3) -> ProjectionStanding:
    return ProjectionStanding(
        name="order_index", events_behind=events, waiting_since=moment, set_aside=2
    )


async def readiness(installation: Installation, *standings: ProjectionStanding) -> Readiness:
    health = HealthService(
        agenda=Punctual(),
        projections=Standing(*standings),
        recorder=Recorded(Recording.UP),
        copies=InMemoryRegistryCopies(),
        syncs=InMemorySyncSchedule(),
        changes=InMemoryAddressChanges(),
        clock=lambda: installation.now,
    )
    return await health.readiness()


async def test_a_process_that_lives_is_healthy(api: httpx.AsyncClient) -> None:
    answer = await api.get("/health")

    assert (answer.status_code, answer.text) == (200, "Healthy")


async def test_a_service_that_can_work_is_ready(api: httpx.AsyncClient) -> None:
    answer = await api.get("/health/ready")

    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "database": "up",
        "agendaAgeSeconds": 0.0,
        "recording": "up",
        "projections": [
            {"name": "status_feed", "eventsBehind": 0, "secondsBehind": 0.0, "setAside": 0}
        ],
        "addressChanges": NONE_WAITS,
    }


async def test_without_its_store_a_service_lives_and_is_not_ready(
    installation: Installation,
) -> None:
    health = HealthService(
        agenda=Cut(),
        projections=Standing(),
        recorder=Recorded(Recording.STANDS_STILL),
        copies=InMemoryRegistryCopies(),
        syncs=InMemorySyncSchedule(),
        changes=InMemoryAddressChanges(),
        clock=lambda: installation.now,
    )
    application = replace(installation.application, health=health)
    async with installation.client(application=application) as api:
        ready = await api.get("/health/ready")
        alive = await api.get("/health")

    assert ready.status_code == 503
    assert ready.json() == {
        "status": "not_ready",
        "database": "down",
        "recording": "stands_still",
    }
    assert alive.status_code == 200


async def test_how_far_each_projection_is_behind_is_told(installation: Installation) -> None:
    told = await readiness(installation, behind_since(installation.now - timedelta(seconds=20)))

    assert told.is_ready
    assert told.projections == [Behind(name="order_index", events=3, seconds=20.0, set_aside=2)]


async def test_a_projection_that_is_behind_by_five_minutes_is_really_wrong(
    installation: Installation,
) -> None:
    told = await readiness(
        installation,
        behind_since(None, events=0),
        behind_since(installation.now - timedelta(minutes=5)),
    )

    assert (told.is_ready, told.database) == (False, "up")


async def test_what_is_set_aside_is_no_reason_to_take_no_orders(installation: Installation) -> None:
    assert (await readiness(installation, behind_since(None, events=0))).is_ready


async def test_the_same_is_told_in_figures(api: httpx.AsyncClient) -> None:
    answer = await api.get("/health/metrics")

    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.text.splitlines()[2] == "varsel_ready 1"
    assert 'varsel_projection_events_behind{projection="status_feed"} 0' in answer.text.splitlines()


async def test_how_old_copies_are_is_told_in_words_and_figures(installation: Installation) -> None:
    then = installation.now - timedelta(hours=73)
    health = HealthService(
        agenda=Punctual(),
        projections=Standing(),
        recorder=Recorded(Recording.UP),
        copies=InMemoryRegistryCopies(
            [
                CopyStanding(registry="krr", position="10", newest="51", confirmed_at=then),
                CopyStanding(registry="businesses"),
            ]
        ),
        syncs=InMemorySyncSchedule(),
        changes=InMemoryAddressChanges(),
        clock=lambda: installation.now,
    )
    application = replace(installation.application, health=health)
    async with installation.client(application=application) as api:
        words = await api.get("/health/ready")
        figures = (await api.get("/health/metrics")).text.splitlines()

    assert words.status_code == 200
    assert words.json()["registries"] == [
        {
            "name": "krr",
            "isReady": False,
            "because": "too_old",
            "ageSeconds": 262800.0,
            "changesBehind": 41,
        },
        {"name": "businesses", "isReady": False, "because": "never_loaded"},
    ]
    assert {
        'varsel_registry_ready{registry="krr"} 0',
        'varsel_registry_age_seconds{registry="krr"} 262800',
        'varsel_registry_changes_behind{registry="krr"} 41',
        'varsel_registry_failures{registry="krr"} 0',
        'varsel_registry_ready{registry="businesses"} 0',
    } < set(figures)
    assert 'varsel_registry_age_seconds{registry="businesses"}' not in "".join(figures)


async def test_how_far_changes_of_addresses_are_is_told_in_words_and_figures(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    changes, now = installation.address_changes, installation.now
    waiting, taken = (
        WantedChange(organisation=BAKERY.number, kind=ChangeKind.REMOVE, registry_id=registry_id)
        for registry_id in ("0a1b", "1b2c")
    )
    first = await changes.add(waiting, after=None, now=now - timedelta(hours=2))
    other = await changes.add(taken, after=first.change_id, now=now)
    await changes.save(other.refused("validation_error"), after=other.version)

    words = await api.get("/health/ready")
    figures = (await api.get("/health/metrics")).text.splitlines()

    assert words.status_code == 200
    assert words.json()["addressChanges"] == {"waiting": 1, "oldestSeconds": 7200.0, "refused": 1}
    assert {
        "varsel_address_changes_waiting 1",
        "varsel_address_changes_oldest_seconds 7200",
        "varsel_address_changes_refused 1",
    } < set(figures)


async def test_without_a_database_the_figures_tell_that(installation: Installation) -> None:
    health = HealthService(
        agenda=Cut(),
        projections=Standing(),
        recorder=Recorded(Recording.UP),
        copies=InMemoryRegistryCopies(),
        syncs=InMemorySyncSchedule(),
        changes=InMemoryAddressChanges(),
        clock=lambda: installation.now,
    )
    async with installation.client(
        application=replace(installation.application, health=health)
    ) as api:
        answer = await api.get("/health/metrics")

    assert answer.status_code == 200
    assert {"varsel_ready 0", "varsel_database_up 0"} < set(answer.text.splitlines())


@pytest.mark.parametrize("recording", [Recording.STANDS_STILL, Recording.WENT_BACK])
async def test_a_service_that_can_read_and_record_nothing_is_not_ready_and_says_so(
    installation: Installation, recording: Recording
) -> None:
    health = HealthService(
        agenda=Punctual(),
        projections=Standing(),
        recorder=Recorded(recording),
        copies=InMemoryRegistryCopies(),
        syncs=InMemorySyncSchedule(),
        changes=InMemoryAddressChanges(),
        clock=lambda: installation.now,
    )
    async with installation.client(
        application=replace(installation.application, health=health)
    ) as api:
        answer = await api.get("/health/ready")

    assert answer.status_code == 503
    assert answer.json() == {
        "status": "not_ready",
        "database": "up",
        "agendaAgeSeconds": 0.0,
        "recording": recording.value,
        "addressChanges": NONE_WAITS,
    }
