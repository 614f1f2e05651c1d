"""How the local copies keep what is nobody else's business: found by a keyed hash, and sealed.

Each record lies in a box of its own, into which is bound what it is a record of. Boxes are filled up
to so many bytes, so that their lengths tell nothing of what is in them.
One data key a month seals whatever is written in that month, and the vault wraps it. When a month
begins, all data keys are wrapped anew under its key: what is in the copies outlives the months whose
keys are destroyed, and what is in a backup does not.
"""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final, Literal, LiteralString, TypeAlias

import psycopg
import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap

from adapters.registries.pages import Part
from adapters.sealed_box import KEY, NONCE, opened, sealed
from application.ports.key_vault import KeyVault

log = structlog.get_logger()

Connection = psycopg.AsyncConnection[Any]
Kept: TypeAlias = Part | Literal["unread"]
"""What a box holds a record of; `unread` are entries as they came, which could not be read."""
KeyId: TypeAlias = int

ROOM: Final = 160
"""Bytes into which goes what is known of nearly everybody; who needs more has a multiple of them."""

_CURRENT: Final[LiteralString] = (
    "SELECT key_id, month, wrapped FROM registry_key WHERE made_in = %s"
)
_ALL: Final[LiteralString] = "SELECT key_id, month, wrapped FROM registry_key"
_MAKE: Final[LiteralString] = """
INSERT INTO registry_key (key_id, made_in, month, wrapped)
VALUES (%(key_id)s, %(month)s, %(month)s, %(wrapped)s) ON CONFLICT (made_in) DO NOTHING
"""
_WRAP_ANEW: Final[LiteralString] = """
UPDATE registry_key SET month = %(month)s, wrapped = %(wrapped)s WHERE key_id = %(key_id)s
"""


class LostKeyError(Exception):
    """The key under which records were sealed was destroyed, or is another than the one at hand."""

    def __init__(self) -> None:
        super().__init__(
            "what a copy of the registers holds was sealed under a key that is gone; put the key file "
            "back that has it (VARSEL_KEY_FILE)"
        )


@dataclass(frozen=True, slots=True)
class Sealing:
    """The month's data key, to seal with."""

    key_id: KeyId
    key: AESGCM
    randomness: Callable[[int], bytes]

    def seal(
        self, kept: Kept, names: Sequence[bytes], contents: Sequence[bytes]
    ) -> Sequence[bytes]:
        """Seal records, each with that by which it is found bound into it."""
        key, kind, nonces = self.key, kept.encode(), self.randomness(NONCE * len(names))
        return [
            sealed(key, _filled(content), kind + name, nonces[at : at + NONCE])
            for name, content, at in zip(names, contents, range(0, len(nonces), NONCE), strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Opening:
    """Data keys, to open boxes with."""

    keys: Mapping[KeyId, AESGCM]

    def open(self, kept: Kept, name: bytes, key_id: KeyId, box: bytes) -> bytes | None:
        """What was sealed; None, with an alarm, if somebody has changed what is stored."""
        try:
            return opened(self.keys[key_id], box, kept.encode() + name)
        except InvalidTag:
            log.critical(
                "registry_record_spoilt",
                kept=kept,
                does="whoever it is about is uncertain, and not notified",
                see="somebody has changed what the local copies hold",
            )
            return None


class RecordSealer:
    """Hashes that by which records are found, and seals and opens them, by the keys of a vault."""

    def __init__(
        self,
        vault: KeyVault,
        *,
        clock: Callable[[], datetime],
        randomness: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._vault = vault
        self._clock = clock
        self._randomness = randomness
        self._wrapped: Mapping[KeyId, tuple[str, bytes]] = {}

    def hashing(self, kept: Kept) -> Callable[[bytes], bytes]:
        """By what records of a kind are found; who has no key cannot try numbers out."""
        return partial(self._vault.keyed_hash, f"registry {kept}")

    def hashed(self, kept: Kept, name: str) -> bytes:
        """By what one record is found."""
        return self._vault.keyed_hash(f"registry {kept}", name.encode())

    async def sealing(self, connection: Connection) -> Sealing:
        """What to seal with; to be asked in a transaction, which is over before anything is sealed or writes it, too.

        Raises:
            LostKeyError: this month's key was destroyed, or is another.
        """
        month = f"{self._clock():%Y-%m}"
        current = await (await connection.execute(_CURRENT, (month,))).fetchone()
        if current is None:
            await self._make(connection, month)
            current = await (await connection.execute(_CURRENT, (month,))).fetchone()
        key_id, *wrapped = current or (0, month, b"")
        key = self._unwrapped(*wrapped)
        if key is None:
            raise LostKeyError
        return Sealing(key_id, AESGCM(key), self._randomness)

    async def opening(self, connection: Connection, key_ids: Collection[KeyId]) -> Opening:
        """What opens boxes that were sealed under these keys.

        Raises:
            LostKeyError: one of them was destroyed, or is another.
        """
        keys = self._known(key_ids)
        if keys is None:  # one was made, or they were wrapped anew, since we looked
            rows = await (await connection.execute(_ALL)).fetchall()
            self._wrapped = {key_id: (month, wrapped) for key_id, month, wrapped in rows}
            keys = self._known(key_ids)
        if keys is None:
            raise LostKeyError
        return Opening(keys)

    def _known(self, key_ids: Collection[KeyId]) -> Mapping[KeyId, AESGCM] | None:
        found: dict[KeyId, AESGCM] = {}
        for each in key_ids:
            wrapped = self._wrapped.get(each)
            key = None if wrapped is None else self._unwrapped(*wrapped)
            if key is None:
                return None
            found[each] = AESGCM(key)
        return found

    def _unwrapped(self, month: str, wrapped: bytes) -> bytes | None:
        try:
            return self._vault.unwrap(wrapped, month)
        except InvalidUnwrap:
            return None

    async def _make(self, connection: Connection, month: str) -> None:
        """Make the key of a month that has begun, and wrap those of before anew."""
        rows = await (await connection.execute(_ALL)).fetchall()
        # Its number is drawn, so that none is ever taken for another, also not after a fail-over.
        key_id = int.from_bytes(self._randomness(8)) >> 1
        made = {
            "key_id": key_id,
            "month": month,
            "wrapped": self._vault.wrap(self._randomness(KEY), month),
        }
        if (await connection.execute(_MAKE, made)).rowcount == 0:
            return  # another has just made it
        for other, wrapped_in, wrapped in rows:
            if (key := self._unwrapped(wrapped_in, wrapped)) is not None:
                anew = {"key_id": other, "month": month, "wrapped": self._vault.wrap(key, month)}
                await connection.execute(_WRAP_ANEW, anew)


def _filled(content: bytes) -> bytes:
    """The content with as much space behind it as is passed over by whoever reads it."""
    return content.ljust(-(-len(content) // ROOM) * ROOM)
