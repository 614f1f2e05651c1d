"""The open register's files of units: loaded whole or not at all, and what they lack stays for a while."""

import csv
import gzip
import io
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.postgres.pool import Pool
from adapters.registries.importing import ImportSummary
from adapters.registries.pages import UnreadablePageError
from adapters.registries.replicas import PostgresBusinessRegistry, PostgresNameRegistry
from adapters.registries.units_file import ShrunkFileError, UnitsImporter, UnitsSummary
from domain.recipient import OrganisationNumber
from tests.adapters.registries.local import registry_importer
from tests.adapters.registries.pages import addresses, email
from tests.adapters.registries.pages import units as page_of_units
from tests.adapters.registries.sealed import SEALER

UNIT, SUB_UNIT, OTHER = (
    OrganisationNumber(each) for each in ("314022009", "314022017", "314023064")
)
UNITS = (
    *("organisasjonsnummer", "navn", "organisasjonsform.kode", "organisasjonsform.beskrivelse"),
    *("postadresse.adresse", "forretningsadresse.adresse", "forretningsadresse.landkode"),
    *("registreringsdatoenhetsregisteret", "konkurs", "overordnetEnhet", "vedtektsfestetFormaal"),
)
SUB_UNITS = (
    *("organisasjonsnummer", "navn", "overordnetEnhet", "organisasjonsform.kode"),
    *("beliggenhetsadresse.adresse", "registreringsdatoIEnhetsregisteret", "nedleggelsesdato"),
)
Row = tuple[str, str, str]


