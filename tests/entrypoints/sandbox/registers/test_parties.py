"""The party register: names, ids, and which units are whose."""

from typing import Any

import aiohttp
import pytest

from entrypoints.sandbox.registers import Registers
from entrypoints.sandbox.registers.numbers import PersonNumbers, organisation_number

NAMES = "/register/api/v1/parties/nameslookup"
MAIN_UNITS = "/register/api/v2/internal/parties/main-units"
KARI, FIRM, SUB_UNIT = "15859010099", "314022009", "314022017"
URN = "urn:altinn:organization:identifier-no:"


async def asked(
    http: aiohttp.ClientSession, path: str, question: object, *, status: int = 200
) -> dict[str, Any]:
    async with http.post(path, json=question) as answer:
        assert answer.status == status
        said: dict[str, Any] = await answer.json(content_type=None)
        return said


async def test_names_come_in_the_order_of_the_question_and_of_the_unknown_none(
    http: aiohttp.ClientSession,
) -> None:
    generated, unknown = PersonNumbers().of(0, 1)[0], PersonNumbers().of(9999, 10_000)[0]
    parties = [
        {"orgNo": FIRM},
        {"ssn": KARI},
        {"ssn": unknown},
        {"ssn": generated},
        {"orgNo": organisation_number(0)},
        {"ssn": KARI},
    ]

    names = (await asked(http, NAMES, {"parties": parties}))["partyNames"]

    assert [each["ssn"] or each["orgNo"] for each in names] == [
        each.get("ssn") or each.get("orgNo") for each in parties
    ]
    assert [each["name"] for each in names] == [
        "FJELL OG FJORD AS",
        "Kari Nordmann",
        None,
        "Aina Aasen",
        "FIRMA 0 AS",
        "Kari Nordmann",
    ]


async def test_a_persons_name_comes_in_parts_where_those_are_asked_for(
    http: aiohttp.ClientSession,
) -> None:
    path = f"{NAMES}?partyComponentOption=person-name"

    (name,) = (await asked(http, path, {"parties": [{"ssn": KARI}]}))["partyNames"]

    assert name["personName"] == {
        "firstName": "Kari",
        "middleName": None,
        "lastName": "Nordmann",
    }


@pytest.mark.parametrize(
    "question",
    [
        {"parties": [{"ssn": KARI}, {"ssn": "15859010098"}]},
        {"parties": [{"orgNo": FIRM}] * 1001},
        {"names": []},
    ],
)
async def test_one_bad_number_fails_the_whole_question(
    http: aiohttp.ClientSession, question: object
) -> None:
    refused = await asked(http, NAMES, question, status=400)

    assert refused["type"] == "urn:altinn:error:STD-00000"
    assert "15859010098" not in str(refused)


async def test_a_sub_unit_has_a_main_unit_and_a_main_unit_none(
    http: aiohttp.ClientSession,
) -> None:
    async def main_unit(number: str) -> list[str]:
        said = await asked(http, MAIN_UNITS, {"data": f"{URN}{number}"})
        return [each["organizationIdentifier"] for each in said["data"]]

    assert await main_unit(SUB_UNIT) == [FIRM]
    assert await main_unit(FIRM) == []
    assert await main_unit("314099999") == []
    assert await main_unit(organisation_number(2)) == [organisation_number(1)]
    await asked(http, MAIN_UNITS, {"data": "somebody"}, status=400)


async def test_organisations_have_ids_by_which_grants_are_asked_for(
    http: aiohttp.ClientSession,
) -> None:
    async with http.get(
        f"/register/api/v1/parties/identifiers?orgs={FIRM},314099999,{SUB_UNIT}"
    ) as answer:
        said = await answer.json()

    assert [(each["orgNumber"], each["partyId"]) for each in said] == [
        (FIRM, int(FIRM)),
        (SUB_UNIT, int(SUB_UNIT)),
    ]
    async with http.get("/register/api/v1/parties/identifiers") as answer:
        assert answer.status == 400


async def test_a_token_is_needed(registers: Registers) -> None:
    question = {"parties": [{"orgNo": FIRM}]}
    async with aiohttp.ClientSession(registers.url) as session:
        async with session.post(NAMES, json=question) as answer:
            assert answer.status == 401
        platform = {"PlatformAccessToken": "of some app"}
        async with session.post(NAMES, json=question, headers=platform) as answer:
            assert answer.status == 200
