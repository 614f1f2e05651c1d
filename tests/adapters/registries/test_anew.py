"""A copy that is loaded anew answers nobody until it is whole; the one of before does, and nobody is lost."""

import json
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from adapters.postgres.pool import Pool
from adapters.registries.anew import AnewFeed, CopiesBeside, Replaced
from adapters.registries.copies import PostgresRegistryCopies
from adapters.registries.feeds import BusinessesFeed, KrrFeed
from adapters.registries.importing import ImportSummary, Kind, RegistryImporter
from adapters.registries.pages import UnreadablePageError
from adapters.registries.put import beside
from adapters.registries.replicas import PostgresBusinessRegistry, PostgresPersonRegistry
from adapters.registries.schedule import PostgresSyncSchedule
from application.ports.registries import RegistryUnavailableError
from application.ports.registry_copies import CopyStanding
from application.profiles.handed_in import HandedIn
from application.registries.sync import RegistrySync, SyncPolicy
from domain.recipient import OrganisationNumber
from tests.adapters.registries.pages import Json, addresses, email, gone, krr, person, unit, units
from tests.adapters.registries.registers import Register, token
from tests.adapters.registries.sealed import SEALER

KARI, OLA, SIGRID = "15859010099", "06927530250", "01818010083"
UNIT, OTHER = OrganisationNumber("314022009"), OrganisationNumber("314022017")


async def _nothing(entries: Sequence[HandedIn]) -> None:
    del entries


@dataclass
class Reloading:
    """A register, its copy, and the one that is loaded beside it."""

    pool: Pool
    importer: RegistryImporter
    register: Register

    @property
    def copies(self) -> CopiesBeside:
        return CopiesBeside(self.pool)

    def feed(self, kind: Kind = "krr", *, starts_over: bool = False) -> AnewFeed:
        anew = RegistryImporter(self.pool, SEALER, _nothing, put=beside)
        following = (
            KrrFeed(anew, self.register.base, token)
            if kind == "krr"
            else BusinessesFeed(anew, self.register.base)
        )
        return AnewFeed(following, self.copies, starts_over=starts_over)

    async def load(self, kind: Kind, *pages: bytes) -> None:
        """Load pages into the copy that is asked."""
        for page in pages:
            await self.importer.import_page(kind, page, ImportSummary())

    def has(self, *persons: Json | None) -> None:
        """Have the register tell of so many changes, one a page, from whichever it is asked."""

        async def answer(request: web.Request) -> web.StreamResponse:
            after, count = (await request.json())["fraEndringsId"], len(persons)
            page = krr(*persons[after : after + 1], start=after, end=after + 1, newest=count)
            return web.Response(body=page)

        self.register.answers = [answer] * 20

    async def reached(self) -> Mapping[str, str | None]:
        """Where everybody is reached who is known; None for who is uncertain."""
        found = await PostgresPersonRegistry(self.pool, SEALER).find([KARI, OLA, SIGRID])
        return {
            number: each.email.address.text if each.email else None
            for number, each in found.items()
        }

    async def standing(self, kind: Kind = "krr") -> CopyStanding:
        standings = await PostgresRegistryCopies(self.pool).standings()
        return next(each for each in standings if each.registry == kind)

    @property
    def asked_after(self) -> Sequence[int]:
        """After which changes the register was asked."""
        return [json.loads(each.body)["fraEndringsId"] for each in self.register.asked]

    async def rows_beside(self) -> int:
        """How many rows lie beside the copies that are asked."""
        async with self.pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT (SELECT count(*) FROM anew_krr_person)"
                " + (SELECT count(*) FROM anew_business_address)"
                " + (SELECT count(*) FROM anew_business_address_removed)"
                " + (SELECT count(*) FROM anew_registry_quarantine)"
                " + (SELECT count(*) FROM anew_registry_copy)"
            )
            (count,) = await cursor.fetchone() or (None,)
            return int(count or 0)


