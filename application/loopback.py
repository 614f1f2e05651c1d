"""Which hosts are this machine itself: what goes to them is seen by nobody on the way."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its very name or number; nothing is resolved."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
