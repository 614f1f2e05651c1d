"""Carry orders out: follow the agenda, find contact points, hand notifications over."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, assert_never

import structlog

from application.looking_up import ContactLookUp, Wanted
from application.ports.agenda import Agenda
from application.ports.order_repository import (
    ConcurrentUpdateError,
    OrderRepository,
    StoreUnavailableError,
)
from application.ports.provider import (
    Accepted,
    Deferred,
    EmailLetter,
    Letter,
    Outcome,
    Provider,
    Rejected,
    SmsLetter,
    Unknown,
)
from application.ports.registries import RegistryUnavailableError
from application.ports.send_condition import NoAnswer, SendCondition
from application.recorded import SERVICE, Change
from domain.channel import Channel
from domain.message import ContentType, Keywords
from domain.order.events import NotificationAttempted, NotificationNo, OrderEvent, OrderId
from domain.order.notification import Notification
from domain.order.order import Attempt, Order, duplicate, evolve_all
from domain.order.steps import (
    AttemptNotifications,
    CheckCondition,
    Finished,
    ResolveRecipients,
    Settle,
    WaitUntil,
)
from domain.personal import Contact, Content
from domain.recipient import Organisation, RecipientNo
from domain.resolution import Finding, resolve
from domain.schedule import retry_delay

log = structlog.get_logger()

_STEPS: Final = 100
"""An order that asks for more steps than this in one go yields to the others."""
_GATHER: Final = 0.005
"""Seconds in which what is done, and what has become due, gathers for one look at the agenda."""
_OUTCOMES_WAIT: Final = 0.05
"""Seconds that outcomes wait for one another, so that they are recorded together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long things may take, as the operator decides."""

    send_within: timedelta = timedelta(seconds=30)
    """A hand-over not begun so long after it was recorded is not begun at all."""
    slack: timedelta = timedelta(seconds=60)
    """Added to what a hand-over may take before its outcome is called unknown."""
    report_wait: timedelta = timedelta(minutes=15)
    """How long a delivery report may still settle an unknown outcome."""
    lease: timedelta = timedelta(seconds=30)
    """How long an order is lent to a worker; a dead worker's orders come back after it."""
    poll: float = 1.0
    """Seconds after which the agenda is looked at though nothing called for it."""


