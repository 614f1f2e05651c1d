"""Seal the words of persons, and open them again while their keys exist.

All words of one class that belong to one recipient in one event lie in one box: AES-256-GCM under
a key that is made for this box alone, so that no nonce can meet the same key twice.
The key is wrapped by the month's key of the vault.
What the box belongs to is bound into it as associated data, so that boxes cannot change places.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Final, NamedTuple
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap

from adapters.sealed_box import KEY, NONCE, opened, sealed
from application.ports.key_vault import KeyVault
from application.ports.order_repository import SpoiltHistoryError
from domain.personal import PersonalClass

WHOLE_ORDER: Final = -1
"""Stands for a recipient where words belong to the order as a whole."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(list[str | None]).decode


class TamperedError(SpoiltHistoryError):
    """What is stored is not what was recorded; somebody has changed the store."""


class BoxKey(NamedTuple):
    """Where a box belongs: an event of an order, a class, a recipient."""

    order_id: UUID
    version: int
    kind: PersonalClass
    recipient_no: int

    @property
    def associated_data(self) -> bytes:
        """What binds the box to its place."""
        order_id, version, kind, recipient_no = self
        return f"1|{order_id}|{version}|{kind}|{recipient_no}".encode()


class Box(NamedTuple):
    """Sealed words, and the wrapped key that opens them."""

    place: BoxKey
    ciphertext: bytes
    """The nonce, and what it was used for."""
    month: str
    wrapped: bytes


class StoredBox(NamedTuple):
    """A box as it was found in the store; either part may have been erased."""

    ciphertext: bytes | None
    month: str | None
    wrapped: bytes | None


Boxes = Mapping[BoxKey, StoredBox]
Words = Sequence[str | None]
"""What a box holds; None for a word that had been erased before it was recorded again."""


class Sealer:
    """Seals and opens boxes by the keys of a vault."""

    def __init__(self, vault: KeyVault, *, randomness: Callable[[int], bytes] = os.urandom) -> None:
        self._vault = vault
        self._random = randomness

    def seal(self, place: BoxKey, words: Words, month: str) -> tuple[Box, str]:
        """Seal words under a new key; also the commitment that their event is to hold."""
        drawn = self._random(KEY + NONCE)
        key, nonce = drawn[:KEY], drawn[KEY:]
        ciphertext = sealed(AESGCM(key), _encode(words), place.associated_data, nonce)
        box = Box(place, ciphertext, month, self._vault.wrap(key, month))
        return box, sha256(ciphertext).hexdigest()

    def open(self, place: BoxKey, box: StoredBox | None, commitment: str) -> Words | None:
        """The words in a box; None if it or its key has been erased.

        Raises:
            TamperedError: the box is not the one that was sealed, or its key is another.
        """
        if box is None or box.ciphertext is None:
            return None
        if sha256(box.ciphertext).hexdigest() != commitment:
            raise TamperedError(f"the {_named(place)} has been changed")
        if box.wrapped is None or box.month is None:
            return None
        try:
            key = self._vault.unwrap(box.wrapped, box.month)
        except InvalidUnwrap as problem:
            raise TamperedError(
                f"the {_named(place)}: its key does not unwrap. {problem}".strip()
            ) from None
        if key is None:
            return None
        try:
            return _decode(opened(AESGCM(key), box.ciphertext, place.associated_data))
        except InvalidTag:
            raise TamperedError(f"the {_named(place)} does not belong where it lies") from None


def _named(place: BoxKey) -> str:
    return f"{place.kind} in event {place.version} of order {place.order_id}"