@pytest.fixture
async def reloading(pool: Pool, importer: RegistryImporter, far_register: Register) -> Reloading:
    """Kari and Ola are known, by a register that had come far."""
    reloading = Reloading(pool, importer, far_register)
    of_before = (person(KARI, email="kari@old.no"), person(OLA, email="ola@old.no"))
    await reloading.load("krr", krr(*of_before, end=9000))
    return reloading


BEFORE = {KARI: "kari@old.no", OLA: "ola@old.no"}


async def test_while_it_is_half_loaded_the_copy_of_before_answers_and_then_the_new_one_whole(
    reloading: Reloading,
) -> None:
    reloading.has(person(SIGRID, email="sigrid@new.no"), person(KARI, email="kari@new.no"))
    stood, feed = await reloading.standing(), reloading.feed()

    async with aclosing(feed.follow()) as pages:
        async for _ in pages:
            assert await reloading.reached() == BEFORE
            assert await reloading.standing() == stood

    assert await reloading.reached() == {SIGRID: "sigrid@new.no", KARI: "kari@new.no"}
    assert feed.replaced == Replaced(gone=1, kept=0)
    stands = await reloading.standing()
    assert (stands.position, stands.newest) == ("2", "2")
    assert stood.confirmed_at is not None
    assert stands.confirmed_at is not None
    assert stands.confirmed_at > stood.confirmed_at
    assert await reloading.rows_beside() == 0
    assert [page async for page in feed.follow()] == []


async def test_one_that_was_broken_off_goes_on_from_there(reloading: Reloading) -> None:
    reloading.has(person(SIGRID), person(OLA, email="ola@new.no"), person(KARI))
    async with aclosing(reloading.feed().follow()) as pages:
        await anext(pages)
    assert await reloading.copies.positions() == {"krr": "1"}
    assert await reloading.reached() == BEFORE

    assert len([page async for page in reloading.feed().follow()]) == 2

    # The page that had been read ahead when it broke off came to nothing.
    assert reloading.asked_after == [0, 1, 1, 2]
    assert await reloading.copies.positions() == {}
    assert (await reloading.reached())[OLA] == "ola@new.no"


async def test_who_starts_over_throws_away_what_was_loaded(reloading: Reloading) -> None:
    reloading.has(person(SIGRID), person(KARI))
    async with aclosing(reloading.feed().follow()) as pages:
        await anext(pages)
    reloading.has(person(KARI, email="kari@new.no"))

    assert len([page async for page in reloading.feed(starts_over=True).follow()]) == 1

    # The second page was read ahead for the first of the two.
    assert reloading.asked_after == [0, 1, 0]
    assert await reloading.reached() == {KARI: "kari@new.no"}


async def test_a_register_that_goes_away_leaves_the_copy_of_before(reloading: Reloading) -> None:
    reloading.has(person(SIGRID), person(KARI))
    reloading.register.answers[1:] = [web.Response(status=503)]

    with pytest.raises(RegistryUnavailableError):
        _ = [page async for page in reloading.feed().follow()]

    assert await reloading.reached() == BEFORE


async def test_a_copy_that_was_never_loaded_is_not_relied_on_before_the_end(
    pool: Pool, importer: RegistryImporter, far_register: Register
) -> None:
    reloading = Reloading(pool, importer, far_register)
    reloading.has(person(KARI, email="kari@new.no"), person(OLA, email="ola@new.no"))

    async with aclosing(reloading.feed().follow()) as pages:
        async for _ in pages:
            assert not (await reloading.standing()).is_loaded

    assert (await reloading.standing()).is_loaded


async def test_whoevers_entry_cannot_be_read_is_uncertain_when_the_copy_is_whole_and_not_unknown(
    reloading: Reloading,
) -> None:
    reloading.has(person(KARI, email="kari@new.no", reservasjon="Ja"), person(SIGRID))
    feed = reloading.feed()

    async with aclosing(feed.follow()) as pages:
        async for _ in pages:
            assert await reloading.reached() == BEFORE

    assert await reloading.reached() == {KARI: None, SIGRID: None}
    assert (await PostgresPersonRegistry(reloading.pool, SEALER).find([KARI]))[KARI].is_uncertain
    assert feed.replaced == Replaced(gone=1, kept=0)


