"""What a person who logged in reads of a dialogue, as the pages that show it read it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from adapters.memory.decision_point import InMemoryDecisionPoint
from application.ports.decision_point import Question
from domain.contact_point import PersonRecord
from domain.order.events import NotificationSent
from tests.entrypoints.http.asking import chain
from tests.entrypoints.http.installation import (
    COMPOSER,
    HERSELF,
    TTD,
    V1,
    Installation,
    registered,
)
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


TO_KARI_TWICE = {
    "recipientPerson": TO_KARI["recipientPerson"]
    | {
        "channelSchema": "EmailAndSms",
        "smsSettings": {"body": "Please log in.", "sendingTimePolicy": "Anytime"},
    }
}
COMPOSED = {
    "emailAddress": "kari@example.org",
    "emailSettings": {"subject": "Case 77", "body": "The letter.", "attachments": []},
}


async def ordered(
    installation: Installation,
    api: httpx.AsyncClient,
    recipient: dict[str, Any],
    transmission: str | None = None,
    *,
    path: str = "orders",
    by: dict[str, str] = TTD,
) -> None:
    about = {"dialogId": DIALOGUE.upper(), "transmissionId": transmission}
    asked = chain(recipient=recipient) | {
        "dialogportenAssociation": about,
        "idempotencyId": str(uuid4()),
        "requestedSendTime": (installation.now + timedelta(hours=1)).isoformat(),
        "reminders": [],
    }
    answer = await api.post(f"{V1}/future/{path}", json=asked, headers=by)
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


async def test_several_messages_of_one_order_to_a_person_are_entries_of_their_own() -> None:
    by_both = PersonRecord(email=registered("kari@example.org"), mobile=registered("+4799999999"))
    installation = Installation(persons={KARI.number.text: by_both})
    async with installation.client() as api:
        await ordered(installation, api, TO_KARI_TWICE, TRANSMISSION)
        entries = (await api.get(LOG, params={"dialogId": DIALOGUE}, headers=HERSELF)).json()

    assert [(each["channel"], each["destination"]) for each in entries] == [
        ("Email", "kari@example.org"),
        ("Sms", "+4799999999"),
    ]
    assert {each["transmissionId"] for each in entries} == {TRANSMISSION}
    assert len({each["notificationId"] for each in entries}) == 2


async def test_a_composed_email_names_nobody_and_stands_in_nobodys_log(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    # That an address is somebody's today does not make theirs what was sent there.
    await ordered(installation, api, COMPOSED, path="orders/composed-email", by=COMPOSER)
    await ordered(installation, api, COMPOSED, path="orders/composed-email", by=COMPOSER)
    sent = [each.event for each in installation.orders.everything()]
    assert sum(isinstance(each, NotificationSent) for each in sent) == 2

    for somebody in (HERSELF, HIMSELF):
        answer = await api.get(LOG, params={"dialogId": DIALOGUE}, headers=somebody)
        assert (answer.status_code, answer.json()) == (200, [])


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
