"""The order: what it asks, decides, and needs next.

Decisions return events, none when there is nothing to do, so that asking twice is asking once.
`next_step` is the one place that knows what comes next; the agenda is written from it.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain
from typing import Final
from uuid import UUID, uuid5

from msgspec.structs import replace as replace_field

from domain.agreement import Agreement
from domain.channel import Channel
from domain.contact_point import comparison_key
from domain.message import EmailMessage, Keywords, SendingTime, SmsMessage, keywords_in
from domain.order.errors import TooLateToCancelError
from domain.order.events import (
    AuthorityUnknown,
    Considered,
    ContactNotFound,
    ContactResolved,
    DeliveryPolicy,
    DeliveryReported,
    Failure,
    NotificationAttempted,
    NotificationDeferred,
    NotificationExpired,
    NotificationGivenUp,
    NotificationNo,
    NotificationOutcomeUnknown,
    NotificationRejected,
    NotificationSent,
    NotificationSimulated,
    OrderCancelled,
    OrderCompleted,
    OrderEvent,
    OrderId,
    OrderKind,
    OrderPlaced,
    Reason,
    RecipientReserved,
    Refuser,
    SendConditionMet,
    SendConditionNotMet,
    SendConditionUnknown,
    Source,
    Target,
    Withdrawal,
    Wording,
    WordingReason,
)
from domain.order.limits import Limits
from domain.order.notification import (
    Accepted,
    Attempting,
    Notification,
    Pending,
    Unknown,
)
from domain.order.state import (
    Answered,
    NotAsked,
    OrderState,
    OrderStatus,
    Writing,
    evolve_all,
)
from domain.order.steps import (
    AttemptNotifications,
    CheckCondition,
    Finished,
    LookUpOutcomes,
    RecordTimeouts,
    ResolveRecipients,
    Step,
    WaitUntil,
)
from domain.order.terms import sending_time, terms_of
from domain.personal import Contact, Content, Identifier
from domain.recipient import Direct, Identity, Organisation, Recipient, RecipientNo
from domain.resolution import Found, Policy, Resolution
from domain.schedule import CONFIRMATION_GRACE, leaves_at, leaves_before
from domain.sms_segments import segments

CANCEL_UNTIL: Final = timedelta(minutes=5)
"""An order can be cancelled while its send time is further away than this."""
CONDITION_RETRY: Final = timedelta(seconds=60)
"""How long after an unreadable answer the sender's condition is asked once more."""
CONDITION_HOLDS: Final = timedelta(minutes=15)
"""How long an answer of the sender's condition holds for what has not left yet."""
AUTHORITY_RETRY: Final = timedelta(seconds=60)
"""How long after nobody could be asked whether users may hear of it that is asked again."""
AUTHORITY_WAIT: Final = timedelta(minutes=10)
"""For so long recipients wait at most until whoever decides it can be asked."""
REPORT_WAIT: Final = timedelta(minutes=15)
"""How long a delivery report may still tell what became of a notification whose outcome is unknown."""
CHUNK: Final = 100
"""At most so many notifications are handed over in one step, so that a large order yields to others."""
BULK_FROM: Final = 50
"""An order with more recipients than this is carried out behind smaller ones."""


class Lane(StrEnum):
    """Which queue an order waits in; instant orders before normal ones before bulk."""

    INSTANT = "instant"
    NORMAL = "normal"
    BULK = "bulk"


@dataclass(frozen=True, slots=True)
class Attempt:
    """Who hands a notification over, where it goes, and until when that holds."""

    provider: str
    send_before: datetime
    settled_by: datetime
    carried_once_until: datetime | None = None
    can_be_looked_up: bool = False
    country: str | None = None
    """The region of the number that a text message goes to (ISO 3166-1 alpha-2)."""


