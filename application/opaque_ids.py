"""Ids that are made of a keyed hash: the same for the same thing, and telling nobody of what."""

from uuid import UUID


def uuid8(data: bytes) -> UUID:
    """A UUID of version 8, whose bits are the application's own (RFC 9562 § 5.8)."""
    octets = bytearray(data[:16])
    octets[6] = octets[6] & 0x0F | 0x80
    octets[8] = octets[8] & 0x3F | 0x80
    return UUID(bytes=bytes(octets))