async def test_while_an_entry_may_be_about_anybody_nobody_of_before_is_lost(
    reloading: Reloading,
) -> None:
    reloading.has(person("a word of tomorrow"), person(KARI, email="kari@new.no"))
    feed = reloading.feed()

    _ = [page async for page in feed.follow()]

    assert await reloading.reached() == {KARI: "kari@new.no", OLA: "ola@old.no"}
    assert feed.replaced == Replaced(gone=0, kept=1)


async def test_what_could_not_be_read_before_and_is_told_again_is_settled(
    reloading: Reloading,
) -> None:
    odd = person(OLA, reservasjon="Ja")
    await reloading.load("krr", krr(odd, start=9000, end=9001))
    assert await reloading.reached() == BEFORE | {OLA: None}
    reloading.has(person(OLA, email="ola@new.no"), person(KARI))

    _ = [page async for page in reloading.feed().follow()]

    assert (await reloading.reached())[OLA] == "ola@new.no"
    assert await reloading.importer.unread(None, 10) == []


async def test_addresses_of_businesses_go_the_same_way_and_what_is_known_of_units_stays(
    reloading: Reloading,
) -> None:
    await reloading.load(
        "businesses",
        units(unit(OTHER, UNIT), unit(UNIT, "12")),
        addresses(email("a", UNIT, "a@old.no", "05"), email("b", OTHER, "b@old.no", "05")),
        addresses(gone("c", "05")),
    )
    found = PostgresBusinessRegistry(reloading.pool, SEALER)
    reloading.register.say(
        addresses(
            email("a", UNIT, "a@new.no", "03"),
            email("c", UNIT, "c@new.no", "03"),
            gone("d", "04"),
        )
    )

    feed = reloading.feed("businesses")
    _ = [page async for page in feed.follow()]

    record = (await found.find([OTHER]))[OTHER]
    assert sorted(each.address.text for each in record.emails) == ["a@new.no", "c@new.no"]
    assert record.origin == UNIT  # its own is gone
    assert feed.replaced == Replaced(gone=1, kept=0)
    assert [each.part for each in await reloading.importer.unread(None, 10)] == ["units"]
    assert await reloading.rows_beside() == 0


async def test_what_was_never_at_its_registers_end_takes_no_place(reloading: Reloading) -> None:
    reloading.has(person(KARI), person(OLA))
    async with aclosing(reloading.feed().follow()) as pages:
        await anext(pages)

    with pytest.raises(UnreadablePageError):
        await reloading.copies.take_place("krr")

    assert await reloading.reached() == BEFORE
    assert (await reloading.standing()).position == "9000"


async def test_nobody_else_follows_the_register_meanwhile(reloading: Reloading) -> None:
    schedule = PostgresSyncSchedule(reloading.pool)
    reloading.has(person(KARI), person(OLA))
    syncing = RegistrySync(
        feeds=[reloading.feed()],
        schedule=schedule,
        copies=PostgresRegistryCopies(reloading.pool),
        clock=lambda: datetime.now(UTC),
        chance=lambda: 0.0,
        process="an operator",
        policy=SyncPolicy(),
    )
    holders: list[str | None] = []

    async def another_asks() -> None:
        now = datetime.now(UTC)
        until = now + timedelta(minutes=1)
        claimed = await schedule.claim("krr", holder="anna", now=now, until=until, is_early=True)
        holders.append(None if claimed is None else claimed.holder)

    async def follow() -> None:
        answer = reloading.register.answers[0]

        async def asked(request: web.Request) -> web.StreamResponse:
            await another_asks()
            assert callable(answer)
            return await answer(request)

        reloading.register.answers = [asked] * 2
        await syncing.sync("krr")

    await follow()

    assert holders == [None, None]
    await another_asks()
    assert holders[-1] == "anna"