class Order(OrderState, frozen=True, kw_only=True):
    """An order to notify some recipients, as its events have left it: what it asks, decides and needs."""

    # Questions

    @property
    def lane(self) -> Lane:
        """Which queue the order waits in."""
        if self.is_instant:
            return Lane.INSTANT
        return Lane.BULK if len(self.placed.recipients) > BULK_FROM else Lane.NORMAL

    @property
    def is_instant(self) -> bool:
        """Whether its sender waits for the hand-over."""
        return self.placed.kind is OrderKind.INSTANT

    @property
    def waits_for_names(self) -> bool:
        """Whether the recipients' names or numbers stand in the message."""
        return any(self.keywords_on(channel) for channel in Channel)

    def keywords_on(self, channel: Channel) -> AbstractSet[str]:
        """Which keywords stand in what the order says on a channel, in whatever language."""
        message = self._message(channel)
        return frozenset() if message is None else keywords_in(*message.words)

    def policy(self, now: datetime) -> Policy:
        """What the sender asked of the resolution."""
        return Policy(
            choice=self.placed.channel,
            now=now,
            ignore_reservation=bool(self.placed.ignore_reservation),
            use_stale=self.placed.use_stale_contact_information,
        )

    def recipient(self, recipient_no: RecipientNo) -> Recipient:
        """The recipient of that number."""
        return self.placed.recipients[recipient_no]

    def notification(self, notification_no: NotificationNo) -> Notification:
        """The notification of that number."""
        return self.notifications[notification_no]

    def notification_id(self, notification_no: NotificationNo) -> UUID:
        """The notification's name to the outside, the same for ever and telling nothing of whom."""
        return uuid5(self.order_id, f"notification {notification_no}")

    def keywords(self, notification: Notification) -> Keywords:
        """What stands for the keywords in a notification's texts."""
        recipient_no = notification.recipient_no
        return self.called(recipient_no, self.names.get(recipient_no))

    def called(self, recipient_no: RecipientNo, name: Identifier | None) -> Keywords:
        """What stands for the keywords in what is said to a recipient of that name."""
        identity = self.recipient(recipient_no).identity
        return Keywords(
            name="" if name is None else name.text,
            number=identity.number if isinstance(identity, Organisation) else "",
        )

    def text_message(self, notification: Notification) -> Content | None:
        """What a notification says as a text message, its keywords filled; None for an e-mail."""
        if notification.channel is Channel.EMAIL or self.placed.sms is None:
            return None
        body = self.placed.sms.text_in(notification.language)
        return body if body.is_erased else Content(self.keywords(notification).fill(body.text))

    def segments(self, notification: Notification) -> int | None:
        """How many segments a notification is charged by; None where nobody can tell, and for an e-mail."""
        text = self.text_message(notification)
        return None if text is None or text.is_erased else segments(text.text).count

    def delivery_policy(self, channel: Channel) -> DeliveryPolicy:
        """What is done with a notification of which nobody knows whether it was accepted."""
        return terms_of(self.placed, channel).delivery_policy

    def wording(self, channel: Channel, language: str | None) -> Wording | None:
        """Which text is for somebody who wants to be written to in a language, and why.

        None where the sender gave one text alone.
        """
        message = self._message(channel)
        if message is None or not message.translations:
            return None
        first = message.first_language
        if language is None:
            return Wording(language=first, because=WordingReason.LANGUAGE_UNKNOWN)
        for each in (first, *(given.language for given in message.translations)):
            if each == language:
                return Wording(language=each, because=WordingReason.RECIPIENTS_LANGUAGE)
        return Wording(language=first, because=WordingReason.NOT_IN_THEIR_LANGUAGE)

    def _message(self, channel: Channel) -> EmailMessage | SmsMessage | None:
        return self.placed.email if channel is Channel.EMAIL else self.placed.sms

    def must_leave_before(self, notification: Notification, now: datetime) -> datetime:
        """When a notification that may leave now must not any more: it expires, or the day is over."""
        closes = leaves_before(now, self._sending_time(notification.channel))
        return notification.expires_at if closes is None else min(closes, notification.expires_at)

    def next_step(self, now: datetime) -> Step:
        """What the order needs at this moment."""
        if self.is_finished:
            return Finished()
        if now < self.placed.requested_send_time:
            return WaitUntil(self.placed.requested_send_time)
        match self.condition:
            case NotAsked(retry_at=retry_at) if retry_at is not None and now < retry_at:
                return WaitUntil(retry_at)
            case NotAsked():
                return self._check_condition()
            case _:
                pass
        if unresolved := self._unresolved(now):
            return ResolveRecipients(unresolved[:CHUNK])
        if self.record_timeouts(now):
            return RecordTimeouts()
        still_open = self._open
        if ready := self._ready(still_open, now):
            if isinstance(self.condition, Answered) and now - self.condition.at > CONDITION_HOLDS:
                return self._check_condition()
            return AttemptNotifications(ready[:CHUNK])
        if in_doubt := [e.notification_no for e in still_open if e.can_be_looked_up]:
            return LookUpOutcomes(in_doubt[:CHUNK])
        return WaitUntil(self.wakes_at(now))

    def wakes_at(self, now: datetime) -> datetime:
        """When time brings about that something is to be done for one of its notifications."""
        waits = (
            wait.retry_at
            for recipient_no, wait in self.authority_waits.items()
            if recipient_no not in self.resolved
        )
        return min(chain((self._wakes_at(each, now) for each in self._open), waits))

    def waits_for_the_day(self, now: datetime) -> datetime | None:
        """When the first text message may leave that waits for the day to begin; None if none does.

        Before its send time an order waits for that, and then, it may be, for the day.
        """
        if self.is_finished or self._sending_time(Channel.SMS) is SendingTime.ANYTIME:
            return None
        earliest = max(now, self.placed.requested_send_time)
        waiting = [
            max(each.delivery.not_before or earliest, earliest)
            for each in self._open
            if each.channel is Channel.SMS and isinstance(each.delivery, Pending)
        ]
        if (
            len(self.resolved) < len(self.placed.recipients)
            and Channel.SMS in self.placed.channel.wanted
        ):
            waiting.append(earliest)
        if not waiting:
            return None
        opens = leaves_at(min(waiting), SendingTime.DAYTIME)
        return opens if opens > min(waiting) else None

    def due_at(self, now: datetime) -> datetime | None:
        """When the order next needs something; None when it never will."""
        match self.next_step(now):
            case Finished():
                return None
            case WaitUntil(moment=moment):
                return moment
            case _:
                return now

    @property
    def _open(self) -> Sequence[Notification]:
        return [each for each in self.notifications if not each.is_final]

    def _check_condition(self) -> CheckCondition:
        condition = self.placed.condition
        return CheckCondition("" if condition is None else condition.text)

    def _unresolved(self, now: datetime) -> Sequence[RecipientNo]:
        """Who is to be looked up now: not those who were put off."""
        return [
            each.recipient_no
            for each in self.placed.recipients
            if each.recipient_no not in self.resolved
            and (
                (wait := self.authority_waits.get(each.recipient_no)) is None
                or wait.retry_at <= now
            )
        ]

    def _sending_time(self, channel: Channel) -> SendingTime:
        return sending_time(channel, self.placed.sms)

    def _ready(self, still_open: Sequence[Notification], now: datetime) -> Sequence[NotificationNo]:
        """What is to be handed over without being asked for again.

        An instant order never is: it is handed over while its sender waits, or not at all.
        """
        if self.is_instant:
            return ()
        return [each.notification_no for each in still_open if self.may_be_attempted(each, now)]

    def may_be_attempted(self, notification: Notification, now: datetime) -> bool:
        """Whether the notification is to be handed over now.

        The window is asked at this moment, so that a backlog does not run on into the night.
        """
        match notification.delivery:
            case Pending(not_before=not_before):
                is_due = not_before is None or not_before <= now
            case Unknown(resolve_by=resolve_by):
                is_decided = resolve_by <= now and self._resends(notification)
                is_due = is_decided or notification.repeatable(now) is not None
            case _:
                return False
        if not is_due or notification.expires_at <= now:
            return False
        return leaves_at(now, self._sending_time(notification.channel)) <= now

    def _resends(self, notification: Notification) -> bool:
        return self.delivery_policy(notification.channel) is DeliveryPolicy.AT_LEAST_ONCE

    def _wakes_at(self, notification: Notification, now: datetime) -> datetime:
        match notification.delivery:
            case Pending() if self.is_instant:
                return notification.expires_at
            case Pending(not_before=not_before):
                earliest = max(not_before or now, now)
                opens = leaves_at(earliest, self._sending_time(notification.channel))
                return min(opens, notification.expires_at)
            case Attempting(settled_by=settled_by):
                return settled_by
            case Unknown(resolve_by=resolve_by, repeat_at=repeat_at):
                sending_time = self._sending_time(notification.channel)
                decided = resolve_by
                if self._resends(notification):
                    decided = leaves_at(max(resolve_by, now), sending_time)
                moments = [decided, notification.expires_at]
                again = max(repeat_at or now, now)
                if notification.repeatable(again) is not None:
                    moments.append(leaves_at(again, sending_time))
                return min(moments)
            case _:
                return notification.expires_at + CONFIRMATION_GRACE

    # Decisions

    def cancel(self, now: datetime) -> Sequence[OrderEvent]:
        """Withdraw the order; to withdraw it twice is to withdraw it once.

        Raises:
            TooLateToCancelError: its send time is no more than five minutes away, or past.
        """
        if self.is_cancelled:
            return ()
        is_untouched = self.status is OrderStatus.REGISTERED
        if not is_untouched or self.placed.requested_send_time <= now + CANCEL_UNTIL:
            raise TooLateToCancelError
        return (OrderCancelled(),)

    def follow(self, main: "Order") -> Sequence[OrderEvent]:
        """Withdraw a reminder of which nothing has begun, if what it reminds of was never sent."""
        if self.is_finished or self.status is not OrderStatus.REGISTERED:
            return ()
        match main.status:
            case OrderStatus.CANCELLED:
                return (OrderCancelled(because=Withdrawal.MAIN_ORDER_CANCELLED),)
            case OrderStatus.SEND_CONDITION_NOT_MET:
                return (OrderCancelled(because=Withdrawal.MAIN_CONDITION_NOT_MET),)
            case _:
                return ()

    def record_condition(
        self,
        answer: bool | str,  # noqa: FBT001  # the sender's own yes or no
        now: datetime,
    ) -> Sequence[OrderEvent]:
        """Take down what the sender's condition answered: yes, no, or why there was no answer.

        The first unreadable answer puts the order off for a minute; the second does not stop it.
        """
        if self.is_finished or not isinstance(self.condition, NotAsked | Answered):
            return ()
        match answer:
            case True:
                return (SendConditionMet(),)
            case False:
                return (SendConditionNotMet(), OrderCompleted())
            case str() as reason:
                is_first = self.condition == NotAsked()
                return (
                    SendConditionUnknown(
                        reason=reason, retry_at=now + CONDITION_RETRY if is_first else None
                    ),
                )

    def duplicates(
        self, recipients: Sequence[RecipientNo]
    ) -> Mapping[RecipientNo, RecipientNo | None]:
        """For each, the first recipient who is the same person, organisation or address, if not itself."""
        if len(self.placed.recipients) == 1:
            return dict.fromkeys(recipients)
        first: dict[Identity, RecipientNo] = {}
        for each in self.placed.recipients:
            first.setdefault(each.identity, each.recipient_no)
        known = ((each, first[self.recipient(each).identity]) for each in recipients)
        return {each: None if earliest == each else earliest for each, earliest in known}

    def put_off(
        self, resolutions: Mapping[RecipientNo, Resolution], now: datetime, *, wait: timedelta
    ) -> Sequence[AuthorityUnknown]:
        """Have those wait of whose users nobody could be asked whether they may hear of it.

        Only for a time, and not where their notifications would expire meanwhile.
        """
        until_of: dict[datetime, list[RecipientNo]] = {}
        for recipient_no, resolution in resolutions.items():
            if not resolution.is_authority_awaited or recipient_no in self.resolved:
                continue
            before = self.authority_waits.get(recipient_no)
            until = now + wait if before is None else before.until
            if now < until < self._expires_first:
                until_of.setdefault(until, []).append(recipient_no)
        return tuple(
            AuthorityUnknown(
                recipients=tuple(recipients),
                retry_at=min(now + AUTHORITY_RETRY, until),
                until=until,
            )
            for until, recipients in until_of.items()
        )

    def resolve_or_put_off(
        self,
        resolutions: Mapping[RecipientNo, Resolution],
        names: Mapping[RecipientNo, Identifier],
        now: datetime,
        *,
        wait: timedelta,
    ) -> Sequence[OrderEvent]:
        """Take down where recipients are to be notified, and who waits until somebody can be asked."""
        put_off = self.put_off(resolutions, now, wait=wait)
        if not put_off:
            return self.resolve(resolutions, names)
        waiting = {each for event in put_off for each in event.recipients}
        known = {each: found for each, found in resolutions.items() if each not in waiting}
        return (*put_off, *self.resolve(known, names))

    @property
    def _expires_first(self) -> datetime:
        """When the first of its notifications could expire, whatever the channel."""
        return min(
            terms_of(self.placed, channel).expires_at for channel in self.placed.channel.possible
        )

    def resolve(
        self, resolutions: Mapping[RecipientNo, Resolution], names: Mapping[RecipientNo, Identifier]
    ) -> Sequence[OrderEvent]:
        """Take down where recipients are to be notified, each once, and each place once.

        Two recipients who lead to the same place get one message, unless it calls each by another name.
        """
        events: list[OrderEvent] = []
        places = self._places()
        notification_no = len(self.notifications)

        def number(channels: Sequence[Channel]) -> tuple[tuple[NotificationNo, Channel], ...]:
            nonlocal notification_no
            numbered = tuple(
                (NotificationNo(notification_no + offset), channel)
                for offset, channel in enumerate(channels)
            )
            notification_no += len(channels)
            return numbered

        for recipient_no, resolution in resolutions.items():
            if recipient_no in self.resolved:
                continue
            name = names.get(recipient_no)
            resolution = self._apart(recipient_no, resolution, places, name)  # noqa: PLW2901  # from here on
            if resolution.is_reserved:
                events.append(
                    RecipientReserved(
                        recipient_no=recipient_no,
                        notifications=number(resolution.missing),
                        considered=resolution.considered,
                        consulted=resolution.consulted,
                    )
                )
                continue
            numbered = number([each.channel for each in resolution.found])
            if resolution.found or not resolution.missing:
                events.append(
                    ContactResolved(
                        recipient_no=recipient_no,
                        targets=tuple(
                            Target(
                                notification_no=target_no,
                                channel=found.channel,
                                address=found.address,
                                source=found.source,
                                origin=found.origin,
                                user=found.user,
                                wording=self.wording(found.channel, found.language),
                            )
                            for (target_no, _), found in zip(
                                numbered, resolution.found, strict=True
                            )
                        ),
                        considered=resolution.considered,
                        name=name,
                        consulted=resolution.consulted,
                    )
                )
            if resolution.missing:
                events.append(
                    ContactNotFound(
                        recipient_no=recipient_no,
                        notifications=number(resolution.missing),
                        considered=() if resolution.found else resolution.considered,
                        consulted=() if resolution.found else resolution.consulted,
                    )
                )
        return self._completing(events)

    def _places(self) -> "_Places":
        """Who is notified at which place already."""
        places = _Places(self)
        for each in self.notifications:
            if each.address is not None and not each.address.is_erased:
                name = self.names.get(each.recipient_no)
                places.take(each.channel, each.address, each.recipient_no, name)
        return places

    def _apart(
        self,
        recipient_no: RecipientNo,
        resolution: Resolution,
        places: "_Places",
        name: Identifier | None,
    ) -> Resolution:
        """A resolution without the places where another recipient gets the same message."""
        found: list[Found] = []
        left_out: list[Considered] = []
        for each in resolution.found:
            other = places.take(each.channel, each.address, recipient_no, name)
            if other is None:
                found.append(each)
                continue
            left_out.append(
                Considered(
                    source=each.source,
                    reason=Reason.DUPLICATE,
                    channel=each.channel,
                    duplicate_of=other,
                    user=each.user,
                )
            )
        if not left_out:
            return resolution
        return replace_field(
            resolution, found=tuple(found), considered=(*resolution.considered, *left_out)
        )

    def refuse_too_long(
        self, notifications: Sequence[NotificationNo], limits: Limits
    ) -> Sequence[OrderEvent]:
        """Refuse text messages that have become too long, once the names were filled in.

        Only what was never offered to a provider is refused, since the rest may have arrived.
        """
        refused = [
            NotificationRejected(
                notification_no=each.notification_no,
                attempt=each.attempts,
                failure=Failure.PAYLOAD_TOO_LARGE,
                code="too_many_segments",
                by=Refuser.SERVICE,
            )
            for each in map(self.notification, notifications)
            if isinstance(each.delivery, Pending)
            and each.attempted is None
            and (self.segments(each) or 0) > limits.segments
        ]
        return self._completing(refused) if refused else ()

    def simulate(
        self, notifications: Sequence[NotificationNo], agreement: Agreement, now: datetime
    ) -> Sequence[OrderEvent]:
        """Take down what is only tried out, by what is agreed with the sender now: it is never attempted.

        What has been offered to a provider before goes on as it began, since it may have arrived.
        """
        simulated = [
            NotificationSimulated(notification_no=each.notification_no)
            for each in map(self.notification, notifications)
            if each.attempted is None
            and each.address is not None
            and agreement.only_tries(each.address, each.channel)
            and self.may_be_attempted(each, now)
        ]
        return self._completing(simulated) if simulated else ()

    def attempt(
        self, attempts: Mapping[NotificationNo, Attempt], now: datetime
    ) -> Sequence[NotificationAttempted]:
        """Claim the hand-over of notifications; only whoever gets this recorded may send.

        What one provider may have taken is claimed for no other.
        """
        return tuple(
            self._attempted(each, attempt, now)
            for notification_no, attempt in attempts.items()
            if self.may_be_attempted(each := self.notification(notification_no), now)
            and each.bound_to in {None, attempt.provider}
        )

    def _attempted(
        self, notification: Notification, attempt: Attempt, now: datetime
    ) -> NotificationAttempted:
        token, send_before = self._token(notification), attempt.send_before
        carried_once_until = attempt.carried_once_until
        if (before := notification.repeatable(now)) is not None:
            token, carried_once_until = before.token, before.carried_once_until
            send_before = min(send_before, carried_once_until or send_before)
        return NotificationAttempted(
            notification_no=notification.notification_no,
            attempt=notification.attempts + 1,
            provider=attempt.provider,
            token=token,
            send_before=send_before,
            settled_by=attempt.settled_by,
            carried_once_until=carried_once_until,
            can_be_looked_up=attempt.can_be_looked_up,
            segments=self.segments(notification),
            country=attempt.country,
        )

    def _token(self, notification: Notification) -> str:
        """Name the next attempt: the same one always alike, and telling nothing of whom."""
        name = f"attempt {notification.notification_no} {notification.attempts + 1}"
        return uuid5(self.order_id, name).hex

    def record_sent(
        self,
        notification_no: NotificationNo,
        attempt: int,
        reference: str,
        *,
        was_looked_up: bool = False,
    ) -> Sequence[OrderEvent]:
        """Take down that a provider took a notification over, whatever has been reported meanwhile."""
        notification = self.notification(notification_no)
        if notification.reference == reference or notification.provider is None:
            return ()
        return (
            NotificationSent(
                notification_no=notification_no,
                attempt=attempt,
                provider=notification.provider,
                reference=reference,
                was_looked_up=was_looked_up,
            ),
        )

    def record_rejected(
        self,
        notification_no: NotificationNo,
        attempt: int,
        failure: Failure,
        code: str,
        *,
        by: Refuser = Refuser.PROVIDER,
    ) -> Sequence[OrderEvent]:
        """Take down that a notification was refused for good, and by whom."""
        if not self.notification(notification_no).is_in_hand(attempt):
            return ()
        return self._completing(
            [
                NotificationRejected(
                    notification_no=notification_no,
                    attempt=attempt,
                    failure=failure,
                    code=code,
                    by=by,
                )
            ]
        )

    def record_deferred(
        self,
        notification_no: NotificationNo,
        attempt: int,
        code: str,
        *,
        retry_at: datetime,
        resolve_by: datetime,
    ) -> Sequence[OrderEvent]:
        """Take down that a notification was certainly not accepted this time.

        What an earlier attempt may have brought about is as unknown as before, until `resolve_by`.
        """
        notification = self.notification(notification_no)
        if not notification.is_in_hand(attempt):
            return ()
        if notification.bound_to is not None and not self._resends(notification):
            return (
                self._unknown(notification, code=code, resolve_by=resolve_by, repeat_at=retry_at),
            )
        return (
            NotificationDeferred(
                notification_no=notification_no, attempt=attempt, code=code, retry_at=retry_at
            ),
        )

    def record_not_taken(
        self, notification_no: NotificationNo, attempt: int, code: str, retry_at: datetime
    ) -> Sequence[OrderEvent]:
        """Take down that the provider, asked later, has certainly never taken a notification over."""
        if not self.notification(notification_no).is_in_hand(attempt):
            return ()
        return (
            NotificationDeferred(
                notification_no=notification_no,
                attempt=attempt,
                code=code,
                retry_at=retry_at,
                was_looked_up=True,
            ),
        )

    def record_unknown(
        self,
        notification_no: NotificationNo,
        attempt: int,
        code: str,
        *,
        resolve_by: datetime,
        repeat_at: datetime,
    ) -> Sequence[OrderEvent]:
        """Take down that nobody can tell whether a notification was accepted.

        From `repeat_at` on it is handed over again, if the provider still carries that once then.
        """
        notification = self.notification(notification_no)
        if not notification.is_in_hand(attempt):
            return ()
        return (self._unknown(notification, code=code, resolve_by=resolve_by, repeat_at=repeat_at),)

    def _unknown(
        self, notification: Notification, *, code: str, resolve_by: datetime, repeat_at: datetime
    ) -> NotificationOutcomeUnknown:
        attempted = notification.attempted
        until = None if attempted is None else attempted.carried_once_until
        is_repeated = until is not None and repeat_at < until and not self.is_instant
        return NotificationOutcomeUnknown(
            notification_no=notification.notification_no,
            attempt=notification.attempts,
            code=code,
            resolve_by=resolve_by,
            repeat_at=repeat_at if is_repeated else None,
        )

    def record_reports(self, reports: Sequence[DeliveryReported]) -> Sequence[OrderEvent]:
        """Take down what a provider told of notifications; the same report counts once.

        Early, late and contradictory reports are all facts; the notification's state ranks them.
        """
        new: list[OrderEvent] = []
        for report in reports:
            known = self.notification(report.notification_no).reports
            if report not in known and report not in new:
                new.append(report)
        return self._completing(new) if new else ()

    def record_timeouts(
        self, now: datetime, *, report_wait: timedelta = REPORT_WAIT
    ) -> Sequence[OrderEvent]:
        """Take down what time alone has decided: outcomes that never came, and expiries."""
        events: list[OrderEvent] = []
        for each in self._open:
            match each.delivery:
                case Attempting(settled_by=settled_by) if settled_by <= now:
                    events.append(
                        self._unknown(
                            each, code="no_outcome", resolve_by=now + report_wait, repeat_at=now
                        )
                    )
                case Unknown(resolve_by=resolve_by) if resolve_by <= now and not self._resends(
                    each
                ):
                    events.append(NotificationGivenUp(notification_no=each.notification_no))
                case Unknown() if each.expires_at <= now:
                    events.append(_expired(each, has_left=True))
                case Pending() if each.expires_at <= now:
                    # One that a provider may have taken before it was put off may have left.
                    events.append(_expired(each, has_left=each.bound_to is not None))
                case Accepted() if each.expires_at + CONFIRMATION_GRACE <= now:
                    events.append(_expired(each, has_left=True))
                case _:
                    pass
        return self._completing(events)

    def _completing(self, events: Sequence[OrderEvent]) -> Sequence[OrderEvent]:
        """Add the order's completion, if these events bring it about."""
        if self.is_finished:
            return tuple(events)
        after = evolve_all(self, events, self.changed_at)
        is_all_resolved = len(after.resolved) == len(after.placed.recipients)
        if is_all_resolved and all(each.is_final for each in after.notifications):
            return (*events, OrderCompleted())
        return tuple(events)


