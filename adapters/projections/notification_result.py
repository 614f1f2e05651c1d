"""What became of notifications, for the figures: those of each month are kept as the events come."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, LiteralString, NamedTuple, TypeAlias
from uuid import UUID

import msgspec
import psycopg
from msgspec import Struct
from psycopg_pool import AsyncConnectionPool

from adapters.postgres.reaching import reaching
from adapters.projections.placing import Placing, Placings
from adapters.projections.projection import FeedEvent, insert
from adapters.projections.runner import ProjectionRunner
from application.ports.result_index import OwnerFigures
from domain.channel import Channel
from domain.order.events import OrderId

_PATIENCE: Final = 5.0
_ORDER: Final = -1
"""Stands for the order itself where a notification's number would be."""

# The ranks of `domain.order.notification`: a report never lowers how far a notification has come.
_CREATED: Final = 0
_ACCEPTED: Final = 1
_ENDED: Final = 2
_RELAYED: Final = 3
_FAILED: Final = 4
_DELIVERED: Final = 5
_SIMULATED: Final = 6
"""Above every other, since nothing else ever happens to such a notification; it is counted nowhere."""
_SUCCEEDED: Final = {_ACCEPTED, _RELAYED, _DELIVERED}

_RANKS: Final[Mapping[str, int]] = {
    "order.notification_sent": _ACCEPTED,
    "order.notification_simulated": _SIMULATED,
    "order.notification_given_up": _ENDED,
    "order.notification_expired": _ENDED,
    "order.notification_rejected": _FAILED,
}
_STOPPING: Final = {"order.send_condition_not_met", "order.cancelled"}
_TELLING: Final = {
    *_STOPPING,
    *("order.placed", "order.contact_resolved", "order.contact_not_found"),
    *("order.recipient_reserved", "order.delivery_reported"),
    *_RANKS,
}
_REPORTED: Final[Mapping[str, int]] = {
    "relayed": _RELAYED,
    "failed": _FAILED,
    "delivered": _DELIVERED,
}

# Not prepared: a plan that was made when the table was small may read all of it for ever after.
_BEFORE: Final[LiteralString] = """
SELECT asked.order_id, asked.notification_no, known.channel, known.rank
  FROM unnest(%s::uuid[], %s::int[]) AS asked (order_id, notification_no)
 CROSS JOIN LATERAL (
       SELECT max(r.channel) AS channel, max(r.rank) AS rank FROM notification_result r
        WHERE r.generation = %s AND r.order_id = asked.order_id
          AND r.notification_no = asked.notification_no) AS known
 WHERE known.rank IS NOT NULL
"""
_ADD: Final[LiteralString] = """
INSERT INTO owner_month AS kept
SELECT %s::int, * FROM unnest(
    %s::date[], %s::text[], %s::int8[], %s::int8[], %s::int8[], %s::int8[], %s::int8[])
ON CONFLICT (generation, month, owner) DO UPDATE
   SET orders = kept.orders + excluded.orders,
       emails = kept.emails + excluded.emails,
       emails_succeeded = kept.emails_succeeded + excluded.emails_succeeded,
       text_messages = kept.text_messages + excluded.text_messages,
       text_messages_succeeded = kept.text_messages_succeeded + excluded.text_messages_succeeded
"""
_FIGURES: Final[LiteralString] = """
SELECT k.owner, k.orders, k.emails, k.emails_succeeded, k.text_messages, k.text_messages_succeeded
  FROM owner_month k
  JOIN projection p
    ON p.name = 'notification_result' AND p.is_serving AND p.generation = k.generation
 WHERE k.month = %s ORDER BY k.owner
"""
_ENDS: Final[LiteralString] = """
SELECT r.order_id
  FROM notification_result r
  JOIN projection p
    ON p.name = 'notification_result' AND p.is_serving AND p.generation = r.generation
 WHERE r.rank >= 2 AND (r.channel = %s OR r.channel IS NULL) AND r.recorded_at >= %s AND r.recorded_at < %s
 GROUP BY r.order_id ORDER BY min(r.position)
"""


