"""Carry the status feed to the receivers of webhooks: each entry in order, none left out."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from application.ports.order_repository import StoreUnavailableError
from application.ports.webhooks import DeliveryFailure, Disabled, Webhook, WebhookClient, Webhooks
from application.queries.status_feed import Entry, StatusFeedQueries

log = structlog.get_logger()

PLAN: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
"""How long it takes until the next try after each in vain, as Standard Webhooks asks: 75 hours."""
_JITTER: Final = 0.1

_LEASE: Final = timedelta(seconds=60)
_LONGEST: Final = timedelta(seconds=30)
"""Beyond all that a call and its record can take; what cannot be over within the lease is not begun."""
_PAGE: Final = 200
_POLL: Final = 0.5


class WebhookPublisher:
    """Tells each receiver by itself; one that is slow or away keeps nobody else waiting."""

    def __init__(
        self,
        *,
        webhooks: Webhooks,
        receivers: WebhookClient,
        following: StatusFeedQueries,
        write: Callable[[Webhook, Entry], bytes],
        write_challenge: Callable[[Webhook, str, datetime], bytes],
        clock: Callable[[], datetime],
        chance: Callable[[], float],
    ) -> None:
        """Take what is needed; `write` puts an entry into the words of the wire, `write_challenge` a challenge."""
        self._webhooks = webhooks
        self._receivers = receivers
        self._following = following
        self._write = write
        self._write_challenge = write_challenge
        self._clock = clock
        self._chance = chance

    async def run(self, *, capacity: int = 50) -> None:
        """Tell whoever has to be told, so many at once, until cancelled."""
        in_hand: set[asyncio.Task[None]] = set()
        try:
            while True:
                try:
                    for webhook in await self._claim(capacity - len(in_hand)):
                        task = asyncio.create_task(self._tell(webhook))
                        in_hand.add(task)
                        task.add_done_callback(in_hand.discard)
                except StoreUnavailableError:
                    log.warning("store_unavailable", does="waits, then looks for webhooks again")
                await asyncio.sleep(_POLL)
        finally:
            for task in in_hand:
                task.cancel()
            await asyncio.gather(*in_hand, return_exceptions=True)

    async def run_until_idle(self) -> None:
        """Tell whoever has to be told now, and return when nobody has."""
        while lent := await self._claim(500):
            await asyncio.gather(*map(self._tell, lent))

    async def _claim(self, limit: int) -> Sequence[Webhook]:
        now = self._clock()
        return await self._webhooks.claim(limit=limit, now=now, until=now + _LEASE)

    async def _tell(self, webhook: Webhook) -> None:
        """A turn of one webhook; whatever goes wrong with it is left to its lease, and to it alone."""
        try:
            await self._take_turn(webhook)
        except Exception as error:  # noqa: BLE001  # as above
            log.warning("webhook_put_off", **_named(webhook), because=type(error).__name__)

    async def _take_turn(self, webhook: Webhook) -> None:
        if not webhook.is_proved:
            proved = await self._prove(webhook)
            if proved is None:
                return
            webhook = proved
        async for entry in self._entries(webhook):
            answer = await self._receivers.deliver(
                webhook,
                message_id=f"{entry.order_id}_{entry.position}",
                at=self._clock(),
                body=self._write(webhook, entry),
            )
            if answer is not None:
                await self._webhooks.keep(webhook, self._after_failure(webhook, answer))
                return
            after = replace(
                webhook, position=entry.position, failures=0, failing_since=None, failure=None
            )
            if not await self._webhooks.keep(webhook, after):
                return
            webhook = after
        # Behind everybody else who waits.
        given_back = replace(webhook, due_at=self._clock(), leased_until=None)
        await self._webhooks.keep(webhook, given_back)

    async def _prove(self, webhook: Webhook) -> Webhook | None:
        """Have an address show that it wants to be told; None if it has not, or the lease is over."""
        now = self._clock()
        challenge = self._receivers.challenge(webhook)
        answer = await self._receivers.prove(
            webhook,
            message_id=f"challenge_{webhook.secret_id}",
            at=now,
            body=self._write_challenge(webhook, challenge, now),
        )
        if answer is not None:
            await self._webhooks.keep(webhook, self._after_failure(webhook, answer))
            return None
        proved = replace(webhook, is_proved=True, failures=0, failing_since=None, failure=None)
        return proved if await self._webhooks.keep(webhook, proved) else None

    async def _entries(self, webhook: Webhook) -> AsyncIterator[Entry]:
        """What is ahead of a webhook, as far as there is time for it in this turn."""
        position, ends_at = webhook.position, (webhook.leased_until or self._clock()) - _LONGEST
        is_more = True
        while is_more:
            is_more = False
            page = self._following.feed(
                webhook.owner,
                after=position,
                size=_PAGE,
                every_transition=webhook.every_transition,
            )
            async with aclosing(page):
                async for some in page:
                    for entry in some:
                        if self._clock() >= ends_at:
                            return
                        yield entry
                        position, is_more = entry.position, True

    def _after_failure(self, webhook: Webhook, answer: DeliveryFailure) -> Webhook:
        now, failures = self._clock(), webhook.failures + 1
        disabled: Disabled | None = None
        due_at = now
        if answer.is_gone:
            disabled = Disabled.GONE
        elif failures > len(PLAN):
            disabled = Disabled.UNREACHABLE
        else:
            due_at += PLAN[failures - 1] * (1 + _JITTER * self._chance())
        told = {"because": answer.code, "tries": failures}
        if disabled is None:
            log.warning("webhook_failed", **_named(webhook), **told)
        else:
            log.warning("webhook_disabled", **_named(webhook), **told, reason=disabled.value)
        return replace(
            webhook,
            failures=failures,
            failing_since=webhook.failing_since or now,
            failure=answer.code,
            due_at=due_at,
            disabled=disabled,
            leased_until=None,
        )


def _named(webhook: Webhook) -> dict[str, str]:
    """A webhook as the log names it; its address may hold a secret."""
    return {"owner": webhook.owner, "webhook": webhook.name}