class _Places:
    """Who of an order's recipients is notified where; two get one message if it would be the same.

    It is another for each where it calls them by different names or numbers. An address alone has
    neither, and is taken for one with whoever is reached there.
    """

    def __init__(self, order: Order) -> None:
        self._order = order
        self._keywords: dict[Channel, AbstractSet[str]] = {}
        """Those that stand in what the order says on a channel, where that has been asked."""
        self._first: dict[tuple[Channel, str], dict[Keywords | None, RecipientNo]] = {}

    def take(
        self,
        channel: Channel,
        address: Contact,
        recipient_no: RecipientNo,
        name: Identifier | None,
    ) -> RecipientNo | None:
        """Have a recipient notified at a place; or the other who gets the same message there."""
        first = self._first.setdefault((channel, comparison_key(address, channel)), {})
        if isinstance(self._order.recipient(recipient_no).identity, Direct):
            called = None
            other = next(iter(first.values()), None)
        else:
            called = self._order.called(recipient_no, name).of(self._keywords_on(channel))
            other = first.get(called, first.get(None))
        if other not in (None, recipient_no):
            return other
        first.setdefault(called, recipient_no)
        return None

    def _keywords_on(self, channel: Channel) -> AbstractSet[str]:
        if channel not in self._keywords:
            self._keywords[channel] = self._order.keywords_on(channel)
        return self._keywords[channel]


