"""What everybody who knows party ids promises; a suite for each names its stand."""

from typing import Final

from application.ports.party_ids import PartyIds
from contracts.samples import BAKERY
from domain.recipient import OrganisationNumber

MILL: Final = OrganisationNumber("314022017")
PARTY_IDS: Final = {BAKERY.number: 50001234} | {
    OrganisationNumber(f"{910000000 + each}"): each for each in range(1, 351)
}
"""Who is known; the mill is not."""


class PartyIdsContract:
    async def test_ids_are_told_of_those_that_are_known_and_of_no_others(
        self, party_ids: PartyIds
    ) -> None:
        assert await party_ids.find([MILL, BAKERY.number]) == {BAKERY.number: 50001234}

    async def test_of_very_many_each_has_its_own(self, party_ids: PartyIds) -> None:
        assert await party_ids.find(list(PARTY_IDS)) == PARTY_IDS

    async def test_of_nobody_nothing_is_told(self, party_ids: PartyIds) -> None:
        assert await party_ids.find([]) == {}
