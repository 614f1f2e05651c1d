"""People change the official addresses of organisations that they act for, as Altinn's Profile has it."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest

from adapters.memory.decision_point import InMemoryDecisionPoint
from application.official_addresses.editing import RESOURCE
from application.ports.decision_point import Question
from domain.operations.acts import OfficialAddressChangeRequested
from tests.entrypoints.http.installation import BASE_URL, HERSELF, Installation
from tests.samples import BAKERY

ALL = f"/profile/api/v1/organizations/{BAKERY.number}/notificationaddresses/mandatory"
POST, PHONE = {"email": "post@bakery.example"}, {"countryCode": "+47", "phone": "40000004"}


@pytest.fixture
def decision_point() -> InMemoryDecisionPoint:
    return InMemoryDecisionPoint(
        [Question("20001111", BAKERY.number, RESOURCE, each) for each in ("read", "write")]
    )


@pytest.fixture
def installation(decision_point: InMemoryDecisionPoint) -> Installation:
    return Installation(decision_point=decision_point)


@pytest.fixture
async def api(installation: Installation) -> AsyncIterator[httpx.AsyncClient]:
    async with installation.client() as client:
        client.headers.update(HERSELF)
        yield client


async def brought(installation: Installation) -> None:
    """Let the register be told, and its feed bring it."""
    writer = installation.application.address_writer
    assert writer is not None
    await writer.look_after()
    installation.now += timedelta(minutes=2)
    installation.official_addresses.read_feed(installation.now)
    await writer.look_after()


async def added(
    installation: Installation, api: httpx.AsyncClient, address: Mapping[str, str]
) -> int:
    """Have an address added, and brought by the feed; its number now."""
    asked = await api.post(ALL, json=address)
    assert asked.status_code == 201, asked.text
    await brought(installation)
    told = await api.get(asked.headers["location"])
    number: int = told.json()["notificationAddressId"]
    return number


async def test_an_address_is_pending_until_the_registers_feed_brings_it(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    asked = await api.post(ALL, json=PHONE)

    pending = asked.json()
    location = f"{BASE_URL}{ALL}/{pending['notificationAddressId']}"
    assert (asked.status_code, asked.headers["location"]) == (201, location)
    assert pending == {
        "notificationAddressId": pending["notificationAddressId"],
        "countryCode": "+47",
        "email": None,
        "phone": "40000004",
        "status": "Pending",
        "refusal": None,
    }
    assert (await api.get(location)).json() == pending
    again = await api.post(ALL, json=PHONE)
    assert (again.status_code, again.json()) == (200, pending)

    await brought(installation)

    (held,) = (await api.get(ALL)).json()["notificationAddresses"]
    assert (held["phone"], held["status"]) == ("40000004", "InUse")
    assert (await api.get(location)).json() == held


async def test_an_address_is_replaced_and_removed(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    post = await added(installation, api, POST)
    phone = await added(installation, api, PHONE)

    put = await api.put(f"{ALL}/{post}", json={"email": "board@bakery.example"})
    assert (put.status_code, put.json()["status"]) == (200, "Pending")
    listed = (await api.get(ALL)).json()
    assert listed["organizationNumber"] == BAKERY.number
    assert [(each["email"], each["status"]) for each in listed["notificationAddresses"]] == [
        ("post@bakery.example", "BeingReplaced"),
        (None, "InUse"),
        ("board@bakery.example", "Pending"),
    ]
    await brought(installation)
    assert (await api.get(f"{ALL}/{post}")).json()["email"] == "board@bakery.example"

    gone = await api.delete(f"{ALL}/{phone}")
    assert (gone.status_code, gone.json()["phone"]) == (200, "40000004")
    await brought(installation)
    (left,) = (await api.get(ALL)).json()["notificationAddresses"]
    assert left["email"] == "board@bakery.example"


async def test_the_last_one_stays_and_a_twin_is_told_where_it_is(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    post = await added(installation, api, POST)

    last = await api.delete(f"{ALL}/{post}")
    assert (last.status_code, last.json()["code"]) == (409, "last_address")
    phone = await added(installation, api, PHONE)
    twin = await api.put(f"{ALL}/{phone}", json=POST)
    assert (twin.status_code, twin.json()["code"]) == (409, "address_exists")
    assert twin.json()["instance"] == f"{ALL}/{post}"


async def test_a_refusal_of_the_registers_is_told_and_can_be_dismissed(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    installation.address_register.unknown.add(BAKERY.number)
    asked = await api.post(ALL, json=POST)
    await brought(installation)

    refused = await api.get(asked.headers["location"])
    assert (refused.json()["status"], refused.json()["refusal"]) == (
        "Refused",
        "unknown_organisation",
    )
    put = await api.put(asked.headers["location"], json=PHONE)
    assert (put.status_code, put.json()["code"]) == (409, "address_refused")
    assert (await api.delete(asked.headers["location"])).status_code == 200
    assert (await api.get(ALL)).status_code == 404


async def test_what_is_on_its_way_is_changed_when_it_has_come(
    api: httpx.AsyncClient,
) -> None:
    asked = await api.post(ALL, json=POST)

    for answer in (
        await api.put(asked.headers["location"], json=PHONE),
        await api.delete(asked.headers["location"]),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "change_under_way")


async def test_who_may_only_read_changes_nothing_and_who_may_not_sees_nothing(
    api: httpx.AsyncClient, decision_point: InMemoryDecisionPoint
) -> None:
    await api.post(ALL, json=POST)
    decision_point.permitted = {Question("20001111", BAKERY.number, RESOURCE, "read")}

    assert (await api.get(ALL)).status_code == 200
    refused = await api.post(ALL, json=PHONE)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted")
    decision_point.permitted.clear()
    refused = await api.get(ALL)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted")


async def test_while_nobody_can_tell_whether_they_may_nothing_is_shown_and_nothing_done(
    api: httpx.AsyncClient, decision_point: InMemoryDecisionPoint
) -> None:
    decision_point.is_away = True

    for answer in (await api.get(ALL), await api.post(ALL, json=POST)):
        assert (answer.status_code, answer.json()["code"]) == (503, "authority_undecided")
        assert answer.headers["retry-after"]


async def test_what_nobody_has_is_not_found(api: httpx.AsyncClient) -> None:
    for answer in (
        await api.get(ALL),
        await api.get(f"{ALL}/7"),
        await api.put(f"{ALL}/7", json=POST),
        await api.delete(f"{ALL}/7"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "address_not_found")


@pytest.mark.parametrize(
    "address, place",
    [
        ({}, "Email"),
        (POST | PHONE, "Email"),
        ({"email": " "}, "Email"),
        ({"email": "post"}, "Email"),
        ({"email": "po|st@bakery.example"}, "Email"),
        (POST | {"countryCode": "+47"}, "CountryCode"),
        ({"phone": "40000004"}, "CountryCode"),
        ({"phone": "40000004", "countryCode": "47"}, "CountryCode"),
        ({"phone": "40 00 00 04", "countryCode": "+47"}, "Phone"),
        ({"phone": "20000004", "countryCode": "+47"}, "Phone"),
        ({"phone": "400000040", "countryCode": "+47"}, "Phone"),
        ({"phone": "1", "countryCode": "+46"}, "Phone"),
    ],
)
async def test_what_nothing_could_be_sent_to_is_refused_and_on_no_record(
    installation: Installation, api: httpx.AsyncClient, address: dict[str, Any], place: str
) -> None:
    answer = await api.post(ALL, json=address)

    assert answer.status_code == 400
    assert place in answer.json()["errors"]
    assert await installation.recorded_acts() == []


@pytest.mark.parametrize(
    "path", [ALL.replace(BAKERY.number, "31402200"), f"{ALL}/seven", f"{ALL}/-1", f"{ALL}/{10**17}"]
)
async def test_what_is_no_number_is_refused(api: httpx.AsyncClient, path: str) -> None:
    assert (await api.get(path)).status_code == 400


async def test_who_asked_is_on_record_by_the_id_of_their_profile_alone(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    await api.post(ALL, json=POST)

    (act,) = await installation.recorded_acts()
    assert isinstance(act.act, OfficialAddressChangeRequested)
    assert act.recorded_by.role == "person"
    assert "15859010099" not in str(act)
    assert "post@" not in str(act)
