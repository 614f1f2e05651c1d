"""By which names a provider speaks of a notification, and the reports that wait for one."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final, LiteralString

import msgspec
import psycopg
from msgspec import Struct
from psycopg_pool import AsyncConnectionPool

from adapters.postgres.listening import Listener
from adapters.postgres.reaching import reaching
from adapters.projections.runner import FeedEvent
from application.ports.report_inbox import Matched, Report, ReportId
from domain.order.events import NotificationNo, OrderId

CHANNEL: Final = "varsel_reports"

_ATTEMPTED: Final = "order.notification_attempted"
_SENT: Final = "order.notification_sent"
_INSERT: Final[LiteralString] = """
INSERT INTO delivery_reference (provider, reference, order_id, notification_no)
SELECT * FROM unnest(%s::text[], %s::text[], %s::uuid[], %s::int[]) ON CONFLICT DO NOTHING
"""
_KEEP: Final[LiteralString] = """
INSERT INTO delivery_report (digest, provider, reference, report)
SELECT * FROM unnest(%b::bytea[], %b::text[], %b::text[], %b::bytea[]) ON CONFLICT DO NOTHING
"""
_MATCHED: Final[LiteralString] = """
SELECT r.report_id, r.report, d.order_id, d.notification_no
  FROM delivery_report r JOIN delivery_reference d USING (provider, reference)
 WHERE r.settled_at IS NULL ORDER BY r.report_id LIMIT %s
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


class DeliveryReferenceProjection:
    """Writes down the token of each attempt, and the reference of each acceptance."""

    name = "delivery_reference"

    async def clear(self, connection: psycopg.AsyncConnection[Any]) -> None:
        await connection.execute("DELETE FROM delivery_reference")

    async def project(
        self, connection: psycopg.AsyncConnection[Any], events: Sequence[FeedEvent]
    ) -> None:
        rows = [
            (named.provider, named.token or named.reference, each.order_id, named.notification_no)
            for each in events
            if each.topic in (_ATTEMPTED, _SENT)
            for named in [_read(each.state).event]
        ]
        if rows:
            columns = [list(column) for column in zip(*rows, strict=True)]
            await connection.execute(_INSERT, columns)
            await connection.execute("SELECT pg_notify('varsel_reports', '')")


class PostgresReportInbox:
    """Keeps reports in a table of their own, and matches them by a join."""

    def __init__(self, pool: AsyncConnectionPool[Any], listener: Listener) -> None:
        self._pool = pool
        self._listener = listener

    async def keep(self, reports: Sequence[Report]) -> None:
        written = [_write_report(each) for each in reports]
        columns = [
            [sha256(each).digest() for each in written],
            [each.provider for each in reports],
            [each.reference for each in reports],
            written,
        ]
        async with reaching(self._pool) as connection, connection.transaction():
            await connection.execute(_KEEP, columns)
            await connection.execute("SELECT pg_notify('varsel_reports', '')")

    async def matched(self, limit: int) -> Sequence[Matched]:
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_MATCHED, (limit,))
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
