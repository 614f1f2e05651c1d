"""A copy is up to date as of the page that led to its register's end, and as of no other."""

import pytest
from typing_extensions import override

from adapters.postgres.pool import Pool
from adapters.registries.copies import PostgresRegistryCopies
from adapters.registries.importing import ImportSummary, Kind, RegistryImporter
from application.ports.registries import RegistryUnavailableError
from application.ports.registry_copies import BUSINESSES, KRR, CopyStanding, RegistryCopies
from contracts.registries_contract import KARI, UNIT
from contracts.registry_copies_contract import RegistryCopiesContract
from tests.adapters.registries.pages import addresses, email, krr, person, unit, units


class TestPostgresRegistryCopies(RegistryCopiesContract):
    @override
    @pytest.fixture
    async def copies(self, pool: Pool, importer: RegistryImporter) -> RegistryCopies:
        await importer.import_page("krr", krr(person(KARI), end=10, newest=20), ImportSummary())
        page = addresses(email("a", UNIT, "post@fjell.example.no"))
        await importer.import_page("businesses", page, ImportSummary())
        return PostgresRegistryCopies(pool)

    @override
    @pytest.fixture
    def never_loaded(self, pool: Pool) -> RegistryCopies:
        return PostgresRegistryCopies(pool)


async def loaded(pool: Pool, importer: RegistryImporter, kind: Kind, *pages: bytes) -> CopyStanding:
    """How a copy stands after these pages."""
    for page in pages:
        await importer.import_page(kind, page, ImportSummary())
    standings = await PostgresRegistryCopies(pool).standings()
    return next(each for each in standings if each.registry == kind)


async def test_krr_is_loaded_when_a_page_has_led_to_its_newest_change(
    pool: Pool, importer: RegistryImporter
) -> None:
    half = await loaded(pool, importer, "krr", krr(person(KARI), end=10, newest=20))
    assert (half.position, half.newest, half.is_loaded) == ("10", "20", False)

    whole = await loaded(pool, importer, "krr", krr(start=10, end=20, newest=20))
    assert (whole.position, whole.newest, whole.is_loaded) == ("20", "20", True)


async def test_krr_that_has_gone_on_since_is_true_as_of_when_we_were_at_its_end(
    pool: Pool, importer: RegistryImporter
) -> None:
    before = await loaded(pool, importer, "krr", krr(end=10))
    behind = await loaded(pool, importer, "krr", krr(start=10, end=20, newest=30))

    assert (behind.position, behind.newest) == ("20", "30")
    assert behind.confirmed_at == before.confirmed_at


@pytest.mark.parametrize(
    "page",
    [
        krr(end=5),
        krr(end=5, newest=10),
        krr(start=12, end=20),
    ],
    ids=["an old end", "an old page", "a page after a gap"],
)
async def test_a_page_of_krr_that_does_not_go_on_from_the_copy_shows_nothing(
    pool: Pool, importer: RegistryImporter, page: bytes
) -> None:
    before = await loaded(pool, importer, "krr", krr(end=10))
    after = await loaded(pool, importer, "krr", page)

    assert after.confirmed_at == before.confirmed_at


async def test_a_page_that_changes_nothing_moves_the_copy_and_shows_that_it_is_up_to_date(
    pool: Pool, importer: RegistryImporter
) -> None:
    before = await loaded(pool, importer, "krr", krr(end=10))
    after = await loaded(pool, importer, "krr", krr(start=10, end=12))

    assert after.position == "12"
    assert after.confirmed_at is not None
    assert before.confirmed_at is not None
    assert after.confirmed_at > before.confirmed_at


async def test_businesses_are_loaded_with_the_page_that_no_other_follows(
    pool: Pool, importer: RegistryImporter
) -> None:
    first = addresses(email("a", UNIT, "a@b.no", "01"), next_page="https://brreg.no/2")
    half = await loaded(pool, importer, "businesses", first)
    assert not half.is_loaded

    whole = await loaded(pool, importer, "businesses", addresses(email("b", UNIT, "c@b.no", "02")))
    assert whole.is_loaded


async def test_an_old_page_of_addresses_shows_nothing(
    pool: Pool, importer: RegistryImporter
) -> None:
    before = await loaded(pool, importer, "businesses", addresses(email("a", UNIT, "a@b.no", "02")))
    after = await loaded(pool, importer, "businesses", addresses(email("a", UNIT, "a@b.no", "01")))

    assert after == before


async def test_units_alone_are_no_copy_of_their_addresses(
    pool: Pool, importer: RegistryImporter
) -> None:
    standing = await loaded(pool, importer, "businesses", units(unit(UNIT)))

    assert not standing.is_loaded


async def test_copies_of_which_nobody_can_tell_are_not_copies_that_were_never_loaded(
    pool: Pool,
) -> None:
    await pool.close()
    with pytest.raises(RegistryUnavailableError, match="copies"):
        await PostgresRegistryCopies(pool).standings()


async def test_both_copies_that_grow_old_are_told_of(pool: Pool) -> None:
    standings = await PostgresRegistryCopies(pool).standings()
    assert [each.registry for each in standings] == [BUSINESSES, KRR]
