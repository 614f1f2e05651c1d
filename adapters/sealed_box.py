"""A box: what is sealed under a key, with what it belongs to bound into it (AES-256-GCM).

Who makes the key sees to it that no nonce meets it twice: by a key for each box, or by nonces that are
drawn, for fewer boxes than 2^32.
"""

from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

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
