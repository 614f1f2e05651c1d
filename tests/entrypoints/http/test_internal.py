"""Messages that the installation's own systems hand in."""

import httpx
import pytest

from application.ports.owner_ledger import QuotaLimit
from application.ports.provider import HandoverDeferred, HandoverRejected, HandoverUnknown
from contracts.owner_records_contract import suspend
from domain.order.events import Failure
from entrypoints.http.internal.routes import EMAIL, SMS, Internal
from tests.entrypoints.http.installation import TTD, Installation
from tests.entrypoints.http.requests.reading import (
    EMAIL_HANDED_IN,
    SMS_HANDED_IN,
    Json,
    but,
    without,
)

OWN = {"authorization": "Bearer own"}
BOTH = [(SMS, SMS_HANDED_IN, 200), (EMAIL, EMAIL_HANDED_IN, 202)]


@pytest.mark.parametrize("path, body, status", BOTH, ids=["sms", "email"])
async def test_a_message_is_handed_over_once_for_each_id(
    installation: Installation, api: httpx.AsyncClient, path: str, body: Json, status: int
) -> None:
    again = but(body, "notificationId", str(body["notificationId"]).upper())

    for asked in (body, body, again):
        answer = await api.post(path, json=asked, headers=OWN)
        assert (answer.status_code, answer.content) == (status, b"")

    (letter,) = [*installation.mail.carried, *installation.sms.carried]
    assert letter.to.text == body["recipient"]
    assert letter.sender == body["sender"]
    assert [each.owner for each in installation.placed()] == ["varsel"]


@pytest.mark.parametrize(
    "outcome",
    [HandoverRejected(Failure.INVALID_ADDRESS, "10"), HandoverUnknown("timeout")],
    ids=["refused", "unknown"],
)
@pytest.mark.parametrize("asked", BOTH, ids=["sms", "email"])
async def test_what_a_provider_refuses_or_may_have_taken_is_no_error(
    installation: Installation,
    api: httpx.AsyncClient,
    asked: tuple[str, Json, int],
    outcome: HandoverRejected | HandoverUnknown,
) -> None:
    path, body, status = asked
    for provider in (installation.sms, installation.mail):
        provider.answer(outcome)

    assert (await api.post(path, json=body, headers=OWN)).status_code == status


@pytest.mark.parametrize("path, body, status", BOTH, ids=["sms", "email"])
async def test_what_a_provider_did_not_take_is_an_error_and_may_be_handed_in_again(
    installation: Installation, api: httpx.AsyncClient, path: str, body: Json, status: int
) -> None:
    provider = installation.sms if path == SMS else installation.mail
    provider.answer(HandoverDeferred("connection_refused"))

    failed = await api.post(path, json=body, headers=OWN)
    again = await api.post(path, json=body, headers=OWN)

    assert failed.status_code == 500
    assert failed.json()["code"] == "not_taken_over"
    assert again.status_code == status


@pytest.mark.parametrize("path, body, _", BOTH, ids=["sms", "email"])
@pytest.mark.parametrize("secret", ["own", None])
@pytest.mark.parametrize("headers", [{}, TTD, {"authorization": "Bearer None"}])
async def test_without_the_secret_nothing_is_taken_in(
    installation: Installation,
    path: str,
    body: Json,
    _: int,
    secret: str | None,
    headers: dict[str, str],
) -> None:
    async with installation.client(own=Internal(secret=secret, owner="varsel")) as api:
        answer = await api.post(path, json=body, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (401, "wrong_credentials")
    assert installation.placed() == []


@pytest.mark.parametrize(
    "member, key",
    [
        ("sender", "Sender"),
        ("message", "Message"),
        ("recipient", "Recipient"),
        ("notificationId", "$.notificationId"),
    ],
)
async def test_a_text_message_lacks_nothing(api: httpx.AsyncClient, member: str, key: str) -> None:
    blank = await api.post(SMS, json=but(SMS_HANDED_IN, member, " "), headers=OWN)
    missing = await api.post(SMS, json=without(SMS_HANDED_IN, member), headers=OWN)

    assert (blank.status_code, missing.status_code) == (400, 400)
    assert key in blank.json()["errors"]
    assert missing.json()["errors"]["$"] == [f"required members are missing: {member}"]


@pytest.mark.parametrize("seconds, status", [(0, 400), (1, 200), (172_800, 200), (172_801, 400)])
async def test_a_text_message_is_worth_something_for_two_days_at_most(
    api: httpx.AsyncClient, seconds: int, status: int
) -> None:
    answer = await api.post(SMS, json=but(SMS_HANDED_IN, "timeToLive", seconds), headers=OWN)

    assert answer.status_code == status


@pytest.mark.parametrize(
    "member, value, key",
    [
        ("sender", "nobody", "Sender"),
        ("recipient", "kari", "Recipient"),
        ("subject", " ", "Subject"),
        ("body", "", "Body"),
        ("contentType", "Pdf", "$.contentType"),
        ("notificationId", "77", "$.notificationId"),
    ],
)
async def test_an_email_is_held_to_its_rules(
    api: httpx.AsyncClient, member: str, value: str, key: str
) -> None:
    answer = await api.post(EMAIL, json=but(EMAIL_HANDED_IN, member, value), headers=OWN)

    assert answer.status_code == 400
    assert key in answer.json()["errors"]


@pytest.mark.parametrize("path, body, _", BOTH, ids=["sms", "email"])
async def test_nothing_is_handed_in_for_an_owner_that_is_stopped(
    installation: Installation, api: httpx.AsyncClient, path: str, body: Json, _: int
) -> None:
    await suspend(installation.owner_records, "varsel")

    answer = await api.post(path, json=body, headers=OWN)

    assert (answer.status_code, answer.json()["code"]) == (423, "owner_stopped")
    assert [*installation.mail.offered, *installation.sms.offered] == []


async def test_no_more_is_handed_in_than_the_installation_may_order() -> None:
    installation = Installation(quota_limits={"varsel": QuotaLimit(recipients=1)})
    async with installation.client() as api:
        first = await api.post(SMS, json=SMS_HANDED_IN, headers=OWN)
        more = but(SMS_HANDED_IN, "notificationId", "5a1e1c44-2222-4f00-8aaa-9b9b9b9b9b9b")
        refused = await api.post(SMS, json=more, headers=OWN)

    assert (first.status_code, refused.status_code) == (200, 429)
    assert first.headers["ratelimit"].startswith('"recipients";r=0;')
    assert len(installation.sms.offered) == 1
