"""Owners read why their recipients are reached where they are."""

from datetime import timedelta
from uuid import uuid4

import httpx
import pytest

from application.ports.registry_copies import KRR, CopyStanding
from application.queries.explanation import LINES
from tests.entrypoints.http.asking import ORDER
from tests.entrypoints.http.installation import SKD, TTD, V1, Installation
from tests.entrypoints.http.users import RESOURCE, organisations, with_users
from tests.samples import BAKERY, KARI, OLA

MANY = ORDER | {
    "recipients": [
        {"nationalIdentityNumber": KARI.number.text},
        {"nationalIdentityNumber": OLA.number.text},
        {"organizationNumber": BAKERY.number},
        {"emailAddress": "reader@example.org"},
    ]
}


async def carried_out(api: httpx.AsyncClient, installation: Installation) -> str:
    answer = await api.post(f"{V1}/orders", json=MANY, headers=TTD)
    installation.now += timedelta(hours=1)
    await installation.dispatching.run_until_idle()
    return str(answer.json()["orderId"])


async def test_each_recipient_is_explained_in_codes_and_in_sentences(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    order_id = await carried_out(api, installation)

    told = (await api.get(f"{V1}/orders/{order_id}/resolution", headers=TTD)).json()

    assert (told["orderId"], told["notificationChannel"]) == (order_id, "EmailPreferred")
    before_sending = [each["lookups"][-1] for each in told["recipients"]]
    assert [each["outcome"] for each in before_sending] == [
        "reached",
        "reserved",
        "reached",
        "reached",
    ]
    assert [place["address"] for each in before_sending for place in each["found"]] == [
        "k***@e***.org",
        "+46 *** ** 605",
        "r***@e***.org",
    ]
    (reserved,) = before_sending[1]["notUsed"]
    assert reserved["reason"] == "reserved"
    assert reserved["rule"] == {"basis": "law", "source": "eForvaltningsforskriften § 9"}
    assert reserved["words"].startswith("Not used: the contact and reservation register")


async def test_no_address_and_no_number_of_a_person_is_shown(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    order_id = await carried_out(api, installation)

    shown = (await api.get(f"{V1}/orders/{order_id}/resolution", headers=TTD)).text

    for secret in ("kari@example.org", "reader@example.org", "+46701740605"):
        assert secret not in shown
    assert KARI.number.text not in shown
    assert OLA.number.text not in shown


async def test_another_owners_order_is_explained_to_nobody(
    api: httpx.AsyncClient, installation: Installation
) -> None:
    order_id = await carried_out(api, installation)

    others = await api.get(f"{V1}/orders/{order_id}/resolution", headers=SKD)
    nobodys = await api.get(f"{V1}/orders/{uuid4()}/resolution", headers=SKD)

    assert others.status_code == nobodys.status_code == 404
    assert others.json()["code"] == nobodys.json()["code"] == "order_not_found"


async def test_what_is_told_of_an_order_to_organisations_with_very_many_users_ends() -> None:
    many = 20
    order = MANY | {
        "resourceId": RESOURCE,
        "recipients": [{"organizationNumber": each} for each in organisations(many)],
    }
    installation = with_users(many, each=300)
    async with installation.client() as api:
        placed = (await api.post(f"{V1}/orders", json=order, headers=TTD)).json()["orderId"]
        installation.now += timedelta(hours=1)
        await installation.dispatching.run_until_idle()
        path = f"{V1}/orders/{placed}/resolution"
        answer = await api.get(path, headers=TTD)
        alone = (await api.get(f"{path}?recipient=7&pageSize=1", headers=TTD)).json()

    told = answer.json()
    lookups = [each["lookups"][-1] for each in told["recipients"]]
    assert (told["recipientsTotal"], len(lookups)) == (many, many)
    assert {(len(each["found"]), len(each["notUsed"])) for each in lookups} == {
        (LINES // many, LINES // many)
    }
    assert all(each["notShown"] > 0 for each in lookups)
    assert len(answer.content) < 2_000_000
    (seventh,) = alone["recipients"]
    assert (seventh["recipient"], alone["recipientsTotal"]) == (7, many)
    whole = seventh["lookups"][-1]
    assert (len(whole["found"]), len(whole["notUsed"])) == (
        whole["foundTotal"],
        whole["notUsedTotal"],
    )
    assert "notShown" not in whole


@pytest.mark.parametrize("query", ["recipient=x", "recipient=-1", "pageSize=some"])
async def test_recipients_that_cannot_be_are_asked_for_in_vain(
    api: httpx.AsyncClient, installation: Installation, query: str
) -> None:
    order_id = await carried_out(api, installation)

    answer = await api.get(f"{V1}/orders/{order_id}/resolution?{query}", headers=TTD)

    assert answer.status_code == 400


@pytest.mark.parametrize(
    "age, reason", [(timedelta(days=4), "copy_too_old"), (None, "copy_not_loaded")]
)
async def test_an_order_that_waits_for_a_copy_says_of_each_recipient_which_and_why(
    api: httpx.AsyncClient, installation: Installation, age: timedelta | None, reason: str
) -> None:
    order_id = (await api.post(f"{V1}/orders", json=MANY, headers=TTD)).json()["orderId"]
    confirmed_at = None if age is None else installation.now - age
    installation.copies.know(CopyStanding(registry=KRR, confirmed_at=confirmed_at))
    installation.now += timedelta(hours=1)
    await installation.dispatching.run_until_idle()

    told = (await api.get(f"{V1}/orders/{order_id}/resolution", headers=TTD)).json()

    waiting = [each["lookups"][-1] for each in told["recipients"]]
    assert [each["outcome"] for each in waiting] == ["not_yet"] * len(MANY["recipients"])
    assert [each["waitsFor"] for each in waiting] == [
        {"registry": KRR, "reason": reason} for _ in waiting
    ]
    assert all("our copy of which has" in each["words"] for each in waiting)
