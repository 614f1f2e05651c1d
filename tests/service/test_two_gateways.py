"""Two gateways of different makes, LINK's and Kannel's, of which one is killed in the middle and comes back."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from entrypoints.sandbox.inbox import caught_messages
from tests.adapters.channels.kannel_server import PASSWORD, USER, Gateway, running_kannel
from tests.missing import skipped_where_missing
from tests.service.installations import (
    API,
    Installation,
    installation,
    place,
    shipment,
    sms_to,
    until,
)

SOME: Final = 75
PATIENCE: Final = 120.0
SETTINGS: Final = {
    "VARSEL_KANNEL_USER": USER,
    "VARSEL_KANNEL_PASSWORD": PASSWORD,
    "VARSEL_KANNEL_REPORT_PASSWORD": "kannel-and-varsel",
    "VARSEL_LEASE": "5",
    "VARSEL_SEND_WITHIN": "5",
    "VARSEL_OUTCOME_SLACK": "3",
    "VARSEL_REPORT_WAIT": "2",
    "VARSEL_SMS_TIMEOUT": "5",
}
UNKNOWN: Final = "order.notification_outcome_unknown"
ATTEMPTED: Final = "order.notification_attempted"
GIVEN_UP: Final = "order.notification_given_up"


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[tuple[Installation, Gateway]]:
    with ExitStack() as stack:
        with skipped_where_missing():
            kannel = stack.enter_context(running_kannel(tmp_path))
        settings = {**SETTINGS, "VARSEL_KANNEL_URL": kannel.url}
        served = stack.enter_context(installation(tmp_path / "data", settings))
        served.start()
        yield served, kannel


@pytest.mark.soak
@pytest.mark.service
@pytest.mark.timeout(300)
def test_a_gateway_that_dies_and_comes_back_loses_nothing_and_nothing_goes_through_both(
    installed: tuple[Installation, Gateway],
) -> None:
    served, kannel = installed
    asyncio.run(_through_the_death(served, kannel))


async def _through_the_death(served: Installation, kannel: Gateway) -> None:
    headers = {"Authorization": f"Bearer {served.token()}"}
    places = asyncio.Semaphore(8)
    async with aiohttp.ClientSession(headers=headers) as session:

        async def order(number: int) -> str:
            async with places:
                key, recipient = f"order-{number}", sms_to(_phone(number))
                return await place(
                    session, served.url, key, recipient, deliveryPolicy=_policy(number)
                )

        async def order_some(first: int) -> list[str]:
            return await asyncio.gather(*(order(each) for each in range(first, first + SOME)))

        async def ends(orders: Sequence[str]) -> list[str]:
            deadline = time.monotonic() + PATIENCE
            return [await _end(session, served.url, each, deadline) for each in orders]

        orders = await order_some(0)
        kannel.door.freeze()
        orders += await order_some(SOME)
        await asyncio.to_thread(until, lambda: _count(_by_link(served), SOME) > SOME // 10)
        # It dies with what it was being given, and nobody can tell what it had taken.
        kannel.door.kill()
        meanwhile = await order_some(2 * SOME)
        # Before the dead one is back: the other has taken all that is new.
        assert set(await ends(meanwhile)) == {"SMS_Delivered"}
        kannel.door.start()
        orders += meanwhile + await order_some(3 * SOME)
        told = await ends(orders)
        histories = [await _history(session, served.url, each) for each in orders]

    by_kannel, by_link = _by_kannel(kannel), _by_link(served)
    for number, (result, history) in enumerate(zip(told, histories, strict=True)):
        kannels, links = by_kannel[_phone(number)], by_link[_phone(number)]
        was_unknown, was_given_up = UNKNOWN in history, GIVEN_UP in history
        assert (result == "SMS_Delivered") or was_given_up, (number, result, history)
        if not was_unknown:
            assert kannels + links == 1, (number, history)
            continue
        # What the dead one may have taken went through no other: once, or again where that was asked.
        assert links == 0, (number, history)
        if _policy(number) == "AtMostOnce":
            assert kannels == 1 or (kannels == 0 and was_given_up), (number, history)
        else:
            assert 1 <= kannels <= history.count(ATTEMPTED), (number, history)
    assert _count(by_kannel, 0) > 0
    assert _count(by_link, 2 * SOME) == SOME
    assert any(UNKNOWN in each for each in histories)
    # Nor is it forgotten that the dead one was given nothing for a while.
    assert re.search(r" kannel +0%  .+ trouble in ", served.varsel("providers").stdout)


def _phone(number: int) -> str:
    """A phone to which both gateways carry whatever comes."""
    return f"+479{number:05}77"


def _count(held: Mapping[str, int], first: int) -> int:
    """How many messages of those that were ordered together a gateway holds."""
    return sum(held[_phone(each)] for each in range(first, first + SOME))


def _policy(number: int) -> str:
    """Half of those in doubt wait for the one that may have them, the others are given up."""
    return "AtLeastOnce" if number % 2 else "AtMostOnce"


def _by_kannel(kannel: Gateway) -> Mapping[str, int]:
    return Counter(each.number for each in kannel.centre.caught())


def _by_link(served: Installation) -> Mapping[str, int]:
    return Counter(each.to for each in caught_messages(served.data / "mailbox"))


async def _end(session: aiohttp.ClientSession, url: str, order_id: str, deadline: float) -> str:
    """What became of an order's message in the end."""
    while True:
        manifest = await shipment(session, url, order_id)
        result: str = manifest["recipients"][0]["status"] if manifest["recipients"] else ""
        if manifest["status"] == "Order_Completed":
            return result
        assert time.monotonic() < deadline, manifest
        await asyncio.sleep(0.2)


async def _history(session: aiohttp.ClientSession, url: str, order_id: str) -> list[str]:
    async with session.get(f"{url}{API}/orders/{order_id}/history") as answer:
        history: list[Mapping[str, Any]] = (await answer.json())["history"]
    return [each["event"] for each in history]
