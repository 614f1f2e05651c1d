"""Carry orders out: follow the agenda, find contact points, hand notifications over."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

import structlog

from application.delivery.contact_lookup import ContactLookup, LookupRequest
from application.delivery.handover import HandoverService, OrderSession, attempts_in
from application.delivery.leased_orders import CarriedOut, LeasedOrders
from application.known_owners import KnownOwners
from application.ports.agenda import Agenda, Lease
from application.ports.chain_index import ChainIndex
from application.ports.order_repository import (
    ConcurrentUpdateError,
    OrderRepository,
    SpoiltHistoryError,
    StoreUnavailableError,
)
from application.ports.registries import RegistryUnavailableError
from application.ports.send_condition import NoAnswer, NotYetAsked, SendCondition
from application.turns import OwnersTurns
from domain.order.events import NotificationGivenUp, OrderEvent, OrderId, OrderKind
from domain.order.order import CHUNK, Lane, Order, duplicate
from domain.order.state import OrderStatus
from domain.order.steps import (
    AttemptNotifications,
    CheckCondition,
    Finished,
    LookUpOutcomes,
    RecordTimeouts,
    ResolveRecipients,
    WaitUntil,
)
from domain.personal import Identifier
from domain.recipient import Direct, RecipientNo
from domain.resolution import Finding, resolve

log = structlog.get_logger()

_STEPS: Final = 100
"""An order that asks for more steps than this in one go yields to the others."""
_GATHER: Final = 0.02
"""Seconds in which what is done, and what has become due, gathers for one look at the agenda.

A look is four questions to the database, however many orders they are about. Instant orders do not wait
for it: whoever takes them in hands them over.
"""
_SHARE: Final = 4
"""Of one owner's orders a worker has this part of its capacity in hand at most, in each lane."""
_READ_AT_ONCE: Final = 2
"""Large orders are read so many at once: others need the store, too."""
_LARGE: Final = 64 * 1024
"""More characters than so many are much to hand over at once."""
_LOOK_FOR_OVERDUE: Final = timedelta(seconds=60)
_TELL_WAITING: Final = timedelta(seconds=60)
_LAST: Final = 20.0
"""Seconds in which what is in hand may come to its end before the process does."""


@dataclass(frozen=True, slots=True)
class _Read:
    """Orders that could be read, and what was found for those that need it first."""

    orders: Mapping[OrderId, Order]
    findings: Mapping[OrderId, Mapping[RecipientNo, Finding]]


