"""Several providers of one kind, by the names that they have in histories."""

from collections.abc import Sequence


def named(kind: str, addresses: Sequence[str | None]) -> Sequence[tuple[str, str]]:
    """Each address that there is by its provider's name: `smtp`, `smtp:2`."""
    return [
        (kind if number == 1 else f"{kind}:{number}", address)
        for number, address in enumerate(addresses, start=1)
        if address is not None
    ]
