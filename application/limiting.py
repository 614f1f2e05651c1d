"""Hold owners to what they may order in a day, and to an operator's stop."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final

from application.commands import NewOrder
from application.ports.owner_ledger import Amount, Ceiling, OwnerLedger
from application.stopping import StoppedOwners
from domain.channel import ChannelChoice
from domain.sms_segments import segments

EVERYBODY: Final = "*"
"""Stands for every owner that has no ceiling of its own."""
_BY_SMS: Final = frozenset(
    {ChannelChoice.SMS, ChannelChoice.SMS_PREFERRED, ChannelChoice.EMAIL_AND_SMS}
)


class OverCeilingError(Exception):
    """The owner has ordered as much today as it may; nothing was ordered."""

    def __init__(self, standing: "Standing") -> None:
        super().__init__("the owner has ordered as much today as it may")
        self.standing = standing


class OwnerStoppedError(Exception):
    """An operator has stopped the owner; nothing was ordered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an owner stands against its ceiling."""

    ceiling: Ceiling
    used: Amount
    resets_in: timedelta
    """After so long a new day begins (UTC)."""


def amount_of(orders: Sequence[NewOrder]) -> Amount:
    """How much orders ask for; a text message that is only a second choice is not counted."""
    recipients = sum(len(each.recipients) for each in orders)
    texts = sum(
        len(each.recipients) * segments(each.sms.body.text).count
        for each in orders
        if each.sms is not None and each.channel in _BY_SMS
    )
    return Amount(recipients, texts)


class LimitingService:
    """Counts what owners order, where there is a ceiling."""

    def __init__(
        self,
        *,
        ledger: OwnerLedger,
        stopped: StoppedOwners,
        clock: Callable[[], datetime],
        ceilings: Mapping[str, Ceiling],
    ) -> None:
        """Take the ceilings by owners' short names in small letters; `*` for everybody else."""
        self._ledger = ledger
        self._clock = clock
        self._ceilings = ceilings
        self._stopped = stopped

    @asynccontextmanager
    async def ordering(self, owner: str, orders: Sequence[NewOrder]) -> AsyncIterator["Counted"]:
        """Count orders while they are placed; what fails, or was ordered before, is not counted.

        Raises:
            OwnerStoppedError: an operator has stopped the owner.
            OverCeilingError: it would be more than the owner may order today.
            StoreUnavailableError: try again later.
        """
        if await self._stopped.includes(owner):
            raise OwnerStoppedError
        ceiling = self._ceilings.get(owner.lower(), self._ceilings.get(EVERYBODY, Ceiling()))
        counted = Counted()
        if ceiling.is_none:
            yield counted
            return
        now = self._clock().astimezone(UTC)
        day, amount = now.date(), amount_of(orders)
        resets_in = datetime.combine(day + timedelta(days=1), time(), UTC) - now
        used = await self._ledger.take(owner, day, amount, ceiling)
        if used is None:
            used = await self._ledger.used(owner, day)
            raise OverCeilingError(Standing(ceiling=ceiling, used=used, resets_in=resets_in))
        counted.standing = Standing(ceiling=ceiling, used=used, resets_in=resets_in)
        try:
            yield counted
        except BaseException:
            counted.is_void = True
            raise
        finally:
            if counted.is_void:
                await self._ledger.give_back(owner, day, amount)


@dataclass(slots=True)
class Counted:
    """What became of counting an order."""

    standing: Standing | None = None
    """None where there is no ceiling."""
    is_void: bool = False
    """Whether nothing new was ordered, so that nothing is counted."""
