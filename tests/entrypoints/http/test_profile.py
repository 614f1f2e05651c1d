"""What persons register and choose, as clients of Altinn's Profile ask for it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest

from application.ports.decision_point import Question
from application.profiles.profile_ids import ProfileIds
from domain.personal import Contact, Identifier
from domain.profile.events import (
    AddressesRegistered,
    ProfileAddress,
    ProfileOpened,
)
from domain.recipient import OrganisationNumber
from entrypoints.http.profile.parties import party_uuid
from entrypoints.http.profile.routes import BASE, PARTIES, SETTINGS
from tests.entrypoints.http.installation import HERSELF, HIMSELF, Installation
from tests.entrypoints.http.people import EMAIL, IMPORTER, MOBILE, let_kari_register
from tests.samples import BAKERY

UNIT, OTHER = BAKERY.number, OrganisationNumber("314022017")
PARTY = f"{PARTIES}/{party_uuid(UNIT)}"
TAX = "urn:altinn:resource:tax-2026"
REGISTERED = {
    "userId": 20001111,
    "partyUuid": str(party_uuid(UNIT)),
    "needsConfirmation": False,
    "emailVerificationStatus": "Verified",
    "smsVerificationStatus": None,
    "emailAddress": EMAIL,
    "phoneNumber": None,
    "resourceIncludeList": [TAX],
}
DEFAULTS = {
    "language": "nb",
    "preSelectedPartyId": 0,
    "doNotPromptForParty": False,
    "preselectedPartyUuid": None,
    "showClientUnits": False,
    "shouldShowSubEntities": True,
    "shouldShowDeletedEntities": False,
}


@pytest.fixture
async def installation() -> Installation:
    """One in which Kari may act for a unit, and has shown that an e-mail address and a number are hers."""
    made = Installation()
    made.decision_point.permitted = {Question("20001111", UNIT, "varsel-profile", "access")}
    await let_kari_register(made)
    return made


async def put(api: httpx.AsyncClient, path: str = PARTY, **wanted: object) -> httpx.Response:
    return await api.put(path, json=wanted, headers=HERSELF)


async def patch(api: httpx.AsyncClient, **changes: object) -> httpx.Response:
    return await api.patch(PARTY, json=changes, headers=HERSELF)


async def told(api: httpx.AsyncClient, path: str = PARTY) -> Any:  # noqa: ANN401  # JSON
    answer = await api.get(path, headers=HERSELF)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_what_is_registered_is_read_wherever_it_can_be_asked_for(
    api: httpx.AsyncClient,
) -> None:
    assert await told(api, PARTIES) == []

    answer = await put(api, emailAddress=EMAIL, resourceIncludeList=[TAX])

    assert (answer.status_code, answer.content, answer.headers["location"]) == (201, b"", PARTY)
    assert await told(api) == REGISTERED
    assert await told(api, f"{PARTIES}/byorgnumber/{UNIT}") == REGISTERED
    assert await told(api, PARTIES) == [REGISTERED]


async def test_what_is_registered_takes_the_place_of_what_was_before(
    api: httpx.AsyncClient,
) -> None:
    await put(api, emailAddress=EMAIL, resourceIncludeList=[TAX])

    answer = await put(api, phoneNumber="40000001")

    assert (answer.status_code, answer.content) == (204, b"")
    now = await told(api)
    assert (now["emailAddress"], now["phoneNumber"]) == (None, MOBILE)
    assert (now["smsVerificationStatus"], now["resourceIncludeList"]) == ("Verified", [])


async def test_a_change_leaves_what_it_does_not_name(api: httpx.AsyncClient) -> None:
    await put(api, emailAddress=EMAIL, resourceIncludeList=[TAX])

    assert (await patch(api, phoneNumber=MOBILE)).status_code == 204
    now = await told(api)
    assert (now["emailAddress"], now["phoneNumber"]) == (EMAIL, MOBILE)
    assert now["resourceIncludeList"] == [TAX]
    assert (await patch(api, emailAddress=None)).status_code == 204
    now = await told(api)
    assert (now["emailAddress"], now["phoneNumber"]) == (None, MOBILE)
    assert (await patch(api, resourceIncludeList=None)).status_code == 204
    assert (await told(api))["resourceIncludeList"] == []


async def test_a_change_may_be_the_first_that_is_registered(api: httpx.AsyncClient) -> None:
    assert (await patch(api, emailAddress=EMAIL)).status_code == 201


async def test_the_last_address_is_not_taken_away_one_after_another(
    api: httpx.AsyncClient,
) -> None:
    await put(api, emailAddress=EMAIL, phoneNumber=MOBILE)
    await patch(api, emailAddress=None)

    answer = await patch(api, phoneNumber=None)

    assert answer.status_code == 400
    assert answer.json()["errors"].keys() == {"EmailAddress"}
    assert (await told(api))["phoneNumber"] == MOBILE
    assert (await api.patch(PARTY, json={}, headers=HIMSELF)).status_code == 403


@pytest.mark.parametrize(
    "wanted, sentence",
    [
        ({"emailAddress": "other@b.no"}, "Provided email address is not verified."),
        (
            {"emailAddress": EMAIL, "phoneNumber": "+4799999999"},
            "Provided phone number is not verified.",
        ),
    ],
    ids=["e-mail", "phone"],
)
async def test_an_address_that_is_not_verified_is_refused_in_a_sentence(
    api: httpx.AsyncClient, wanted: Mapping[str, str], sentence: str
) -> None:
    answer = await put(api, **wanted)

    assert (answer.status_code, answer.json()) == (422, sentence)
    assert answer.headers["varsel-code"] == "address_unverified"
    assert await told(api, PARTIES) == []


@pytest.mark.parametrize(
    "wanted, field",
    [
        ({}, "EmailAddress"),
        ({"emailAddress": "", "phoneNumber": None}, "EmailAddress"),
        ({"emailAddress": "nobody"}, "EmailAddress"),
        ({"phoneNumber": "123456"}, "PhoneNumber"),
        ({"phoneNumber": "four"}, "PhoneNumber"),
        ({"emailAddress": EMAIL, "resourceIncludeList": ["tax-2026"]}, "ResourceIncludeList"),
        ({"emailAddress": EMAIL, "resourceIncludeList": [f"{TAX}!"]}, "ResourceIncludeList"),
        ({"emailAddress": EMAIL, "resourceIncludeList": [TAX, TAX]}, "ResourceIncludeList"),
    ],
)
async def test_what_cannot_be_taken_is_told_by_its_name(
    api: httpx.AsyncClient, wanted: Mapping[str, object], field: str
) -> None:
    answer = await api.put(PARTY, json=wanted, headers=HERSELF)

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"].keys() == {field}


@pytest.mark.parametrize("phone", ["40000001", "004740000001", "", "+4712", "+999999999"])
async def test_a_change_takes_a_number_with_its_country_code_alone(
    api: httpx.AsyncClient, phone: str
) -> None:
    answer = await patch(api, phoneNumber=phone)
    assert answer.json()["errors"].keys() == {"PhoneNumber"}


async def test_what_is_withdrawn_is_gone_and_not_there_a_second_time(
    api: httpx.AsyncClient,
) -> None:
    await put(api, emailAddress=EMAIL)

    first = await api.delete(PARTY, headers=HERSELF)
    second = await api.delete(PARTY, headers=HERSELF)

    assert (first.status_code, first.content) == (200, b"")
    assert second.status_code == 404
    assert isinstance(second.json(), str)
    assert (await api.get(PARTY, headers=HERSELF)).status_code == 404
    assert await told(api, PARTIES) == []


async def test_who_may_act_no_more_may_still_withdraw_and_sees_what_they_registered(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    await put(api, emailAddress=EMAIL)
    installation.decision_point.permitted.clear()

    for answer in (await api.get(PARTY, headers=HERSELF), await put(api, emailAddress=EMAIL)):
        assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted")
    assert len(await told(api, PARTIES)) == 1
    assert (await api.delete(PARTY, headers=HERSELF)).status_code == 200


async def test_while_nobody_decides_who_may_act_nothing_is_registered(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    installation.decision_point.is_away = True

    answer = await put(api, emailAddress=EMAIL)

    assert (answer.status_code, answer.json()["code"]) == (503, "authority_undecided")
    assert answer.headers["retry-after"] == "5"
    assert await told(api, PARTIES) == []


@pytest.mark.parametrize(
    "party, status",
    [
        ("00000000-0000-0000-0000-000000000000", 400),
        ("fjell", 400),
        ("7a000000-0000-4000-8000-000000000009", 403),
        ("byorgnumber/31402200", 403),
        ("byorgnumber/31402200x", 403),
    ],
)
async def test_a_party_that_is_no_organisation_is_nobodys(
    api: httpx.AsyncClient, party: str, status: int
) -> None:
    answer = await api.get(f"{PARTIES}/{party}", headers=HERSELF)
    assert answer.status_code == status


async def test_an_organisation_has_the_same_id_everywhere() -> None:
    assert str(party_uuid(UNIT)) == "76617273-656c-8000-8000-000314022009"


async def test_after_ninety_days_it_is_asked_whether_it_still_holds_and_a_repeat_says_yes(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    await put(api, emailAddress=EMAIL)
    installation.now += timedelta(days=90)
    assert (await told(api))["needsConfirmation"]

    assert (await put(api, emailAddress=EMAIL)).status_code == 204

    assert not (await told(api))["needsConfirmation"]


async def test_who_ignores_the_question_is_not_asked_for_a_year(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    await put(api, emailAddress=EMAIL)
    installation.now += timedelta(days=90)

    answer = await api.post(f"{BASE}/notificationsettings/ignore-confirmation", headers=HERSELF)

    assert (answer.status_code, answer.content) == (204, b"")
    assert not (await told(api))["needsConfirmation"]
    installation.now += timedelta(days=365)
    assert (await told(api))["needsConfirmation"]


async def test_nobody_sees_what_another_registered(api: httpx.AsyncClient) -> None:
    await put(api, emailAddress=EMAIL)

    answer = await api.get(PARTIES, headers=HIMSELF)

    assert (answer.status_code, answer.json()) == (200, [])


async def test_what_was_handed_in_under_the_users_id_is_theirs_when_they_log_in(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    before = await installation.profiles.load(ProfileIds(installation.vault).of_user("20001111"))
    handed_in = AddressesRegistered(
        organisation=OTHER,
        email=ProfileAddress(address=Contact("k@b.no"), is_verified=True),
        mobile=ProfileAddress(address=Contact("+4799999999"), is_verified=False),
        user=Identifier("20001111"),
        reason="moved here",
    )
    left = await installation.profiles.append(
        before, [ProfileOpened(user=Identifier("20001111")), handed_in], by=IMPORTER
    )

    (found,) = await told(api, PARTIES)

    assert (found["partyUuid"], found["emailAddress"]) == (str(party_uuid(OTHER)), "k@b.no")
    assert found["emailVerificationStatus"] == "Verified"
    assert found["smsVerificationStatus"] == "Legacy"
    assert not (await installation.profiles.load(left.profile_id)).registrations


# Settings


async def test_who_has_chosen_nothing_has_the_defaults_and_a_change_leaves_the_rest(
    api: httpx.AsyncClient,
) -> None:
    answer = await api.patch(SETTINGS, json={"language": "NN"}, headers=HERSELF)

    assert (answer.status_code, answer.json()) == (200, DEFAULTS | {"language": "nn"})
    party = "7a000000-0000-4000-8000-000000000009"
    answer = await api.patch(SETTINGS, json={"preselectedPartyUuid": party}, headers=HERSELF)
    chosen = DEFAULTS | {"language": "nn", "preselectedPartyUuid": party}
    assert answer.json() == chosen
    same = {"language": None, "doNotPromptForParty": None}
    assert (await api.patch(SETTINGS, json=same, headers=HERSELF)).json() == chosen
    answer = await api.patch(SETTINGS, json={"preselectedPartyUuid": None}, headers=HERSELF)
    assert answer.json() == DEFAULTS | {"language": "nn"}


async def test_all_settings_are_chosen_at_once(api: httpx.AsyncClient) -> None:
    whole = {
        "language": "en",
        "doNotPromptForParty": True,
        "showClientUnits": True,
        "shouldShowSubEntities": False,
        "shouldShowDeletedEntities": True,
    }
    answer = await api.put(SETTINGS, json=whole, headers=HERSELF)

    assert answer.json() == DEFAULTS | whole
    del whole["language"]
    assert (await api.put(SETTINGS, json=whole, headers=HERSELF)).status_code == 400


@pytest.mark.parametrize(
    "change, field",
    [
        ({"language": "no"}, "Language"),
        ({"language": "se"}, "Language"),
        ({"preselectedPartyUuid": "me"}, "PreselectedPartyUuid"),
    ],
)
async def test_a_choice_that_there_is_not_is_refused(
    api: httpx.AsyncClient, change: Mapping[str, str], field: str
) -> None:
    answer = await api.patch(SETTINGS, json=change, headers=HERSELF)
    assert (answer.status_code, answer.json()["errors"].keys()) == (400, {field})


async def test_who_changes_something_without_end_is_stopped_until_tomorrow_and_may_still_withdraw(
    installation: Installation, api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domain.profile.profile.MOST_CHANGES", 2)
    await put(api, emailAddress=EMAIL)
    await api.patch(SETTINGS, json={"language": "en"}, headers=HERSELF)

    for refused in (
        await put(api, emailAddress=EMAIL),
        await patch(api, resourceIncludeList=[TAX]),
        await api.patch(SETTINGS, json={"language": "nn"}, headers=HERSELF),
        await api.post(f"{BASE}/notificationsettings/ignore-confirmation", headers=HERSELF),
    ):
        assert (refused.status_code, refused.json()["code"]) == (429, "profile_changed_too_often")
        assert 0 < int(refused.headers["retry-after"]) <= 24 * 60 * 60 + 1

    assert (await api.delete(PARTY, headers=HERSELF)).status_code == 200
    installation.now += timedelta(days=1)
    assert (await put(api, emailAddress=EMAIL)).status_code == 201
