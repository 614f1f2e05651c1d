"""Hand notifications to providers: the attempt is recorded first, then made, then its outcome recorded."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final, assert_never

from application import phone_number as mobile_number
from application.delivery.provider_selection import CircuitBreakerSettings, ProviderSelector
from application.envelope import SERVICE, PendingEvents
from application.pace import Pace
from application.ports.order_repository import (
    ConcurrentUpdateError,
    OrderRepository,
    StoreUnavailableError,
)
from application.ports.owner_agreements import OwnerAgreements
from application.ports.provider import (
    HandoverAccepted,
    HandoverDeferred,
    HandoverRejected,
    HandoverUnknown,
    OutboundEmail,
    OutboundMessage,
    OutboundSms,
    Outcome,
    Provider,
    Told,
)
from domain.channel import Channel
from domain.message import ContentType, EmailMessage, Keywords, Language
from domain.order.events import NotificationAttempted, NotificationNo, OrderEvent
from domain.order.limits import USUAL, Limits
from domain.order.notification import Notification
from domain.order.order import AUTHORITY_WAIT, Attempt, Order
from domain.order.state import evolve_all
from domain.personal import Content
from domain.schedule import retry_delay

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
    authority_wait: timedelta = AUTHORITY_WAIT
    """For so long recipients wait at most where nobody can be asked whether users may hear of it."""
    look_up_every: timedelta = timedelta(seconds=60)
    """How often a provider that can tell is asked what became of what is unknown."""
    lease: timedelta = timedelta(seconds=30)
    """How long an order is leased to a worker; a dead worker's orders come back after it."""
    poll: float = 1.0
    """Seconds after which the agenda is looked at though nothing called for it."""


class OrderSession:
    """One order, with what has been decided and not yet recorded."""

    def __init__(self, order: Order) -> None:
        """Take an order in hand as it was read."""
        self.order = order
        self._before = order
        self._events: list[OrderEvent] = []
        self.turn = asyncio.Lock()
        """Held by whichever of several providers has outcomes to record."""

    @property
    def unrecorded(self) -> int:
        """How many events are still to be recorded."""
        return len(self._events)

    def apply(self, events: Sequence[OrderEvent], now: datetime) -> None:
        """Go on from these events, which are still to be recorded."""
        self._events += events
        self.order = evolve_all(self.order, events, now)

    async def commit(self, orders: OrderRepository) -> None:
        """Record what has been decided.

        Raises:
            ConcurrentUpdateError: somebody else has recorded something of this order.
            StoreUnavailableError: it may not have been recorded.
        """
        if not self._events:
            return
        change = PendingEvents(
            order_id=self.order.order_id, before=self._before, events=tuple(self._events)
        )
        (self.order,) = await orders.append([change], by=SERVICE)
        self._before, self._events = self.order, []

    async def reload(self, orders: OrderRepository) -> None:
        """Forget what has been decided, and read the order as it is now."""
        order_id = self.order.order_id
        self.order = (await orders.load([order_id]))[order_id]
        self._before, self._events = self.order, []


