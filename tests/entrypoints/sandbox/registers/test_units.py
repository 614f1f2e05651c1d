"""The open register of organisations: its files of units and sub-units."""

import csv
import gzip
import io

import aiohttp

from entrypoints.sandbox.registers.numbers import organisation_number
from entrypoints.sandbox.registers.units import UnitRegister
from entrypoints.wiring.registries import sample_holdings

BASE = "/enhetsregisteret/api"


async def read(http: aiohttp.ClientSession, file: str) -> list[dict[str, str]]:
    headers = {"Accept": "*/*", "Accept-Encoding": "identity"}
    async with http.get(f"{BASE}/{file}/lastned/csv", headers=headers) as answer:
        assert answer.status == 200
        assert answer.content_type.endswith("+gzip")
        assert answer.headers["ETag"]
        text = gzip.decompress(await answer.read()).decode()
    assert text.startswith('"organisasjonsnummer","navn"')
    return list(csv.DictReader(io.StringIO(text, newline="")))


async def test_units_and_sub_units_have_a_file_each(http: aiohttp.ClientSession) -> None:
    units = {each["organisasjonsnummer"]: each for each in await read(http, "enheter")}
    sub_units = {each["organisasjonsnummer"]: each for each in await read(http, "underenheter")}

    assert units["314022009"]["navn"] == "FJELL OG FJORD AS"
    assert units["314022009"]["overordnetEnhet"] == ""
    assert units["314022009"]["konkurs"] == "false"
    assert sub_units["314022017"]["overordnetEnhet"] == "314022009"
    assert sub_units["314022017"]["organisasjonsform.kode"] == "BEDR"
    assert sub_units[organisation_number(2)]["overordnetEnhet"] == organisation_number(1)
    assert (len(units), len(sub_units)) == (10 + 20, 4 + 10)
    assert not units.keys() & sub_units.keys()


async def test_a_cell_may_go_over_several_lines(http: aiohttp.ClientSession) -> None:
    (first, *_) = await read(http, "enheter")

    assert "\n" in first["forretningsadresse.adresse"]


async def test_a_file_that_is_as_it_was_is_not_sent_again(http: aiohttp.ClientSession) -> None:
    async with http.get(f"{BASE}/enheter/lastned/csv") as answer:
        edition = answer.headers["ETag"]

    async with http.get(
        f"{BASE}/enheter/lastned/csv", headers={"If-None-Match": edition}
    ) as answer:
        assert (answer.status, await answer.read()) == (304, b"")


def test_a_large_file_comes_piece_by_piece() -> None:
    pieces = list(sample_holdings(organisations=100_000).units.packed("enheter"))

    assert len(pieces) > 10
    assert max(map(len, pieces)) < 256 * 1024
    assert gzip.decompress(b"".join(pieces)).count(b"FIRMA") == 66_667


def test_quotes_in_a_name_are_written_twice() -> None:
    register = UnitRegister(
        b'{"_embedded":{"enheter":[{"organisasjonsnummer":"314022009","navn":"A \\"B\\", C AS"}]}}'
    )

    text = gzip.decompress(b"".join(register.packed("enheter"))).decode()

    (unit,) = csv.DictReader(io.StringIO(text, newline=""))
    assert unit["navn"] == 'A "B", C AS'
