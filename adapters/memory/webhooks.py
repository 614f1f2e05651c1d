"""Webhooks in memory, and receivers without a network."""

import base64
import hmac
import secrets
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, TypeAlias
from uuid import UUID

from adapters.memory.order_repository import InMemoryOrderRepository
from application.ports.status_feed import StatusFeed
from application.ports.webhooks import DeliveryFailure, Webhook

_NEVER: Final = datetime.min.replace(tzinfo=UTC)


class InMemoryWebhooks:
    """Keeps the webhooks for one process."""

    def __init__(self, orders: InMemoryOrderRepository, feed: StatusFeed) -> None:
        self._orders = orders
        self._feed = feed
        self._kept: dict[tuple[str, str], Webhook] = {}

    async def put(
        self,
        owner: str,
        name: str,
        *,
        url: str,
        every_transition: bool,
        secret_id: UUID,
        most: int,
        now: datetime,
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
                secret_id=secret_id,
                position=max((each for each, _ in self._orders.follow(after=0)), default=0),
                due_at=now,
            )
        elif (there.url, there.every_transition) != (url, every_transition):
            is_proved = there.is_proved and there.url == url
            changed = replace(
                there, url=url, every_transition=every_transition, is_proved=is_proved
            )
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

    async def rotate(self, owner: str, name: str, *, secret_id: UUID, now: datetime) -> bool:
        there = self._kept.get((owner, name))
        if there is not None:
            self._kept[owner, name] = replace(
                there,
                secret_id=secret_id,
                earlier_secret_id=there.secret_id,
                rotated_at=now,
            )
        return there is not None

    async def remove(self, owner: str, name: str) -> bool:
        return self._kept.pop((owner, name), None) is not None

    async def claim(self, *, limit: int, now: datetime, until: datetime) -> Sequence[Webhook]:
        ready = [
            each
            for each in sorted(self._kept.values(), key=lambda one: one.due_at)
            if each.disabled is None
            and max(each.due_at, each.leased_until or _NEVER) <= now
            and (not each.is_proved or await self._has_more(each))
        ]
        lent = [replace(each, leased_until=until) for each in ready[:limit]]
        self._kept |= {(each.owner, each.name): each for each in lent}
        return lent

    async def keep(self, lent: Webhook, after: Webhook) -> bool:
        there = self._kept.get((lent.owner, lent.name))
        if there is None or _held(there) != _held(lent):
            return False
        self._kept[lent.owner, lent.name] = replace(
            after,
            secret_id=there.secret_id,
            earlier_secret_id=there.earlier_secret_id,
            rotated_at=there.rotated_at,
        )
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


Answer: TypeAlias = Callable[[str, str, bytes], Awaitable[DeliveryFailure | None]]


class InMemoryWebhookClient:
    """Answers what receivers are told by a function of the address, the message's id and its body.

    Every address is proved that is not among the `unproved`.
    """

    def __init__(self, answer: Answer, *, unproved: Collection[str] = ()) -> None:
        self._answer = answer
        self._unproved = unproved
        self._key = secrets.token_bytes(32)

    def refusal(self, url: str) -> str | None:
        return None if url.startswith("https://") else "not_https"

    def secret(self, secret_id: UUID) -> str:
        derived = hmac.digest(self._key, secret_id.bytes, "sha256")
        return f"whsec_{base64.b64encode(derived).decode()}"

    def challenge(self, webhook: Webhook) -> str:
        meant = f"{webhook.secret_id} {webhook.url}".encode()
        return hmac.digest(self._key, meant, "sha256").hex()

    async def prove(
        self,
        webhook: Webhook,
        *,
        message_id: str,  # noqa: ARG002  # nobody keeps it
        at: datetime,  # noqa: ARG002  # nobody verifies
        body: bytes,
    ) -> DeliveryFailure | None:
        is_challenged = self.challenge(webhook).encode() in body
        is_proved = is_challenged and webhook.url not in self._unproved
        return None if is_proved else DeliveryFailure("challenge_not_answered")

    async def deliver(
        self,
        webhook: Webhook,
        *,
        message_id: str,
        at: datetime,  # noqa: ARG002  # nobody verifies
        body: bytes,
    ) -> DeliveryFailure | None:
        return await self._answer(webhook.url, message_id, body)
