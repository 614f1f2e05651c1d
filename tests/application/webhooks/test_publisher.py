"""Receivers are told everything in order, whatever they do; days pass as the tests set the clock."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from structlog.testing import capture_logs

from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.order_repository import InMemoryOrderRepository
from adapters.memory.status_feed import InMemoryStatusFeed
from adapters.memory.webhooks import InMemoryWebhookClient, InMemoryWebhooks
from application.ports.webhooks import DeliveryFailure, Disabled, Webhook
from application.queries.status_feed import StatusFeedQueries
from application.webhooks.publisher import WebhookPublisher
from contracts.order_repository_contract import SetClock, resolved
from contracts.status_feed_contract import lived
from domain.order.events import OrderCompleted, OrderId
from tests.samples import NOON

URL = "https://case.example.org/varsel?secret=7"
HOUR = timedelta(hours=1)
AWAY = DeliveryFailure("not_reached")

Behaviour = Callable[[], Awaitable[DeliveryFailure | None]]


@dataclass
class Told:
    """What one receiver has been told, taken or not."""

    ids: list[str] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)


class House:
    """A service that tells receivers, each behaving as a test says."""

    def __init__(self) -> None:
        self.clock = SetClock()
        self.clock.now = NOON
        self.orders = InMemoryOrderRepository(
            vault=InMemoryKeyVault(), clock=self.clock, next_id=uuid4
        )
        feed = InMemoryStatusFeed(self.orders)
        self.webhooks = InMemoryWebhooks(self.orders, feed)
        self.behaviours: dict[str, Behaviour] = {}
        self.unproved: set[str] = set()
        self.told: dict[str, Told] = {}
        self.telling = WebhookPublisher(
            webhooks=self.webhooks,
            receivers=InMemoryWebhookClient(self._answer, unproved=self.unproved),
            following=StatusFeedQueries(orders=self.orders, feed=feed, clock=self.clock),
            write=lambda _, entry: str(entry.order_id).encode(),
            write_challenge=lambda _, challenge, __: challenge.encode(),
            clock=self.clock,
            chance=lambda: 0.0,
        )

    async def _answer(self, url: str, message_id: str, body: bytes) -> DeliveryFailure | None:
        self.told[url].ids.append(message_id)
        answer = await self.behaviours[url]()
        if answer is None:
            self.told[url].taken.append(body.decode())
        return answer

    async def receiver(
        self,
        behaviour: Behaviour,
        *,
        name: str = "case",
        url: str = URL,
        every_transition: bool = False,
    ) -> Told:
        self.behaviours[url] = behaviour
        self.told[url] = Told()
        await self.webhooks.put(
            "ttd",
            name,
            url=url,
            every_transition=every_transition,
            secret_id=uuid4(),
            most=9,
            now=self.clock.now,
        )
        return self.told[url]

    async def ended(self, count: int = 1) -> Sequence[str]:
        """So many orders that have come to their end, in this order."""
        return [str(await lived(self.orders, resolved(), OrderCompleted())) for _ in range(count)]

    async def webhook(self) -> Webhook:
        return (await self.webhooks.of_owner("ttd"))[0]

    async def to_the_end(self) -> Sequence[timedelta]:
        """Let time pass until nothing is to be done; when it was tried in vain, from the beginning."""
        tries: list[timedelta] = []
        while True:
            await self.telling.run_until_idle()
            webhook = await self.webhook()
            if not webhook.failures:
                return tries
            tries.append(self.clock.now - NOON)
            if webhook.disabled is not None:
                return tries
            self.clock.now = webhook.due_at

    @contextlib.asynccontextmanager
    async def at_work(self, *, capacity: int) -> AsyncIterator[None]:
        working = asyncio.create_task(self.telling.run(capacity=capacity))
        try:
            async with asyncio.timeout(10):
                yield
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)


@pytest.fixture
def house() -> House:
    return House()


def answering(answer: DeliveryFailure | None) -> Behaviour:
    async def behave() -> DeliveryFailure | None:
        return answer

    return behave


async def test_a_receiver_that_is_away_for_three_days_is_told_everything_in_order(
    house: House,
) -> None:
    async def away() -> DeliveryFailure | None:
        return AWAY if house.clock.now < NOON + timedelta(days=3) else None

    told = await house.receiver(away, every_transition=True)
    first = await house.ended(30)
    await house.telling.run_until_idle()
    assert told.taken == []
    later = await house.ended(3)

    tries = await house.to_the_end()

    assert told.taken == [each for each in [*first, *later] for _ in range(3)]
    assert tries[-1] < timedelta(days=3) < house.clock.now - NOON
    assert len(set(told.ids)) == 99
    assert set(told.ids[: len(tries)]) == {told.ids[0]}  # a repeat is known by its id
    assert (await house.webhook()).failing_since is None


async def test_an_order_whose_history_cannot_be_read_keeps_nothing_back(house: House) -> None:
    told = await house.receiver(answering(None))
    first, ill, last = await house.ended(3)
    house.orders.spoil(OrderId(UUID(ill)))

    await house.telling.run_until_idle()

    assert told.taken == [first, ill, last]
    assert (await house.webhook()).failures == 0


async def test_after_ten_tries_in_75_hours_nothing_more_is_told_until_it_is_resumed(
    house: House,
) -> None:
    told = await house.receiver(answering(AWAY))
    ended = await house.ended(2)

    tries = await house.to_the_end()

    assert [round(each / HOUR, 1) for each in tries] == [
        0,
        0,
        0.1,
        0.6,
        2.6,
        7.6,
        17.6,
        31.6,
        51.6,
        75.6,
    ]
    webhook = await house.webhook()
    assert (webhook.disabled, webhook.failure) == (Disabled.UNREACHABLE, "not_reached")
    assert webhook.failing_since == NOON
    house.clock.now += timedelta(days=30)
    await house.telling.run_until_idle()
    assert len(told.ids) == 10

    house.behaviours[URL] = answering(None)
    await house.webhooks.resume("ttd", "case", now=house.clock.now)
    await house.telling.run_until_idle()
    assert told.taken == ended


async def test_a_receiver_that_is_gone_is_told_nothing_more(house: House) -> None:
    told = await house.receiver(answering(DeliveryFailure("status_410", is_gone=True)))
    await house.ended(2)

    await house.to_the_end()

    assert len(told.ids) == 1
    assert (await house.webhook()).disabled is Disabled.GONE


@pytest.mark.parametrize("code", ["status_302", "status_503", "timeout", "refused_address"])
async def test_whatever_else_goes_wrong_is_tried_again(house: House, code: str) -> None:
    answers = iter([DeliveryFailure(code), DeliveryFailure(code), None])

    async def behave() -> DeliveryFailure | None:
        return next(answers)

    told = await house.receiver(behave)
    ended = await house.ended()

    assert [each.total_seconds() for each in await house.to_the_end()] == [0, 5]
    assert told.taken == ended


async def test_a_slow_receiver_keeps_nobody_else_waiting(house: House) -> None:
    is_told = asyncio.Event()

    async def slow() -> None:
        await asyncio.Event().wait()

    async def quick() -> None:
        is_told.set()

    await house.receiver(slow, name="slow", url=f"{URL}&slow")
    told = await house.receiver(quick, name="quick")
    ended = await house.ended()

    async with house.at_work(capacity=2):
        await is_told.wait()

    assert told.taken == ended
    assert house.told[f"{URL}&slow"].taken == []


async def test_a_slow_receiver_gives_its_place_up_before_its_time_is_over(house: House) -> None:
    order: list[str] = []
    is_done = asyncio.Event()

    async def slow() -> None:
        order.append("slow")
        house.clock.now += timedelta(seconds=14)

    async def quick() -> None:
        order.append("quick")
        if order.count("quick") == 2:
            is_done.set()

    await house.receiver(slow, name="slow", url=f"{URL}&slow")
    await house.receiver(quick, name="quick")
    ended = await house.ended(4)

    async with house.at_work(capacity=1):
        await is_done.wait()

    # Three calls are begun within the half minute; what is left comes after whoever waits.
    assert order[:5] == ["slow", "slow", "slow", "quick", "quick"]
    await house.telling.run_until_idle()
    assert house.told[f"{URL}&slow"].taken == house.told[URL].taken == ended


async def test_what_goes_wrong_with_one_webhook_is_left_to_it_alone(house: House) -> None:
    async def break_down() -> DeliveryFailure | None:
        raise RuntimeError

    broken = await house.receiver(break_down, name="broken", url=f"{URL}&broken")
    told = await house.receiver(answering(None), name="case")
    ended = await house.ended()

    await house.telling.run_until_idle()
    assert told.taken == ended
    assert len(broken.ids) == 1

    house.behaviours[f"{URL}&broken"] = answering(None)
    house.clock.now += timedelta(seconds=60)
    await house.telling.run_until_idle()
    assert broken.taken == ended


async def test_the_log_tells_whose_webhook_fails_and_never_where_it_leads(house: House) -> None:
    await house.receiver(answering(AWAY))
    await house.ended()

    with capture_logs() as lines:
        await house.to_the_end()

    assert [line["event"] for line in lines] == ["webhook_failed"] * 9 + ["webhook_disabled"]
    assert {(line["owner"], line["webhook"]) for line in lines} == {("ttd", "case")}
    assert "example.org" not in str(lines)


async def test_nothing_is_told_at_an_address_that_has_not_answered_its_challenge(
    house: House,
) -> None:
    told = await house.receiver(answering(None))
    house.unproved.add(URL)
    await house.ended()

    await house.telling.run_until_idle()

    (kept,) = await house.webhooks.of_owner("ttd")
    assert told.ids == []
    assert not kept.is_proved
    assert kept.failure == "challenge_not_answered"
    assert kept.due_at > house.clock.now


async def test_what_happened_before_an_address_was_proved_is_told_when_it_has_been(
    house: House,
) -> None:
    told = await house.receiver(answering(None))
    house.unproved.add(URL)
    expected = await house.ended(2)
    await house.telling.run_until_idle()
    house.unproved.clear()
    house.clock.now += HOUR

    await house.telling.run_until_idle()

    assert told.taken == list(expected)
    (kept,) = await house.webhooks.of_owner("ttd")
    assert kept.is_proved
    assert kept.failure is None
