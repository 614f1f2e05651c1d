"""By which names a provider speaks of a notification, and the reports that wait for one."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType
from typing import Any, Final, LiteralString

import msgspec
from msgspec import Struct
from psycopg_pool import AsyncConnectionPool

from adapters.postgres.lasting import make_lasting
from adapters.postgres.listening import Listener
from adapters.postgres.reaching import reaching
from adapters.projections.projection import EventByEvent, FeedEvent, Row, is_storable
from application.ports.report_inbox import Matched, Report, ReportId, reporting_name
from domain.order.events import NotificationNo, OrderId

CHANNEL: Final = "varsel_reports"

_ATTEMPTED: Final = "order.notification_attempted"
_SENT: Final = "order.notification_sent"
_KEEP: Final[LiteralString] = """
INSERT INTO delivery_report (digest, provider, reference, report)
SELECT * FROM unnest(%b::bytea[], %b::text[], %b::text[], %b::bytea[]) ON CONFLICT DO NOTHING
"""
_MATCHED: Final[LiteralString] = """
SELECT r.report_id, r.report, d.order_id, d.notification_no
  FROM delivery_report r
  JOIN projection p ON p.name = 'delivery_reference' AND p.is_serving
  JOIN delivery_reference d
    ON (d.generation, d.provider, d.reference) = (p.generation, r.provider, r.reference)
   AND hashtextextended(d.reference, 0) = hashtextextended(r.reference, 0)
   AND hashtextextended(d.reference, 1) = hashtextextended(r.reference, 1)
 WHERE r.settled_at IS NULL AND d.order_id <> ALL(%s::uuid[]) ORDER BY r.report_id LIMIT %s
"""
_SETTLE: Final[LiteralString] = """
UPDATE delivery_report SET settled_at = now() WHERE report_id = ANY(%s)
"""


class _Named(Struct, frozen=True):
    notification_no: int
    provider: str
    token: str | None = None
    reference: str | None = None


class _State(Struct, frozen=True):
    event: _Named


_read = msgspec.json.Decoder(_State).decode
_read_report = msgspec.json.Decoder(Report).decode
_write_report = msgspec.json.Encoder(order="deterministic").encode


class DeliveryReferenceProjection(EventByEvent):
    """Writes down the token of each attempt, and the reference of each acceptance."""

    name = "delivery_reference"
    columns: Mapping[str, str] = MappingProxyType(
        {"provider": "text", "reference": "text", "order_id": "uuid", "notification_no": "int4"}
    )
    topics: Collection[str] = (_ATTEMPTED, _SENT)
    read = topics
    repeats = True  # with SMTP a message is known by the token that its attempt gave it
    channel = CHANNEL
    is_waited_for = True  # by reports

    def rows(self, event: FeedEvent) -> Iterator[Row]:
        """The name that the provider was given, or has given, for a notification."""
        named = _read(event.state).event
        name = named.token if event.topic == _ATTEMPTED else named.reference
        if name is not None and name.strip() and is_storable(name + named.provider):
            yield reporting_name(named.provider), name, event.order_id, named.notification_no


class PostgresReportInbox:
    """Keeps reports in a table of their own, and matches them by a join."""

    def __init__(self, pool: AsyncConnectionPool[Any], listener: Listener) -> None:
        self._pool = pool
        self._listener = listener

    async def keep(self, reports: Sequence[Report]) -> None:
        written = [_write_report(each) for each in reports]
        columns = [
            [sha256(each).digest() for each in written],
            [_storable(each.provider) for each in reports],
            [_storable(each.reference) for each in reports],
            written,
        ]
        async with reaching(self._pool) as connection, connection.transaction():
            await connection.execute(_KEEP, columns)
            await connection.execute("SELECT pg_notify('varsel_reports', '')")
            await make_lasting(connection)  # one that was kept before is answered for, too

    async def matched(self, limit: int, *, but_of: Collection[OrderId] = ()) -> Sequence[Matched]:
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_MATCHED, (list(but_of), limit))
            return [
                Matched(
                    report_id=ReportId(report_id),
                    report=_read_report(report),
                    order_id=OrderId(order_id),
                    notification_no=NotificationNo(notification_no),
                )
                for report_id, report, order_id, notification_no in await cursor.fetchall()
            ]

    async def settle(self, report_ids: Sequence[ReportId]) -> None:
        async with reaching(self._pool) as connection:
            await connection.execute(_SETTLE, (list(report_ids),))

    async def wait(self, seconds: float) -> None:
        await self._listener.wait(CHANNEL, seconds)


def _storable(text: str) -> str:
    """The text, or one by which nothing is found; the report itself is kept as it came."""
    return text if is_storable(text) else ""
