"""What an operator may do to a running service; every act is on record before it is done."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol, assert_never

from application.envelope import Actor, Role
from application.operations.recorder import ActRecorder, reason_in_a_line
from application.ports.act_log import ActLog, RecordedAct
from application.ports.owner_ledger import OwnerLedger
from domain.operations.acts import (
    Act,
    AgendaRebuildBegun,
    HistoryRead,
    OrderRetried,
    OwnerResumed,
    OwnerSuspended,
    PersonLookedUp,
    ProjectionRebuildBegun,
    ProjectionRetried,
    RegistryImportBegun,
    RegistryImportEnded,
)
from domain.order.events import OrderId

EVERYBODY: Final[Collection[Role]] = frozenset(Role)


class StuckOrders(Protocol):
    """Knows the orders that are lent to nobody any more, and lends them again."""

    async def stuck(self) -> Sequence[OrderId]:
        """The orders that are lent to nobody any more, those first that have waited longest."""
        ...

    async def retry(self, order_id: OrderId) -> bool:
        """Lend a stuck order again; whether it was one."""
        ...


class OwnerService:
    """Suspends owners, and resumes them."""

    def __init__(self, *, ledger: OwnerLedger, recorder: ActRecorder) -> None:
        self._ledger = ledger
        self._recorder = recorder

    async def suspend(self, owner: str, *, by: Actor, reason: str) -> None:
        """Take nothing more of an owner in, and hand nothing of it over, until it is resumed.

        Large letters and small ones of its name are the same.

        Raises:
            ReasonMissingError: nobody would know why; nothing was done.
            StoreUnavailableError: try again later.
        """
        await self._recorder.record(OwnerSuspended(owner=owner.lower()), by=by, reason=reason)
        await self._ledger.stop(owner, reason_in_a_line(reason))

    async def resume(self, owner: str, *, by: Actor, reason: str) -> bool:
        """Let an owner go on; whether it had been suspended.

        Raises:
            ReasonMissingError: nobody would know why; nothing was done.
            StoreUnavailableError: try again later.
        """
        if owner.lower() not in await self._ledger.stopped():
            return False
        await self._recorder.record(OwnerResumed(owner=owner.lower()), by=by, reason=reason)
        return await self._ledger.let(owner)

    async def suspended(self) -> Mapping[str, str]:
        """The owners that are suspended, in small letters, each with the reason."""
        return await self._ledger.stopped()


class QuarantineService:
    """Shows the orders that nobody carries out any more, and lets them go on."""

    def __init__(self, *, orders: StuckOrders, recorder: ActRecorder) -> None:
        self._orders = orders
        self._recorder = recorder

    async def stuck(self) -> Sequence[OrderId]:
        """The orders that are lent to nobody any more, those first that have waited longest."""
        return await self._orders.stuck()

    async def retry(self, order_id: OrderId, *, by: Actor, reason: str) -> bool:
        """Let a stuck order be carried out again; whether it was stuck.

        Raises:
            ReasonMissingError: nobody would know why; nothing was done.
            StoreUnavailableError: try again later.
        """
        if order_id not in await self._orders.stuck():
            return False
        await self._recorder.record(OrderRetried(order_id=order_id), by=by, reason=reason)
        return await self._orders.retry(order_id)


class ActQueries:
    """Shows what was done, by whom, and why."""

    def __init__(self, *, log: ActLog) -> None:
        self._log = log

    async def latest(
        self, *, roles: Collection[Role] = EVERYBODY, since: datetime, most: int
    ) -> Sequence[RecordedAct]:
        """The latest acts of those who acted in one of the roles, from `since` on, newest first."""
        return await self._log.latest(roles=roles, since=since, most=most)


def in_words(act: Act) -> str:
    """What was done, as an operator would say it."""
    match act:
        case OwnerSuspended(owner=owner):
            return f"stopped the owner {owner}"
        case OwnerResumed(owner=owner):
            return f"let the owner {owner} again"
        case OrderRetried(order_id=order_id):
            return f"let the stuck order {order_id} be carried out again"
        case RegistryImportBegun(registry=registry, source="files", files=files):
            return f"began to load {files} files into the local copy of {registry}"
        case RegistryImportBegun(registry=registry):
            return f"began to bring the local copy of {registry} up to its feed"
        case RegistryImportEnded():
            return (
                f"loaded {act.pages} pages into the local copy of {act.registry}: {act.written} "
                f"entries written, {act.removed} removed, {act.quarantined} could not be read"
            )
        case ProjectionRebuildBegun(projection=projection):
            return f"began to make the projection {projection} anew"
        case ProjectionRetried(projection=projection):
            return f"offered what was set aside to {projection or 'every projection'} again"
        case AgendaRebuildBegun():
            return "began to make the agenda anew"
        case HistoryRead(order_id=order_id, as_at=None):
            return f"read the history of order {order_id}"
        case HistoryRead(order_id=order_id, as_at=moment):
            return f"read order {order_id} as it stood at {moment}"
        case PersonLookedUp():
            return (
                f"looked up what was sent to the {act.kind} {act.identity_hash[:12]}… "
                f"from {act.since:%Y-%m-%d} to {act.until:%Y-%m-%d}: {act.orders} orders"
            )
        case _:
            assert_never(act)
