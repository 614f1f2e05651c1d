"""The decision point, asked in XACML's JSON."""

from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest

from entrypoints.sandbox.registers import AUTHORIZE, DECISION, Grant, Holdings

STRING = "http://www.w3.org/2001/XMLSchema#string"
OLA, STRANGER = "20001111", "20003333"
FIRM = "314022009"


def attribute(name: str, value: str, *, is_echoed: bool = False) -> dict[str, Any]:
    echoed = {"includeInResult": True} if is_echoed else {}
    return {"attributeId": name, "value": value, "dataType": STRING, "issuer": "Altinn", **echoed}


def user(number: str) -> dict[str, Any]:
    return {
        "id": f"subject{number}",
        "attribute": [attribute("urn:altinn:userid", number, is_echoed=True)],
    }


ACTION = {
    "id": "action",
    "attribute": [
        {
            "attributeId": "urn:oasis:names:tc:xacml:1.0:action:action-id",
            "value": "read",
            "dataType": "string",
            "issuer": "Altinn",
        }
    ],
}


def resource(
    party: str = FIRM, name: str = "tax-2026", whose: str = "urn:altinn:partyid"
) -> dict[str, Any]:
    return {
        "id": f"resource{party}",
        "attribute": [
            attribute("urn:altinn:resource", name),
            attribute(whose, party, is_echoed=True),
        ],
    }


def request(*users: str, resources: Mapping[str, Any] | None = None) -> dict[str, Any]:
    asked = resources or resource()
    references = [{"referenceId": [f"subject{each}", "action", asked["id"]]} for each in users]
    return {
        "request": {
            "accessSubject": [user(each) for each in users],
            "action": [ACTION],
            "resource": [asked],
            "multiRequests": {"requestReference": references},
        }
    }


async def decided(
    http: aiohttp.ClientSession, question: object, *, at: str = DECISION
) -> list[dict[str, Any]]:
    async with http.post(at, json=question) as answer:
        assert answer.status == 200
        results: list[dict[str, Any]] = (await answer.json())["response"]
        return results


async def test_several_questions_get_a_decision_each_in_their_order(
    http: aiohttp.ClientSession,
) -> None:
    permitted, refused = await decided(http, request(OLA, STRANGER))

    assert permitted["decision"] == "Permit"
    assert permitted["status"] == {
        "statusCode": {"value": "urn:oasis:names:tc:xacml:1.0:status:ok"}
    }
    assert permitted["category"] == [
        {
            "categoryId": "urn:oasis:names:tc:xacml:1.0:subject-category:access-subject",
            "attribute": [{"attributeId": "urn:altinn:userid", "value": OLA, "dataType": STRING}],
        },
        {
            "categoryId": "urn:oasis:names:tc:xacml:3.0:attribute-category:resource",
            "attribute": [{"attributeId": "urn:altinn:partyid", "value": FIRM, "dataType": STRING}],
        },
    ]
    assert permitted["obligations"][0]["attributeAssignment"][0]["category"] == (
        "urn:altinn:minimum-authenticationlevel"
    )
    assert refused["decision"] == "NotApplicable"
    assert "obligations" not in refused


async def test_an_organisation_is_named_by_its_number_too(http: aiohttp.ClientSession) -> None:
    by_number = resource(whose="urn:altinn:organization:identifier-no")

    (one,) = await decided(http, request(OLA, resources=by_number))

    assert one["decision"] == "Permit"


async def test_another_service_is_not_permitted(http: aiohttp.ClientSession) -> None:
    (one,) = await decided(http, request(OLA, resources=resource(name="other")))

    assert one["decision"] == "NotApplicable"


async def test_an_app_is_named_by_its_owner_and_name(
    holdings: Holdings, http: aiohttp.ClientSession
) -> None:
    holdings.grants.permit(Grant(OLA, FIRM, "app_ttd_my_app", "read"))
    app = resource()
    app["attribute"][0:1] = [
        attribute("urn:altinn:org", "ttd"),
        attribute("urn:altinn:app", "my_app"),
    ]

    (one,) = await decided(http, request(OLA, resources=app))

    assert one["decision"] == "Permit"


async def test_what_is_permitted_can_be_withdrawn(
    holdings: Holdings, http: aiohttp.ClientSession
) -> None:
    grant = Grant(STRANGER, FIRM, "urn:altinn:resource:tax-2026", "read")
    holdings.grants.permit(grant)
    (permitted,) = await decided(http, request(STRANGER))
    holdings.grants.withdraw(grant)
    (refused,) = await decided(http, request(STRANGER))

    assert (permitted["decision"], refused["decision"]) == ("Permit", "NotApplicable")


async def test_names_are_read_in_whichever_letters_they_come(http: aiohttp.ClientSession) -> None:
    def raised(value: Any) -> Any:  # noqa: ANN401  # JSON
        match value:
            case dict():
                return {name[0].upper() + name[1:]: raised(each) for name, each in value.items()}
            case list():
                return [raised(each) for each in value]
            case _:
                return value

    decisions = [each["decision"] for each in await decided(http, raised(request(OLA, STRANGER)))]

    assert decisions == ["Permit", "NotApplicable"]


def with_a_national_number() -> dict[str, Any]:
    asked = request(OLA, STRANGER)
    by_number = attribute("urn:altinn:person:identifier-no", "15859010099")
    asked["request"]["accessSubject"][1]["attribute"] = [by_number]
    return asked


def with_an_odd_type() -> dict[str, Any]:
    asked = request(OLA, STRANGER)
    asked["request"]["resource"][0]["attribute"][0]["dataType"] = "uuid"
    return asked


def with_a_reference_to_nobody() -> dict[str, Any]:
    asked = request(OLA, STRANGER)
    asked["request"]["multiRequests"]["requestReference"][1]["referenceId"][0] = "nobody"
    return asked


async def test_persons_are_named_by_number_where_other_services_ask(
    holdings: Holdings, http: aiohttp.ClientSession
) -> None:
    holdings.grants.permit(Grant("15859010099", FIRM, "tax-2026", "read"))

    ola, kari = await decided(http, with_a_national_number(), at=AUTHORIZE)

    assert (ola["decision"], kari["decision"]) == ("Permit", "Permit")
    assert "15859010099" not in str(kari)


async def test_a_number_and_an_id_at_once_decide_nothing(http: aiohttp.ClientSession) -> None:
    asked = with_a_national_number()
    subjects = asked["request"]["accessSubject"]
    subjects[1]["attribute"].append(attribute("urn:altinn:userid", STRANGER))

    (only,) = await decided(http, asked, at=AUTHORIZE)

    assert only["decision"] == "Indeterminate"


@pytest.mark.parametrize(
    "question",
    [[], {}, with_a_national_number(), with_an_odd_type(), with_a_reference_to_nobody()],
)
async def test_a_request_that_cannot_be_understood_decides_nothing_of_all_its_questions(
    http: aiohttp.ClientSession, question: object
) -> None:
    (only,) = await decided(http, question)

    assert only == {
        "decision": "Indeterminate",
        "status": {"statusCode": {"value": "urn:oasis:names:tc:xacml:1.0:status:syntax-error"}},
    }
