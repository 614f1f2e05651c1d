"""Persons' profiles in PostgreSQL, in the log of the orders; their words lie sealed beside them."""

import asyncio
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
from adapters.event_store.postgres.repository import all_rows
from adapters.event_store.sealing import Boxes, BoxKey, StoredBox, TamperedError
from adapters.postgres.reaching import reaching
from application.envelope import Actor, RecordedOfProfile, recorded_of_profile
from application.pace import Pace
from domain.profile.events import AddressesConfirmed, AddressesRegistered, ProfileEvent
from domain.profile.profile import Profile, ProfileId, evolve, evolve_all, rebuild

_AT_ONCE: Final = 50
"""Events that are opened before others have their turn."""

_HISTORY: Final[LiteralString] = """
SELECT originator_id, originator_version, topic, state FROM orders_events
 WHERE originator_id = ANY(%s) AND topic LIKE 'profile.%%'
 ORDER BY originator_id, originator_version
"""
_BOXES: Final[LiteralString] = """
SELECT s.order_id, s.version, s.class, s.recipient_no, s.ciphertext, k.month, k.wrapped
  FROM sealed s LEFT JOIN data_key k USING (order_id, version, class, recipient_no)
 WHERE s.order_id = ANY(%s)
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
        return (await self.load_all([profile_id]))[profile_id]

    async def load_all(self, profile_ids: Sequence[ProfileId]) -> Mapping[ProfileId, Profile]:
        profiles = {each: rebuild(each, ()) for each in profile_ids}
        history = await self._history(profile_ids)
        with Pace() as pace:  # nobody knows how often somebody has changed their mind
            for each in history:
                before = profiles[each.profile_id]
                profiles[each.profile_id] = evolve(before, each.event, each.recorded_at)
                await pace.keep()
        return profiles

    async def history(self, profile_id: ProfileId) -> Sequence[RecordedOfProfile]:
        return await self._history([profile_id])

    async def _history(self, profile_ids: Sequence[ProfileId]) -> Sequence[RecordedOfProfile]:
        """What is recorded of profiles, of each in its order."""
        async with reaching(self._pool) as connection, connection.pipeline():
            events = await connection.execute(_HISTORY, (list(profile_ids),), binary=True)
            boxes = await connection.execute(_BOXES, (list(profile_ids),), binary=True)
            rows, found = await all_rows(events), await all_rows(boxes)
        history: list[RecordedOfProfile] = []
        with Pace() as pace:  # others need the connection meanwhile
            opened: dict[BoxKey, StoredBox] = {}
            for some in found:
                opened.update(_boxes([some]))
                await pace.keep()
            for row in rows:
                history.append(self._mapper.from_stored(StoredEvent(*row), opened))
                await pace.keep()
        return history


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
    rows = await all_rows(events)
    boxes = await connection.execute(_PLACED_BOXES, asked, binary=True, prepare=False)
    opened = _boxes(await all_rows(boxes))
    found: dict[tuple[UUID, int], AddressesRegistered | AddressesConfirmed] = {}
    for number, row in enumerate(rows):
        if number % _AT_ONCE == 0:
            await asyncio.sleep(0)  # no turn is waited for where a connection is held
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
