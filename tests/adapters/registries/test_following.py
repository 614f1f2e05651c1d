"""A copy that is followed stays whole, whatever becomes of its register, of the page in hand, or of who has it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from adapters.postgres.pool import Pool
from adapters.registries.copies import PostgresRegistryCopies
from adapters.registries.feeds import BusinessesFeed, KrrFeed
from adapters.registries.importing import RegistryImporter
from adapters.registries.replicas import PostgresPersonRegistry
from adapters.registries.schedule import PostgresSyncSchedule
from application.ports.registry_copies import CopyStanding
from application.ports.registry_feed import RegistryFeed
from application.registries.sync import RegistrySync, SyncPolicy
from domain.recipient import OrganisationNumber
from tests.adapters.registries.pages import addresses, email, krr, person
from tests.adapters.registries.registers import Register, token
from tests.adapters.registries.sealed import SEALER
from tests.watching.watchdog import LIMIT, watchdog

KARI, OLA = "15859010099", "06927530250"
UNIT = OrganisationNumber("314022009")
EVERY = [f"{number:011}" for number in range(20)]
_MANY = 10_000
"""Twice as many as any register gives in a page."""
_WAITS = """
SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%krr_person%'
"""


@dataclass
class Following:
    """The service that follows KRR, at a time of its own."""

    pool: Pool
    importer: RegistryImporter
    register: Register
    passed: timedelta = field(default_factory=timedelta)

    def clock(self) -> datetime:
        return datetime.now(UTC) + self.passed

    def process(self, name: str = "anna", feed: RegistryFeed | None = None) -> RegistrySync:
        return RegistrySync(
            feeds=[feed or KrrFeed(self.importer, self.register.base, token, seconds=0.3)],
            schedule=PostgresSyncSchedule(self.pool),
            copies=PostgresRegistryCopies(self.pool),
            clock=self.clock,
            chance=lambda: 0.0,
            process=name,
            policy=SyncPolicy(),
        )

    async def copy(self) -> CopyStanding:
        standings = await PostgresRegistryCopies(self.pool).standings()
        return next(each for each in standings if each.registry == "krr")

    async def known(self, *numbers: str) -> set[str]:
        return set(await PostgresPersonRegistry(self.pool, SEALER).find(numbers))

    def changes(self, count: int) -> None:
        """Have the register answer by what it is asked: so many pages of one person each."""

        async def answer(request: web.Request) -> web.StreamResponse:
            after = (await request.json())["fraEndringsId"]
            changed = [person(EVERY[after], mobile="40000001")] if after < count else []
            page = krr(*changed, start=after, end=min(after + 1, count), newest=count)
            return web.Response(body=page)

        self.register.answers += [answer] * (4 * count)


@pytest.fixture
def following(pool: Pool, importer: RegistryImporter, far_register: Register) -> Following:
    return Following(pool, importer, far_register)


def refuses(status: int) -> Callable[[Register], None]:
    return lambda register: register.say(b"Kari", status=status)


def says(body: bytes) -> Callable[[Register], None]:
    return lambda register: register.say(body)


@pytest.mark.parametrize(
    "trouble",
    [
        refuses(503),
        refuses(429),
        refuses(401),
        lambda register: register.answers.append(register.hang),
        lambda register: register.answers.append(register.break_off),
        says(krr(person(OLA), start=10, end=20)[:60]),
        says(b"<html>Kari</html>"),
        says(b"{}"),
        says(b'{"list": 5, "fraEndringsId": 10, "tilEndringsId": 20, "sisteEndringsId": 20}'),
        says(b"\xff\xfe\x00"),
        says(b""),
    ],
    ids=[
        "is closed",
        "is asked too often",
        "takes no token",
        "hangs",
        "breaks off",
        "answers half",
        "answers something else",
        "answers nothing of it",
        "answers no list",
        "answers odd bytes",
        "answers nothing",
    ],
)
async def test_whatever_a_register_does_its_copy_stays_and_goes_on_when_it_is_back(
    following: Following, trouble: Callable[[Register], None]
) -> None:
    following.register.say(krr(person(KARI), end=10))
    await following.process().sync_due()
    before = await following.copy()

    trouble(following.register)
    following.passed += timedelta(minutes=10)
    await following.process().sync_due()

    assert await following.copy() == before
    (turn,) = await PostgresSyncSchedule(following.pool).turns()
    assert (turn.failures, turn.holder) == (1, None)
    assert "Kari" not in str(turn)

    following.register.say(krr(person(OLA), start=10, end=20))
    following.passed += timedelta(seconds=20)
    await following.process("bo").sync_due()
    assert (await following.copy()).position == "20"
    assert await following.known(KARI, OLA) == {KARI, OLA}


async def test_a_worker_that_dies_in_the_middle_of_a_page_leaves_the_copy_as_it_was(
    following: Following,
) -> None:
    following.changes(1)
    await following.process().sync_due()
    following.register.answers.clear()
    following.changes(3)
    following.passed += timedelta(minutes=10)
    async with following.pool.connection() as other, other.transaction():
        # The page of the dying one waits for this, and nothing of it is there yet.
        await other.execute("LOCK TABLE krr_person IN SHARE ROW EXCLUSIVE MODE")
        dying = asyncio.create_task(following.process().sync_due())
        row = None
        while row is None:
            await asyncio.sleep(0.01)
            await other.execute("SELECT pg_stat_clear_snapshot()")
            row = await (await other.execute(_WAITS)).fetchone()
        await other.execute("SELECT pg_terminate_backend(%s)", row)
        await dying
    assert (await following.copy()).position == "1"
    assert await following.known(*EVERY) == {EVERY[0]}

    following.passed += timedelta(minutes=3)
    await following.process("bo").sync_due()

    assert (await following.copy()).position == "3"
    assert await following.known(*EVERY) == set(EVERY[:3])


async def test_two_who_take_the_same_pages_at_once_leave_what_one_would(
    following: Following,
) -> None:
    following.changes(20)
    feed = KrrFeed(following.importer, following.register.base, token)

    async def all_of_it() -> None:
        async for _ in feed.follow():
            pass

    await asyncio.gather(all_of_it(), all_of_it())

    copy = await following.copy()
    assert (copy.position, copy.newest, copy.is_loaded) == ("20", "20", True)
    assert await following.known(*EVERY) == set(EVERY)


@pytest.mark.parametrize(
    "page", ["persons", "persons of whom one cannot be read", "unread", "firms"]
)
async def test_a_large_page_does_not_hold_the_loop(following: Following, page: str) -> None:
    everybody = [f"{number:011}" for number in range(_MANY)]
    persons = [
        person(each, email=f"somebody{each}@post.example.no", mobile="40000001")
        for each in everybody
    ]
    firms = [email(f"{each:>032}", UNIT, f"post{each}@fjell.example.no") for each in everybody]
    unread = [{"personidentifikator": each, "reservasjon": 5} for each in everybody]
    pages = {
        "persons": krr(*persons),
        "persons of whom one cannot be read": krr(*persons, unread[0]),
        "unread": krr(*unread),
        "firms": addresses(*firms),
    }
    krr_feed = KrrFeed(following.importer, following.register.base, token)
    firms_feed = BusinessesFeed(following.importer, following.register.base)
    process = following.process(feed=firms_feed if page == "firms" else krr_feed)
    following.register.say(pages[page])
    async with watchdog() as watching:
        await process.sync_due()
        longest = await asyncio.to_thread(watching.longest)

    (turn,) = await PostgresSyncSchedule(following.pool).turns()
    assert turn.failures == 0
    assert longest.seconds < LIMIT, str(longest)
