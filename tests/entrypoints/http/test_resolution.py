"""Owners read why their recipients are reached where they are."""

from datetime import timedelta
from uuid import uuid4

import httpx

from tests.entrypoints.http.asking import ORDER
from tests.entrypoints.http.installation import SKD, TTD, V1, Installation
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
