"""Which addresses belong to the public internet, however they are written."""

import ipaddress
from ipaddress import IPv4Address, IPv6Address
from typing import Final

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
# Special-purpose blocks (RFC 6890 and its registry) that the standard library of 3.11 calls global.
_SPECIAL: Final = tuple(
    ipaddress.ip_network(block)
    for block in (
        "192.0.0.0/24",
        "192.88.99.0/24",
        "64:ff9b:1::/48",
        "100:0:0:1::/64",
        "2001::/23",
        "3fff::/20",
        "5f00::/16",
        "fec0::/10",
    )
)
_ISATAP: Final = (0x00005EFE, 0x02005EFE)


def is_public(address: str) -> bool:
    """Whether an address, and every address that is wrapped in it, is on the public internet."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return all(_is_global(each) for each in (parsed, *_wrapped(parsed)))


def _wrapped(address: IPv4Address | IPv6Address) -> list[IPv4Address]:
    """The IPv4 addresses that an IPv6 address leads to."""
    if isinstance(address, IPv4Address):
        return []
    number = int(address)
    found = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64 or number >> 32 == 0 or (number >> 32) & 0xFFFFFFFF in _ISATAP:
        found.append(IPv4Address(number & 0xFFFFFFFF))
    return [each for each in found if each is not None]


def _is_global(address: IPv4Address | IPv6Address) -> bool:
    if any(address.version == block.version and address in block for block in _SPECIAL):
        return False
    if isinstance(address, IPv6Address) and address in _NAT64:
        return True  # judged by the address that it leads to
    return address.is_global and not address.is_multicast and not address.is_reserved