class Dispatcher:
    """Does for each order that is due what it needs next."""

    def __init__(
        self,
        *,
        orders: OrderRepository,
        agenda: Agenda,
        look_up: ContactLookup,
        condition: SendCondition,
        hand_over: HandoverService,
        owners: KnownOwners,
        chains: ChainIndex,
        clock: Callable[[], datetime],
        worker: str,
    ) -> None:
        self._orders = orders
        self._agenda = agenda
        self._look_up = look_up
        self._condition = condition
        self._hand_over = hand_over
        self._owners = owners
        self._chains = chains
        self._clock = clock
        self._timing = hand_over.timing
        self._leased = LeasedOrders(
            agenda=agenda,
            begin=self._begin,
            lease=self._timing.lease,
            clock=clock,
            worker=worker,
        )
        self._reading = asyncio.Semaphore(_READ_AT_ONCE)
        self._turns = OwnersTurns()
        self._known_as_stuck: frozenset[OrderId] = frozenset()
        self._is_ending = False
        self._has_lost_answers = False
        self._waiting = Counter[str]()
        """How often orders were put off for each register since operators were told."""
        self._waiting_told_at: dict[str, datetime] = {}
        self._redeliveries_at = self._overdue_at = datetime.min.replace(tzinfo=UTC)

    async def run(self, *, capacity: int = 500, batch: int = 250) -> None:
        """Carry out whatever is due, until cancelled; what is in hand then is brought to its end."""
        self._let_others_return()
        try:
            while True:
                try:
                    await self._turn(capacity, batch)
                except StoreUnavailableError:
                    log.warning("store_unavailable", does="waits, then looks at the agenda again")
                    self._has_lost_answers = True
                    self._let_others_return()
                    await asyncio.sleep(self._timing.poll)
        finally:
            await self._end()

    def _let_others_return(self) -> None:
        """Take nobody's orders for suspects before the living have had time to give theirs back."""
        self._redeliveries_at = self._clock() + self._timing.lease

    async def run_until_idle(self) -> None:
        """Carry out whatever is due now, and return when nothing is."""
        while (
            await self._leased.claim(limit=500, most=500)
            or await self._leased.claim_redeliveries()
            or await self._leased.claim_overdue()
        ):
            await asyncio.gather(*self._leased.tasks, return_exceptions=True)
            await self._leased.release()

    async def _turn(self, capacity: int, batch: int) -> None:
        if self._has_lost_answers:
            # A claim may have been granted, and not one of its orders be known here.
            await self._leased.release_unacknowledged()
            self._has_lost_answers = False
        await self._leased.release()
        await self._leased.keep()
        await self._look_for_redeliveries()
        await self._look_for_overdue()
        room, looked_at = capacity - len(self._leased), self._clock()
        most = -(-capacity // _SHARE)
        if room > 0 and await self._leased.claim(limit=min(room, batch), most=most) == batch:
            return  # there is more
        seconds = await self._until_next(looked_at)
        # Not for each of the tasks: there are hundreds, and a turn every few milliseconds.
        waiting = [
            asyncio.ensure_future(self._agenda.wait(seconds)),
            asyncio.ensure_future(self._leased.something_done()),
        ]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()
        await asyncio.sleep(_GATHER)

    async def _until_next(self, looked_at: datetime) -> float:
        """Seconds until the agenda is to be looked at again, though nothing calls for it.

        A worker with empty hands is there as soon as the next order is due.
        """
        if len(self._leased):
            return self._timing.poll  # what is in hand calls for it, and is done soon
        due = await self._agenda.next_due()
        if due is None or due <= looked_at:
            # What was due and was not leased may be so for long: its owner is suspended.
            return self._timing.poll
        return min(self._timing.poll, max(0.0, (due - self._clock()).total_seconds()))

    async def _end(self) -> None:
        """Let what is being handed over come to its end, begin nothing new, and give all back."""
        self._is_ending = True
        if tasks := self._leased.tasks:
            await asyncio.wait(tasks, timeout=_LAST)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        with suppress(StoreUnavailableError):
            await self._leased.release()

    async def _look_for_redeliveries(self) -> None:
        """Carry out what may kill its worker: with empty hands, if they are empty in a moment."""
        now = self._clock()
        if now < self._redeliveries_at:
            return
        self._redeliveries_at = now + timedelta(seconds=self._timing.poll)
        stuck = frozenset(await self._agenda.quarantined())
        for order_id in stuck - self._known_as_stuck:
            log.critical("order_stuck", order_id=str(order_id), see="varsel orders stuck")
        self._known_as_stuck = stuck
        if await self._agenda.has_redeliveries(now):
            await self._leased.empty_hands()
            await self._leased.claim_redeliveries()
            await self._leased.empty_hands()
            await self._leased.release()

    async def _look_for_overdue(self) -> None:
        now = self._clock()
        if now >= self._overdue_at:
            self._overdue_at = now + _LOOK_FOR_OVERDUE
            await self._leased.claim_overdue()

    def _begin(self, leased: Mapping[OrderId, Lease]) -> Mapping[OrderId, asyncio.Task[CarriedOut]]:
        """Take orders in hand. Nobody waits until they have been read: large ones take long.

        Small ones are read together, and large ones one after another, each owner's by itself.
        """
        small = [each for each, lease in leased.items() if lease.lane is not Lane.BULK]
        together = asyncio.ensure_future(self._read(small))
        tasks: dict[OrderId, asyncio.Task[CarriedOut]] = {}
        for order_id, lease in leased.items():
            read: Callable[[], Awaitable[_Read]] = partial(asyncio.shield, together)
            if lease.lane is Lane.BULK:
                read = partial(self._read_large, order_id, lease.owner)
            tasks[order_id] = asyncio.create_task(self._in_hand(order_id, read))
        return tasks

    async def _read(self, order_ids: Sequence[OrderId]) -> _Read:
        orders = await self._load(order_ids) if order_ids else {}
        return _Read(orders, await self._find_together(list(orders.values())))

    async def _read_large(self, order_id: OrderId, owner: str) -> _Read:
        # Its turn comes first: whoever waits for that takes no place from another owner's.
        async with self._turns.of(owner, is_large=True), self._reading:
            return _Read(await self._load([order_id]), {})

    async def _load(self, order_ids: Sequence[OrderId]) -> Mapping[OrderId, Order]:
        try:
            return await self._orders.load(order_ids)
        except SpoiltHistoryError:
            if len(order_ids) == 1:
                log.error("history_spoilt", order_id=str(order_ids[0]))  # noqa: TRY400  # no trace
                return {}
        each = [await self._load([order_id]) for order_id in order_ids]
        return {order_id: order for found in each for order_id, order in found.items()}

    async def _find_together(
        self, orders: Sequence[Order]
    ) -> Mapping[OrderId, Mapping[RecipientNo, Finding]]:
        """Look up at once everybody whom these orders need first."""
        now = self._clock()
        needed = [
            (order, step.recipients)
            for order in orders
            if isinstance(step := order.next_step(now), ResolveRecipients)
        ]
        wanted = [(order, each) for order, numbers in needed for each in numbers]
        try:
            # Who may hear of it each order asks for itself: that may take its time, and is nobody
            # else's wait.
            found = await self._look_up.registered([_wanted(*each) for each in wanted])
        except RegistryUnavailableError:
            return {}  # each order asks for itself, and those that need nobody go on
        findings: dict[OrderId, dict[RecipientNo, Finding]] = {}
        for (order, recipient_no), finding in zip(wanted, found, strict=True):
            findings.setdefault(order.order_id, {})[recipient_no] = finding
        return findings

    async def _in_hand(self, order_id: OrderId, read: Callable[[], Awaitable[_Read]]) -> CarriedOut:
        try:
            try:
                known = await read()
            except StoreUnavailableError:
                return CarriedOut()  # it is given back at once
            if (order := known.orders.get(order_id)) is None:
                return CarriedOut(is_suspect=True)
            return CarriedOut(until=await self._carry_out(order, known.findings.get(order_id, {})))
        except RegistryUnavailableError as outage:
            # It is somebody else's trouble, and not the order's.
            self._tell_waiting(outage)
            return CarriedOut(until=self._clock() + self._timing.lease, waits_for=outage.registry)
        except StoreUnavailableError as error:
            log.warning("order_put_off", because=type(error).__name__)
            return CarriedOut(until=self._clock() + self._timing.lease)
        except Exception as error:  # noqa: BLE001  # whatever it is, it is this order's alone
            log.error("order_failed", because=type(error).__name__)  # noqa: TRY400  # no trace
            return CarriedOut(is_suspect=True)

    def _tell_waiting(self, outage: RegistryUnavailableError) -> None:
        """Tell operators that orders wait for a register: how many, now and then, since they may be many."""
        registry, now = outage.registry, self._clock()
        self._waiting[registry] += 1
        if now >= self._waiting_told_at.get(registry, now):
            log.warning(
                "orders_wait_for_registry",
                registry=registry,
                because=str(outage),
                put_off=self._waiting.pop(registry),
            )
            self._waiting_told_at[registry] = now + _TELL_WAITING

    async def _may_leave(self, order: Order) -> bool:
        """Whether hand-overs may begin: the process goes on, and the owner is not suspended."""
        return not self._is_ending and not await self._owners.is_suspended(order.placed.owner)

    async def _carry_out(
        self, order: Order, found: Mapping[RecipientNo, Finding]
    ) -> datetime | None:
        """Do what an order needs; until when it waits if nothing was recorded of it."""
        unit = OrderSession(order)
        until: datetime | None = None
        try:
            await self._follow_main(unit)
            for _ in range(_STEPS):
                now = self._clock()
                match unit.order.next_step(now):
                    case CheckCondition(url=url):
                        answer = await self._condition.check(url, owner=unit.order.placed.owner)
                        if isinstance(answer, NotYetAsked):
                            until = now + timedelta(seconds=self._timing.poll)
                            break
                        told = answer.reason if isinstance(answer, NoAnswer) else answer
                        unit.apply(unit.order.record_condition(told, now), now)
                    case ResolveRecipients(recipients=recipients):
                        unit.apply(await self._resolve(unit.order, recipients, found, now), now)
                        if unit.unrecorded >= CHUNK:
                            # A longer append would keep everybody else's waiting meanwhile.
                            await unit.commit(self._orders)
                    case RecordTimeouts():
                        settled = unit.order.record_timeouts(
                            now, report_wait=self._timing.report_wait
                        )
                        _tell_given_up(unit.order, settled)
                        unit.apply(settled, now)
                    case AttemptNotifications() if not await self._may_leave(unit.order):
                        # The agenda lends nothing of who is suspended: it knows more than we yet do.
                        until = (
                            None if self._is_ending else now + timedelta(seconds=self._timing.poll)
                        )
                        break
                    case AttemptNotifications(notifications=notifications):
                        claimed = await self._hand_over.claim(unit.order, notifications, now)
                        if not claimed:
                            # All that is due is bound to a provider that there is not any more.
                            until = now + self._timing.look_up_every
                            break
                        unit.apply(claimed, now)
                        is_large = _is_large(unit.order, len(notifications))
                        async with self._turns.of(unit.order.placed.owner, is_large=is_large):
                            # Before the first byte leaves; and only one worker can.
                            await unit.commit(self._orders)
                            await self._hand_over.send(unit, attempts_in(claimed))
                    case LookUpOutcomes(notifications=notifications):
                        learned = await self._hand_over.look_up(unit.order, notifications)
                        if not learned:
                            again = now + self._timing.look_up_every
                            until = min(unit.order.wakes_at(now), again)
                            break
                        unit.apply(learned, now)
                    case WaitUntil(moment=moment):
                        # Never a moment that has passed: nothing may turn on the spot.
                        until = max(moment, now + timedelta(seconds=self._timing.poll))
                        break
                    case Finished():
                        break
            await unit.commit(self._orders)
        except ConcurrentUpdateError:
            # Somebody else has recorded something of this order; it is still on the agenda,
            # and is read again the next time that it is claimed.
            log.info("order_changed_meanwhile", order_id=str(order.order_id))
            return None
        return until if unit.order.version == order.version else None

    async def _follow_main(self, unit: OrderSession) -> None:
        """Withdraw a reminder that has become due, if what it reminds of was never sent."""
        order, now = unit.order, self._clock()
        if order.placed.kind is not OrderKind.REMINDER:
            return
        is_due = not isinstance(order.next_step(now), WaitUntil | Finished)
        if order.status is not OrderStatus.REGISTERED or not is_due:
            return
        if (main_id := await self._reminds_of(order)) is None:
            return
        if (main := (await self._orders.load([main_id])).get(main_id)) is not None:
            unit.apply(order.follow(main), now)

    async def _reminds_of(self, order: Order) -> OrderId | None:
        """The order that one reminds of; reminders from before they knew it find it by their chain."""
        chain = order.placed.chain
        if chain is None:
            return None
        return chain.reminds_of or await self._chains.main_order(chain.chain_id)

    async def _resolve(
        self,
        order: Order,
        recipients: Sequence[RecipientNo],
        found: Mapping[RecipientNo, Finding],
        now: datetime,
    ) -> Sequence[OrderEvent]:
        twice = order.duplicates(recipients)
        distinct = [each for each in recipients if twice[each] is None]
        wanted = [_wanted(order, each) for each in distinct]
        if any(each not in found for each in distinct):
            registered = await self._look_up.registered(wanted)
        else:
            registered = [found[each] for each in distinct]
        findings = dict(zip(distinct, await self._look_up.decided(wanted, registered), strict=True))
        policy = order.policy(now)
        resolutions = {
            each: resolve(findings[each], policy) if (of := twice[each]) is None else duplicate(of)
            for each in recipients
        }
        names: dict[RecipientNo, Identifier] = {}
        # Whoever is an address alone is called nothing, whatever the texts are like.
        has_names = [
            each for each in distinct if not isinstance(order.recipient(each).identity, Direct)
        ]
        if has_names and order.waits_for_names:
            called = await self._look_up.names(
                [order.recipient(each).identity for each in has_names]
            )
            names = {
                each: called[identity]
                for each in has_names
                if (identity := order.recipient(each).identity) in called
            }
        return order.resolve_or_put_off(resolutions, names, now, wait=self._timing.authority_wait)


def _tell_given_up(order: Order, settled: Sequence[OrderEvent]) -> None:
    """Tell operators that nobody will ever know what became of a notification, but by a late report."""
    count = sum(isinstance(each, NotificationGivenUp) for each in settled)
    if count:
        log.warning("outcome_stays_unknown", order_id=str(order.order_id), notifications=count)


def _is_large(order: Order, count: int) -> bool:
    """Whether so many of an order's notifications are much to write and to hand over."""
    email = order.placed.email
    characters = 0 if email is None else max(len(each.text) for each in email.words)
    return order.lane is Lane.BULK or characters * count > _LARGE


def _wanted(order: Order, recipient_no: RecipientNo) -> LookupRequest:
    return LookupRequest(
        identity=order.recipient(recipient_no).identity,
        resource=order.placed.resource,
        action=order.placed.resource_action,
    )