class _Event(Struct, frozen=True):
    notification_no: int = _ORDER
    state: str = ""
    targets: tuple["_Target", ...] = ()
    notifications: tuple[tuple[int, str], ...] = ()


class _Target(Struct, frozen=True):
    notification_no: int
    channel: str


class _State(Struct, frozen=True):
    recorded_at: datetime
    event: _Event


_read = msgspec.json.Decoder(_State).decode

_Whose: TypeAlias = tuple[date, str]
"""A month, and an owner."""
_Which: TypeAlias = tuple[int, int]
"""An order, by its id as a number, which is hashed sooner; and one of its notifications or itself."""


class _Told(NamedTuple):
    """How far an event says that a notification has come."""

    event: FeedEvent
    recorded_at: datetime
    which: _Which
    rank: int
    channel: str | None


class _So(NamedTuple):
    """How far a notification has come, and through which channel it goes, where that is known."""

    channel: str | None = None
    rank: int | None = None

    @lru_cache  # noqa: B019  # of the few that there are
    def after(self, rank: int, channel: str | None) -> "_So":
        """So after an event has told that, and of a channel perhaps."""
        further = rank if self.rank is None else max(self.rank, rank)
        return _So(self.channel or channel, further)

    def counts(self, *, is_order: bool) -> "_Counts":
        """What it adds to the figures of its owner."""
        if self.rank in {None, _SIMULATED}:
            return _Counts()
        has_succeeded = int(self.rank in _SUCCEEDED)
        match self.channel:
            case _ if is_order:
                return _Counts(orders=1)
            case Channel.EMAIL:
                return _Counts(emails=1, emails_succeeded=has_succeeded)
            case Channel.SMS:
                return _Counts(text_messages=1, text_messages_succeeded=has_succeeded)
            case _:
                return _Counts()


_UNKNOWN: Final = _So()


class _Counts(NamedTuple):
    orders: int = 0
    emails: int = 0
    emails_succeeded: int = 0
    text_messages: int = 0
    text_messages_succeeded: int = 0

    def plus(self, more: "_Counts", times: int = 1) -> "_Counts":
        return _Counts(*(kept + times * added for kept, added in zip(self, more, strict=True)))


_NOTHING: Final = _Counts()


@lru_cache
def _change(was: _So, so: _So, *, is_order: bool) -> _Counts:
    """What is added to the figures of an owner when a notification has come further."""
    return so.counts(is_order=is_order).plus(was.counts(is_order=is_order), -1)


class NotificationResultProjection:
    """Writes down every event that tells how far a notification has come, and what that adds up to."""

    name = "notification_result"
    tables: Sequence[str] = ("notification_result", "owner_month")
    columns: Mapping[str, str] = MappingProxyType(
        {
            "position": "int8",
            "notification_no": "int4",
            "order_id": "uuid",
            "rank": "int2",
            "recorded_at": "timestamptz",
            "channel": "text",
        }
    )
    topics: Collection[str] = frozenset(_TELLING)
    read = topics
    channel = None
    is_waited_for = False

    def __init__(self) -> None:
        self._placings = Placings()

    async def write(
        self, connection: psycopg.AsyncConnection[Any], generation: int, events: Sequence[FeedEvent]
    ) -> bool:
        """Write how far each notification has come that the events speak of, and its owner's figures."""
        placed = await self._placings.of(connection, events)
        told = [each for event in events for each in _told(event)]
        # Nothing was told of an order before it was placed; but a single event may be one that is
        # taken up again, after those that followed it.
        began = {each.order_id.int for each in events if each.version == 1 and len(events) > 1}
        asked = {each.which: each.event.order_id for each in told}
        before = await _before(
            connection,
            generation,
            [(order_id, which[1]) for which, order_id in asked.items() if which[0] not in began],
        )
        after, rows = dict(before), []
        for event, recorded_at, which, rank, channel in told:
            so = after[which] = after.get(which, _UNKNOWN).after(rank, channel)
            rows.append((event.position, which[1], event.order_id, rank, recorded_at, so.channel))
        await _add(connection, generation, _added(placed, before, after))
        return await insert(connection, self.name, self.columns, generation, rows)


