"""Let a person see what was sent to them in a dialogue, and what to organisations that they may act for."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from application.pace import Pace
from application.ports.decision_point import (
    READ,
    AuthorityUndecidedError,
    DecisionPoint,
    Question,
    bare,
)
from application.ports.dialogue_index import DialogueIndex
from application.ports.order_repository import OrderRepository, Spoilt
from application.profiles.profile_ids import ProfileIds
from application.unfolding import Unfolding
from domain.authority import Decision
from domain.order.dialogues import known_as
from domain.order.events import OrderId, OrderPlaced, Source
from domain.order.notification import Notification
from domain.order.order import Order
from domain.personal import Contact, Identifier
from domain.recipient import Organisation, OrganisationNumber, Person

log = structlog.get_logger()

_AT_ONCE: Final = 200
"""So many orders are rebuilt at a time; a dialogue may have had very many."""
NOTHING_AFTER: Final = timedelta(seconds=0.5)
"""So long after the question it is answered that there is nothing, so that how long it takes does not tell
whether there is something for others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A person who asks about themselves, as their token told who they are."""

    person: Person
    user: str | None = None
    """The user's id at the login service, if the token told it."""
    profile: str = ""
    """The id of their profile here."""

    def is_user(self, user: Identifier | None) -> bool:
        """Whether it was they who registered an address, whichever of their names it was under."""
        return user is not None and user.text in {
            self.user,
            self.profile,
            self.person.number.text,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """A notification that a person may see."""

    order: Order
    notification: Notification
    destination: Contact | None
    """Where it went; None where it goes nowhere, or where that is somebody else's own address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DialogueLog:
    """What a person may see of a dialogue, the oldest first."""

    entries: Sequence[LogEntry] = ()
    spoilt: Sequence[OrderId] = ()
    """Orders of the dialogue whose histories cannot be read; named only to whom may see others of it."""


class EndUserLogQueries:
    """Shows people what was sent to them, and nobody else anything.

    A dialogue that is unknown, one with nothing in it, and one with nothing for whoever asks are the
    same, also in the time after which that is said.
    """

    def __init__(
        self,
        *,
        orders: OrderRepository,
        index: DialogueIndex,
        decision_point: DecisionPoint,
        ids: ProfileIds,
        nothing_after: timedelta = NOTHING_AFTER,
        wait: Callable[[float], Awaitable[object]] = asyncio.sleep,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._orders = orders
        self._unfolding = Unfolding(orders)
        self._index = index
        self._decision_point = decision_point
        self._ids = ids
        self._nothing_after = nothing_after.total_seconds()
        self._wait = wait
        self._seconds = seconds

    async def of_dialogue(
        self, dialogue_id: UUID, transmission_id: UUID | None = None, *, reader: Reader
    ) -> DialogueLog:
        """What was sent in a dialogue, or in one transmission of it, to whom the person may see.

        Raises:
            AuthorityUndecidedError: something was sent to an organisation, and nobody can tell whether
                the person may see it.
            StoreUnavailableError: try again later.
        """
        asked_at = self._seconds()
        reader = replace(reader, profile=str(self._ids.of_person(reader.person.number.text)))
        seen = await self._seen(await self._orders_of(dialogue_id), transmission_id, reader)
        log.info("enduser_log_read", notifications=len(seen.entries))
        if not seen.entries:
            await self._wait(max(asked_at + self._nothing_after - self._seconds(), 0.0))
            return DialogueLog()
        return seen

    async def _orders_of(self, dialogue_id: UUID) -> Sequence[OrderId]:
        order_ids = await self._index.orders_of(dialogue_id)
        if not order_ids:
            await self._orders.confirm()  # as in `seek`
            order_ids = await self._index.orders_of(dialogue_id)
        return order_ids

    async def _seen(
        self, order_ids: Sequence[OrderId], transmission_id: UUID | None, reader: Reader
    ) -> DialogueLog:
        entries: list[LogEntry] = []
        spoilt: list[OrderId] = []
        for start in range(0, len(order_ids), _AT_ONCE):
            read = await self._unfolding.orders(order_ids[start : start + _AT_ONCE])
            spoilt += [order_id for order_id, each in read.items() if isinstance(each, Spoilt)]
            orders = [
                each
                for each in read.values()
                if isinstance(each, Order) and _is_of(each.placed, transmission_id)
            ]
            decisions = await self._decisions(orders, reader)
            with Pace() as pace:
                for each in orders:
                    entries += _entries(each, reader, decisions)
                    await pace.keep()
        entries.sort(key=_age)
        return DialogueLog(entries=entries, spoilt=spoilt)

    async def _decisions(
        self, orders: Sequence[Order], reader: Reader
    ) -> Mapping[Question, Decision]:
        """What the person may see of organisations; each question is put once."""
        wanted: dict[Question, None] = {}
        with Pace() as pace:
            for order in orders:
                wanted |= dict.fromkeys(_questions(order, reader))
                await pace.keep()
        if not wanted:
            return {}
        decisions = await self._decision_point.decide(list(wanted))
        if any(
            decisions.get(each, Decision.NOT_ASKED) not in {Decision.PERMITTED, Decision.REFUSED}
            for each in wanted
        ):
            raise AuthorityUndecidedError
        return decisions


def _is_of(placed: OrderPlaced, transmission_id: UUID | None) -> bool:
    if transmission_id is None:
        return True
    return placed.dialogue is not None and (
        known_as(placed.dialogue.transmission_id) == transmission_id
    )


def _is_theirs(order: Order, notification: Notification, reader: Reader) -> bool:
    """Whether a notification was for the person, or went to where they had asked to be told."""
    identity = order.recipient(notification.recipient_no).identity
    return identity == reader.person or reader.is_user(notification.user)


def _questions(order: Order, reader: Reader) -> Iterator[Question]:
    """What is asked before those notifications of an order are shown that are not the person's own."""
    for each in order.notifications:
        if (
            not _is_theirs(order, each, reader)
            and (question := _question(order, each, reader)) is not None
        ):
            yield question


def _question(order: Order, notification: Notification, reader: Reader) -> Question | None:
    """What is asked before a notification to an organisation is shown: what is asked of users who are told.

    None where it was to no organisation, or the order is about no resource: then nobody can be asked.
    """
    identity = order.recipient(notification.recipient_no).identity
    if not isinstance(identity, Organisation) or not order.placed.resource:
        return None
    return Question(
        user=reader.user or reader.profile,
        organisation=OrganisationNumber(identity.number),
        resource=bare(order.placed.resource),
        action=order.placed.resource_action or READ,
        person=None if reader.user else reader.person.number,
    )


def _entries(
    order: Order, reader: Reader, decisions: Mapping[Question, Decision]
) -> Iterator[LogEntry]:
    for each in order.notifications:
        if _is_theirs(order, each, reader):
            yield LogEntry(order=order, notification=each, destination=each.address)
            continue
        question = _question(order, each, reader)
        if question is not None and decisions[question] is Decision.PERMITTED:
            is_somebodys_own = each.source is Source.USER_PROFILE
            yield LogEntry(
                order=order,
                notification=each,
                destination=None if is_somebodys_own else each.address,
            )


def _age(entry: LogEntry) -> tuple[float, UUID, int]:
    requested = entry.order.placed.requested_send_time.timestamp()
    return requested, entry.order.order_id, entry.notification.notification_no
