"""By which ids a dialogue, and a transmission in it, are known again, however their sender wrote them."""

import re
from typing import Final
from uuid import UUID

_UUID: Final = re.compile(
    r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE
)


def known_as(written: str | None) -> UUID | None:
    """The id that a sender wrote; None where it is no UUID, by which nobody can ask."""
    if written is None or _UUID.fullmatch(written) is None:
        return None
    return UUID(written)
