"""The two sides of `make test`.

What starts the whole service mostly waits: one side takes all of that, one test after the other, and
the other goes through the rest meanwhile. Whichever is done first is given what is left.
"""

from typing import Final

from typing_extensions import override
from xdist.scheduler import LoadScopeScheduling

_WHOLE_SERVICES: Final = ("tests/chaos/", "tests/service/")


class TwoSides(LoadScopeScheduling):  # type: ignore[misc]  # xdist tells no types
    """Keeps together what starts whole services, and begins with it; the rest goes test by test."""

    @override
    def _split_scope(self, nodeid: str) -> str:
        return "whole services" if nodeid.startswith(_WHOLE_SERVICES) else nodeid
