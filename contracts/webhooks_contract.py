"""What every keeper of webhooks promises, and every way to receivers; a suite for each names its stand."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest

from application.ports.order_repository import OrderRepository
from application.ports.status_feed import StatusFeed
from application.ports.webhooks import DeliveryFailure, Disabled, Webhook, WebhookClient, Webhooks
from contracts.order_repository_contract import resolved
from contracts.samples import NOON
from contracts.status_feed_contract import lived, page
from domain.order.events import OrderCompleted, OrderEvent

URL, OTHER_URL = "https://case.example.org/varsel", "https://new.example.org/varsel"
LEASE = timedelta(seconds=60)


async def put(
    webhooks: Webhooks,
    name: str = "case",
    *,
    owner: str = "ttd",
    url: str = URL,
    every_transition: bool = False,
    now: datetime = NOON,
    is_proved: bool = True,
) -> Webhook | None:
    """A webhook whose address has been proved, if nobody is at it just now."""
    kept = await webhooks.put(
        owner,
        name,
        url=url,
        every_transition=every_transition,
        secret_id=uuid4(),
        most=2,
        now=now,
    )
    if kept is None or kept.is_proved or not is_proved:
        return kept
    for lent in await claim(webhooks, now):
        is_meant = (lent.owner, lent.name) == (owner, name)
        after = replace(lent, leased_until=None, is_proved=lent.is_proved or is_meant)
        await webhooks.keep(lent, after)
    return next(each for each in await webhooks.of_owner(owner) if each.name == name)


async def happened(
    orders: OrderRepository, feed: StatusFeed, *events: OrderEvent, owner: str = "ttd"
) -> None:
    """Something that has come as far as the feed."""
    await lived(orders, *(events or [OrderCompleted()]), owner=owner)
    await page(feed, owner)


async def claim(webhooks: Webhooks, now: datetime = NOON, limit: int = 100) -> list[Webhook]:
    return list(await webhooks.claim(limit=limit, now=now, until=now + LEASE))


def failed(lent: Webhook, **changes: object) -> Webhook:
    """A webhook that failed, at the time that it was leased, and is given back."""
    told = {"failures": 1, "failing_since": NOON, "failure": "timeout", "leased_until": None}
    return replace(lent, **(told | changes))  # type: ignore[arg-type]  # any field


class WebhooksContract:
    async def test_a_webhook_begins_after_what_has_been_recorded(
        self, orders: OrderRepository, feed: StatusFeed, webhooks: Webhooks
    ) -> None:
        await happened(orders, feed)
        kept = await put(webhooks)

        assert kept is not None
        assert await claim(webhooks) == []
        await happened(orders, feed)
        assert await claim(webhooks) == [replace(kept, leased_until=NOON + LEASE)]

    async def test_only_what_was_asked_for_makes_a_webhook_due(
        self, orders: OrderRepository, feed: StatusFeed, webhooks: Webhooks
    ) -> None:
        await put(webhooks, "last")
        await put(webhooks, "all", every_transition=True)
        await put(webhooks, owner="skd", every_transition=True)
        await happened(orders, feed, resolved())

        assert [each.name for each in await claim(webhooks)] == ["all"]

    async def test_an_address_that_is_not_proved_is_due_though_there_is_nothing_to_tell(
        self, webhooks: Webhooks
    ) -> None:
        await put(webhooks, is_proved=False)

        (lent,) = await claim(webhooks)
        assert not lent.is_proved
        assert await webhooks.keep(lent, replace(lent, is_proved=True, leased_until=None))
        assert await claim(webhooks) == []
        (kept,) = await webhooks.of_owner("ttd")
        assert kept.is_proved

    async def test_another_address_has_to_be_proved_anew_and_other_transitions_do_not(
        self, webhooks: Webhooks
    ) -> None:
        await put(webhooks)

        same = await put(webhooks, every_transition=True, is_proved=False)
        other = await put(webhooks, url=OTHER_URL, is_proved=False)

        assert same is not None
        assert same.is_proved
        assert other is not None
        assert not other.is_proved

    async def test_the_secret_before_is_good_for_a_day_after_another_was_asked_for(
        self, webhooks: Webhooks
    ) -> None:
        first, second = await put(webhooks), uuid4()
        assert first is not None

        assert await webhooks.rotate("ttd", "case", secret_id=second, now=NOON)

        (kept,) = await webhooks.of_owner("ttd")
        day = timedelta(hours=24)
        assert kept.secret_ids(NOON + day - LEASE) == (second, first.secret_id)
        assert kept.secret_ids(NOON + day) == (second,)
        assert not await webhooks.rotate("skd", "case", secret_id=second, now=NOON)

    async def test_a_secret_that_was_changed_while_its_webhook_is_lent_stays_changed(
        self, orders: OrderRepository, feed: StatusFeed, webhooks: Webhooks
    ) -> None:
        await put(webhooks)
        await happened(orders, feed)
        (lent,) = await claim(webhooks)
        second = uuid4()
        await webhooks.rotate("ttd", "case", secret_id=second, now=NOON)

        assert await webhooks.keep(lent, replace(lent, leased_until=None))

        (kept,) = await webhooks.of_owner("ttd")
        assert kept.secret_id == second

    async def test_to_ask_for_the_same_twice_keeps_the_secret(self, webhooks: Webhooks) -> None:
        first = await put(webhooks)
        second = await put(webhooks, url=OTHER_URL)

        assert first is not None
        assert second is not None
        assert second.secret_id == first.secret_id

    async def test_to_ask_for_the_same_twice_is_to_ask_once(
        self, orders: OrderRepository, feed: StatusFeed, webhooks: Webhooks
    ) -> None:
        first = await put(webhooks)
        await happened(orders, feed)

        assert await put(webhooks, now=NOON + LEASE) == first
        assert await webhooks.of_owner("ttd") == [first]

    async def test_owners_have_so_many_webhooks_and_see_only_their_own(
        self, webhooks: Webhooks
    ) -> None:
        await asyncio.gather(*(put(webhooks, f"case-{n}") for n in range(9)))
        kept = await webhooks.of_owner("ttd")

        assert len(kept) == 2
        assert await put(webhooks, "more") is None
        changed = await put(webhooks, kept[0].name, url=OTHER_URL)
        assert changed is not None
        assert changed.url == OTHER_URL
        assert await put(webhooks, owner="skd") is not None
        assert [each.name for each in await webhooks.of_owner("skd")] == ["case"]

    async def test_a_webhook_is_lent_to_one_worker_at_a_time_and_a_dead_ones_come_back(
        self, orders: OrderRepository, feed: StatusFeed, webhooks: Webhooks
    ) -> None:
        await put(webhooks)
        await happened(orders, feed)

        claimed = await asyncio.gather(*(claim(webhooks) for _ in range(5)))
        lent = [each for several in claimed for each in several]

        assert len(lent) == 1
        assert await claim(webhooks, NOON + LEASE - timedelta(seconds=1)) == []
        (again,) = await claim(webhooks, NOON + LEASE)
        assert not await webhooks.keep(lent[0], failed(lent[0]))
        assert await webhooks.keep(again, failed(again))

    async def test_those_come_first_that_have_waited_longest(
        self, orders: OrderRepository, feed: StatusFeed, webhooks: Webhooks
    ) -> None:
        await put(webhooks, now=NOON)
        await put(webhooks, owner="skd", now=NOON - LEASE)
        for owner in ("ttd", "skd"):
            await happened(orders, feed, owner=owner)

        assert [each.owner for each in await claim(webhooks, limit=1)] == ["skd"]
        assert [each.owner for each in await claim(webhooks)] == ["ttd"]

    async def test_what_has_become_of_a_webhook_is_kept(
        self, orders: OrderRepository, feed: StatusFeed, webhooks: Webhooks
    ) -> None:
        await put(webhooks)
        await happened(orders, feed)
        (lent,) = await claim(webhooks)
        later = failed(lent, due_at=NOON + LEASE)

        assert await webhooks.keep(lent, later)

        assert await webhooks.of_owner("ttd") == [later]
        assert await claim(webhooks, NOON + LEASE / 2) == []
        (again,) = await claim(webhooks, NOON + LEASE)
        taken = replace(later, position=lent.position + 9, leased_until=None)
        assert await webhooks.keep(again, taken)
        assert await claim(webhooks, NOON + LEASE) == []

    async def test_a_disabled_one_is_told_nothing_until_it_is_resumed_where_it_was(
        self, orders: OrderRepository, feed: StatusFeed, webhooks: Webhooks
    ) -> None:
        await put(webhooks)
        await happened(orders, feed)
        (lent,) = await claim(webhooks)
        await webhooks.keep(lent, failed(lent, disabled=Disabled.UNREACHABLE))

        assert await claim(webhooks, NOON + 9 * LEASE) == []
        await put(webhooks)
        (kept,) = await webhooks.of_owner("ttd")
        assert kept.disabled is Disabled.UNREACHABLE

        assert await webhooks.resume("ttd", "case", now=NOON + LEASE)
        (again,) = await claim(webhooks, NOON + LEASE)
        assert again == replace(lent, due_at=NOON + LEASE, leased_until=NOON + 2 * LEASE)
        assert not await webhooks.resume("skd", "case", now=NOON)

    async def test_another_address_goes_on_at_once_where_the_first_one_was(
        self, orders: OrderRepository, feed: StatusFeed, webhooks: Webhooks
    ) -> None:
        first = await put(webhooks)
        await happened(orders, feed)
        (lent,) = await claim(webhooks)
        await webhooks.keep(lent, failed(lent, disabled=Disabled.GONE))

        await put(webhooks, url=OTHER_URL)

        assert first is not None
        (again,) = await claim(webhooks)
        assert again == replace(first, url=OTHER_URL, leased_until=NOON + LEASE)

    async def test_how_the_first_address_fared_is_not_held_against_another(
        self, orders: OrderRepository, feed: StatusFeed, webhooks: Webhooks
    ) -> None:
        await put(webhooks)
        await happened(orders, feed)
        (lent,) = await claim(webhooks)
        await put(webhooks, url=OTHER_URL)

        assert not await webhooks.keep(lent, failed(lent))
        assert await claim(webhooks) == []  # the first may still be called
        assert [each.failures for each in await claim(webhooks, NOON + LEASE)] == [0]

    async def test_what_is_removed_is_forgotten(
        self, orders: OrderRepository, feed: StatusFeed, webhooks: Webhooks
    ) -> None:
        await put(webhooks)
        await happened(orders, feed)
        (lent,) = await claim(webhooks)

        assert not await webhooks.remove("skd", "case")
        assert await webhooks.remove("ttd", "case")
        assert not await webhooks.remove("ttd", "case")
        assert not await webhooks.keep(lent, failed(lent))
        assert await webhooks.of_owner("ttd") == []


def leading_to(url: str, *, secret_id: UUID | None = None) -> Webhook:
    """A webhook of ttd's that leads to an address."""
    return Webhook(
        owner="ttd",
        name="case",
        url=url,
        every_transition=False,
        secret_id=secret_id or uuid4(),
        position=0,
        due_at=NOON,
    )