def _expired(notification: Notification, *, has_left: bool) -> NotificationExpired:
    return NotificationExpired(notification_no=notification.notification_no, has_left=has_left)


def duplicate(of: RecipientNo) -> Resolution:
    """The resolution of a recipient who stands in the order twice: notified once, as the first."""
    left_out = Considered(source=Source.SENDER, reason=Reason.DUPLICATE, duplicate_of=of)
    return Resolution(considered=(left_out,))


# The fold


def rebuild(order_id: OrderId, history: Iterable[tuple[OrderEvent, datetime]]) -> Order:
    """Rebuild an order from its history, as every command and every auditor does.

    Each event comes with the moment at which it was recorded.
    """
    match list(history):
        case [(OrderPlaced() as placed, placed_at), *since]:
            writing = Writing(open_order(order_id, placed, placed_at))
            for event, at in since:
                writing.write(event, at)
            return writing.order()
        case _:
            raise ValueError("an order's history opens with OrderPlaced")


def unfold(
    order_id: OrderId, history: Iterable[tuple[OrderEvent, datetime]], versions: Container[int]
) -> Iterator[Order | None]:
    """Rebuild an order event by event: the order itself where its version is asked for, else None.

    Each event is written once, whatever is asked for.
    """
    writing: Writing[Order] | None = None
    for version, (event, at) in enumerate(history, start=1):
        if writing is not None:
            writing.write(event, at)
        elif isinstance(event, OrderPlaced):
            writing = Writing(open_order(order_id, event, at))
        else:
            raise ValueError("an order's history opens with OrderPlaced")
        yield writing.order() if version in versions else None


def open_order(order_id: OrderId, placed: OrderPlaced, placed_at: datetime) -> Order:
    """The order that a first event opens."""
    return Order(
        order_id=order_id,
        version=1,
        placed=placed,
        placed_at=placed_at,
        changed_at=placed_at,
        condition=None if placed.condition is None else NotAsked(),
    )
