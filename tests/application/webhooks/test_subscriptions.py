"""An owner keeps its own webhooks, so many at most, and is told each secret once."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import count
from uuid import UUID, uuid4

import pytest

from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.order_repository import InMemoryOrderRepository
from adapters.memory.status_feed import InMemoryStatusFeed
from adapters.memory.webhooks import InMemoryWebhookClient, InMemoryWebhooks
from application.ports.webhooks import DeliveryFailure
from application.webhooks.subscriptions import (
    MOST,
    Subscription,
    TooManyWebhooksError,
    UnfitAddressError,
    WebhookNotFoundError,
    WebhookSubscriptions,
)
from contracts.order_repository_contract import SetClock

URL, ELSEWHERE = "https://case.example.org/varsel", "https://case.example.org/elsewhere"


async def taken(*_: object) -> DeliveryFailure | None:
    return None


@pytest.fixture
def subscribing() -> WebhookSubscriptions:
    clock, ids = SetClock(), count(1)
    orders = InMemoryOrderRepository(vault=InMemoryKeyVault(), clock=clock, next_id=uuid4)
    return WebhookSubscriptions(
        webhooks=InMemoryWebhooks(orders, InMemoryStatusFeed(orders)),
        receivers=InMemoryWebhookClient(taken),
        clock=clock,
        next_id=lambda: UUID(int=next(ids)),
    )


async def subscribed(
    subscribing: WebhookSubscriptions, name: str = "case", *, owner: str = "ttd", url: str = URL
) -> Subscription:
    return await subscribing.subscribe(owner, name, url=url, every_transition=False)


async def test_the_secret_of_a_new_webhook_is_told_once(subscribing: WebhookSubscriptions) -> None:
    first = await subscribed(subscribing)
    again = await subscribed(subscribing)

    assert first.secret is not None
    assert first.secret not in repr(first)
    assert again.secret is None
    assert again.webhook.secret_id == first.webhook.secret_id


async def test_another_address_is_another_wish_of_the_same_webhook(
    subscribing: WebhookSubscriptions,
) -> None:
    await subscribed(subscribing)
    moved = await subscribed(subscribing, url=ELSEWHERE)

    assert moved.secret is None
    assert [each.url for each in await subscribing.webhooks("ttd")] == [ELSEWHERE]


async def test_an_address_that_is_never_called_is_not_kept(
    subscribing: WebhookSubscriptions,
) -> None:
    with pytest.raises(UnfitAddressError, match="not_https"):
        await subscribed(subscribing, url="http://case.example.org/varsel")

    assert await subscribing.webhooks("ttd") == []


async def test_an_owner_has_so_many_and_no_more(subscribing: WebhookSubscriptions) -> None:
    for number in range(MOST):
        await subscribed(subscribing, f"case-{number}")

    with pytest.raises(TooManyWebhooksError):
        await subscribed(subscribing, "one-more")

    await subscribed(subscribing, owner="skd")
    await subscribing.remove("ttd", "case-0")
    await subscribed(subscribing, "one-more")
    assert len(await subscribing.webhooks("ttd")) == MOST


async def test_another_secret_is_told_once_and_the_one_before_is_good_for_a_day(
    subscribing: WebhookSubscriptions,
) -> None:
    first = await subscribed(subscribing)

    other = await subscribing.rotate("ttd", "case")

    assert other.secret not in {None, first.secret}
    now = other.webhook.rotated_at
    assert now is not None
    both = (other.webhook.secret_id, first.webhook.secret_id)
    assert other.webhook.secret_ids(now + timedelta(hours=23)) == both
    assert other.webhook.secret_ids(now + timedelta(hours=25)) == (other.webhook.secret_id,)


Asked = Callable[[WebhookSubscriptions], Awaitable[object]]


@pytest.mark.parametrize(
    "asked",
    [
        lambda it: it.webhook("skd", "case"),
        lambda it: it.rotate("skd", "case"),
        lambda it: it.resume("skd", "case"),
        lambda it: it.remove("skd", "case"),
    ],
    ids=["read", "rotated", "resumed", "removed"],
)
async def test_another_owners_webhook_is_as_absent_as_one_that_there_is_not(
    subscribing: WebhookSubscriptions, asked: Asked
) -> None:
    mine = await subscribed(subscribing)

    with pytest.raises(WebhookNotFoundError):
        await asked(subscribing)

    assert await subscribing.webhooks("ttd") == [mine.webhook]


async def test_a_webhook_that_is_let_go_on_is_as_it_was(subscribing: WebhookSubscriptions) -> None:
    mine = await subscribed(subscribing)

    assert await subscribing.resume("ttd", "case") == mine.webhook