class WebhookClientContract:
    """`answering(status)` gives the way to a receiver that answers so, and its address."""

    Answering = Callable[[int], Awaitable[tuple[WebhookClient, str]]]

    @pytest.mark.parametrize("status", [200, 202, 204, 299, 301, 302, 307, 400, 410, 429, 500, 503])
    async def test_only_a_success_means_that_it_was_taken(
        self, answering: Answering, status: int
    ) -> None:
        receivers, url = await answering(status)

        answer = await receivers.deliver(leading_to(url), message_id="order_7", at=NOON, body=b"{}")

        refused = DeliveryFailure(f"status_{status}", is_gone=status == 410)
        assert answer == (None if status < 300 else refused)

    async def test_a_secret_is_the_same_whenever_it_is_asked_for_and_another_for_each_name(
        self, answering: Answering
    ) -> None:
        receivers, _ = await answering(200)
        name = uuid4()

        assert receivers.secret(name) == receivers.secret(name)
        assert receivers.secret(name) != receivers.secret(uuid4())
        assert len(base64.b64decode(receivers.secret(name).removeprefix("whsec_"))) == 32

    async def test_a_challenge_is_another_for_each_address_and_each_secret(
        self, answering: Answering
    ) -> None:
        receivers, url = await answering(200)
        webhook = leading_to(url)

        challenges = {
            receivers.challenge(each)
            for each in (webhook, leading_to(url), replace(webhook, url=OTHER_URL), webhook)
        }

        assert len(challenges) == 3

    async def test_an_address_that_would_never_be_called_is_told_at_once(
        self, answering: Answering
    ) -> None:
        receivers, _ = await answering(200)

        assert receivers.refusal(URL) is None
        assert receivers.refusal("http://case.example.org/varsel") == "not_https"
