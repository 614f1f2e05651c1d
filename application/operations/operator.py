"""What an operator may do to a running service; every act is on record before it is done."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, Protocol, assert_never

from application.envelope import Actor, Role
from application.operations.recorder import ActRecorder
from application.ports.act_log import ActLog, RecordedAct
from domain.operations.acts import (
    About,
    AboutOrdered,
    Act,
    AgendaRebuildBegun,
    ContactPointsLookedUp,
    HistoryRead,
    OfficialAddressChangeRequested,
    OrderRefused,
    OrderRetried,
    OwnerResumed,
    OwnerSuspended,
    PersonLookedUp,
    ProjectionRebuildBegun,
    ProjectionRetried,
    RecipientsLookedUp,
    RegistryEntryRead,
    RegistryImportBegun,
    RegistryImportEnded,
    RegistryRetryBegun,
    SuppressionLifted,
)
from domain.order.events import OrderId

EVERYBODY: Final[Collection[Role]] = frozenset(Role)

_NAMED: Final = 3
"""So many of those who were looked up together are named in words."""


class StuckOrders(Protocol):
    """Knows the orders that are leased to nobody any more, and leases them again."""

    async def quarantined(self) -> Sequence[OrderId]:
        """The orders that are leased to nobody any more, those first that have waited longest."""
        ...

    async def retry(self, order_id: OrderId) -> bool:
        """Lease a stuck order again; whether it was one."""
        ...


class QuarantineService:
    """Shows the orders that nobody carries out any more, and lets them go on."""

    def __init__(self, *, orders: StuckOrders, recorder: ActRecorder) -> None:
        self._orders = orders
        self._recorder = recorder

    async def quarantined(self) -> Sequence[OrderId]:
        """The orders that are leased to nobody any more, those first that have waited longest."""
        return await self._orders.quarantined()

    async def retry(self, order_id: OrderId, *, by: Actor, reason: str) -> bool:
        """Let a stuck order be carried out again; whether it was stuck.

        Raises:
            ReasonMissingError: nobody would know why; nothing was done.
            StoreUnavailableError: try again later.
        """
        if order_id not in await self._orders.quarantined():
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
            return f"suspended the owner {owner}"
        case OwnerResumed(owner=owner):
            return f"resumed the owner {owner}"
        case OrderRetried(order_id=order_id):
            return f"let the stuck order {order_id} be carried out again"
        case RegistryImportBegun(registry=registry, source="files", files=files):
            return f"began to load {files} files into the local copy of {registry}"
        case RegistryImportBegun(registry=registry, source="anew"):
            return f"began to load the local copy of {registry} anew, from its register's first change on"
        case RegistryImportBegun(registry=registry):
            return f"began to bring the local copy of {registry} up to its feed"
        case RegistryImportEnded():
            return (
                f"loaded {act.pages} pages into the local copy of {act.registry}: {act.written} "
                f"entries written, {act.removed} removed, {act.quarantined} could not be read"
            )
        case RegistryEntryRead():
            about = "" if act.identity_hash is None else f", about {act.identity_hash[:12]}…"
            return f"read entry {act.entry_id} of {act.registry}, which could not be read{about}"
        case RegistryRetryBegun(registry=registry):
            return f"had it tried again to read what could not be read of {registry or 'the registers'}"
        case ProjectionRebuildBegun(projection=projection):
            return f"began to rebuild the projection {projection}"
        case ProjectionRetried(projection=projection):
            return f"offered what was set aside to {projection or 'every projection'} again"
        case AgendaRebuildBegun():
            return "began to rebuild the agenda"
        case HistoryRead(order_id=order_id, as_at=None):
            return f"read the history of order {order_id}"
        case HistoryRead(order_id=order_id, as_at=moment):
            return f"read order {order_id} as it stood at {moment}"
        case PersonLookedUp():
            return (
                f"looked up what was sent to the {act.kind} {act.identity_hash[:12]}… "
                f"from {act.since:%Y-%m-%d} to {act.until:%Y-%m-%d}: {act.orders} orders"
            )
        case RecipientsLookedUp(about=about):
            return f"asked where to reach {_whom(about) or 'nobody who had to be looked up'}"
        case SuppressionLifted():
            return f"let the {act.channel} address {act.address_hash[:12]}… be used again"
        case OrderRefused(about=about):
            missing = [each for each in about if each.is_missing]
            why = dict.fromkeys(
                f"{one.source}: {one.reason}" for each in missing for one in each.not_used
            )
            return (
                f"was refused an order, since nobody can reach {_whom(missing)} ({'; '.join(why)})"
            )
        case ContactPointsLookedUp(wanted=wanted, about=about, resource=resource):
            which = "" if resource is None else f", about {resource}"
            return f"looked up contact points ({wanted.replace('_', ' ')}) of {len(about)}{which}"
        case OfficialAddressChangeRequested(organisation=organisation, change=change):
            return f"asked to {change} an official address of {organisation}"
        case _:
            assert_never(act)


def _whom(about: Sequence[About | AboutOrdered]) -> str:
    """Those who were looked up, by the beginnings of their hashes: a few of them, and how many more."""
    named = [f"{each.kind} {each.identity_hash[:12]}…" for each in about]
    more = [f"{len(named) - _NAMED} more"] if len(named) > _NAMED else []
    return ", ".join((*named[:_NAMED], *more))
