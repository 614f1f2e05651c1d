"""What a person who logged in reads of a dialogue, as the pages that show it read it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from adapters.memory.decision_point import InMemoryDecisionPoint
from application.ports.decision_point import Question
from tests.entrypoints.http.asking import chain
from tests.entrypoints.http.installation import HERSELF, TTD, V1, Installation
from tests.samples import BAKERY, KARI, NOON

LOG = f"{V1}/future/enduser/log"
DIALOGUE, TRANSMISSION = str(uuid4()), str(uuid4())
HIMSELF = {"authorization": "Bearer ola"}


@pytest.fixture
def decision_point() -> InMemoryDecisionPoint:
    return InMemoryDecisionPoint()


@pytest.fixture
def installation(decision_point: InMemoryDecisionPoint) -> Installation:
    return Installation(decision_point=decision_point)


@pytest.fixture
async def api(installation: Installation) -> AsyncIterator[httpx.AsyncClient]:
    async with installation.client() as client:
        yield client


TO_KARI = {
    "recipientPerson": {
        "nationalIdentityNumber": KARI.number.text,
        "channelSchema": "Email",
        "emailSettings": {"subject": "Case 77", "body": "Please log in."},
    }
}
TO_THE_BAKERY = {
    "recipientOrganization": {
        "orgNumber": BAKERY.number,
        "resourceId": "urn:altinn:resource:tax-2026",
        "channelSchema": "Sms",
        "smsSettings": {"body": "Please log in.", "sendingTimePolicy": "Anytime"},
    }
}


async def ordered(
    installation: Installation,
    api: httpx.AsyncClient,
    recipient: dict[str, Any],
    transmission: str | None = None,
) -> None:
    about = {"dialogId": DIALOGUE.upper(), "transmissionId": transmission}
    asked = chain(recipient=recipient) | {
        "dialogportenAssociation": about,
        "idempotencyId": str(uuid4()),
        "requestedSendTime": (installation.now + timedelta(hours=1)).isoformat(),
        "reminders": [],
    }
    answer = await api.post(f"{V1}/future/orders", json=asked, headers=TTD)
    assert answer.status_code == 201, answer.text
    installation.now += timedelta(hours=1, seconds=1)
    await installation.dispatching.run_until_idle()


async def test_a_person_reads_what_was_sent_to_them_as_altinns_log_tells_it(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    await ordered(installation, api, TO_KARI, TRANSMISSION.upper())

    answer = await api.get(LOG, params={"dialogId": DIALOGUE}, headers=HERSELF)

    (entry,) = answer.json()
    assert answer.status_code == 200
    assert entry.pop("notificationId")
    sent_at = entry.pop("lastUpdateTime")
    assert sent_at > entry.pop("requestedSendTime") > NOON.isoformat()
    assert entry == {
        "dialogId": DIALOGUE,
        "transmissionId": TRANSMISSION,
        "type": "Notification",
        "channel": "Email",
        "destination": "kari@example.org",
        "status": "Succeeded",
    }


async def test_another_person_and_a_dialogue_that_nobody_knows_get_the_same_empty_list(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    await ordered(installation, api, TO_KARI)
    traced = HIMSELF | {"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"}

    others = await api.get(LOG, params={"dialogId": DIALOGUE}, headers=traced)
    unknown = await api.get(LOG, params={"dialogId": str(uuid4())}, headers=traced)

    assert (others.status_code, others.json()) == (200, [])
    assert others.content == unknown.content
    assert others.headers == unknown.headers


async def test_what_was_sent_to_an_organisation_is_read_by_whom_it_is_permitted(
    installation: Installation, api: httpx.AsyncClient, decision_point: InMemoryDecisionPoint
) -> None:
    await ordered(installation, api, TO_THE_BAKERY)
    decision_point.permitted.add(Question("20001111", BAKERY.number, "tax-2026", "read"))

    (entry,) = (await api.get(LOG, params={"dialogId": DIALOGUE}, headers=HERSELF)).json()

    assert (entry["channel"], entry["destination"]) == ("Sms", "+46701740605")
    assert (entry["transmissionId"], entry["status"]) == (None, "Accepted")


async def test_while_nobody_can_tell_whether_they_may_nothing_is_said_to_be_nothing(
    installation: Installation, api: httpx.AsyncClient, decision_point: InMemoryDecisionPoint
) -> None:
    await ordered(installation, api, TO_THE_BAKERY)
    decision_point.is_away = True

    answer = await api.get(LOG, params={"dialogId": DIALOGUE}, headers=HERSELF)

    assert (answer.status_code, answer.json()["code"]) == (503, "authority_undecided")
    assert answer.headers["retry-after"]


async def test_one_transmission_is_read_alone(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    await ordered(installation, api, TO_KARI, TRANSMISSION)
    await ordered(installation, api, TO_KARI)

    for asked, count in (
        ({"dialogId": DIALOGUE, "transmissionId": TRANSMISSION}, 1),
        ({"dialogId": f"{{{DIALOGUE}}}", "transmissionId": " "}, 2),
        ({"dialogid": DIALOGUE.replace("-", "")}, 2),
    ):
        answer = await api.get(LOG, params=asked, headers=HERSELF)
        assert len(answer.json()) == count


@pytest.mark.parametrize(
    "asked, place",
    [
        ({}, "dialogId"),
        ({"dialogId": " "}, "dialogId"),
        ({"dialogId": "case 77"}, "dialogId"),
        ({"dialogId": DIALOGUE, "transmissionId": "t-1"}, "transmissionId"),
    ],
)
async def test_what_is_no_dialogue_cannot_be_asked_for(
    api: httpx.AsyncClient, asked: dict[str, str], place: str
) -> None:
    answer = await api.get(LOG, params=asked, headers=HERSELF)

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [place]
