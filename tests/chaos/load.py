"""Owners who order, each order to somebody of its own, and ask again until they are answered."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

import aiohttp

from tests.chaos.registers import Subscriber
from tests.service.installations import API, email_to, sms_to


@dataclass(slots=True)
class Ordered:
    """What was answered: by whom each order was for, its id."""

    emails: dict[str, str] = field(default_factory=dict)
    text_messages: dict[str, str] = field(default_factory=dict)
    asked_again: int = 0
    """How often an answer did not come, or was that the service is away."""

    @property
    def count(self) -> int:
        """How many orders were accepted."""
        return len(self.emails) + len(self.text_messages)


async def order_many(
    url: str,
    token: str,
    count: int,
    *,
    dice: Random,
    at_once: int = 16,
    first: int = 0,
    subscribers: Sequence[Subscriber] = (),
) -> Ordered:
    """Order until so many orders are accepted; a third of them are text messages.

    They are numbered from `first`. Of the others the first ones are for those whom registers know, one each.
    """
    known = iter(subscribers)
    ordered = Ordered()
    numbers = iter(range(first, first + count))
    kinds = {number: dice.random() < 1 / 3 for number in range(first, first + count)}
    timeout = aiohttp.ClientTimeout(total=20)
    headers = {"Authorization": f"Bearer {token}"}

    async def client(session: aiohttp.ClientSession) -> None:
        for number in numbers:
            if kinds[number]:
                # No ending by which the gateway would do anything but deliver.
                to = f"+47{900_000 + number % 100_000}{50 + number // 100_000}"
                ordered.text_messages[to] = await _place(session, number, sms_to(to))
            elif (who := next(known, None)) is not None:
                ordered.emails[who.mark] = await _place(session, number, who.recipient)
            else:
                to = f"reader{number}@example.org"
                ordered.emails[to] = await _place(session, number, email_to(to))

    async def _place(
        session: aiohttp.ClientSession, number: int, recipient: Mapping[str, object]
    ) -> str:
        body = {"idempotencyId": f"chaos-{number}", "recipient": recipient}
        while True:
            try:
                async with session.post(f"{url}{API}/future/orders", json=body) as answer:
                    said = await answer.json(content_type=None)
                    if answer.status in {200, 201}:
                        shipment: str = said["notification"]["shipmentId"]
                        return shipment
                    assert answer.status in {500, 503}, (answer.status, said)
                    assert answer.status == 503, "only a service that is away refuses an order"
                    assert "Retry-After" in answer.headers
            except (aiohttp.ClientError, TimeoutError):
                pass
            ordered.asked_again += 1
            await asyncio.sleep(0.3)

    async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
        await asyncio.gather(*(client(session) for _ in range(at_once)))
    return ordered
