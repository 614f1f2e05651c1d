"""The party register's ids as a dictionary."""

from collections.abc import Mapping, Sequence

from domain.recipient import OrganisationNumber


class InMemoryPartyIds:
    """Knows the ids that it was given."""

    def __init__(self, party_ids: Mapping[OrganisationNumber, int] | None = None) -> None:
        self._party_ids = dict(party_ids or {})

    async def find(
        self, organisations: Sequence[OrganisationNumber]
    ) -> Mapping[OrganisationNumber, int]:
        return {each: self._party_ids[each] for each in organisations if each in self._party_ids}