class _Unit:
    """One order in a worker's hands, with what has been decided and not yet recorded."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self._before = order
        self._events: list[OrderEvent] = []
        self.turn = asyncio.Lock()
        """Held by whichever of several providers has outcomes to record."""

    def take(self, events: Sequence[OrderEvent], now: datetime) -> None:
        self._events += events
        self.order = evolve_all(self.order, events, now)

    async def record(self, orders: OrderRepository) -> None:
        if not self._events:
            return
        change = Change(
            order_id=self.order.order_id, before=self._before, events=tuple(self._events)
        )
        (self.order,) = await orders.append([change], by=SERVICE)
        self._before, self._events = self.order, []

    async def read_again(self, orders: OrderRepository) -> None:
        order_id = self.order.order_id
        self.order = (await orders.load([order_id]))[order_id]
        self._before, self._events = self.order, []


class DispatchService:
    """Does for each order that is due what it needs next."""

    def __init__(
        self,
        *,
        orders: OrderRepository,
        agenda: Agenda,
        look_up: ContactLookUp,
        condition: SendCondition,
        providers: Mapping[Channel, Sequence[Provider]],
        clock: Callable[[], datetime],
        chance: Callable[[], float],
        worker: str,
        timing: Timing | None = None,
    ) -> None:
        self._orders = orders
        self._agenda = agenda
        self._look_up = look_up
        self._condition = condition
        self._providers = providers
        self._clock = clock
        self._chance = chance
        self._worker = worker
        self._timing = timing or Timing()
        self._in_hand: dict[asyncio.Task[None], OrderId] = {}

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
        while await self._claim(limit=500):
            await asyncio.gather(*self._in_hand, return_exceptions=True)
            await self._release()

    async def _turn(self, capacity: int, batch: int) -> None:
        await self._release()
        room = capacity - len(self._in_hand)
        if room > 0 and await self._claim(limit=min(room, batch)) == batch:
            return  # there is more
        waiting = asyncio.ensure_future(self._agenda.wait(self._timing.poll))
        try:
            await asyncio.wait({waiting, *self._in_hand}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        await asyncio.sleep(_GATHER)

    async def _release(self) -> None:
        done = {task: order_id for task, order_id in self._in_hand.items() if task.done()}
        for task in done:
            del self._in_hand[task]
        given_back = [
            order_id for task, order_id in done.items() if not task.cancelled() and not _log(task)
        ]
        if given_back:
            await self._agenda.release(given_back, worker=self._worker)

    async def _claim(self, *, limit: int) -> int:
        claimed = await self._agenda.claim(
            limit=limit, worker=self._worker, now=self._clock(), lease=self._timing.lease
        )
        if not claimed:
            return 0
        orders = await self._orders.load(claimed)
        findings = await self._find_together(list(orders.values()))
        for order_id in claimed:
            task = asyncio.create_task(
                self._carry_out(orders[order_id], findings.get(order_id, {}))
            )
            self._in_hand[task] = order_id
        return len(claimed)

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

    async def _carry_out(self, order: Order, found: Mapping[RecipientNo, Finding]) -> None:
        unit = _Unit(order)
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
                    case Settle():
                        report_wait = self._timing.report_wait
                        unit.take(unit.order.settle(now, report_wait=report_wait), now)
                    case AttemptNotifications(notifications=notifications):
                        await self._attempt(unit, notifications, now)
                    case WaitUntil() | Finished():
                        break
            await unit.record(self._orders)
        except ConcurrentUpdateError:
            # Somebody else has recorded something of this order; it is still on the agenda,
            # and is read anew the next time that it is claimed.
            log.info("order_changed_meanwhile", order_id=str(order.order_id))

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

    async def _attempt(
        self, unit: _Unit, notifications: Sequence[NotificationNo], now: datetime
    ) -> None:
        attempts = {
            each: self._attempt_by(self._choose(unit.order.notification(each)), now)
            for each in notifications
        }
        events = unit.order.attempt(attempts, now)
        unit.take(events, now)
        await unit.record(self._orders)  # before the first byte leaves, and only one worker can
        attempted = [event for event in events if isinstance(event, NotificationAttempted)]
        await asyncio.gather(
            *(
                self._send(
                    unit, provider, [each for each in attempted if each.provider == provider.name]
                )
                for provider in self._every_provider()
                if any(each.provider == provider.name for each in attempted)
            )
        )

    def _every_provider(self) -> Sequence[Provider]:
        return [each for providers in self._providers.values() for each in providers]

    def _choose(self, notification: Notification) -> Provider:
        return self._providers[notification.channel][0]

    def _attempt_by(self, provider: Provider, now: datetime) -> Attempt:
        longest = timedelta(seconds=provider.longest_hand_over)
        send_before = now + self._timing.send_within
        return Attempt(
            provider=provider.name,
            send_before=send_before,
            settled_by=send_before + longest + self._timing.slack,
        )

    async def _send(
        self, unit: _Unit, provider: Provider, attempted: Sequence[NotificationAttempted]
    ) -> None:
        letters = {each.token: each for each in attempted}
        outcomes = provider.send([_letter(unit.order, each) for each in attempted])
        async for told in _together(outcomes):
            await self._record_outcomes(
                unit, [(letters[letter.token], outcome) for letter, outcome in told]
            )

    async def _record_outcomes(
        self, unit: _Unit, outcomes: Sequence[tuple[NotificationAttempted, Outcome]]
    ) -> None:
        """Record what became of attempts; this must not be lost to a report that came meanwhile."""
        async with unit.turn:
            while True:
                now = self._clock()
                for attempted, outcome in outcomes:
                    unit.take(self._decided(unit.order, attempted, outcome, now), now)
                try:
                    await unit.record(self._orders)
                except ConcurrentUpdateError:
                    await unit.read_again(self._orders)
                else:
                    return

    def _decided(
        self, order: Order, attempted: NotificationAttempted, outcome: Outcome, now: datetime
    ) -> Sequence[OrderEvent]:
        number, attempt = attempted.notification_no, attempted.attempt
        match outcome:
            case Accepted(reference=reference):
                return order.record_sent(number, attempt, reference)
            case Rejected(failure=failure, code=code):
                return order.record_rejected(number, attempt, failure, code)
            case Deferred(code=code):
                retry_at = now + retry_delay(attempt, self._chance())
                return order.record_deferred(number, attempt, code, retry_at)
            case Unknown(code=code):
                resolve_by = now + self._timing.report_wait
                return order.record_unknown(number, attempt, code, resolve_by)
            case _:
                assert_never(outcome)


def _log(task: asyncio.Task[None]) -> bool:
    """Say that an order could not be carried out now; its lease brings it back later."""
    error = task.exception()
    if error is None:
        return False
    if isinstance(error, RegistryUnavailableError | StoreUnavailableError):
        log.warning("order_put_off", because=type(error).__name__)
    else:
        log.error("order_failed", because=type(error).__name__)
    return True


def _wanted(order: Order, recipient_no: RecipientNo) -> Wanted:
    return Wanted(
        identity=order.recipient(recipient_no).identity,
        resource=order.placed.resource,
        action=order.placed.resource_action,
    )


async def _together(
    outcomes: AsyncIterator[tuple[Letter, Outcome]],
) -> AsyncIterator[Sequence[tuple[Letter, Outcome]]]:
    """Gather outcomes that come at about the same time, without waiting for the slow ones."""
    told: list[tuple[Letter, Outcome]] = []
    following: asyncio.Future[tuple[Letter, Outcome]] | None = None
    try:
        while True:
            if following is None:
                following = asyncio.ensure_future(anext(outcomes))
            done, _ = await asyncio.wait({following}, timeout=_OUTCOMES_WAIT if told else None)
            if not done:
                yield told
                told = []
                continue
            try:
                told.append(following.result())
            except StopAsyncIteration:
                break
            following = None
        if told:
            yield told
    finally:
        if following is not None:
            following.cancel()


def _letter(order: Order, attempted: NotificationAttempted) -> Letter:
    notification = order.notification(attempted.notification_no)
    if notification.address is None:
        raise ValueError("only a notification with an address is attempted")
    keywords = _keywords(order, notification)
    notification_id = order.notification_id(notification.notification_no)
    if notification.channel is Channel.EMAIL and (email := order.placed.email) is not None:
        fill = keywords.fill_html if email.content_type is ContentType.HTML else keywords.fill
        return EmailLetter(
            notification_id=notification_id,
            token=attempted.token,
            send_before=attempted.send_before,
            expires_at=notification.expires_at,
            to=notification.address,
            sender=email.sender,
            subject=Content(keywords.fill(email.subject.text)),
            body=Content(fill(email.body.text)),
            content_type=email.content_type,
        )
    if notification.channel is Channel.SMS and (sms := order.placed.sms) is not None:
        return SmsLetter(
            notification_id=notification_id,
            token=attempted.token,
            send_before=attempted.send_before,
            expires_at=notification.expires_at,
            to=notification.address,
            sender=sms.sender,
            body=Content(keywords.fill(sms.body.text)),
        )
    raise ValueError("an order says what it says on each of its channels")


def _keywords(order: Order, notification: Notification) -> Keywords:
    identity = order.recipient(notification.recipient_no).identity
    name = order.names.get(notification.recipient_no)
    return Keywords(
        name="" if name is None else name.text,
        number=identity.number if isinstance(identity, Organisation) else "",
    )
