"""Webhooks in memory, and receivers without a network."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, TypeAlias

from adapters.memory.order_repository import InMemoryOrderRepository
from application.ports.status_feed import StatusFeed
from application.ports.webhooks import NotTaken, Webhook

_NEVER: Final = datetime.min.replace(tzinfo=UTC)


class InMemoryWebhooks:
    """Keeps the webhooks for one process."""

    def __init__(self, orders: InMemoryOrderRepository, feed: StatusFeed) -> None:
        self._orders = orders
        self._feed = feed
        self._kept: dict[tuple[str, str], Webhook] = {}

    async def put(
        self, owner: str, name: str, *, url: str, every_transition: bool, most: int, now: datetime
    ) -> Webhook | None:
        there = self._kept.get((owner, name))
        if there is None:
            if len(await self.of_owner(owner)) >= most:
                return None
            there = Webhook(
                owner=owner,
                name=name,
                url=url,
                every_transition=every_transition,
                position=max((each for each, _ in self._orders.follow(after=0)), default=0),
                due_at=now,
            )
        elif (there.url, there.every_transition) != (url, every_transition):
            changed = replace(there, url=url, every_transition=every_transition)
            there = _going_on(changed, now)
        self._kept[owner, name] = there
        return there

    async def of_owner(self, owner: str) -> Sequence[Webhook]:
        return [each for _, each in sorted(self._kept.items()) if each.owner == owner]

    async def resume(self, owner: str, name: str, *, now: datetime) -> bool:
        there = self._kept.get((owner, name))
        if there is not None and there.failures:
            self._kept[owner, name] = _going_on(there, now)
        return there is not None

    async def remove(self, owner: str, name: str) -> bool:
        return self._kept.pop((owner, name), None) is not None

    async def claim(self, *, limit: int, now: datetime, until: datetime) -> Sequence[Webhook]:
        ready = [
            each
            for each in sorted(self._kept.values(), key=lambda one: one.due_at)
            if each.disabled is None
            and max(each.due_at, each.leased_until or _NEVER) <= now
            and await self._has_more(each)
        ]
        lent = [replace(each, leased_until=until) for each in ready[:limit]]
        self._kept |= {(each.owner, each.name): each for each in lent}
        return lent

    async def keep(self, lent: Webhook, after: Webhook) -> bool:
        there = self._kept.get((lent.owner, lent.name))
        if there is None or _held(there) != _held(lent):
            return False
        self._kept[lent.owner, lent.name] = after
        return True

    async def _has_more(self, webhook: Webhook) -> bool:
        return bool(
            await self._feed.page(
                webhook.owner,
                after=webhook.position,
                size=1,
                is_descending=False,
                every_transition=webhook.every_transition,
            )
        )


def _held(webhook: Webhook) -> tuple[object, ...]:
    return webhook.leased_until, webhook.url, webhook.every_transition


def _going_on(webhook: Webhook, now: datetime) -> Webhook:
    return replace(webhook, failures=0, failing_since=None, failure=None, disabled=None, due_at=now)


Answer: TypeAlias = Callable[[str, str, bytes], Awaitable[NotTaken | None]]


class InMemoryReceivers:
    """Answers what receivers are told by a function of the address, the message's id and its body."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def refusal(self, url: str) -> str | None:
        return None if url.startswith("https://") else "not_https"

    async def tell(
        self,
        url: str,
        *,
        owner: str,
        message_id: str,
        at: datetime,  # noqa: ARG002  # nobody verifies
        body: bytes,
    ) -> NotTaken | None:
        del owner
        return await self._answer(url, message_id, body)
