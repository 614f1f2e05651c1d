"""What other services are told of where somebody is reached, as Altinn's Notifications reads it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from adapters.memory.party_ids import InMemoryPartyIds
from adapters.memory.registries import InMemoryProfileRegistry
from application.ports.owner_ledger import Amount, QuotaLimit
from application.ports.registry_copies import BUSINESSES, KRR, CopyStanding
from contracts.owner_records_contract import suspend
from domain.contact_point import BusinessRecord, PersonRecord, ProfileRecord
from domain.operations.acts import ContactPointsLookedUp, LookedUp
from domain.recipient import OrganisationNumber
from entrypoints.http.contact_points.routes import (
    AVAILABILITY,
    EXTERNALS,
    ORGANISATIONS,
    PERSONS,
    USERS,
)
from tests.entrypoints.http.installation import SERVICE, Installation, registered
from tests.samples import BAKERY, KARI, NOON, OLA

MILL = OrganisationNumber("314022017")


@pytest.fixture
def installation() -> Installation:
    return Installation(
        persons={
            KARI.number.text: PersonRecord(
                email=registered("kari@example.org"), mobile=registered("+4740000001")
            ),
            OLA.number.text: PersonRecord(is_reserved=True, can_be_notified=False),
        },
        businesses={
            MILL: BusinessRecord(origin=BAKERY.number, emails=[registered("post@fjell.example.no")])
        },
        profiles=InMemoryProfileRegistry(
            {
                (BAKERY.number, "tax-2026"): [
                    ProfileRecord(
                        user="20001111",
                        email=registered("ola@fjell.example.no"),
                        mobile=registered("+4740000005"),
                    )
                ]
            }
        ),
        parties=InMemoryPartyIds({BAKERY.number: 50001234}),
    )


async def told(api: httpx.AsyncClient, path: str, asked: Mapping[str, object]) -> Any:  # noqa: ANN401  # JSON
    answer = await api.post(path, json=asked, headers=SERVICE)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_people_are_told_as_altinns_profile_tells_them(api: httpx.AsyncClient) -> None:
    asked = {"nationalIdentityNumbers": [KARI.number.text, OLA.number.text, "00000000000"]}

    assert await told(api, PERSONS, asked) == {
        "contactPointsList": [
            {
                "userId": 0,
                "nationalIdentityNumber": KARI.number.text,
                "isReserved": False,
                "mobileNumber": "+4740000001",
                "mobileNumberIsOutdated": False,
                "email": "kari@example.org",
                "emailIsOutdated": False,
            },
            {
                "userId": 0,
                "nationalIdentityNumber": OLA.number.text,
                "isReserved": True,
                "mobileNumber": None,
                "mobileNumberIsOutdated": False,
                "email": None,
                "emailIsOutdated": False,
            },
        ]
    }
    assert await told(api, AVAILABILITY, asked) == {
        "availabilityList": [
            {
                "userId": 0,
                "nationalIdentityNumber": KARI.number.text,
                "isReserved": False,
                "mobileNumberRegistered": True,
                "emailRegistered": True,
            },
            {
                "userId": 0,
                "nationalIdentityNumber": OLA.number.text,
                "isReserved": True,
                "mobileNumberRegistered": False,
                "emailRegistered": False,
            },
        ]
    }


async def test_an_external_identity_is_told_and_what_is_none_is_left_out(
    api: httpx.AsyncClient,
) -> None:
    good = "urn:altinn:person:idporten-email:user@example.org"
    asked = {"externalIdentities": [good, "urn:altinn:person:idporten-email:", "user@example.org"]}

    assert await told(api, EXTERNALS, asked) == {
        "contactPointsList": [
            {"mobileNumber": None, "email": "user@example.org", "externalIdentity": good}
        ]
    }


async def test_an_organisation_is_told_with_whose_addresses_it_has(api: httpx.AsyncClient) -> None:
    asked = {"organizationNumbers": [MILL, "910000000"]}

    assert await told(api, ORGANISATIONS, asked) == {
        "contactPointsList": [
            {
                "organizationNumber": MILL,
                "addressOrigin": BAKERY.number,
                "partyId": 0,
                "mobileNumberList": [],
                "emailList": ["post@fjell.example.no"],
            }
        ]
    }


async def test_an_organisations_users_are_told_by_the_ids_that_a_decision_point_wants(
    api: httpx.AsyncClient,
) -> None:
    asked = {"organizationNumbers": [BAKERY.number, MILL], "resourceId": "tax-2026"}

    assert await told(api, USERS, asked) == {
        "contactPointsList": [
            {
                "organizationNumber": BAKERY.number,
                "partyId": 50001234,
                "userContactPoints": [
                    {
                        "userId": 20001111,
                        "email": "ola@fjell.example.no",
                        "mobileNumber": "+4740000005",
                    }
                ],
            }
        ]
    }


@pytest.mark.parametrize("asked", [{}, {"nationalIdentityNumbers": []}])
@pytest.mark.parametrize(
    "path, member", [(PERSONS, "contactPointsList"), (AVAILABILITY, "availabilityList")]
)
async def test_to_ask_about_no_person_is_no_error(
    api: httpx.AsyncClient, path: str, member: str, asked: Mapping[str, object]
) -> None:
    assert await told(api, path, asked) == {member: []}


THOUSAND_AND_ONE = [f"{each:09}" for each in range(1001)]


@pytest.mark.parametrize(
    "path, asked, place",
    [
        (PERSONS, {"nationalIdentityNumbers": THOUSAND_AND_ONE}, "NationalIdentityNumbers"),
        (AVAILABILITY, {"nationalIdentityNumbers": THOUSAND_AND_ONE}, "NationalIdentityNumbers"),
        (EXTERNALS, {"externalIdentities": THOUSAND_AND_ONE}, "ExternalIdentities"),
        (EXTERNALS, {}, "$"),
        (ORGANISATIONS, {"organizationNumbers": THOUSAND_AND_ONE}, "OrganizationNumbers"),
        (ORGANISATIONS, {"organizationNumbers": []}, "OrganizationNumbers"),
        (ORGANISATIONS, {"organizationNumbers": [BAKERY.number, " "]}, "OrganizationNumbers"),
        (ORGANISATIONS, {}, "$"),
        (USERS, {"organizationNumbers": [], "resourceId": "x"}, "OrganizationNumbers"),
        (USERS, {"organizationNumbers": [BAKERY.number], "resourceId": " "}, "ResourceId"),
        (
            USERS,
            {"organizationNumbers": [BAKERY.number], "resourceId": KARI.number.text},
            "ResourceId",
        ),
        (USERS, {"organizationNumbers": [BAKERY.number]}, "$"),
    ],
)
async def test_what_asks_about_nobody_or_too_many_is_refused_and_on_no_record(
    installation: Installation,
    api: httpx.AsyncClient,
    path: str,
    asked: Mapping[str, object],
    place: str,
) -> None:
    answer = await api.post(path, json=asked, headers=SERVICE)

    assert answer.status_code == 400
    assert place in answer.json()["errors"]
    assert await installation.recorded_acts() == []


@pytest.mark.parametrize(
    "path, asked",
    [
        (PERSONS, {"nationalIdentityNumbers": [KARI.number.text]}),
        (AVAILABILITY, {"nationalIdentityNumbers": [KARI.number.text]}),
        (ORGANISATIONS, {"organizationNumbers": [BAKERY.number]}),
        (USERS, {"organizationNumbers": [BAKERY.number], "resourceId": "tax-2026"}),
    ],
)
async def test_a_copy_that_cannot_be_relied_on_is_no_answer(
    installation: Installation, api: httpx.AsyncClient, path: str, asked: Mapping[str, object]
) -> None:
    for registry in (KRR, BUSINESSES):
        installation.copies.know(CopyStanding(registry=registry))

    answer = await api.post(path, json=asked, headers=SERVICE)

    assert (answer.status_code, answer.json()["code"]) == (503, "registry_not_ready")
    assert "retry-after" in answer.headers


async def test_nobodys_number_is_in_a_log(api: httpx.AsyncClient) -> None:
    with capture_logs() as logs:
        await told(api, PERSONS, {"nationalIdentityNumbers": [KARI.number.text]})

    (line,) = [each for each in logs if each["event"] == "contact_points_looked_up"]
    assert (line["client"], line["asked"]) == ("altinn-notifications", 1)
    assert KARI.number.text not in str(logs)


async def test_what_an_owners_services_look_up_has_its_ceiling_and_leaves_its_orders_theirs() -> (
    None
):
    installation = Installation(quota_limits={"*": QuotaLimit(recipients=3)})
    two = {"organizationNumbers": [BAKERY.number, MILL]}
    async with installation.client() as api:
        first = await api.post(ORGANISATIONS, json=two, headers=SERVICE)
        second = await api.post(USERS, json=two | {"resourceId": "tax"}, headers=SERVICE)
        figures = (await api.get("/health/metrics")).text.splitlines()

    assert first.status_code == 200
    assert (second.status_code, second.json()["code"]) == (429, "over_daily_lookups")
    assert "looked up" in second.json()["detail"]
    assert int(second.headers["retry-after"]) > 0
    assert second.headers["ratelimit"].startswith('"recipients";r=1')
    (act,) = await installation.recorded_acts()
    assert isinstance(act.act, ContactPointsLookedUp)
    assert act.act.wanted is LookedUp.ORGANISATIONS
    assert 'varsel_contact_points_total{outcome="looked_up"} 2' in figures
    assert 'varsel_contact_points_total{outcome="refused"} 2' in figures
    assert await installation.ledger.used(act.recorded_by.name, NOON.date()) == Amount()


async def test_what_could_not_be_looked_up_is_not_counted() -> None:
    installation = Installation(quota_limits={"*": QuotaLimit(recipients=1)})
    asked = {"nationalIdentityNumbers": [KARI.number.text]}
    async with installation.client() as api:
        installation.copies.know(CopyStanding(registry=KRR))
        assert (await api.post(PERSONS, json=asked, headers=SERVICE)).status_code == 503
        installation.copies.know(CopyStanding(registry=KRR, confirmed_at=installation.now))
        installation.now += timedelta(seconds=2)
        assert (await api.post(PERSONS, json=asked, headers=SERVICE)).status_code == 200
        assert (await api.post(PERSONS, json=asked, headers=SERVICE)).status_code == 429


async def test_the_services_of_an_owner_who_is_stopped_look_nobody_up(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    asked = {"nationalIdentityNumbers": [KARI.number.text]}
    await api.post(PERSONS, json=asked, headers=SERVICE)
    (act,) = await installation.recorded_acts()
    await suspend(installation.owner_records, act.recorded_by.name)
    installation.now += timedelta(minutes=1)

    answer = await api.post(PERSONS, json=asked, headers=SERVICE)

    assert (answer.status_code, answer.json()["code"]) == (423, "owner_stopped")
    assert len(await installation.recorded_acts()) == 1
