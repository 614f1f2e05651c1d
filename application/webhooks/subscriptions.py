"""Let owners have their feed carried to them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from application.ports.webhooks import Webhook, WebhookClient, Webhooks

MOST: Final = 5
"""So many webhooks an owner may have."""


class WebhookNotFoundError(Exception):
    """The owner has no webhook of that name."""


class TooManyWebhooksError(Exception):
    """The owner has as many webhooks as it may; nothing was changed."""


class UnfitAddressError(Exception):
    """The address would never be called, and why, by a stable code; nothing was changed."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Subscription:
    """A webhook, and its secret where it is told."""

    webhook: Webhook
    secret: str | None = field(default=None, repr=False)


class WebhookSubscriptions:
    """Keeps the webhooks of owners."""

    def __init__(
        self,
        *,
        webhooks: Webhooks,
        receivers: WebhookClient,
        clock: Callable[[], datetime],
        next_id: Callable[[], UUID],
    ) -> None:
        self._webhooks = webhooks
        self._receivers = receivers
        self._clock = clock
        self._next_id = next_id

    async def subscribe(
        self, owner: str, name: str, *, url: str, every_transition: bool
    ) -> Subscription:
        """Carry the owner's feed to an address from now on; one that is there keeps its place in it.

        The secret of a new one is told this once. Before anything is told there, the address has to
        answer a challenge.

        Raises:
            UnfitAddressError: it is never called.
            TooManyWebhooksError: one must be removed first.
        """
        if (code := self._receivers.refusal(url)) is not None:
            raise UnfitAddressError(code)
        secret_id = self._next_id()
        kept = await self._webhooks.put(
            owner,
            name,
            url=url,
            every_transition=every_transition,
            secret_id=secret_id,
            most=MOST,
            now=self._clock(),
        )
        if kept is None:
            raise TooManyWebhooksError
        is_new = kept.secret_id == secret_id
        return Subscription(kept, self._receivers.secret(secret_id) if is_new else None)

    async def webhooks(self, owner: str) -> Sequence[Webhook]:
        """The owner's webhooks by their names."""
        return await self._webhooks.of_owner(owner)

    async def webhook(self, owner: str, name: str) -> Webhook:
        """One of the owner's webhooks.

        Raises:
            WebhookNotFoundError: there is none of that name.
        """
        for each in await self._webhooks.of_owner(owner):
            if each.name == name:
                return each
        raise WebhookNotFoundError

    async def rotate(self, owner: str, name: str) -> Subscription:
        """Give a webhook another secret, which is told this once; the one before is good for a day.

        Raises:
            WebhookNotFoundError: there is none of that name.
        """
        secret_id = self._next_id()
        if not await self._webhooks.rotate(owner, name, secret_id=secret_id, now=self._clock()):
            raise WebhookNotFoundError
        return Subscription(await self.webhook(owner, name), self._receivers.secret(secret_id))

    async def resume(self, owner: str, name: str) -> Webhook:
        """Let a webhook that fails or is disabled go on at once, where it was.

        Raises:
            WebhookNotFoundError: there is none of that name.
        """
        if not await self._webhooks.resume(owner, name, now=self._clock()):
            raise WebhookNotFoundError
        return await self.webhook(owner, name)

    async def remove(self, owner: str, name: str) -> None:
        """Carry the feed there no more.

        Raises:
            WebhookNotFoundError: there is none of that name.
        """
        if not await self._webhooks.remove(owner, name):
            raise WebhookNotFoundError
