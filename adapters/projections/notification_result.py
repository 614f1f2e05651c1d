"""What became of notifications, for the figures."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, LiteralString

import msgspec
from msgspec import Struct
from psycopg_pool import AsyncConnectionPool

from adapters.postgres.reaching import reaching
from adapters.projections.projection import EventByEvent, FeedEvent, Row
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
_FAILED: Final = 3
_DELIVERED: Final = 4

_RANKS: Final[Mapping[str, int]] = {
    "order.notification_sent": _ACCEPTED,
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
_REPORTED: Final[Mapping[str, int]] = {"failed": _FAILED, "delivered": _DELIVERED}

_FROM: Final[LiteralString] = """
  FROM notification_result r
  JOIN projection p
    ON p.name = 'notification_result' AND p.is_serving AND p.generation = r.generation
"""
_FIGURES: Final[LiteralString] = (
    """
SELECT owner, count(*) FILTER (WHERE notification_no = -1),
       count(*) FILTER (WHERE channel = 'email'),
       count(*) FILTER (WHERE channel = 'email' AND rank IN (1, 4)),
       count(*) FILTER (WHERE channel = 'sms'),
       count(*) FILTER (WHERE channel = 'sms' AND rank IN (1, 4))
  FROM (SELECT r.owner, r.order_id, r.notification_no, r.channel, max(r.rank) AS rank
"""
    + _FROM
    + """
         WHERE r.requested_time >= %s AND r.requested_time < %s GROUP BY 1, 2, 3, 4) AS each_one
 GROUP BY owner ORDER BY owner
"""
)
_ENDS: Final[LiteralString] = (
    "SELECT r.order_id"
    + _FROM
    + """
 WHERE r.rank >= 2 AND (r.channel = %s OR r.channel IS NULL) AND r.recorded_at >= %s AND r.recorded_at < %s
 GROUP BY r.order_id ORDER BY min(r.position)
"""
)


class _Event(Struct, frozen=True):
    owner: str | None = None
    requested_send_time: datetime | None = None
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


class NotificationResultProjection(EventByEvent):
    """Writes down every event that tells how far a notification has come."""

    name = "notification_result"
    columns: Mapping[str, str] = MappingProxyType(
        {
            "position": "int8",
            "notification_no": "int4",
            "order_id": "uuid",
            "rank": "int2",
            "recorded_at": "timestamptz",
            "channel": "text",
            "owner": "text",
            "requested_time": "timestamptz",
        }
    )
    channel = None

    def rows(self, event: FeedEvent) -> Iterator[Row]:
        """How far each notification has come that the event speaks of."""
        if event.topic not in _TELLING:
            return
        state = _read(event.state)
        for number, rank, channel in _told(event.topic, state.event):
            yield (
                event.position,
                number,
                event.order_id,
                rank,
                state.recorded_at,
                channel,
                state.event.owner,
                state.event.requested_send_time,
            )


def _told(topic: str, event: _Event) -> Iterator[tuple[int, int, str | None]]:
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
            yield event.notification_no, _RANKS[topic], None


class PostgresResultIndex:
    """Counts and finds, after everything that was recorded before the question."""

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

    async def figures(self, *, since: datetime, until: datetime) -> Sequence[OwnerFigures]:
        await self._runner.catch_up(NotificationResultProjection.name, within=self._patience)
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_FIGURES, (since, until))
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
