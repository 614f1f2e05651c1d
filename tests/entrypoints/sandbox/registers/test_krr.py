"""The contact and reservation register, as whoever follows it finds it."""

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from adapters.registries.importing import SAMPLES
from entrypoints.sandbox.registers import Holdings, PersonChange, Registers, UnknownError
from entrypoints.sandbox.registers.numbers import PersonNumbers
from entrypoints.wiring.registries import sample_holdings

PATH = "/rest/v2/krr/hentEndringer"
KARI = "15859010099"


async def page(http: aiohttp.ClientSession, after: int) -> dict[str, Any]:
    async with http.post(PATH, json={"fraEndringsId": after}) as answer:
        assert answer.status == 200
        said: dict[str, Any] = await answer.json()
        return said


async def test_a_page_has_a_thousand_persons_and_says_how_far_it_goes(
    http: aiohttp.ClientSession,
) -> None:
    first = await page(http, 0)
    last = await page(http, 2000)

    assert (len(first["list"]), first["fraEndringsId"], first["tilEndringsId"]) == (1000, 0, 1000)
    assert (len(last["list"]), last["fraEndringsId"], last["tilEndringsId"]) == (524, 2000, 2524)
    assert first["sisteEndringsId"] == last["sisteEndringsId"] == 2524
    assert (await page(http, 2524))["list"] == []


async def test_it_begins_with_the_people_of_the_samples(http: aiohttp.ClientSession) -> None:
    samples = json.loads(SAMPLES["krr"][0].read_bytes())["list"]

    assert (await page(http, 0))["list"][: len(samples)] == samples


async def test_the_generated_have_what_people_have(http: aiohttp.ClientSession) -> None:
    people = (await page(http, 1000))["list"]

    known = Counter(
        frozenset(each.get("kontaktinformasjon", {})) & {"epostadresse", "mobiltelefonnummer"}
        for each in people
    )
    assert len(known) == 4
    assert Counter(each["status"] for each in people)["SLETTET"] == 20
    assert Counter(each["reservasjon"] for each in people)["JA"] == 40
    assert {each["spraak"] for each in people if "spraak" in each} == {"nb", "nn", "en", "se"}
    numbers = [each["personidentifikator"] for each in people]
    assert len(set(numbers)) == 1000


async def test_what_is_no_question_is_refused(http: aiohttp.ClientSession) -> None:
    async with http.post(PATH, data=b"[]") as answer:
        assert answer.status == 400


async def test_a_person_that_changes_is_told_once_more_and_no_longer_before(
    holdings: Holdings, http: aiohttp.ClientSession
) -> None:
    change = holdings.change_person(KARI, PersonChange(email="kari.new@post.example.no"))

    assert change == 2525
    (entry,) = (await page(http, 2524))["list"]
    known = entry["kontaktinformasjon"]
    assert (entry["personidentifikator"], entry["varslingsstatus"]) == (KARI, "KAN_VARSLES")
    assert known["epostadresse"] == "kari.new@post.example.no"
    assert known["mobiltelefonnummer"] == "+4740000001"
    assert KARI not in {each["personidentifikator"] for each in (await page(http, 0))["list"]}


async def test_a_generated_person_changes_like_any_other(
    holdings: Holdings, http: aiohttp.ClientSession
) -> None:
    number = (await page(http, 100))["list"][0]["personidentifikator"]

    holdings.change_person(number, PersonChange(reserved=True))
    holdings.change_person(number, PersonChange(mobile="+4740000099", reserved=False))

    (entry,) = (await page(http, 2524))["list"]
    assert (entry["reservasjon"], entry["kontaktinformasjon"]["mobiltelefonnummer"]) == (
        "NEI",
        "+4740000099",
    )
    assert number not in {each["personidentifikator"] for each in (await page(http, 100))["list"]}


@pytest.mark.parametrize(
    "change, expected",
    [
        (PersonChange(deleted=True), {"status": "SLETTET", "varslingsstatus": "KAN_IKKE_VARSLES"}),
        (PersonChange(reserved=True), {"reservasjon": "JA", "varslingsstatus": "KAN_IKKE_VARSLES"}),
        (PersonChange(email="", mobile=""), {"kontaktinformasjon": {}, "varslingsstatus": "KAN_IKKE_VARSLES"}),
        (PersonChange(language="nn"), {"spraak": "nn", "varslingsstatus": "KAN_VARSLES"}),
    ],
)  # fmt: skip
def test_a_change_is_written_as_the_register_writes_it(
    holdings: Holdings, change: PersonChange, expected: dict[str, Any]
) -> None:
    holdings.change_person(KARI, change)

    (entry,) = json.loads(holdings.persons.page(2524))["list"]
    assert entry.items() >= expected.items()


def test_somebody_new_can_come(holdings: Holdings) -> None:
    (number,) = PersonNumbers().of(2500, 2501)
    holdings.change_person(number, PersonChange(email="new@post.example.no"))

    (entry,) = json.loads(holdings.persons.page(2524))["list"]
    assert entry["kontaktinformasjon"]["epostadresse"] == "new@post.example.no"


@pytest.mark.parametrize(
    "number, change",
    [
        ("15859010098", PersonChange(deleted=True)),
        ("Kari", PersonChange(deleted=True)),
        (KARI, PersonChange()),
        (KARI, PersonChange(language="no")),
        (KARI, PersonChange(email="a\nb@example.no")),
        (KARI, PersonChange(mobile="4" * 500)),
    ],
)
def test_what_cannot_be_is_refused_and_the_number_not_repeated(
    holdings: Holdings, number: str, change: PersonChange
) -> None:
    with pytest.raises(UnknownError) as refused:
        holdings.change_person(number, change)

    assert number not in str(refused.value)
    assert holdings.persons.newest == 2524


def test_on_one_day_everything_is_generated_alike() -> None:
    def noon() -> datetime:
        return datetime(2026, 12, 1, 12, tzinfo=UTC)

    one, other = (sample_holdings(people=100, seed=3, clock=noon) for _ in range(2))

    assert one.persons.page(0) == other.persons.page(0)


async def test_a_token_is_needed(registers: Registers) -> None:
    async with (
        aiohttp.ClientSession(registers.url) as session,
        session.post(PATH, json={"fraEndringsId": 0}) as answer,
    ):
        assert answer.status == 401


def test_nine_million_can_be_and_no_more() -> None:
    many = sample_holdings(people=9_000_000)

    last = json.loads(many.persons.page(9_000_000))["list"][-1]
    assert many.persons.newest == 9_000_024
    assert many.persons.name(last["personidentifikator"]) is not None
    with pytest.raises(UnknownError):
        sample_holdings(people=9_000_001)
