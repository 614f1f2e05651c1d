"""Which orders are for a person or an organisation, by a keyed hash of the number."""

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, LiteralString, TypeAlias
from uuid import UUID

import msgspec
import psycopg
from msgspec import Struct
from psycopg_pool import AsyncConnectionPool

from adapters.postgres.reaching import reaching
from adapters.projections.placing import PLACED
from adapters.projections.projection import FeedEvent, insert
from adapters.projections.runner import ProjectionRunner
from application.ports.key_vault import KeyVault
from application.ports.order_repository import SpoiltHistoryError
from domain.order.events import OrderId
from domain.recipient import ExternalIdentity, Organisation, Person, Recipient

_PATIENCE: Final = 5.0
_PURPOSE: Final = "recipient index"
_NUMBERED: Final = frozenset({"person", "organisation"})

_FIND: Final[LiteralString] = """
SELECT i.order_id FROM recipient_index i
  JOIN projection p ON p.name = 'recipient_index' AND p.is_serving AND p.generation = i.generation
 WHERE i.identity = %s AND i.requested_time >= %s AND i.requested_time < %s
 ORDER BY i.requested_time DESC, i.order_id
"""

OpenRecipients: TypeAlias = Callable[
    [psycopg.AsyncConnection[Any], Sequence[tuple[UUID, int, str, bytes]]],
    Awaitable[Mapping[OrderId, Sequence[Recipient]]],
]
"""Opens whom orders are for, from the rows of their first events; one that somebody has changed is absent."""


class _Kind(Struct, frozen=True):
    type: str = ""


class _Recipient(Struct, frozen=True):
    identity: _Kind


class _Placed(Struct, frozen=True):
    recipients: tuple[_Recipient, ...]
    requested_send_time: datetime

    @property
    def names_somebody(self) -> bool:
        return any(each.identity.type in _NUMBERED for each in self.recipients)


class _State(Struct, frozen=True):
    event: _Placed


_read = msgspec.json.Decoder(_State).decode


class RecipientIndexProjection:
    """Writes down whom each order is for, where they have a number."""

    name = "recipient_index"
    tables: Sequence[str] = ("recipient_index",)
    columns: Mapping[str, str] = MappingProxyType(
        {"identity": "bytea", "requested_time": "timestamptz", "order_id": "uuid"}
    )
    topics: Collection[str] = (PLACED,)
    read = topics
    channel = None
    is_waited_for = False

    def __init__(self, vault: KeyVault, open_recipients: OpenRecipients) -> None:
        self._vault = vault
        self._open = open_recipients

    async def write(
        self, connection: psycopg.AsyncConnection[Any], generation: int, events: Sequence[FeedEvent]
    ) -> bool:
        """Write a row for each person and organisation of each order that was placed."""
        first: list[tuple[UUID, int, str, bytes]] = []
        times: dict[UUID, datetime] = {}
        for each in events:
            if (placed := _read(each.state).event).names_somebody:
                first.append((each.order_id, each.version, each.topic, each.state))
                times[each.order_id] = placed.requested_send_time
        if not first:
            return False
        opened = await self._open(connection, first)
        if opened.keys() < times.keys():
            raise SpoiltHistoryError
        rows = [
            (hashed, times[order_id], order_id)
            for order_id, recipients in opened.items()
            for hashed in self._hashed(recipients)
        ]
        return await insert(connection, self.name, self.columns, generation, rows)

    def _hashed(self, recipients: Sequence[Recipient]) -> Iterator[bytes]:
        for recipient in recipients:
            identity = recipient.identity
            if isinstance(identity, Organisation) or (
                isinstance(identity, Person) and not identity.number.is_erased
            ):
                yield hashed_identity(self._vault, identity)


class PostgresRecipientIndex:
    """Finds orders by recipient, after everything that was accepted before the question."""

    def __init__(
        self,
        pool: AsyncConnectionPool[Any],
        runner: ProjectionRunner,
        vault: KeyVault,
        *,
        patience: float = _PATIENCE,
    ) -> None:
        """Prepare to answer; for `patience` seconds a reader brings the index on, or asks again later."""
        self._pool = pool
        self._runner = runner
        self._vault = vault
        self._patience = patience

    def identity_hash(self, recipient: Person | Organisation | ExternalIdentity) -> str:
        return hashed_identity(self._vault, recipient).hex()

    async def orders_for(
        self, recipient: Person | Organisation, *, since: datetime, until: datetime
    ) -> Sequence[OrderId]:
        await self._runner.catch_up(RecipientIndexProjection.name, within=self._patience)
        hashed = hashed_identity(self._vault, recipient)
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_FIND, (hashed, since, until))
            return [OrderId(row[0]) for row in await cursor.fetchall()]


def hashed_identity(vault: KeyVault, identity: Person | Organisation | ExternalIdentity) -> bytes:
    """By what somebody is found; who has no key cannot try numbers out."""
    match identity:
        case Person(number=number):
            return vault.keyed_hash(_PURPOSE, f"person {number.text}".encode())
        case Organisation(number=number):
            return vault.keyed_hash(_PURPOSE, f"organisation {number}".encode())
        case ExternalIdentity(urn=urn):
            return vault.keyed_hash(_PURPOSE, f"external identity {urn.text}".encode())
