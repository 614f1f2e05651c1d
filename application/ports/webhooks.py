"""Owners' webhooks: where each wants its feed carried to, how far it has come, and the way there."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

SECRET_OVERLAP: Final = timedelta(hours=24)
"""For so long what is told is signed by the earlier secret, too, so that a receiver can change over."""


class Disabled(StrEnum):
    """Why a receiver is told nothing any more."""

    GONE = "gone"
    """It said so itself."""
    UNREACHABLE = "unreachable"
    """It took nothing, however often it was tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """An owner's wish to be told of its feed at an address, and how far it has been told."""

    owner: str
    name: str
    url: str = field(repr=False)
    every_transition: bool
    secret_id: UUID
    """Names the secret by which its receiver verifies what it is told; the secret itself is kept nowhere."""
    earlier_secret_id: UUID | None = None
    """The secret before, which is good for a day after another was asked for."""
    rotated_at: datetime | None = None
    """When another secret was asked for last."""
    is_proved: bool = False
    """Whether whoever answers at the address has shown that it wants to be told."""
    position: int
    """Of the last entry that was taken; at first, of what was recorded last."""
    failures: int = 0
    """How often the next entry has been tried in vain."""
    failing_since: datetime | None = None
    failure: str | None = None
    """What became of the last try in vain, by a stable code."""
    due_at: datetime
    """Before this moment it is told nothing."""
    disabled: Disabled | None = None
    leased_until: datetime | None = None
    """How long it is leased to a worker."""

    def secret_ids(self, now: datetime) -> Sequence[UUID]:
        """The secrets that are good now, the newest first."""
        if self.earlier_secret_id is None or self.rotated_at is None:
            return (self.secret_id,)
        is_good = now < self.rotated_at + SECRET_OVERLAP
        return (self.secret_id, self.earlier_secret_id) if is_good else (self.secret_id,)


class Webhooks(Protocol):
    """Keeps the webhooks of all owners, and leases each to one worker at a time.

    Raises:
        StoreUnavailableError: from every method: the store cannot be reached; try again later.
    """

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
        """Keep a webhook; None if the owner has as many as it may.

        A new one begins after everything that has been recorded, with the secret of that name.
        One that is there keeps its position and its secret; if anything else is asked of it than
        before, it goes on at once, and otherwise nothing changes. Another address has to be proved.
        """
        ...

    async def of_owner(self, owner: str) -> Sequence[Webhook]:
        """The owner's webhooks by their names."""
        ...

    async def resume(self, owner: str, name: str, *, now: datetime) -> bool:
        """Let a webhook that fails or is disabled go on at once, where it was; whether it is there."""
        ...

    async def rotate(self, owner: str, name: str, *, secret_id: UUID, now: datetime) -> bool:
        """Give a webhook another secret; the one before stays good for a day; whether it is there."""
        ...

    async def remove(self, owner: str, name: str) -> bool:
        """Forget a webhook; whether it was there."""
        ...

    async def claim(self, *, limit: int, now: datetime, until: datetime) -> Sequence[Webhook]:
        """Lease webhooks that are due and have entries ahead, or an address to be proved.

        Those come first that have waited longest.

        An entry may be overlooked until the feed has come so far as to give it.
        None is leased to anybody else before `until`; a dead worker's come back by themselves.
        """
        ...

    async def keep(self, lent: Webhook, after: Webhook) -> bool:
        """Keep what has become of a webhook that is leased; whether it was kept.

        Nothing is if it is leased no more, or its owner has meanwhile asked for something else.
        """
        ...


@dataclass(frozen=True, slots=True)
class DeliveryFailure:
    """A receiver did not take what it was told, and why, by a stable code."""

    code: str
    is_gone: bool = False
    """Whether it wants to be told nothing any more."""


class WebhookClient(Protocol):
    """The way to the receivers of webhooks, whoever chose their addresses."""

    def refusal(self, url: str) -> str | None:
        """Why an address would never be called, wherever it leads, by a stable code."""
        ...

    def secret(self, secret_id: UUID) -> str:
        """The secret of that name, as Standard Webhooks writes it (`whsec_…`): the same for ever."""
        ...

    def challenge(self, webhook: Webhook) -> str:
        """What whoever answers at a webhook's address has to send back; nobody else can know it."""
        ...

    async def prove(
        self, webhook: Webhook, *, message_id: str, at: datetime, body: bytes
    ) -> DeliveryFailure | None:
        """Send a webhook's challenge to its address, signed; None if it came back, and never an exception.

        It comes back as the text of the answer, or as the member `challenge` of a JSON object.
        """
        ...

    async def deliver(
        self, webhook: Webhook, *, message_id: str, at: datetime, body: bytes
    ) -> DeliveryFailure | None:
        """Tell a webhook's receiver something, signed; None if it took it, and never an exception.

        It took it if it answered so in time (2xx); where it sends us instead, nobody goes.
        An address that must not be called is not called.
        """
        ...
