"""A box: what is sealed under a key, with what it belongs to bound into it (AES-256-GCM).

Who makes the key sees to it that no nonce meets it twice: by a key for each box, or by nonces that are
drawn, for fewer boxes than 2^32.
"""

import os
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from application.ports.key_vault import KeyVault

KEY: Final = 32
NONCE: Final = 12


def sealed(key: AESGCM, content: bytes, place: bytes, nonce: bytes) -> bytes:
    """The box: the nonce, and what it was used for."""
    return nonce + key.encrypt(nonce, content, place)


def opened(key: AESGCM, box: bytes, place: bytes) -> bytes:
    """What is in a box.

    Raises:
        InvalidTag: it was changed, was sealed under another key, or does not belong in this place.
    """
    return key.decrypt(box[:NONCE], box[NONCE:], place)


class OwnKeyBox(NamedTuple):
    """A box under a key that is made for it alone, and that key, wrapped under that of a month."""

    box: bytes
    month: str
    wrapped: bytes


def sealed_alone(vault: KeyVault, content: bytes, place: bytes, month: str) -> OwnKeyBox:
    """A box under a key of its own."""
    key = os.urandom(KEY)
    box = sealed(AESGCM(key), content, place, os.urandom(NONCE))
    return OwnKeyBox(box, month, vault.wrap(key, month))


def opened_alone(vault: KeyVault, sealed_box: OwnKeyBox, place: bytes) -> bytes | None:
    """What is in a box under a key of its own; None if the month's key has been destroyed.

    Raises:
        InvalidTag, InvalidUnwrap: the box or its key was changed, or does not belong in this place.
    """
    key = vault.unwrap(sealed_box.wrapped, sealed_box.month)
    return None if key is None else opened(AESGCM(key), sealed_box.box, place)
