"""How local copies stand, as it was said."""

from collections.abc import Iterable, Sequence

from application.ports.registry_copies import CopyStanding


class InMemoryRegistryCopies:
    """Knows the copies it was told of; without any, every register is asked itself."""

    def __init__(self, standings: Iterable[CopyStanding] = ()) -> None:
        self._standings = {each.registry: each for each in standings}

    def know(self, standing: CopyStanding) -> None:
        """Know from now on that a copy stands like this."""
        self._standings[standing.registry] = standing

    @property
    def known(self) -> Sequence[CopyStanding]:
        """How each copy stands."""
        return list(self._standings.values())

    async def standings(self) -> Sequence[CopyStanding]:
        return self.known