def _told(event: FeedEvent) -> Sequence[_Told]:
    state = _read(event.state)
    order_id = event.order_id.int
    return [
        _Told(event, state.recorded_at, (order_id, notification_no), rank, channel)
        for notification_no, rank, channel in _ranked(event.topic, state.event)
    ]


def _ranked(topic: str, event: _Event) -> Iterator[tuple[int, int, str | None]]:
    if (told := _RANKS.get(topic)) is not None:
        yield event.notification_no, told, None
        return
    match topic:
        case "order.placed":
            yield _ORDER, _CREATED, None
        case topic if topic in _STOPPING:
            yield _ORDER, _ENDED, None  # for whichever of its notifications had not left
        case "order.contact_resolved":
            for target in event.targets:
                yield target.notification_no, _CREATED, target.channel
        case "order.contact_not_found" | "order.recipient_reserved":
            for number, channel in event.notifications:
                yield number, _ENDED, channel
        case "order.delivery_reported":
            if (rank := _REPORTED.get(event.state)) is not None:
                yield event.notification_no, rank, None
        case _:
            raise LookupError(topic)


async def _before(
    connection: psycopg.AsyncConnection[Any], generation: int, asked: Sequence[tuple[UUID, int]]
) -> Mapping[_Which, _So]:
    if not asked:
        return {}
    columns = [order_id for order_id, _ in asked], [number for _, number in asked]
    cursor = await connection.execute(_BEFORE, (*columns, generation), binary=True, prepare=False)
    return {
        (order_id.int, number): _So(channel, rank)
        for order_id, number, channel, rank in await cursor.fetchall()
    }


def _added(
    placed: Mapping[int, Placing], before: Mapping[_Which, _So], after: Mapping[_Which, _So]
) -> Mapping[_Whose, _Counts]:
    """What is added to the figures of each owner and month."""
    changes: Counter[tuple[_Whose, _Counts]] = Counter()
    for which, so in after.items():
        change = _change(before.get(which, _UNKNOWN), so, is_order=which[1] == _ORDER)
        if change != _NOTHING:
            changes[_whose(placed[which[0]]), change] += 1
    added: dict[_Whose, _Counts] = {}
    for (whose, change), times in changes.items():
        added[whose] = added.get(whose, _NOTHING).plus(change, times)
    return added


def _whose(placing: Placing) -> _Whose:
    if placing.requested_send_time is None:
        raise ValueError("an order without the time that it is to be sent at")
    return placing.requested_send_time.astimezone(UTC).date().replace(day=1), placing.owner


async def _add(
    connection: psycopg.AsyncConnection[Any], generation: int, added: Mapping[_Whose, _Counts]
) -> None:
    if not added:
        return
    rows = [(*whose, *counts) for whose, counts in added.items()]
    columns = [list(column) for column in zip(*rows, strict=True)]
    await connection.execute(_ADD, [generation, *columns])


class PostgresResultIndex:
    """Tells and finds, after everything that was recorded before the question."""

    def __init__(
        self,
        pool: AsyncConnectionPool[Any],
        runner: ProjectionRunner,
        *,
        patience: float = _PATIENCE,
    ) -> None:
        """Prepare to answer; for `patience` seconds a reader brings the index on, or asks again later."""
        self._pool = pool
        self._runner = runner
        self._patience = patience

    async def figures(self, year: int, month: int) -> Sequence[OwnerFigures]:
        await self._runner.catch_up(NotificationResultProjection.name, within=self._patience)
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_FIGURES, (date(year, month, 1),))
            return [
                OwnerFigures(
                    owner=owner,
                    orders=orders,
                    emails=emails,
                    emails_succeeded=emails_succeeded,
                    text_messages=texts,
                    text_messages_succeeded=texts_succeeded,
                )
                for owner, orders, emails, emails_succeeded, texts, texts_succeeded in (
                    await cursor.fetchall()
                )
            ]

    async def ended(
        self, channel: Channel, *, since: datetime, until: datetime
    ) -> Sequence[OrderId]:
        await self._runner.catch_up(NotificationResultProjection.name, within=self._patience)
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_ENDS, (channel, since, until))
            return [OrderId(row[0]) for row in await cursor.fetchall()]