class HandoverService:
    """Hands notifications to providers, each attempt recorded before its first byte leaves."""

    def __init__(
        self,
        *,
        orders: OrderRepository,
        providers: Mapping[Channel, Sequence[Provider]],
        clock: Callable[[], datetime],
        chance: Callable[[], float],
        agreements: OwnerAgreements,
        timing: Timing | None = None,
        health: CircuitBreakerSettings | None = None,
        limits: Limits = USUAL,
    ) -> None:
        self._orders = orders
        self.choice = ProviderSelector(providers, chance=chance, rules=health)
        self._providers = [each for some in providers.values() for each in some]
        self._clock = clock
        self._chance = chance
        self._agreements = agreements
        self.timing = timing or Timing()
        self._limits = limits

    async def claim(
        self, order: Order, notifications: Sequence[NotificationNo], now: datetime
    ) -> Sequence[OrderEvent]:
        """Decide of notifications that are due: which can never be offered, and which are only tried out.

        Of the rest, who is to hand over which, and until when; all of it is to be recorded before
        `send`.
        """
        refused = order.refuse_too_long(notifications, self._limits)
        order = evolve_all(order, refused, now)
        agreement = await self._agreements.of(order.placed.owner)
        simulated = order.simulate(notifications, agreement, now)
        order = evolve_all(order, simulated, now)
        return (*refused, *simulated, *self.attempts(order, notifications, now))

    def attempts(
        self,
        order: Order,
        notifications: Sequence[NotificationNo],
        now: datetime,
        *,
        tried: Collection[str] = (),
    ) -> Sequence[NotificationAttempted]:
        """Who is to hand over which notification, and until when; to be recorded before `send`.

        Nobody is whose name is in `tried`.
        """
        chosen = {
            each.notification_no: attempt
            for each in map(order.notification, notifications)
            if order.may_be_attempted(each, now)
            and (attempt := self._attempt_by(order, each, now, tried)) is not None
        }
        return order.attempt(chosen, now)

    async def send(self, unit: OrderSession, attempted: Sequence[NotificationAttempted]) -> None:
        """Make attempts that have been recorded, and record what became of each."""
        of: dict[str, list[NotificationAttempted]] = {}
        for each in attempted:
            of.setdefault(each.provider, []).append(each)
        await asyncio.gather(
            *(
                self._send(unit, provider, of[provider.name])
                for provider in self._providers
                if provider.name in of
            )
        )

    async def _send(
        self, unit: OrderSession, provider: Provider, attempted: Sequence[NotificationAttempted]
    ) -> None:
        letters = {each.token: each for each in attempted}
        outcomes = provider.send(await _letters(unit.order, attempted))
        # One alone has nobody to be recorded together with.
        gathered = _together(outcomes) if len(letters) > 1 else _each(outcomes)
        async for told in gathered:
            now = self._clock()
            for _, outcome, began in told:
                self.choice.record_outcome(provider.name, outcome, began=began, now=now)
            await self._record_outcomes(
                unit, [(letters[each.letter.token], each.outcome) for each in told]
            )

    async def _record_outcomes(
        self, unit: OrderSession, outcomes: Sequence[tuple[NotificationAttempted, Outcome]]
    ) -> None:
        """Record what became of attempts; it is lost to no report, and to no outage of the store.

        Raises:
            StoreUnavailableError: it could not be, until it was too late: the outcomes are unknown.
        """
        settled_by = max(attempted.settled_by for attempted, _ in outcomes)
        is_stale = False
        async with unit.turn:
            while True:
                try:
                    if is_stale:
                        await unit.reload(self._orders)
                    now = self._clock()
                    for attempted, outcome in outcomes:
                        unit.apply(self._decided(unit.order, attempted, outcome, now), now)
                    if not unit.unrecorded:
                        await (
                            self._orders.confirm()
                        )  # it was recorded by a try whose answer is lost
                    await unit.commit(self._orders)
                except ConcurrentUpdateError:
                    is_stale = True
                except StoreUnavailableError:
                    if self._clock() >= settled_by:
                        raise
                    is_stale = True
                    await asyncio.sleep(self.timing.poll)
                else:
                    return

    async def look_up(
        self, order: Order, notifications: Sequence[NotificationNo]
    ) -> Sequence[OrderEvent]:
        """What the providers know of hand-overs whose outcome nobody knows; to be recorded."""
        in_doubt = {
            attempted.token: attempted
            for each in notifications
            if (attempted := order.notification(each).attempted) is not None
        }
        events: list[OrderEvent] = []
        for provider in self._providers:
            tokens = [token for token, each in in_doubt.items() if each.provider == provider.name]
            if not tokens or provider.memory is None:
                continue
            told = await provider.memory.look_up(tokens)
            now = self._clock()
            for token, outcome in told.items():
                found = self._found(order, in_doubt[token], outcome, now)
                order = evolve_all(order, found, now)
                events += found
        return events

    def _found(
        self, order: Order, attempted: NotificationAttempted, outcome: Outcome, now: datetime
    ) -> Sequence[OrderEvent]:
        """What follows from a provider's word on an attempt that was in doubt."""
        number, attempt = attempted.notification_no, attempted.attempt
        match outcome:
            case HandoverAccepted(reference=reference):
                return order.record_sent(number, attempt, reference, was_looked_up=True)
            case HandoverRejected(failure=failure, code=code, by=by):
                return order.record_rejected(number, attempt, failure, code, by=by)
            case HandoverDeferred(code=code):
                return order.record_not_taken(number, attempt, code, retry_at=now)
            case HandoverUnknown():
                return ()
            case _:
                assert_never(outcome)

    def _decided(
        self, order: Order, attempted: NotificationAttempted, outcome: Outcome, now: datetime
    ) -> Sequence[OrderEvent]:
        number, attempt = attempted.notification_no, attempted.attempt
        retry_at = now + retry_delay(attempt, self._chance())
        resolve_by = now + self.timing.report_wait
        match outcome:
            case HandoverAccepted(reference=reference):
                return order.record_sent(number, attempt, reference)
            case HandoverRejected(failure=failure, code=code, by=by):
                return order.record_rejected(number, attempt, failure, code, by=by)
            case HandoverDeferred(code=code):
                # The sender of an instant order waits, and may try again at once.
                retry_at = now if order.is_instant else retry_at
                return order.record_deferred(
                    number, attempt, code, retry_at=retry_at, resolve_by=resolve_by
                )
            case HandoverUnknown(code=code):
                return order.record_unknown(
                    number, attempt, code, resolve_by=resolve_by, repeat_at=retry_at
                )
            case _:
                assert_never(outcome)

    def _attempt_by(
        self, order: Order, notification: Notification, now: datetime, tried: Collection[str]
    ) -> Attempt | None:
        provider = self.choice.choose(
            notification.channel,
            now,
            is_new=notification.attempted is None,
            bound_to=notification.bound_to,
            tried=tried,
        )
        if provider is None:
            return None
        longest = timedelta(seconds=provider.longest_hand_over)
        send_before = min(now + self.timing.send_within, order.must_leave_before(notification, now))
        memory = provider.memory
        carried_once = memory is not None and memory.deduplication_window
        return Attempt(
            provider=provider.name,
            send_before=send_before,
            settled_by=send_before + longest + self.timing.slack,
            carried_once_until=now + carried_once if carried_once else None,
            can_be_looked_up=memory is not None,
            country=_country(notification),
        )


