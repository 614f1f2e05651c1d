"""What whoever knows the owners' agreements promises; a suite for each names its stand."""

import pytest

from application.ports.owner_agreements import OwnerAgreements
from domain.agreement import Agreement
from domain.channel import Channel
from domain.personal import Contact

AGREED_WITH_ALL = Agreement(senders=frozenset({"noreply@altinn.cloud", "altinn"}))
AGREED_WITH_TTD = Agreement(
    senders=frozenset({"ttd.example", "ttd"}),
    reply_to="post@ttd.example",
    test_recipients=frozenset({"4799999999"}),
)


class OwnerAgreementsContract:
    """Fixture: `agreements`, which knows the two above, of which one is with the owner `ttd`."""

    @pytest.fixture
    def agreements(self) -> OwnerAgreements:
        raise NotImplementedError

    @pytest.mark.parametrize("owner", ["ttd", "TTD"])
    async def test_what_is_agreed_with_an_owner_is_known_by_its_name(
        self, agreements: OwnerAgreements, owner: str
    ) -> None:
        assert await agreements.of(owner) == AGREED_WITH_TTD

    @pytest.mark.parametrize("owner", ["skd", "nobody", ""])
    async def test_with_everybody_else_it_is_what_is_agreed_with_all(
        self, agreements: OwnerAgreements, owner: str
    ) -> None:
        assert await agreements.of(owner) == AGREED_WITH_ALL

    async def test_whom_an_owner_only_tries_is_told_however_it_is_written(
        self, agreements: OwnerAgreements
    ) -> None:
        agreed = await agreements.of("ttd")
        assert agreed.only_tries(Contact("0047 99 99 99 99"), Channel.SMS)
        assert not agreed.only_tries(Contact("+4799999998"), Channel.SMS)
