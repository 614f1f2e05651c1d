"""The register of organisations' addresses: its feed, and what is written back to it."""

import json
from collections.abc import Sequence
from typing import Any

import aiohttp
import pytest

from entrypoints.sandbox.registers import Holdings, UnknownError
from entrypoints.sandbox.registers.numbers import organisation_number

PATH = "/varslingsadresser/fragments/json/v1"
FIRM, BAKERY = "314022009", "314023005"
GENERATED = organisation_number(5)


async def page(http: aiohttp.ClientSession, url: str) -> dict[str, Any]:
    async with http.get(url) as answer:
        assert answer.status == 200
        said: dict[str, Any] = await answer.json()
        return said


async def followed(
    http: aiohttp.ClientSession, size: int = 5000, since: str | None = None
) -> Sequence[dict[str, Any]]:
    more = "" if since is None else f"&since={since}"
    url: str | None = f"{PATH}?pageSize={size}{more}"
    told: list[dict[str, Any]] = []
    while url is not None:
        said = await page(http, url)
        assert len(said["entries"]) <= size
        told += said["entries"]
        url = said.get("nextPage")
    return told


def contact(organisation: str = FIRM, **alert: object) -> dict[str, Any]:
    return {
        "Kontaktinformasjon": {
            "digitalVarslingsinformasjon": alert,
            "kontaktinformasjonForEnhet": {
                "enhetsidentifikator": {"type": "ORGANISASJONSNUMMER", "verdi": organisation}
            },
        }
    }


MOBILE = {"internasjonaltPrefiks": "+47", "nasjonaltNummer": "40000004"}
EMAIL = {"domenenavn": "fjell.example.no", "brukernavn": "ny"}


async def write(http: aiohttp.ClientSession, path: str, body: object = None) -> dict[str, Any]:
    async with http.post(path, json=body) if body else http.post(path) as answer:
        assert answer.status == 200
        said: dict[str, Any] = await answer.json()
        return said


async def test_pages_lead_to_each_other_and_to_an_end(http: aiohttp.ClientSession) -> None:
    everything = await followed(http)

    assert len(everything) == 16 + 30  # one of the samples is told as deleted alone
    assert await followed(http, size=7) == everything
    moments = [each["updated"] for each in everything]
    assert moments == sorted(moments)


async def test_what_is_not_older_than_a_moment_is_told(http: aiohttp.ClientSession) -> None:
    everything = await followed(http)

    for at in (0, 3, 15, 16, 30, 45):
        since = everything[at]["updated"]
        assert await followed(http, since=since) == everything[at:]
    assert await followed(http, since="2027-01-01T00:00:00.1234567Z") == []


@pytest.mark.parametrize("query", ["since=yesterday", "pageSize=many", "page=%C3%A5"])
async def test_what_is_no_question_is_refused(http: aiohttp.ClientSession, query: str) -> None:
    async with http.get(f"{PATH}?{query}") as answer:
        assert answer.status == 400


async def test_an_address_that_is_written_back_comes_with_the_feed(
    http: aiohttp.ClientSession,
) -> None:
    last = (await followed(http))[-1]["updated"]
    written = await write(http, "/define", contact(mobiltelefon=MOBILE))

    assert written.items() >= {"status": "OK", "boolResult": True, "details": None}.items()
    entry = (await followed(http, since=last))[-1]
    assert entry["id"] == written["addressId"]
    assert len(entry["id"]) == 32
    told = json.loads(entry["content"])["Kontaktinformasjon"]
    assert told["digitalVarslingsinformasjon"]["mobiltelefon"] == {
        "navn": "4740000004",
        "internasjonaltPrefiks": "47",
        "nasjonaltNummer": "40000004",
    }


async def test_an_address_is_replaced_and_removed_by_its_id(http: aiohttp.ClientSession) -> None:
    registry_id = (await write(http, "/define", contact(mobiltelefon=MOBILE)))["addressId"]

    replaced = await write(http, f"/replace/{registry_id}", contact(epostadresse=EMAIL))
    assert replaced["addressId"] == registry_id
    (entry,) = [each for each in await followed(http) if each["id"] == registry_id]
    assert entry["title"] == "ny@fjell.example.no"

    assert (await write(http, f"/replace/{registry_id}"))["boolResult"]
    (entry,) = [each for each in await followed(http) if each["id"] == registry_id]
    assert entry["isdeleted"]
    assert "content" not in entry
    again = await write(http, f"/replace/{registry_id}")
    assert (again["status"], again["addressId"]) == ("VALIDATION_ERROR", None)


async def test_of_an_organisation_that_cannot_be_nothing_is_written(
    http: aiohttp.ClientSession,
) -> None:
    refused = await write(http, "/define", contact("999999999", mobiltelefon=MOBILE))

    trace = refused.pop("traceId")
    assert trace
    assert refused == {
        "status": "VALIDATION_ERROR",
        "boolResult": False,
        "addressId": None,
        "details": "999999999 is not a valid norwegian organization number",
    }


@pytest.mark.parametrize("alert", [{}, {"epostadresse": EMAIL, "mobiltelefon": MOBILE}])
async def test_exactly_one_kind_is_written(
    http: aiohttp.ClientSession, alert: dict[str, Any]
) -> None:
    refused = await write(http, "/define", contact(**alert))

    assert (refused["status"], refused["boolResult"]) == ("VALIDATION_ERROR", False)


async def test_somebody_at_the_console_gives_an_organisation_one_address_of_a_kind(
    holdings: Holdings, http: aiohttp.ClientSession
) -> None:
    holdings.change_organisation(BAKERY, email="ny@brygge.example.no")

    entries = await followed(http)
    of_it = [each for each in entries if BAKERY in each.get("content", "")]
    assert [each["title"] for each in of_it] == ["ny@brygge.example.no"]
    assert sum(bool(each["isdeleted"]) for each in entries) == 2


async def test_a_generated_organisation_changes_like_any_other(
    holdings: Holdings, http: aiohttp.ClientSession
) -> None:
    holdings.change_organisation(GENERATED, email="ny@firma.example.no", mobile="+4740000077")

    of_it = [each for each in await followed(http) if GENERATED in each.get("content", "")]
    assert [each["title"] for each in of_it] == ["ny@firma.example.no", "+4740000077"]
    holdings.remove_organisation(GENERATED)
    assert holdings.addresses.of(GENERATED) == {}
    assert not [each for each in await followed(http) if GENERATED in each.get("content", "")]


@pytest.mark.parametrize("number", ["314022008", "991825827", "firm"])
def test_an_organisation_that_cannot_be_is_refused_without_its_number(
    holdings: Holdings, number: str
) -> None:
    with pytest.raises(UnknownError) as refused:
        holdings.change_organisation(number, email="a@b.example.no")

    assert number not in str(refused.value)
