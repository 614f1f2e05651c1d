"""Admit what owners order, whichever way it comes in: unless they are stopped, or over their ceiling."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from datetime import UTC, datetime, time, timedelta
from typing import Final

import structlog
from msgspec import Struct

from application.known_owners import KnownOwners
from application.ordering.commands import MissingContactError, Standing
from application.ports.order_repository import StoreUnavailableError
from application.ports.owner_ledger import Amount, OwnerLedger, QuotaLimit
from application.ports.registries import RegistryUnavailableError
from domain.channel import ChannelChoice
from domain.order.errors import CannotBePlacedError
from domain.order.events import OrderId
from domain.order.placing import NewOrder
from domain.owner.record import OwnerRecord
from domain.sms_segments import segments

log = structlog.get_logger()

EVERYBODY: Final = "*"
"""Stands for every owner that has no ceiling of its own."""
_LOOKED_UP: Final = " looks up"
"""Follows the owner's name where its services' look-ups are counted; no owner's name has a space."""
_BY_SMS: Final = frozenset(
    {ChannelChoice.SMS, ChannelChoice.SMS_PREFERRED, ChannelChoice.EMAIL_AND_SMS}
)
_NO_LIMIT: Final = QuotaLimit()
_NOTHING_ORDERED: Final = (CannotBePlacedError, MissingContactError, RegistryUnavailableError)
"""Whatever else an order fails of, it may have been recorded."""


class QuotaExceededError(Exception):
    """The owner has ordered as much today as it may; nothing was ordered."""

    def __init__(self, standing: Standing) -> None:
        super().__init__("the owner has ordered as much today as it may")
        self.standing = standing


class LookupsExceededError(QuotaExceededError):
    """As many were looked up for the owner today as may be; nobody was looked up."""


class OwnerStoppedError(Exception):
    """An operator has stopped the owner; nothing was ordered."""


def amount_of(orders: Sequence[NewOrder]) -> Amount:
    """How much orders ask for; a text message that is only a second choice is not counted.

    Where it is given in several languages, nobody knows yet whose is whose: the longest counts.
    """
    recipients = sum(len(each.recipients) for each in orders)
    texts = sum(
        len(each.recipients) * max(segments(words.text).count for words in each.sms.words)
        for each in orders
        if each.sms is not None and each.channel in _BY_SMS
    )
    return Amount(recipients, texts)


class Admission:
    """Asked by every use case that places orders, before it places them: with the owner, and with all of it.

    Whatever an owner may not order, for what the orders say or for how many there are, is refused here.
    """

    def __init__(
        self,
        *,
        ledger: OwnerLedger,
        owners: KnownOwners,
        clock: Callable[[], datetime],
        quota_limits: Mapping[str, QuotaLimit],
    ) -> None:
        """Take the ceilings by owners' short names in small letters; `*` for everybody else."""
        self._ledger = ledger
        self._clock = clock
        self._ceilings = quota_limits
        self._owners = owners

    async def of(
        self, owner: str, orders: Sequence[NewOrder], order_id: OrderId | None = None
    ) -> AbstractAsyncContextManager["Admitted"]:
        """Admit orders before they are placed, and count them once for the id of the first of them.

        What was refused for good is taken off the count again; what may have been ordered, or may
        be asked for once more, is not.
        Orders without an id are counted each time they are asked for.

        Raises:
            OwnerStoppedError: an operator has stopped the owner.
            QuotaExceededError: it would be more than the owner may order today.
            StoreUnavailableError: try again later.
        """
        ceiling = self._ceiling(await self._going(owner))
        if ceiling.is_none:
            return nullcontext(Admitted())
        return self._counted(owner, amount_of(orders), ceiling, order_id)

    @asynccontextmanager
    async def of_lookups(self, owner: str, many: int, lookup_id: OrderId) -> AsyncIterator[None]:
        """Admit that a service of an owner looks so many up, and count them.

        They may be as many in a day as the owner may order to, and are counted apart from orders: whoever
        has a token for look-ups keeps nobody from ordering.

        Raises:
            OwnerStoppedError: an operator has stopped the owner.
            LookupsExceededError: they would be more than may be looked up today.
            StoreUnavailableError: try again later.
        """
        most = self._ceiling(await self._going(owner)).recipients
        if most is None:
            yield
            return
        try:
            async with self._counted(
                f"{owner}{_LOOKED_UP}", Amount(recipients=many), QuotaLimit(most), lookup_id
            ):
                yield
        except QuotaExceededError as refused:
            raise LookupsExceededError(refused.standing) from None

    async def _going(self, owner: str) -> OwnerRecord:
        """The record of an owner who is not stopped."""
        record = await self._owners.of(owner)
        if record.suspended_because is not None:
            raise OwnerStoppedError
        return record

    @asynccontextmanager
    async def _counted(
        self, counted_as: str, amount: Amount, ceiling: QuotaLimit, order_id: OrderId | None
    ) -> AsyncIterator["Admitted"]:
        now = self._clock().astimezone(UTC)
        day = now.date()
        resets_in = datetime.combine(day + timedelta(days=1), time(), UTC) - now
        used = await self._ledger.take(counted_as, day, amount, ceiling, order_id=order_id)
        if used is None:
            used = await self._ledger.used(counted_as, day)
            raise QuotaExceededError(Standing(ceiling=ceiling, used=used, resets_in=resets_in))
        admitted = Admitted(standing=Standing(ceiling=ceiling, used=used, resets_in=resets_in))
        try:
            yield admitted
        except _NOTHING_ORDERED:
            admitted.is_void = True
            raise
        finally:
            if admitted.is_void and order_id is not None:
                await self._give_back(order_id)

    def _ceiling(self, record: OwnerRecord) -> QuotaLimit:
        """How much an owner may order: what is agreed with it, or else what the installation says."""
        agreed = record.terms.limits
        usual = self._ceilings.get(record.owner) or self._ceilings.get(EVERYBODY, _NO_LIMIT)
        if agreed.recipients is None and agreed.sms_segments is None:
            return usual
        return QuotaLimit(
            usual.recipients if agreed.recipients is None else agreed.recipients,
            usual.segments if agreed.sms_segments is None else agreed.sms_segments,
        )

    async def _give_back(self, order_id: OrderId) -> None:
        try:
            await self._ledger.give_back(order_id)
        except StoreUnavailableError:
            log.warning("store_unavailable", does="leaves too much on an owner's count")


class Admitted(Struct):
    """What became of admitting orders."""

    standing: Standing | None = None
    """None where there is no ceiling."""
    is_void: bool = False
    """Whether this request ordered nothing new, so that it does not stand behind the count."""
