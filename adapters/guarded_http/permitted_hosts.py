"""The hosts and networks that the operator lets us call, though they are not public."""

import ipaddress
from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from adapters.guarded_http.public_addresses import is_public


class PermittedHosts:
    """Judges hosts and addresses by the operator's list: names, addresses and networks."""

    def __init__(self, entries: Collection[str]) -> None:
        self._networks: list[IPv4Network | IPv6Network] = []
        self._names: set[str] = set()
        for entry in entries:
            try:
                self._networks.append(ipaddress.ip_network(entry.strip(), strict=False))
            except ValueError:
                self._names.add(folded(entry))

    def names(self, host: str) -> bool:
        """Whether the host itself is on the list, by name or, where it is an address, by network."""
        address = literal(host)
        return folded(host) in self._names if address is None else self._holds(address)

    def allows(self, address: str) -> bool:
        """Whether an address may be called: it is public, or in a network of the list."""
        if is_public(address):
            return True
        parsed = literal(address)
        return parsed is not None and self._holds(parsed)

    def _holds(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address.version == each.version and address in each for each in self._networks)


def folded(host: str) -> str:
    """A host's name as names are compared: without the dot at its end, letter case aside."""
    return host.strip().casefold().removesuffix(".")


def literal(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a host is; None if it is a name, or an address in an odd spelling."""
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
