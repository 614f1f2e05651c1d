"""Appends of events that mean nothing, and what is stored of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import LiteralString
from uuid import UUID, uuid4

import psycopg
from eventsourcing.persistence import StoredEvent

from adapters.event_store.postgres.appender import Appender
from application.ports.agenda import AgendaRow


def event(stream: UUID, version: int = 1, command: UUID | None = None) -> StoredEvent:
    state = f'{{"command_id":"{command or uuid4()}","said":"\\u0000"}}'
    return StoredEvent(stream, version, "test.happened", state.encode())


async def append(
    appender: Appender, stream: UUID | None = None, *, version: int = 1, owner: str = "ttd"
) -> UUID:
    stream, command = stream or uuid4(), uuid4()
    row = AgendaRow(stream, owner, 1, datetime(2026, 9, 1, tzinfo=UTC))
    await appender.append(command, [event(stream, version, command)], [], [row])
    return stream


@asynccontextmanager
async def appending(
    conninfo: str, *, patience: float = 10.0, parked: int = 20_000, beat: float = 5.0
) -> AsyncIterator[Appender]:
    appender = Appender(conninfo, patience=patience, parked=parked, beat=beat)
    await appender.start()
    try:
        yield appender
    finally:
        await appender.stop()


def ask(conninfo: str, statement: LiteralString, *parameters: object) -> object:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        row = connection.execute(statement, parameters).fetchone()
        return None if row is None else row[0]


def stored(conninfo: str) -> object:
    return ask(conninfo, "SELECT count(*) FROM orders_events")