def written(columns: Sequence[str], *rows: Row) -> bytes:
    """A file as the open register writes it: all cells quoted, and lines broken inside some."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(columns)
    for number, name, main_unit in rows:
        known = {"organisasjonsnummer": number, "navn": name, "overordnetEnhet": main_unit}
        writer.writerow([known.get(each, 'Veien 1\n0001 "Oslo", post') for each in columns])
    return text.getvalue().encode()


def units(*rows: Row) -> bytes:
    return written(UNITS, *rows)


def sub_units(*rows: Row) -> bytes:
    return written(SUB_UNITS, *rows)


class Loading:
    """Loads files one after another."""

    def __init__(self, pool: Pool, folder: Path) -> None:
        self._importer = UnitsImporter(pool, SEALER)
        self._pool = pool
        self._file = folder / "units.csv.gz"

    async def load(self, content: bytes, *, may_shrink: bool = False) -> UnitsSummary:
        self._file.write_bytes(content)
        return await self._importer.import_files([self._file], may_shrink=may_shrink)

    async def known(self) -> dict[str, tuple[str | None, str]]:
        async with self._pool.connection() as connection:
            cursor = await connection.execute("SELECT number, main_unit, name FROM business_unit")
            return {
                number: (main_unit, name) for number, main_unit, name in await cursor.fetchall()
            }


@pytest.fixture
def loading(pool: Pool, tmp_path: Path) -> Loading:
    return Loading(pool, tmp_path)


@pytest.mark.parametrize("packed", [gzip.compress, bytes, lambda text: b"\xef\xbb\xbf" + text])
async def test_units_and_sub_units_are_read_by_the_names_of_their_columns(
    pool: Pool, loading: Loading, packed: type[bytes]
) -> None:
    await registry_importer(pool).import_page(
        "businesses", addresses(email("a", UNIT, "post@fjell.example.no")), ImportSummary()
    )

    first = await loading.load(packed(units((UNIT, "FJELL AS", ""), (OTHER, "ÆRLIG ANS", UNIT))))
    second = await loading.load(packed(sub_units((SUB_UNIT, "FJELL\nAVD DAL", UNIT))))

    assert (first.written, second.written, second.quarantined) == (2, 1, 0)
    assert await loading.known() == {
        UNIT: (None, "FJELL AS"),
        OTHER: (UNIT, "ÆRLIG ANS"),
        SUB_UNIT: (UNIT, "FJELL\nAVD DAL"),
    }
    found = await PostgresBusinessRegistry(pool, SEALER).find([SUB_UNIT])
    assert found[SUB_UNIT].origin == UNIT
    names = await PostgresNameRegistry(pool, SEALER).find([], [OTHER])
    assert names == {OTHER: "ÆRLIG ANS"}


async def test_a_file_that_is_loaded_again_changes_nothing(loading: Loading) -> None:
    content = units((UNIT, "FJELL AS", ""), (OTHER, "X", UNIT))
    await loading.load(content)
    before = await loading.known()
    again = await loading.load(content)
    assert (again.written, again.removed, again.absent) == (0, 0, 0)
    assert await loading.known() == before


async def test_a_unit_stays_until_two_files_lack_it_and_the_same_file_twice_is_one(
    loading: Loading,
) -> None:
    both = units((UNIT, "FJELL AS", ""), (OTHER, "X", ""))
    without, also_without = units((UNIT, "FJELL AS", "")), units((UNIT, "FJELL ASA", ""))
    await loading.load(both)

    for _ in range(3):
        done = await loading.load(without, may_shrink=True)
        assert (done.removed, done.absent) == (0, 1)
        assert OTHER in await loading.known()

    done = await loading.load(also_without)
    assert (done.removed, done.absent) == (1, 0)
    assert OTHER not in await loading.known()


async def test_a_unit_that_is_there_again_has_not_been_absent(loading: Loading) -> None:
    both, without = units((UNIT, "A", ""), (OTHER, "X", "")), units((UNIT, "B", ""))
    for each in (both, without, both, without):
        await loading.load(each, may_shrink=True)
    assert OTHER in await loading.known()


async def test_a_file_of_one_kind_says_nothing_of_the_other_nor_of_what_came_on_pages(
    pool: Pool, loading: Loading
) -> None:
    page = page_of_units({"organisasjonsnummer": OTHER, "navn": "OF A PAGE"})
    await registry_importer(pool).import_page("businesses", page, ImportSummary())
    await loading.load(units((UNIT, "FJELL AS", "")))
    for name in ("A", "B", "C"):
        done = await loading.load(sub_units((SUB_UNIT, name, UNIT)))
        assert (done.removed, done.absent) == (0, 0)
    assert set(await loading.known()) == {UNIT, SUB_UNIT, OTHER}


CONTENT = units(*((f"3140{each:05}", f"FIRMA {each}", "") for each in range(200)))


@pytest.mark.parametrize(
    "content, why",
    [
        (gzip.compress(CONTENT)[:-9], "it is cut, or was damaged"),
        (gzip.compress(CONTENT)[:500], "it is cut, or was damaged"),
        (gzip.compress(CONTENT)[:-8] + bytes(8), "it is cut, or was damaged"),
        (gzip.compress(CONTENT) + b"rest", "it is cut, or was damaged"),
        (CONTENT[:-30], "it is cut, or no CSV"),
        (CONTENT[: CONTENT.rindex(b"\r\n", 0, -2) + 14], "its line 1793 has 2 cells where"),
        (CONTENT.replace(b'"FIRMA 7"', b'"FIRMA 7'), "it is cut"),
        (b"", "it has no column organisasjonsnummer"),
        (b"navn\nX\n", "it has no column organisasjonsnummer"),
        (b"\xff\xfe", "it is no UTF-8"),
        (written(["organisasjonsnummer", "navn", "overordnetEnhet"]), "it cannot be told whether"),
        (written([*UNITS, *SUB_UNITS[4:]]), "it cannot be told whether"),
    ],
)
async def test_a_file_that_is_not_all_there_changes_nothing(
    loading: Loading, content: bytes, why: str
) -> None:
    await loading.load(units(*((f"3140{each:05}", "BEFORE", "") for each in range(210))))
    before = await loading.known()

    for _ in range(2):
        with pytest.raises(UnreadablePageError, match=rf"units\.csv\.gz: {why}"):
            await loading.load(content)

    assert await loading.known() == before


async def test_a_file_with_many_fewer_units_is_taken_only_if_that_is_meant(
    loading: Loading,
) -> None:
    await loading.load(units(*((f"3140{each:05}", "FIRMA", "") for each in range(100))))
    fewer = units(*((f"3140{each:05}", "FIRMA", "") for each in range(89)))

    with pytest.raises(ShrunkFileError, match="it names 89 units, and the one before it 100"):
        await loading.load(fewer)

    assert (await loading.load(fewer, may_shrink=True)).absent == 11
    assert (await loading.load(fewer)).absent == 11


async def test_a_row_that_cannot_be_read_makes_its_unit_uncertain_and_not_absent(
    pool: Pool, loading: Loading
) -> None:
    importer = registry_importer(pool)
    await importer.import_page(
        "businesses", addresses(email("a", UNIT, "post@fjell.example.no")), ImportSummary()
    )
    await loading.load(sub_units((SUB_UNIT, "DAL", UNIT), (OTHER, "X", UNIT)))

    for name in ("A", "B", "C"):
        done = await loading.load(sub_units((SUB_UNIT, name, "12"), (OTHER, "X", UNIT)))
        assert (done.quarantined, done.absent, done.removed) == (1, 0, 0)

    registry = PostgresBusinessRegistry(pool, SEALER)
    assert (await registry.find([SUB_UNIT]))[SUB_UNIT].is_uncertain
    (listed,) = await importer.unread("units", 10)
    assert (listed.reason, listed.whose) == ("an organisation number is not nine digits", SUB_UNIT)
    done = await loading.load(sub_units((SUB_UNIT, "D", UNIT), (OTHER, "X", UNIT)))
    assert await importer.unread(None, 10) == []
    assert not (await registry.find([SUB_UNIT]))[SUB_UNIT].is_uncertain


async def test_a_row_of_nobody_is_told_again_by_the_next_file(pool: Pool, loading: Loading) -> None:
    done = await loading.load(units(("31402", "X", ""), (UNIT, "A", "")))
    assert (done.quarantined, done.nobodys) == (1, 1)
    assert len(await registry_importer(pool).unread("units", 10)) == 1
    await loading.load(sub_units((SUB_UNIT, "X", UNIT)))
    assert len(await registry_importer(pool).unread("units", 10)) == 1
    await loading.load(units((UNIT, "B", "")), may_shrink=True)
    assert await registry_importer(pool).unread("units", 10) == []


async def test_a_file_of_which_too_much_cannot_be_read_is_none(loading: Loading) -> None:
    await loading.load(units((UNIT, "A", "")))
    odd = units(*(("x", "FIRMA", "") for _ in range(1001)))
    with pytest.raises(UnreadablePageError, match="too many of its rows cannot be read"):
        await loading.load(odd)
    assert await loading.known() == {UNIT: (None, "A")}


async def test_of_two_rows_of_a_unit_the_last_counts(loading: Loading) -> None:
    done = await loading.load(units((UNIT, "A", OTHER), (UNIT, "B", "")))
    assert done.written == 1
    assert await loading.known() == {UNIT: (None, "B")}


FILES = st.lists(st.sets(st.integers(0, 5), min_size=1), min_size=1, max_size=6)


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(files=FILES, seed=st.integers())
async def test_what_is_known_is_what_the_last_two_files_name(
    pool: Pool, loading: Loading, files: list[set[int]], seed: int
) -> None:
    async with pool.connection() as connection:
        await connection.execute("TRUNCATE business_unit, business_unit_file")
    order = Random(seed)  # noqa: S311  # for nobody to guess
    named: list[set[str]] = []
    for at, numbers in enumerate(files):
        rows = [(f"31402200{each}", f"FIRMA {at}", "") for each in numbers]
        order.shuffle(rows)
        await loading.load(units(*rows), may_shrink=True)
        named.append({number for number, _, _ in rows})

        assert set(await loading.known()) == named[-1] | (named[-2] if at else set())
