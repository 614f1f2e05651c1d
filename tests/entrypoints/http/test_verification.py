"""How persons show that addresses are theirs, as clients of Altinn's Profile ask for it."""

import re
from collections.abc import Mapping
from datetime import timedelta

import httpx
import pytest

from application.ports.decision_point import Question
from entrypoints.http.profile.parties import party_uuid
from entrypoints.http.profile.routes import PARTIES
from entrypoints.http.profile.verification import VERIFICATION
from tests.entrypoints.http.installation import HERSELF, HIMSELF, Installation
from tests.samples import BAKERY

EMAIL = {"value": "Kari@Fjell.example.no", "type": "Email"}
SMS = {"value": "+4740000001", "type": "Sms"}


async def send(api: httpx.AsyncClient, asked: Mapping[str, object] = EMAIL) -> httpx.Response:
    return await api.post(f"{VERIFICATION}/send", json=asked, headers=HERSELF)


async def verify(
    api: httpx.AsyncClient, code: str, asked: Mapping[str, object] = EMAIL
) -> httpx.Response:
    return await api.post(
        f"{VERIFICATION}/verify", json={**asked, "verificationCode": code}, headers=HERSELF
    )


def code_in(installation: Installation) -> str:
    *_, last = [*installation.mail.carried, *installation.sms.carried]
    code: str = re.findall(r"\b[0-9]{6}\b", last.body.text)[0]
    return code


async def test_who_gives_back_the_code_has_verified_the_address_and_may_register_it(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    sent = await send(api)
    verified = await verify(api, code_in(installation))

    assert [(each.status_code, each.content) for each in (sent, verified)] == [(204, b"")] * 2
    listed = await api.get(f"{VERIFICATION}/verified-addresses", headers=HERSELF)
    assert listed.json() == [{"value": "kari@fjell.example.no", "type": "Email"}]
    installation.decision_point.permitted = {
        Question("20001111", BAKERY.number, "varsel-profile", "access")
    }
    registered = await api.put(
        f"{PARTIES}/{party_uuid(BAKERY.number)}",
        json={"emailAddress": "KARI@fjell.example.no"},
        headers=HERSELF,
    )
    assert registered.status_code == 201


@pytest.mark.parametrize("asked", [SMS, SMS | {"type": 1}, SMS | {"type": "sms"}])
async def test_a_phone_number_is_verified_likewise(
    api: httpx.AsyncClient, installation: Installation, asked: Mapping[str, object]
) -> None:
    assert (await send(api, asked)).status_code == 204
    assert (await verify(api, code_in(installation), asked)).status_code == 204


async def test_what_is_verified_needs_no_code(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    await send(api)
    await verify(api, code_in(installation))

    answer = await send(api)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"] == "Verification code could not be sent"
    assert answer.json()["code"] == "address_verified_already"


async def test_within_a_minute_no_second_code_is_sent_and_it_is_told_when(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    await send(api)
    installation.now += timedelta(seconds=18, milliseconds=500)

    answer = await send(api)

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "42")
    told = answer.json()
    assert (told["retryAfterSeconds"], told["status"]) == (42, 429)
    assert (told["title"], told["code"]) == (
        "Verification code could not be sent",
        "verification_too_soon",
    )
    installation.now += timedelta(seconds=42)
    assert (await send(api)).status_code == 204


async def test_wrong_codes_expired_ones_and_none_are_told_alike(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    none = await verify(api, "123456")
    await send(api)
    right = code_in(installation)
    wrong = await verify(api, "100000" if right != "100000" else "100001")
    installation.now += timedelta(minutes=15)
    expired = await verify(api, right)

    told = [each.json() for each in (none, wrong, expired)]
    assert {each.pop("traceId") for each in told}
    assert (
        told
        == [
            {
                "title": "Address could not be verified",
                "status": 422,
                "detail": "The verification code is wrong or has expired.",
                "code": "verification_code_wrong",
            }
        ]
        * 3
    )


async def test_after_five_wrong_codes_it_is_told_to_wait(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    await send(api)
    wrong = "100000" if code_in(installation) != "100000" else "100001"
    for _ in range(5):
        assert (await verify(api, wrong)).status_code == 422

    answer = await verify(api, code_in(installation))

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3600")
    assert answer.json()["title"] == "Address could not be verified"


@pytest.mark.parametrize(
    "asked, fields",
    [
        ({"value": "kari", "type": "Email"}, {"Value"}),
        ({"value": "40000001", "type": "Sms"}, {"Value"}),
        ({"value": "+4712", "type": "Sms"}, {"Value"}),
        ({"value": "kari@b.no", "type": 2}, {"Type"}),
        ({"value": "kari@b.no", "type": "Fax"}, {"$.type"}),
    ],
)
async def test_what_is_no_address_is_sent_no_code(
    api: httpx.AsyncClient,
    installation: Installation,
    asked: Mapping[str, object],
    fields: set[str],
) -> None:
    answer = await send(api, asked)

    assert (answer.status_code, answer.json()["errors"].keys() & fields) == (400, fields)
    assert not [*installation.mail.carried, *installation.sms.carried]


@pytest.mark.parametrize("code", ["12345", "1234567", "12345x", ""])
async def test_a_code_is_six_digits(api: httpx.AsyncClient, code: str) -> None:
    answer = await verify(api, code)
    assert (answer.status_code, answer.json()["errors"].keys()) == (400, {"VerificationCode"})


async def test_nobody_sees_which_addresses_are_anothers(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    await send(api)
    await verify(api, code_in(installation))

    assert (await api.get(f"{VERIFICATION}/verified-addresses", headers=HIMSELF)).json() == []