def attempts_in(events: Sequence[OrderEvent]) -> Sequence[NotificationAttempted]:
    """The attempts among what was decided."""
    return [each for each in events if isinstance(each, NotificationAttempted)]


def _country(notification: Notification) -> str | None:
    """Where a text message goes; None for an e-mail, and where the number is gone."""
    address = notification.address
    if notification.channel is Channel.EMAIL or address is None or address.is_erased:
        return None
    return mobile_number.country(address.text)


async def _each(outcomes: AsyncIterator[Told]) -> AsyncIterator[Sequence[Told]]:
    """Tell outcomes one by one."""
    async for told in outcomes:
        yield [told]


async def _together(outcomes: AsyncIterator[Told]) -> AsyncIterator[Sequence[Told]]:
    """Gather outcomes that come at about the same time, without waiting for the slow ones."""
    told: list[Told] = []
    following: asyncio.Future[Told] | None = None
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


async def _letters(
    order: Order, attempted: Sequence[NotificationAttempted]
) -> Sequence[OutboundMessage]:
    """The letters of several attempts, written a little at a time, since each may be long."""
    texts = _Texts(order)
    letters: list[OutboundMessage] = []
    with Pace() as pace:
        for each in attempted:
            letters.append(_letter(order, each, texts))
            await pace.keep()
    return letters


class _Texts:
    """What an order's e-mails say.

    The very same to all who read one language, where nobody's name or number is in it.
    """

    def __init__(self, order: Order) -> None:
        self._order = order
        self._said: dict[Language | None, tuple[Content, Content]] = {}

    def subject_and_body(
        self, email: EmailMessage, keywords: Keywords, language: Language | None
    ) -> tuple[Content, Content]:
        if language not in self._said or not self._is_same_to_all:
            fill = keywords.fill_html if email.content_type is ContentType.HTML else keywords.fill
            subject, body = email.text_in(language)
            self._said[language] = _filled(subject, keywords.fill), _filled(body, fill)
        return self._said[language]

    @cached_property
    def _is_same_to_all(self) -> bool:
        return not self._order.waits_for_names


def _filled(words: Content, fill: Callable[[str], str]) -> Content:
    """Words with their keywords filled; what has been erased stays so."""
    return words if words.is_erased else Content(fill(words.text))


def _letter(order: Order, attempted: NotificationAttempted, texts: _Texts) -> OutboundMessage:
    notification = order.notification(attempted.notification_no)
    if notification.address is None:
        raise ValueError("only a notification with an address is attempted")
    notification_id = order.notification_id(notification.notification_no)
    if notification.channel is Channel.EMAIL and (email := order.placed.email) is not None:
        subject, body = texts.subject_and_body(
            email, order.keywords(notification), notification.language
        )
        return OutboundEmail(
            notification_id=notification_id,
            token=attempted.token,
            send_before=attempted.send_before,
            expires_at=notification.expires_at,
            to=notification.address,
            sender=email.sender,
            subject=subject,
            body=body,
            content_type=email.content_type,
            reply_to=order.placed.reply_to,
            attachments=email.attachments,
            owner=order.placed.owner,
        )
    text = order.text_message(notification)
    if text is not None and (sms := order.placed.sms) is not None:
        return OutboundSms(
            notification_id=notification_id,
            token=attempted.token,
            send_before=attempted.send_before,
            expires_at=notification.expires_at,
            to=notification.address,
            sender=sms.sender,
            body=text,
        )
    raise ValueError("an order says what it says on each of its channels")
