"""Copies follow their registers by themselves, one process at a time, and say so when they grow old."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from adapters.memory.registry_copies import InMemoryRegistryCopies
from adapters.memory.registry_feed import InMemoryRegistryFeed
from adapters.memory.sync_schedule import InMemorySyncSchedule
from application.ports.order_repository import StoreUnavailableError
from application.ports.registries import RegistryUnavailableError
from application.ports.registry_copies import BUSINESSES, KRR, CopyStanding
from application.ports.registry_feed import PageTaken, UnansweredFeedError, UnreadableFeedError
from application.ports.sync_schedule import SyncSchedule, SyncTurn
from application.registries.sync import MOST_TRIES, Progress, RegistrySync, SyncPolicy
from tests.samples import NOON
from tests.simulation.clockwork import played

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass(slots=True)
class World:
    """Two registers, their copies, and the time."""

    begins: datetime = NOON
    copies: InMemoryRegistryCopies = field(default_factory=InMemoryRegistryCopies)
    schedule: SyncSchedule = field(default_factory=InMemorySyncSchedule)
    passed: timedelta = timedelta()
    began: float = field(default_factory=lambda: asyncio.get_running_loop().time())

    def clock(self) -> datetime:
        gone = asyncio.get_running_loop().time() - self.began
        return self.begins + self.passed + timedelta(seconds=gone)

    def feed(self, registry: str = KRR, pages: int = 3) -> InMemoryRegistryFeed:
        made = InMemoryRegistryFeed(registry, self.copies, clock=self.clock)
        made.grow(pages)
        return made

    def process(
        self, *feeds: InMemoryRegistryFeed, name: str = "anna", policy: SyncPolicy | None = None
    ) -> RegistrySync:
        return RegistrySync(
            feeds=feeds,
            schedule=self.schedule,
            copies=self.copies,
            clock=self.clock,
            chance=lambda: 0.0,
            process=name,
            policy=policy or SyncPolicy(),
        )

    async def turn(self, registry: str = KRR) -> SyncTurn:
        return {each.registry: each for each in await self.schedule.turns()}[registry]

    async def standing(self, registry: str = KRR) -> CopyStanding:
        return {each.registry: each for each in await self.copies.standings()}[registry]


def told(logs: Sequence[object], event: str) -> int:
    return sum(isinstance(each, dict) and each["event"] == event for each in logs)


# In time


async def test_a_copy_is_loaded_to_its_end_and_then_followed_every_ten_minutes() -> None:
    world = World()
    feed = world.feed()
    process = world.process(feed)

    await process.sync_due()
    assert (await world.standing()).is_loaded
    assert feed.asked == 3
    await process.sync_due()
    assert feed.asked == 3

    feed.grow()
    world.passed += 10 * MINUTE
    await process.sync_due()
    assert (await world.standing()).position == "4"


def test_every_copy_goes_on_by_itself_and_a_register_that_is_away_keeps_no_other_waiting() -> None:
    async def play() -> None:
        world = World()
        krr, businesses = world.feed(), world.feed(BUSINESSES)
        krr.failures = [RegistryUnavailableError("krr")] * 3
        running = asyncio.create_task(world.process(krr, businesses).run())
        await asyncio.sleep(10)
        assert (await world.standing(BUSINESSES)).is_loaded
        await asyncio.sleep(170)
        assert (await world.standing()).is_loaded
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    played(play())


def test_nothing_that_goes_wrong_ends_the_following() -> None:
    troubles = [StoreUnavailableError(), RuntimeError("Kari"), ZeroDivisionError()]

    class Odd(InMemorySyncSchedule):
        @override
        async def turns(self) -> Sequence[SyncTurn]:
            if troubles:
                raise troubles.pop()
            return await super().turns()

    async def play() -> None:
        world = World(schedule=Odd())
        feed = world.feed()
        feed.failures = [
            RuntimeError("Kari"),
            UnreadableFeedError("no JSON"),
            StoreUnavailableError(),
        ]
        with capture_logs() as logs:
            running = asyncio.create_task(world.process(feed).run())
            await asyncio.sleep(600)
        assert (await world.standing()).is_loaded
        assert not running.done()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert told(logs, "registry_sync_failed") == 3
        assert told(logs, "registry_sync_broke") == 2
        assert "Kari" not in str(logs)

    played(play())


# A register that is away


async def test_a_register_that_is_away_is_asked_ever_more_rarely_up_to_the_interval() -> None:
    world = World()
    feed = world.feed()
    feed.failures = [RegistryUnavailableError("krr") for _ in range(9)]
    process = world.process(feed)
    pauses = []
    for number in range(9):
        now = world.clock()
        await process.sync_due()
        turn = await world.turn()
        assert (turn.failures, turn.failure) == (number + 1, "the registry krr gave no answer")
        pauses.append(round((turn.due_at - now).total_seconds()))
        world.passed += turn.due_at - now + timedelta(milliseconds=10)
    assert pauses == [15, 30, 60, 120, 240, 480, 600, 600, 600]

    await process.sync_due()

    turn = await world.turn()
    assert (turn.failures, turn.failing_since, turn.failure) == (0, None, None)
    assert (await world.standing()).is_loaded


async def test_processes_do_not_ask_a_register_that_was_away_all_at_one_moment() -> None:
    world = World()
    feed = world.feed()
    feed.failures = [RegistryUnavailableError("krr")]
    process = world.process(feed)
    process._chance = lambda: 1.0

    now = world.clock()
    await process.sync_due()

    assert 18 < ((await world.turn()).due_at - now).total_seconds() < 19


@pytest.mark.parametrize(
    "again_in, pause",
    [(2.0, 2), (700.0, 700), (100_000.0, 3600)],
    ids=["soon", "later", "too late"],
)
async def test_a_register_that_says_when_to_ask_is_asked_then(again_in: float, pause: int) -> None:
    world = World()
    feed = world.feed()
    feed.failures = [RegistryUnavailableError("krr", again_in=again_in)]

    now = world.clock()
    await world.process(feed).sync_due()

    assert round(((await world.turn()).due_at - now).total_seconds()) == pause


async def test_what_was_taken_before_a_failure_stays_and_the_next_goes_on_from_there() -> None:
    world = World()
    feed = world.feed(pages=4)
    process = world.process(feed)
    pages = feed.pages
    feed.pages = pages[:2]
    await process.sync_due()
    feed.pages, feed.failures = pages, [RegistryUnavailableError("krr")]
    world.passed += 10 * MINUTE
    await process.sync_due()
    assert (await world.standing()).position == "2"

    world.passed += MINUTE
    await process.sync_due()

    assert (await world.standing()).position == "4"
    assert feed.asked == 2 + 1 + 2


# One process at a time


async def test_of_two_processes_one_follows_a_register() -> None:
    world = World()
    feed = world.feed()
    other = world.process(feed, name="bo")

    await asyncio.gather(world.process(feed).sync_due(), other.sync_due())

    assert feed.asked == 3


async def test_what_a_process_leaves_when_it_dies_another_takes_up_when_its_lease_ends() -> None:
    world = World()
    feed = world.feed()
    died = await world.schedule.claim(
        KRR, holder="dead", now=world.clock(), until=world.clock() + 3 * MINUTE
    )
    assert died is not None
    other = world.process(feed, name="bo")

    await other.sync_due()
    assert feed.asked == 0
    world.passed += 3 * MINUTE
    await other.sync_due()

    assert (await world.standing()).is_loaded


async def test_a_process_that_is_told_to_stop_gives_back_what_it_follows_at_once() -> None:
    world = World()
    hanging = asyncio.Event()

    class Hanging(InMemoryRegistryFeed):
        @override
        async def follow(self, *, again: bool = False) -> AsyncGenerator[PageTaken, None]:
            async for page in super().follow(again=again):
                yield page
                hanging.set()
                await asyncio.Event().wait()

    feed = Hanging(KRR, world.copies, clock=world.clock)
    feed.grow(3)
    following = asyncio.create_task(world.process(feed).sync_due())
    await hanging.wait()
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)

    other = world.feed()
    await world.process(other, name="bo").sync_due()
    assert other.asked == 3


async def test_a_process_that_took_too_long_leaves_it_to_the_other() -> None:
    world = World()

    class Slow(InMemoryRegistryFeed):
        @override
        async def follow(self, *, again: bool = False) -> AsyncGenerator[PageTaken, None]:
            async for page in super().follow(again=again):
                world.passed += 4 * MINUTE
                await world.schedule.claim(
                    KRR, holder="bo", now=world.clock(), until=world.clock() + MINUTE
                )
                yield page

    slow = Slow(KRR, world.copies, clock=world.clock)
    slow.grow(3)
    with capture_logs() as logs:
        await world.process(slow).sync_due()

    assert slow.asked == 1
    (line,) = logs
    assert line["because"] == "another process follows it now"
    assert (await world.turn()).holder == "bo"


# When asked


async def test_a_copy_is_followed_when_asked_though_it_is_not_due_and_each_page_is_told() -> None:
    world = World()
    feed = world.feed()
    process = world.process(feed)
    await process.sync_due()
    feed.grow(2)
    heard: list[tuple[str | None, str | None]] = []

    done = await process.sync(KRR, told=lambda each: heard.append((each.position, each.newest)))

    assert heard == [("4", "5"), ("5", "5")]
    assert done == Progress(pages=2, written=2, position="5", newest="5")


def test_whoever_asks_waits_for_the_process_that_is_at_it() -> None:
    async def play() -> None:
        world = World()
        now = world.clock()
        await world.schedule.claim(KRR, holder="bo", now=now, until=now + 30 * timedelta(seconds=1))
        waited: list[float] = []

        await world.process(world.feed()).sync(
            KRR, waits=lambda: waited.append(asyncio.get_running_loop().time())
        )

        assert len(waited) == 30
        assert (await world.standing()).is_loaded

    played(play())


def test_a_register_that_asks_us_to_wait_is_asked_again_when_it_says() -> None:
    async def play() -> None:
        world = World()
        feed = world.feed()
        feed.failures = [RegistryUnavailableError("krr", again_in=seconds) for seconds in (7, 60)]

        await world.process(feed).sync(KRR)

        assert (await world.standing()).is_loaded
        assert round((world.clock() - NOON).total_seconds()) == 67

    played(play())


def test_a_register_that_always_asks_us_to_wait_is_given_up() -> None:
    async def play() -> None:
        world = World()
        feed = world.feed()
        feed.failures = [RegistryUnavailableError("krr", again_in=1.0) for _ in range(99)]

        with pytest.raises(RegistryUnavailableError):
            await world.process(feed).sync(KRR)

        assert feed.asked == MOST_TRIES

    played(play())


@pytest.mark.parametrize(
    "trouble",
    [
        RegistryUnavailableError("krr", again_in=601),
        RegistryUnavailableError("krr"),
        UnreadableFeedError("the page is no JSON"),
        UnansweredFeedError("there is no token"),
    ],
)
async def test_whoever_asks_is_told_why_it_cannot_be(trouble: Exception) -> None:
    world = World()
    feed = world.feed()
    feed.failures = [trouble]

    with pytest.raises(type(trouble)):
        await world.process(feed).sync(KRR)

    assert feed.asked == 1
    assert (await world.turn()).failure == str(trouble)


# Whether copies are old


async def alarms(*processes: RegistrySync) -> list[tuple[str, str]]:
    """What operators hear now, at which level."""
    with capture_logs() as logs:
        for each in processes:
            await each.watch()
    return [(each["event"], each["log_level"]) for each in logs]


async def test_a_copy_that_grows_old_is_an_alarm_once_and_again_when_it_is_not_relied_on() -> None:
    world = World()
    feed = world.feed()
    both = world.process(feed), world.process(feed, name="bo")
    await both[0].sync_due()
    assert await alarms(*both) == []

    world.passed += HOUR + MINUTE
    assert await alarms(*both, *both) == [("registry_copy_old", "critical")]
    world.passed += 72 * HOUR
    assert await alarms(*both, *both) == [("registry_copy_not_ready", "critical")]
    await both[1].sync_due()
    assert await alarms(*both, *both) == [("registry_copy_up_to_date", "info")]
    world.passed += 2 * HOUR
    assert await alarms(*both) == [("registry_copy_old", "critical")]


async def test_a_copy_that_is_filled_by_hand_is_old_when_half_of_its_time_is_over() -> None:
    world = World()
    world.copies.know(CopyStanding(registry=KRR, confirmed_at=world.clock()))
    process = world.process()

    world.passed += 35 * HOUR
    assert await alarms(process) == []
    world.passed += 2 * HOUR
    assert await alarms(process) == [("registry_copy_old", "critical")]


async def test_a_copy_that_was_never_loaded_is_an_alarm_where_its_register_fails_for_long() -> None:
    world = World()
    feed = world.feed()
    feed.failures = [RegistryUnavailableError("krr") for _ in range(99)]
    world.copies.know(CopyStanding(registry=KRR))
    world.copies.know(CopyStanding(registry=BUSINESSES))
    process = world.process(feed)
    await process.sync_due()
    assert await alarms(process) == []

    world.passed += HOUR + MINUTE
    await process.sync_due()

    assert await alarms(process) == [("registry_copy_not_ready", "critical")]


async def test_an_alarm_says_since_when_and_why() -> None:
    world = World()
    feed = world.feed()
    process = world.process(feed, policy=SyncPolicy(max_age=24 * HOUR))
    await process.sync_due()
    feed.failures = [RegistryUnavailableError("krr")]
    world.passed += HOUR + MINUTE
    await process.sync_due()

    with capture_logs() as logs:
        await process.watch()

    (line,) = logs
    assert line["registry"] == KRR
    assert line["confirmed_at"] == NOON.isoformat()
    assert line["can_be_relied_on_until"] == (NOON + 24 * HOUR).isoformat()
    assert line["because"] == "the registry krr gave no answer"
    assert line["see"] == "varsel registry status"
