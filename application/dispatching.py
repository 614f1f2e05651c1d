"""Carry orders out: follow the agenda, find contact points, hand notifications over."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from application.handing_over import HandOver, OrderInHand
from application.looking_up import ContactLookUp, Wanted
from application.ports.agenda import Agenda, Wait
from application.ports.order_repository import (
    ConcurrentUpdateError,
    OrderRepository,
    SpoiltHistoryError,
    StoreUnavailableError,
)
from application.ports.registries import RegistryUnavailableError
from application.ports.send_condition import NoAnswer, SendCondition
from domain.order.events import NotificationGivenUp, OrderEvent, OrderId
from domain.order.order import CHUNK, Order, duplicate
from domain.order.steps import (
    AttemptNotifications,
    CheckCondition,
    Finished,
    LookUpOutcomes,
    ResolveRecipients,
    Settle,
    WaitUntil,
)
from domain.personal import Contact
from domain.recipient import RecipientNo
from domain.resolution import Finding, resolve

log = structlog.get_logger()

_STEPS: Final = 100
"""An order that asks for more steps than this in one go yields to the others."""
_GATHER: Final = 0.005
"""Seconds in which what is done, and what has become due, gathers for one look at the agenda."""


class DispatchService:
    """Does for each order that is due what it needs next."""

    def __init__(
        self,
        *,
        orders: OrderRepository,
        agenda: Agenda,
        look_up: ContactLookUp,
        condition: SendCondition,
        hand_over: HandOver,
        clock: Callable[[], datetime],
        worker: str,
    ) -> None:
        self._orders = orders
        self._agenda = agenda
        self._look_up = look_up
        self._condition = condition
        self._hand_over = hand_over
        self._clock = clock
        self._worker = worker
        self._timing = hand_over.timing
        self._in_hand: dict[asyncio.Task[datetime | None], OrderId] = {}
        self._was_due: dict[OrderId, datetime] = {}
        self._is_emptying = False
        self._look_again_at = datetime.min.replace(tzinfo=UTC)

    async def run(self, *, capacity: int = 500, batch: int = 250) -> None:
        """Carry out whatever is due, until cancelled."""
        try:
            while True:
                try:
                    await self._turn(capacity, batch)
                except StoreUnavailableError:
                    log.warning("store_unavailable", does="waits, then looks at the agenda again")
                    await asyncio.sleep(self._timing.poll)
        finally:
            for task in self._in_hand:
                task.cancel()
            await asyncio.gather(*self._in_hand, return_exceptions=True)

    async def run_until_idle(self) -> None:
        """Carry out whatever is due now, and return when nothing is."""
        while await self._claim(limit=500) or await self._claim_suspect():
            await asyncio.gather(*self._in_hand, return_exceptions=True)
            await self._release()

    async def _turn(self, capacity: int, batch: int) -> None:
        await self._release()
        await self._look_for_suspects()
        room = 0 if self._is_emptying else capacity - len(self._in_hand)
        if room > 0 and await self._claim(limit=min(room, batch)) == batch:
            return  # there is more
        waiting = asyncio.ensure_future(self._agenda.wait(self._timing.poll))
        try:
            await asyncio.wait({waiting, *self._in_hand}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        await asyncio.sleep(_GATHER)

    async def _look_for_suspects(self) -> None:
        """Carry out, alone and with empty hands, what may kill its worker; the others must not suffer."""
        now = self._clock()
        if not self._is_emptying and now >= self._look_again_at:
            self._look_again_at = now + timedelta(seconds=self._timing.poll)
            self._is_emptying = await self._agenda.has_suspects(now)
        if not self._is_emptying or self._in_hand:
            return
        while await self._claim_suspect():
            await asyncio.gather(*self._in_hand, return_exceptions=True)
            await self._release()
        self._is_emptying = False

    async def _release(self) -> None:
        done = {task: order_id for task, order_id in self._in_hand.items() if task.done()}
        for task in done:
            del self._in_hand[task]
        waits = [
            wait
            for task, order_id in done.items()
            if not task.cancelled() and (wait := self._wait(task, order_id)) is not None
        ]
        await self._agenda.put_off(waits)
        given_back = [
            order_id for task, order_id in done.items() if not task.cancelled() and not _log(task)
        ]
        if given_back:
            await self._agenda.release(given_back, worker=self._worker)
        for order_id in done.values():
            del self._was_due[order_id]

    def _wait(self, task: asyncio.Task[datetime | None], order_id: OrderId) -> Wait | None:
        """Until when an order waits of which nothing was recorded, so that nothing moved it."""
        was_due = self._was_due[order_id]
        if task.exception() is None:
            until = task.result()
            return None if until is None else Wait(order_id, was_due, until)
        if _is_passing(task.exception()):
            return Wait(order_id, was_due, self._clock() + self._timing.lease)
        return None

    async def _claim(self, *, limit: int) -> int:
        return await self._take(
            await self._agenda.claim(
                limit=limit, worker=self._worker, now=self._clock(), lease=self._timing.lease
            )
        )

    async def _claim_suspect(self) -> int:
        return await self._take(
            await self._agenda.claim_suspect(
                worker=self._worker, now=self._clock(), lease=self._timing.lease
            )
        )

    async def _take(self, claimed: Mapping[OrderId, datetime]) -> int:
        """Take orders in hand; one whose history cannot be read is left to its lease."""
        if not claimed:
            return 0
        orders = await self._load(list(claimed))
        findings = await self._find_together(list(orders.values()))
        for order_id, order in orders.items():
            self._was_due[order_id] = claimed[order_id]
            task = asyncio.create_task(self._carry_out(order, findings.get(order_id, {})))
            self._in_hand[task] = order_id
        return len(claimed)

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
            found = await self._look_up.find([_wanted(*each) for each in wanted])
        except RegistryUnavailableError:
            return {}  # each order asks for itself, and those that need nobody go on
        findings: dict[OrderId, dict[RecipientNo, Finding]] = {}
        for (order, recipient_no), finding in zip(wanted, found, strict=True):
            findings.setdefault(order.order_id, {})[recipient_no] = finding
        return findings

    async def _carry_out(
        self, order: Order, found: Mapping[RecipientNo, Finding]
    ) -> datetime | None:
        """Do what an order needs; until when it waits if nothing was recorded of it."""
        unit = OrderInHand(order)
        until: datetime | None = None
        try:
            for _ in range(_STEPS):
                now = self._clock()
                match unit.order.next_step(now):
                    case CheckCondition(url=url):
                        answer = await self._condition.check(url)
                        told = answer.reason if isinstance(answer, NoAnswer) else answer
                        unit.take(unit.order.record_condition(told, now), now)
                    case ResolveRecipients(recipients=recipients):
                        unit.take(await self._resolve(unit.order, recipients, found, now), now)
                        if unit.unrecorded >= CHUNK:
                            # A longer append would keep everybody else's waiting meanwhile.
                            await unit.record(self._orders)
                    case Settle():
                        report_wait = self._timing.report_wait
                        settled = unit.order.settle(now, report_wait=report_wait)
                        _tell_given_up(unit.order, settled)
                        unit.take(settled, now)
                    case AttemptNotifications(notifications=notifications):
                        attempted = self._hand_over.attempts(unit.order, notifications, now)
                        if not attempted:
                            # All that is due is bound to a provider that there is not any more.
                            until = now + self._timing.look_up_every
                            break
                        unit.take(attempted, now)
                        # Before the first byte leaves; and only one worker can.
                        await unit.record(self._orders)
                        await self._hand_over.send(unit, attempted)
                    case LookUpOutcomes(notifications=notifications):
                        learned = await self._hand_over.look_up(unit.order, notifications)
                        if not learned:
                            again = now + self._timing.look_up_every
                            until = min(unit.order.wakes_at(now), again)
                            break
                        unit.take(learned, now)
                    case WaitUntil(moment=moment):
                        # Never a moment that has passed: nothing may turn on the spot.
                        until = max(moment, now + timedelta(seconds=self._timing.poll))
                        break
                    case Finished():
                        break
            await unit.record(self._orders)
        except ConcurrentUpdateError:
            # Somebody else has recorded something of this order; it is still on the agenda,
            # and is read anew the next time that it is claimed.
            log.info("order_changed_meanwhile", order_id=str(order.order_id))
            return None
        return until if unit.order.version == order.version else None

    async def _resolve(
        self,
        order: Order,
        recipients: Sequence[RecipientNo],
        found: Mapping[RecipientNo, Finding],
        now: datetime,
    ) -> Sequence[OrderEvent]:
        distinct = [each for each in recipients if order.duplicate_of(each) is None]
        findings = found
        if any(each not in found for each in distinct):
            answers = await self._look_up.find([_wanted(order, each) for each in distinct])
            findings = dict(zip(distinct, answers, strict=True))
        policy = order.policy(now)
        resolutions = {
            each: resolve(findings[each], policy) if each in distinct else duplicate()
            for each in recipients
        }
        names: dict[RecipientNo, Contact] = {}
        if order.waits_for_names:
            called = await self._look_up.names(
                [order.recipient(each).identity for each in distinct]
            )
            names = {
                each: called[identity]
                for each in distinct
                if (identity := order.recipient(each).identity) in called
            }
        return order.resolve(resolutions, names)


def _tell_given_up(order: Order, settled: Sequence[OrderEvent]) -> None:
    """Tell operators that nobody will ever know what became of a notification, but by a late report."""
    count = sum(isinstance(each, NotificationGivenUp) for each in settled)
    if count:
        log.warning("outcome_stays_unknown", order_id=str(order.order_id), notifications=count)


def _log(task: asyncio.Task[datetime | None]) -> bool:
    """Say that an order could not be carried out; whether it is left to its lease, as a suspect."""
    error = task.exception()
    if error is None:
        return False
    if _is_passing(error):
        log.warning("order_put_off", because=type(error).__name__)
        return False
    log.error("order_failed", because=type(error).__name__)
    return True


def _is_passing(error: BaseException | None) -> bool:
    """Whether it is somebody else's trouble, and not the order's."""
    return isinstance(error, RegistryUnavailableError | StoreUnavailableError)


def _wanted(order: Order, recipient_no: RecipientNo) -> Wanted:
    return Wanted(
        identity=order.recipient(recipient_no).identity,
        resource=order.placed.resource,
        action=order.placed.resource_action,
    )
