"""Persons' profiles in PostgreSQL, in the log of the orders; their words lie sealed beside them."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

import psycopg
from eventsourcing.persistence import StoredEvent
from psycopg_pool import AsyncConnectionPool

from adapters.event_store.envelope import ProfileEventMapper
from adapters.event_store.postgres.appender import Appender
from adapters.event_store.sealing import Boxes, BoxKey, StoredBox, TamperedError
from adapters.postgres.reaching import reaching
from application.envelope import Actor, RecordedOfProfile, recorded_of_profile
from domain.profile.events import AddressesConfirmed, AddressesRegistered, ProfileEvent
from domain.profile.profile import Profile, ProfileId, evolve_all, rebuild

_HISTORY: Final[LiteralString] = """
SELECT originator_id, originator_version, topic, state FROM orders_events
 WHERE originator_id = %s AND topic LIKE 'profile.%%' ORDER BY originator_version
"""
_BOXES: Final[LiteralString] = """
SELECT s.order_id, s.version, s.class, s.recipient_no, s.ciphertext, k.month, k.wrapped
  FROM sealed s LEFT JOIN data_key k USING (order_id, version, class, recipient_no)
 WHERE s.order_id = %s
"""
_PLACED_EVENTS: Final[LiteralString] = """
SELECT e.originator_id, e.originator_version, e.topic, e.state
  FROM unnest(%(ids)s::uuid[], %(versions)s::bigint[]) AS asked (profile_id, place)
  JOIN orders_events e
    ON e.originator_id = asked.profile_id AND e.originator_version = asked.place
"""
_PLACED_BOXES: Final[LiteralString] = """
SELECT s.order_id, s.version, s.class, s.recipient_no, s.ciphertext, k.month, k.wrapped
  FROM unnest(%(ids)s::uuid[], %(versions)s::bigint[]) AS asked (profile_id, place)
  JOIN sealed s ON s.order_id = asked.profile_id AND s.version = asked.place
  LEFT JOIN data_key k USING (order_id, version, class, recipient_no)
"""


class PostgresProfileRepository:
    """Keeps the profiles beside the orders; none is on the agenda."""

    def __init__(
        self,
        *,
        appender: Appender,
        pool: AsyncConnectionPool[Any],
        mapper: ProfileEventMapper,
        clock: Callable[[], datetime],
        next_id: Callable[[], UUID],
    ) -> None:
        self._appender = appender
        self._pool = pool
        self._mapper = mapper
        self._clock = clock
        self._next_id = next_id

    async def append(
        self, profile: Profile, events: Sequence[ProfileEvent], *, by: Actor
    ) -> Profile:
        if not events:
            await self._appender.confirm()
            return profile
        now, command_id = self._clock(), self._next_id()
        told = recorded_of_profile(profile, events, now, by, command_id)
        stored = [self._mapper.to_stored(each) for each in told]
        await self._appender.append(
            command_id,
            [event for event, _ in stored],
            [box for _, boxes in stored for box in boxes],
            agenda=(),
        )
        return evolve_all(profile, [(each, now) for each in events])

    async def load(self, profile_id: ProfileId) -> Profile:
        history = await self.history(profile_id)
        return rebuild(profile_id, [(each.event, each.recorded_at) for each in history])

    async def history(self, profile_id: ProfileId) -> Sequence[RecordedOfProfile]:
        async with reaching(self._pool) as connection, connection.pipeline():
            events = await connection.execute(_HISTORY, (profile_id,), binary=True)
            boxes = await connection.execute(_BOXES, (profile_id,), binary=True)
            rows, found = await events.fetchall(), await boxes.fetchall()
        opened = _boxes(found)
        return [self._mapper.from_stored(StoredEvent(*row), opened) for row in rows]


async def read_registered(
    mapper: ProfileEventMapper,
    connection: psycopg.AsyncConnection[Any],
    places: Sequence[tuple[UUID, int]],
) -> Mapping[tuple[UUID, int], AddressesRegistered | AddressesConfirmed]:
    """The events that addresses were registered by; one that somebody has changed hides no other."""
    if not places:
        return {}
    asked = {"ids": [each for each, _ in places], "versions": [each for _, each in places]}
    # Not prepared: how many are asked for differs from one to thousands.
    events = await connection.execute(_PLACED_EVENTS, asked, binary=True, prepare=False)
    rows = await events.fetchall()
    boxes = await connection.execute(_PLACED_BOXES, asked, binary=True, prepare=False)
    opened = _boxes(await boxes.fetchall())
    found: dict[tuple[UUID, int], AddressesRegistered | AddressesConfirmed] = {}
    for row in rows:
        with contextlib.suppress(TamperedError):
            event = mapper.from_stored(StoredEvent(*row), opened).event
            if isinstance(event, AddressesRegistered | AddressesConfirmed):
                found[row[0], row[1]] = event
    return found


def _boxes(rows: Sequence[Sequence[Any]]) -> Boxes:
    return {
        BoxKey(order_id, version, kind, recipient_no): StoredBox(ciphertext, month, wrapped)
        for order_id, version, kind, recipient_no, ciphertext, month, wrapped in rows
    }
