"""Ceilings and the operator's switch, as owners meet them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import httpx
import pytest
from typing_extensions import override

from adapters.memory.order_repository import InMemoryOrderRepository
from application.envelope import Actor, PendingEvents
from application.ports.order_repository import StoreUnavailableError
from application.ports.owner_ledger import QuotaLimit
from application.ports.provider import HandoverDeferred
from contracts.owner_records_contract import resume, suspend
from domain.order.order import Order
from tests.entrypoints.http.asking import EMAIL_ORDER, SMS_ORDER, chain
from tests.entrypoints.http.installation import SKD, TTD, V1, Installation
from tests.entrypoints.http.test_instant import SMS

FOUR = {"ttd": QuotaLimit(recipients=4, segments=3)}


@pytest.fixture
def installation() -> Installation:
    return Installation(quota_limits=FOUR)


async def order(api: httpx.AsyncClient, **changes: Any) -> httpx.Response:  # noqa: ANN401  # any member
    return await api.post(f"{V1}/orders/email", json=EMAIL_ORDER | changes, headers=TTD)


def to(count: int) -> list[dict[str, str]]:
    return [{"emailAddress": f"reader{number}@example.org"} for number in range(count)]


async def test_an_owner_is_told_how_it_stands(api: httpx.AsyncClient) -> None:
    answer = await order(api, recipients=to(3))

    assert answer.status_code == 202
    policy = '"recipients";q=4;w=86400, "sms-segments";q=3;w=86400'
    assert answer.headers["ratelimit-policy"] == policy
    assert answer.headers["ratelimit"] == '"recipients";r=1;t=50400, "sms-segments";r=3;t=50400'


async def test_what_is_more_than_a_day_allows_is_refused_and_changes_nothing(
    api: httpx.AsyncClient,
) -> None:
    await order(api, recipients=to(3))

    refused = await order(api, recipients=to(2), sendersReference="too-much")
    fits = await order(api, recipients=to(1))

    assert refused.status_code == 429
    assert refused.json()["code"] == "over_daily_ceiling"
    assert refused.headers["retry-after"] == "50401"
    assert refused.headers["ratelimit"].startswith('"recipients";r=1;')
    found = await api.get(f"{V1}/orders?sendersReference=too-much", headers=TTD)
    assert found.json()["count"] == 0
    assert fits.status_code == 202


async def test_a_new_day_begins_at_midnight(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    await order(api, recipients=to(4))
    refused = await order(api)
    installation.now += timedelta(seconds=int(refused.headers["retry-after"]))

    assert (await order(api, requestedSendTime="2026-09-03T12:00:00Z")).status_code == 202


async def test_segments_of_text_messages_are_counted_for_each_recipient(
    api: httpx.AsyncClient,
) -> None:
    long = SMS_ORDER | {"body": "x" * 161}

    assert (await api.post(f"{V1}/orders/sms", json=long, headers=TTD)).status_code == 202
    assert (await api.post(f"{V1}/orders/sms", json=long, headers=TTD)).status_code == 429
    assert (await api.post(f"{V1}/orders/sms", json=SMS_ORDER, headers=TTD)).status_code == 202


async def test_a_repeat_is_not_counted_and_reminders_are(api: httpx.AsyncClient) -> None:
    first = await api.post(f"{V1}/future/orders", json=chain(reminders=[]), headers=TTD)
    again = await api.post(f"{V1}/future/orders", json=chain(reminders=[]), headers=TTD)
    other = await api.post(
        f"{V1}/future/orders", json=chain(idempotencyId="2", reminders=[]), headers=TTD
    )

    assert [each.status_code for each in (first, again, other)] == [201, 200, 201]
    assert other.headers["ratelimit"].startswith('"recipients";r=2;')


async def test_a_repeat_at_the_ceiling_has_its_receipt(api: httpx.AsyncClient) -> None:
    first = await api.post(f"{V1}/future/orders", json=chain(reminders=[]), headers=TTD)
    await order(api, recipients=to(3))

    again = await api.post(f"{V1}/future/orders", json=chain(reminders=[]), headers=TTD)

    assert again.status_code == 200
    assert again.json() == first.json()
    assert again.headers["ratelimit"].startswith('"recipients";r=0;')


async def test_what_is_handed_over_at_the_second_asking_is_counted_once(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    async def code(number: int) -> httpx.Response:
        body = SMS | {"idempotencyId": str(number)}
        return await api.post(f"{V1}/future/orders/instant/sms", json=body, headers=TTD)

    for number in range(3):
        installation.sms.answer(HandoverDeferred("connect_failed"))
        answers = [await code(number) for _ in range(3)]
        assert [each.status_code for each in answers] == [503, 200, 200]

    assert len(installation.sms.carried) == 3
    assert (await code(0)).headers["ratelimit"].startswith('"recipients";r=1;')
    assert (await code(3)).status_code == 429


class LosesAnAnswer(InMemoryOrderRepository):
    """Records the first that it is given, and cannot say so."""

    has_lost = False

    @override
    async def append(self, changes: Sequence[PendingEvents], *, by: Actor) -> Sequence[Order]:
        orders = await super().append(changes, by=by)
        if not self.has_lost:
            self.has_lost = True
            raise StoreUnavailableError
        return orders


async def test_what_was_recorded_though_nobody_could_say_so_is_counted_once() -> None:
    installation = Installation(quota_limits=FOUR, repository=LosesAnAnswer)
    async with installation.client() as api:
        lost = await api.post(f"{V1}/future/orders", json=chain(reminders=[]), headers=TTD)
        again = await api.post(f"{V1}/future/orders", json=chain(reminders=[]), headers=TTD)

    assert (lost.status_code, again.status_code) == (503, 200)
    assert again.headers["ratelimit"].startswith('"recipients";r=3;')


async def test_instant_orders_are_counted_like_all_others(api: httpx.AsyncClient) -> None:
    codes = [
        await api.post(
            f"{V1}/future/orders/instant/sms", json=SMS | {"idempotencyId": str(n)}, headers=TTD
        )
        for n in range(4)
    ]

    assert [each.status_code for each in codes] == [201, 201, 201, 429]


async def test_what_could_not_be_ordered_is_not_counted(api: httpx.AsyncClient) -> None:
    nobody = chain(reminders=[])
    nobody["recipient"]["recipientPerson"]["nationalIdentityNumber"] = "02817412345"
    for _ in range(5):
        answer = await api.post(f"{V1}/future/orders", json=nobody, headers=TTD)
        assert answer.status_code == 422

    assert (await order(api, recipients=to(4))).status_code == 202


async def test_another_owner_without_a_ceiling_hears_of_none(api: httpx.AsyncClient) -> None:
    answer = await api.post(
        f"{V1}/orders/email", json=EMAIL_ORDER | {"recipients": to(50)}, headers=SKD
    )

    assert answer.status_code == 202
    assert "ratelimit" not in answer.headers


async def test_nothing_more_is_taken_in_of_an_owner_that_is_stopped(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    await suspend(installation.owner_records, "ttd")

    stopped = await order(api)
    reading = await api.get(f"{V1}/orders?sendersReference=x", headers=TTD)
    other = await api.post(f"{V1}/orders/email", json=EMAIL_ORDER, headers=SKD)

    assert stopped.status_code == 423
    assert stopped.json()["code"] == "owner_stopped"
    assert "everybody" not in stopped.text
    assert (reading.status_code, other.status_code) == (200, 202)


async def test_an_owner_that_is_let_again_orders_within_a_second(
    installation: Installation, api: httpx.AsyncClient
) -> None:
    await suspend(installation.owner_records, "ttd")
    await order(api)
    await resume(installation.owner_records, "ttd")
    installation.now += timedelta(seconds=1)

    assert (await order(api)).status_code == 202
