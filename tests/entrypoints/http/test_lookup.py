"""Owners ask how an order would go, before they place it."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from application.envelope import Role
from application.ports.owner_ledger import QuotaLimit
from application.ports.registry_copies import KRR, CopyStanding
from application.queries.explanation import LINES
from entrypoints.http.lookup.requests import MOST
from tests.entrypoints.http.installation import LOOKER, TTD, V1, Installation
from tests.entrypoints.http.users import RESOURCE, organisations, with_users
from tests.samples import BAKERY, KARI, NOON, OLA

ASKED: dict[str, Any] = {
    "purpose": "Case 77: whether to send a letter instead",
    "notificationChannel": "EmailPreferred",
    "recipients": [
        {"nationalIdentityNumber": KARI.number.text},
        {"nationalIdentityNumber": OLA.number.text},
        {"organizationNumber": BAKERY.number},
    ],
}
PATH = f"{V1}/lookup"


async def test_each_recipient_is_told_of_as_an_order_would_find_them(
    api: httpx.AsyncClient,
) -> None:
    answer = await api.post(PATH, json=ASKED, headers=LOOKER)

    told = answer.json()
    assert answer.status_code == 200
    assert told["at"] == "2026-09-01T10:00:00Z"
    lookups = [each["lookups"][0] for each in told["recipients"]]
    assert [each["outcome"] for each in lookups] == ["reached", "reserved", "reached"]
    assert [place["address"] for each in lookups for place in each["found"]] == [
        "k***@e***.org",
        "+46 *** ** 605",
    ]
    for secret in (KARI.number.text, OLA.number.text, "kari@example.org"):
        assert secret not in answer.text


async def test_a_reservation_is_overridden_as_an_order_would(api: httpx.AsyncClient) -> None:
    to_ola = ASKED | {
        "recipients": [{"nationalIdentityNumber": OLA.number.text}],
        "ignoreReservation": True,
    }

    (ola,) = (await api.post(PATH, json=to_ola, headers=LOOKER)).json()["recipients"]

    assert ola["lookups"][0]["outcome"] == "not_reached"


async def test_what_it_is_asked_for_goes_on_record(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    await api.post(PATH, json=ASKED, headers=LOOKER)

    (act,) = await installation.acts.latest(roles=set(Role), since=NOON, most=10)
    assert act.reason == ASKED["purpose"]
    assert act.recorded_by.name == "ttd"


@pytest.mark.parametrize(
    "changes, keys",
    [
        ({"purpose": None}, ["Purpose"]),
        ({"purpose": "  "}, ["Purpose"]),
        ({"purpose": "x" * 201}, ["Purpose"]),
        ({"purpose": f"about {KARI.number.text}"}, ["Purpose"]),
        ({"resourceId": f"tax-{KARI.number.text}"}, ["ResourceId"]),
        ({"notificationChannel": None}, ["NotificationChannel"]),
        ({"recipients": []}, ["Recipients"]),
        (
            {"recipients": [{"nationalIdentityNumber": "1"}]},
            ["Recipients[0].NationalIdentityNumber"],
        ),
        ({"resourceAction": "read"}, ["ResourceAction"]),
        ({"recipients": [{"emailAddress": "a@example.org"}] * (MOST + 1)}, ["Recipients"]),
    ],
)
async def test_a_look_up_that_cannot_be_made_says_what_is_wrong(
    api: httpx.AsyncClient, installation: Installation, changes: dict[str, Any], keys: list[str]
) -> None:
    answer = await api.post(PATH, json=ASKED | changes, headers=LOOKER)

    assert (answer.status_code, list(answer.json()["errors"])) == (400, keys)
    assert KARI.number.text not in answer.text
    assert await installation.acts.latest(roles=set(Role), since=NOON, most=10) == []


async def test_whoever_may_order_may_not_look_up_without_the_scope(
    api: httpx.AsyncClient,
) -> None:
    answer = await api.post(PATH, json=ASKED, headers=TTD)

    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    assert 'scope="varsel:lookup"' in answer.headers["www-authenticate"]


async def test_look_ups_are_counted_with_orders() -> None:
    installation = Installation(quota_limits={"ttd": QuotaLimit(recipients=5)})
    async with installation.client() as api:
        first = await api.post(PATH, json=ASKED, headers=LOOKER)
        second = await api.post(PATH, json=ASKED, headers=LOOKER)

    assert first.headers["ratelimit"].startswith('"recipients";r=2')
    assert (second.status_code, second.json()["code"]) == (429, "over_daily_ceiling")


async def test_what_is_told_of_organisations_with_very_many_users_ends() -> None:
    asked = ASKED | {
        "notificationChannel": "EmailAndSms",
        "resourceId": RESOURCE,
        "recipients": [{"organizationNumber": each} for each in organisations(MOST)],
    }
    async with with_users(MOST, each=300).client() as api:
        answer = await api.post(PATH, json=asked, headers=LOOKER)

    lookups = [each["lookups"][0] for each in answer.json()["recipients"]]
    assert len(lookups) == MOST
    for each in lookups:
        assert each["outcome"] == "reached"
        assert (each["foundTotal"], each["notUsedTotal"]) == (300, 300 // 2 + 1)
        assert len(each["found"]) == len(each["notUsed"]) == LINES // MOST
        assert each["notShown"] == 300 + 300 // 2 + 1 - 2 * LINES // MOST
        assert f"{each['notShown']} more contact points" in each["words"]
    assert len(answer.content) < 2_000_000


@pytest.mark.parametrize(
    "confirmed_at, reason",
    [(None, "copy_not_loaded"), (NOON - timedelta(days=4), "copy_too_old")],
)
async def test_where_a_copy_cannot_be_relied_on_nothing_is_tried_and_the_reason_told(
    api: httpx.AsyncClient,
    installation: Installation,
    confirmed_at: datetime | None,
    reason: str,
) -> None:
    installation.copies.know(CopyStanding(registry=KRR, confirmed_at=confirmed_at))

    answer = await api.post(PATH, json=ASKED, headers=LOOKER)

    told = answer.json()
    assert (answer.status_code, told["code"]) == (503, "registry_not_ready")
    assert (told["registry"], told["reason"]) == (KRR, reason)
    assert answer.headers["retry-after"] == "60"
