"""By which ids Altinn's party register knows organisations."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from domain.recipient import OrganisationNumber


class PartyIds(Protocol):
    """Tells the ids by which others ask about organisations, as Altinn's decision point wants them."""

    async def find(
        self, organisations: Sequence[OrganisationNumber]
    ) -> Mapping[OrganisationNumber, int]:
        """The ids of those that are known; of the others none.

        Raises:
            RegistryUnavailableError: not all could be asked about, and so nothing is told; try again
                later.
        """
        ...
