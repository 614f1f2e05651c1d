"""Two real relays, of which one is killed in the middle and comes back."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import aiohttp
import pytest

from entrypoints.wiring.providers import MAIL_REPORTS
from tests.adapters.channels.postfix_server import (
    BOUNCES,
    Relay,
    World,
    running_postfix,
    running_world,
)
from tests.missing import skipped_where_missing
from tests.service.installations import (
    API,
    Installation,
    email_to,
    installation,
    place,
    shipment,
)

SECRET: Final = "postfix-and-varsel"
THIRD: Final = 100
LOST_BY_POSTFIX: Final = 10
"""Reports that a relay may have forgotten by its death: those of what it was just handing on."""
PATIENCE: Final = 60.0
SETTINGS: Final = {
    # A mail server of the service itself would take the port of a relay that is dead.
    "VARSEL_CATCH_ALL": "0",
    "VARSEL_SMS_URL": "http://127.0.0.1:1",
    "VARSEL_SMTP_STARTTLS": "0",
    "VARSEL_MAIL_DOMAIN": BOUNCES,
    "VARSEL_EMAIL_REPORT_SECRET": SECRET,
    "VARSEL_LEASE": "5",
    "VARSEL_SEND_WITHIN": "5",
    "VARSEL_OUTCOME_SLACK": "3",
    "VARSEL_REPORT_WAIT": "10",
    "VARSEL_SMTP_REPLY_TIMEOUT": "10",
}


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[tuple[Installation, World, list[Relay]]]:
    with ExitStack() as stack:
        world = stack.enter_context(running_world())
        plain = stack.enter_context(installation(tmp_path))
        with skipped_where_missing():
            relays = [
                stack.enter_context(
                    running_postfix(world, report_url=plain.url + MAIL_REPORTS, secret=SECRET)
                )
                for _ in range(2)
            ]
        one, two = (f"smtp://127.0.0.1:{each.port}" for each in relays)
        settings = {**SETTINGS, "VARSEL_SMTP_URL": one, "VARSEL_SMTP_URL_2": two}
        served = Installation(plain.data, plain.port, settings)
        stack.callback(served.stop)
        served.start()
        yield served, world, relays


@pytest.mark.service
@pytest.mark.soak
@pytest.mark.timeout(300)
def test_a_relay_that_dies_and_comes_back_loses_nothing_and_doubles_nothing_silently(
    installed: tuple[Installation, World, list[Relay]],
) -> None:
    served, world, relays = installed
    asyncio.run(_through_the_death(served, world, relays))


async def _through_the_death(served: Installation, world: World, relays: list[Relay]) -> None:
    headers = {"Authorization": f"Bearer {served.token()}"}
    places = asyncio.Semaphore(8)
    async with aiohttp.ClientSession(headers=headers) as session:

        async def order(number: int) -> str:
            async with places:
                to = "nobody" if number % 10 == 0 else f"reader{number}"
                recipient = email_to(f"{to}@example.org", body=f"letter {number}.")
                return await place(session, served.url, f"order-{number}", recipient)

        async def order_some(first: int) -> list[str]:
            return await asyncio.gather(*(order(each) for each in range(first, first + THIRD)))

        orders = await order_some(0)
        deadline = time.monotonic() + PATIENCE
        while not _shares(
            relays
        ):  # a worker may take its time, and the first one has to carry some
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        relays[0].kill()
        meanwhile = await order_some(THIRD)
        # Before the dead one is back: the other has taken all that is new.
        deadline = time.monotonic() + PATIENCE
        assert [await _sent(session, served.url, each, deadline) for each in meanwhile]
        relays[0].start()
        orders += meanwhile + await order_some(2 * THIRD)
        deadline = time.monotonic() + PATIENCE
        told = [await _sent(session, served.url, each, deadline) for each in orders]
        unknown = [await _was_unknown(session, served.url, each) for each in orders]

    handed_over = _hand_overs(world)
    for number in range(len(orders)):
        if number % 10:
            # A relay that dies may forget to report what it has handed on; it never loses it.
            assert told[number] in {"Email_Delivered", "Email_Succeeded"}
            assert handed_over[number] == 1 or (handed_over[number] > 1 and unknown[number])
        else:
            assert told[number] in {"Email_Failed_Bounced", "Email_Succeeded"}
            assert handed_over[number] == 0
    assert told.count("Email_Succeeded") <= LOST_BY_POSTFIX
    assert _shares(relays)
    # Nor is it forgotten that the dead one was given nothing for a while.
    assert re.search(r" smtp +0%  .+ trouble in ", served.varsel("providers").stdout)


def _hand_overs(world: World) -> Mapping[int, int]:
    """How often each letter was handed to a relay: one that died may hand on twice what it had once."""
    return Counter(
        int(body.split()[1].rstrip("."))
        for body, _ in {(it.body, it.queue_id) for it in world.came}
    )


def _shares(relays: list[Relay]) -> bool:
    """Whether both relays have carried."""
    return all(each.log.count("status=sent (250") > 0 for each in relays)


async def _sent(session: aiohttp.ClientSession, url: str, order_id: str, deadline: float) -> str:
    """What became of an order's letter: what was reported, if that comes in time."""
    while True:
        manifest = await shipment(session, url, order_id)
        result: str = manifest["recipients"][0]["status"]
        is_over = manifest["status"] == "Order_Completed"
        if is_over or (result == "Email_Succeeded" and time.monotonic() > deadline):
            return result
        assert time.monotonic() < deadline, manifest
        await asyncio.sleep(0.2)


async def _was_unknown(session: aiohttp.ClientSession, url: str, order_id: str) -> bool:
    async with session.get(f"{url}{API}/orders/{order_id}/history") as answer:
        history = (await answer.json())["history"]
    return any(each["event"] == "order.notification_outcome_unknown" for each in history)
