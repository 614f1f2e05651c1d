"""Which addresses bounced hard, by a keyed hash of the channel and the address.

Bounces are rare, and each is a word on an address that stands sealed in another event of its order: that
one is opened for it, and no other.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, LiteralString, TypeAlias

import msgspec
import psycopg
from msgspec import Struct
from psycopg_pool import AsyncConnectionPool

from adapters.gathering import Gatherer
from adapters.postgres.reaching import reaching
from adapters.projections.projection import FeedEvent, Row, insert
from application.ports.key_vault import KeyVault
from application.ports.order_repository import SpoiltHistoryError, StoreUnavailableError
from application.ports.suppressions import BouncedAddress
from domain.channel import Channel
from domain.contact_point import AddressKey, address_key
from domain.order.events import (
    DeliveryReported,
    Failure,
    NotificationNo,
    NotificationRejected,
    OrderId,
)
from domain.personal import Contact
from domain.suppression import bounced_at, hard_bounce

_PURPOSE: Final = "suppression"
_TOPICS: Final = frozenset({"order.delivery_reported", "order.notification_rejected"})

# Each address is looked up by itself, so that no plan ever reads the whole table for a few.
_BOUNCED: Final[LiteralString] = """
SELECT s.address, s.bounced_at
  FROM projection p, unnest(%(addresses)b::bytea[]) AS asked (address),
       LATERAL (SELECT s.address, s.bounced_at FROM suppression s
                 WHERE s.generation = p.generation AND s.address = asked.address
                 ORDER BY s.bounced_at DESC LIMIT 1) s
 WHERE p.name = 'suppression' AND p.is_serving
   AND NOT EXISTS (SELECT FROM suppression_lift l
                    WHERE l.address = s.address AND l.lifted_at >= s.bounced_at)
"""
_LATEST: Final[LiteralString] = """
SELECT * FROM (
    SELECT DISTINCT ON (s.address) s.address, s.channel, s.bounced_at, s.failure, s.order_id
      FROM suppression s
      JOIN projection p ON p.name = 'suppression' AND p.is_serving AND p.generation = s.generation
     WHERE s.bounced_at >= %(since)s
       AND NOT EXISTS (SELECT FROM suppression_lift l
                        WHERE l.address = s.address AND l.lifted_at >= s.bounced_at)
     ORDER BY s.address, s.bounced_at DESC) AS last
 ORDER BY bounced_at DESC LIMIT %(most)s
"""
_LIFT: Final[LiteralString] = """
INSERT INTO suppression_lift AS old VALUES (%s, %s) ON CONFLICT (address) DO UPDATE
   SET lifted_at = greatest(old.lifted_at, excluded.lifted_at)
"""

Place: TypeAlias = tuple[Channel, Contact]
OpenPlaces: TypeAlias = Callable[
    [psycopg.AsyncConnection[Any], Collection[OrderId]],
    Awaitable[Mapping[OrderId, Mapping[NotificationNo, Place]]],
]
"""Opens where the notifications of orders went; an order that somebody has changed is absent."""


class _State(Struct, frozen=True):
    event: DeliveryReported | NotificationRejected
    recorded_at: datetime


_read = msgspec.json.Decoder(_State).decode


class SuppressionProjection:
    """Writes down each address that bounced hard, and when."""

    name = "suppression"
    tables: Sequence[str] = ("suppression",)
    columns: Mapping[str, str] = MappingProxyType(
        {
            "address": "bytea",
            "bounced_at": "timestamptz",
            "channel": "text",
            "failure": "text",
            "order_id": "uuid",
        }
    )
    topics: Collection[str] = _TOPICS
    read = topics
    channel = None
    is_waited_for = True  # by what is sent next

    def __init__(self, vault: KeyVault, open_places: OpenPlaces) -> None:
        self._vault = vault
        self._open = open_places

    async def write(
        self, connection: psycopg.AsyncConnection[Any], generation: int, events: Sequence[FeedEvent]
    ) -> bool:
        """Write a row for each bounce, unless the address has been erased meanwhile."""
        bounces = [
            (OrderId(each.order_id), state, failure)
            for each in events
            if (failure := hard_bounce((state := _read(each.state)).event)) is not None
        ]
        if not bounces:
            return False
        orders = {order_id for order_id, _, _ in bounces}
        opened = await self._open(connection, orders)
        if opened.keys() < orders:
            raise SpoiltHistoryError
        rows = [
            self._row(order_id, place, state, failure)
            for order_id, state, failure in bounces
            if (place := opened[order_id].get(state.event.notification_no)) is not None
            and not place[1].is_erased
        ]
        return await insert(connection, self.name, self.columns, generation, rows)

    def _row(self, order_id: OrderId, place: Place, state: _State, failure: Failure) -> Row:
        channel, address = place
        return (
            hashed_address(self._vault, address_key(address, channel)),
            bounced_at(state.event, state.recorded_at),
            channel,
            failure,
            order_id,
        )


class PostgresSuppressions:
    """Answers from the table of bounces, and keeps beside it what has been lifted."""

    def __init__(self, pool: AsyncConnectionPool[Any], vault: KeyVault) -> None:
        self._pool = pool
        self._vault = vault
        self._gathered = Gatherer(self._last_bounces, befalls_all=StoreUnavailableError)

    def address_hash(self, address: AddressKey) -> str:
        return hashed_address(self._vault, address).hex()

    async def bounced(
        self, addresses: Collection[AddressKey], *, since: datetime
    ) -> Mapping[AddressKey, datetime]:
        bounced = await self._gathered.ask(addresses)
        return {address: at for address, at in bounced.items() if at >= since}

    async def _last_bounces(self, addresses: Sequence[AddressKey]) -> Mapping[AddressKey, datetime]:
        """When each of those that bounced last did."""
        hashed = {hashed_address(self._vault, each): each for each in addresses}
        async with reaching(self._pool) as connection:
            asked = {"addresses": list(hashed)}
            cursor = await connection.execute(_BOUNCED, asked, binary=True)
            return {hashed[address]: at for address, at in await cursor.fetchall()}

    async def latest(self, *, since: datetime, most: int) -> Sequence[BouncedAddress]:
        async with reaching(self._pool) as connection:
            cursor = await connection.execute(_LATEST, {"since": since, "most": most})
            return [
                BouncedAddress(
                    address_hash=address.hex(),
                    channel=Channel(channel),
                    bounced_at=at,
                    failure=Failure(failure),
                    order_id=OrderId(order_id),
                )
                for address, channel, at, failure, order_id in await cursor.fetchall()
            ]

    async def lift(self, address_hash: str, *, at: datetime) -> None:
        async with reaching(self._pool) as connection:
            await connection.execute(_LIFT, (bytes.fromhex(address_hash), at))


def hashed_address(vault: KeyVault, address: AddressKey) -> bytes:
    """By what an address is found; who has no key cannot try addresses out."""
    channel, key = address
    return vault.keyed_hash(_PURPOSE, f"{channel} {key}".encode())
