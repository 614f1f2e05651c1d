"""What every verifier of tokens promises."""

from typing import Protocol

import pytest

from application.caller import COMPOSED, CREATE, END_USER, SUPPORT, Assurance, Caller, EndUser
from application.ports.token_verifier import (
    InvalidTokenError,
    NoOwnerError,
    NotAPersonError,
    TokenVerifier,
)
from domain.personal import Identifier

OWNER = "ttd"
ORGANISATION = "991825827"
KARI = "15859010099"


class House(Protocol):
    """A verifier, and whoever issues the tokens that it trusts."""

    @property
    def verifier(self) -> TokenVerifier:
        """The verifier under test."""
        ...

    def bearer(self, scope: str, *, owner: str = OWNER) -> str:
        """A genuine token of an owner: `ttd`, organisation 991825827, or another."""
        ...

    def platform(self, owner: str, app: str) -> str:
        """A genuine platform access token of an owner's app."""
        ...

    def user(self, scope: str) -> str:
        """A genuine token of somebody who logged in."""
        ...

    def person(self, scope: str, *, level: str = "substantial", user: str | None = None) -> str:
        """A genuine token of Kari, who logged in; as Altinn exchanges it, if her user's id is given."""
        ...

    def forged(self) -> str:
        """A token that looks genuine, and is not."""
        ...

    def deactivate(self, organisation: str) -> None:
        """Let an organisation be no owner from now on."""
        ...


async def call(house: House, bearer: str | None = None, *, platform: str | None = None) -> Caller:
    return await house.verifier.verify(
        authorization=[] if bearer is None else [f"Bearer {bearer}"],
        platform_access_token=[] if platform is None else [platform],
    )


async def call_as_person(house: House, bearer: str | None = None) -> EndUser:
    return await house.verifier.verify_person(
        authorization=[] if bearer is None else [f"Bearer {bearer}"]
    )


class TokenVerifierContract:
    """Subclass, and give a `house` fixture."""

    async def test_a_genuine_token_names_its_owner_and_its_scopes(self, house: House) -> None:
        caller = await call(house, house.bearer(f"{CREATE} {SUPPORT}"))

        assert (caller.owner, caller.organisation) == (OWNER, ORGANISATION)
        assert caller.credential == "bearer"
        assert caller.may(CREATE)
        assert caller.may(SUPPORT)
        assert not caller.may(COMPOSED)

    async def test_a_token_is_as_good_the_second_time(self, house: House) -> None:
        token = house.bearer(CREATE)

        assert await call(house, token) == await call(house, token)

    async def test_without_any_credential_nobody_is_let_in(self, house: House) -> None:
        with pytest.raises(InvalidTokenError):
            await call(house)

    async def test_a_forged_token_lets_nobody_in(self, house: House) -> None:
        for _ in range(2):
            with pytest.raises(InvalidTokenError):
                await call(house, house.forged())

    async def test_a_refusal_tells_nothing_of_the_token(self, house: House) -> None:
        forged = house.forged()
        with pytest.raises(InvalidTokenError) as refused:
            await call(house, forged)

        assert forged not in f"{refused.value} {refused.value.reason}"

    async def test_two_tokens_are_no_token(self, house: House) -> None:
        token = house.bearer(CREATE)
        with pytest.raises(InvalidTokenError):
            await house.verifier.verify(
                authorization=[f"Bearer {token}"] * 2, platform_access_token=[]
            )

    async def test_a_person_owns_nothing_here(self, house: House) -> None:
        with pytest.raises(NoOwnerError):
            await call(house, house.user(CREATE))

    async def test_an_owner_that_was_deactivated_is_refused_at_once(self, house: House) -> None:
        token = house.bearer(CREATE)
        await call(house, token)

        house.deactivate(ORGANISATION)

        with pytest.raises(NoOwnerError):
            await call(house, token)

    async def test_an_app_may_order_without_a_scope(self, house: House) -> None:
        caller = await call(house, platform=house.platform(OWNER, "bygg"))

        assert (caller.owner, caller.app) == (OWNER, "bygg")
        assert caller.credential == "platform_access_token"
        assert caller.may(CREATE)
        assert not caller.may(COMPOSED)

    async def test_an_apps_token_names_the_owner_whatever_stands_beside_it(
        self, house: House
    ) -> None:
        token = house.bearer(f"{CREATE} {COMPOSED}")

        caller = await call(house, token, platform=house.platform("skd", "skatt"))

        assert (caller.owner, caller.organisation) == ("skd", None)
        assert not caller.may(COMPOSED)

    async def test_scopes_of_the_same_owner_go_with_its_apps_token(self, house: House) -> None:
        caller = await call(house, house.bearer(COMPOSED), platform=house.platform(OWNER, "bygg"))

        assert (caller.owner, caller.organisation, caller.app) == (OWNER, ORGANISATION, "bygg")
        assert caller.may(COMPOSED)

    async def test_scopes_of_a_person_go_with_an_apps_token(self, house: House) -> None:
        caller = await call(house, house.user(COMPOSED), platform=house.platform(OWNER, "bygg"))

        assert caller.owner == OWNER
        assert caller.may(COMPOSED)

    async def test_a_forged_apps_token_refuses_a_good_bearer(self, house: House) -> None:
        with pytest.raises(InvalidTokenError):
            await call(house, house.bearer(CREATE), platform=house.forged())

    async def test_a_forged_bearer_adds_nothing_to_an_apps_token(self, house: House) -> None:
        platform = house.platform(OWNER, "bygg")

        assert await call(house, house.forged(), platform=platform) == await call(
            house, platform=platform
        )

    async def test_a_bearer_is_no_apps_token_and_the_other_way_round(self, house: House) -> None:
        with pytest.raises(InvalidTokenError):
            await call(house, platform=house.bearer(CREATE))
        with pytest.raises(InvalidTokenError):
            await call(house, house.platform(OWNER, "bygg"))

    @pytest.mark.parametrize("user", [None, "20001111"])
    async def test_a_persons_token_names_the_person_and_how_surely_they_logged_in(
        self, house: House, user: str | None
    ) -> None:
        kari = await call_as_person(house, house.person(END_USER, user=user))

        assert kari.person == Identifier(KARI)
        assert kari.user == (None if user is None else Identifier(user))
        assert kari.level == Assurance.SUBSTANTIAL
        assert kari.may(END_USER)
        assert not kari.may(CREATE)
        surer = await call_as_person(house, house.person(END_USER, level="high", user=user))
        assert surer.level == Assurance.HIGH

    async def test_a_person_is_not_shown_by_what_is_known_of_them(self, house: House) -> None:
        kari = await call_as_person(house, house.person(END_USER, user="20001111"))

        assert KARI not in repr(kari)
        assert "20001111" not in repr(kari)

    @pytest.mark.parametrize("user", [None, "20001111"])
    async def test_a_person_who_logged_in_owns_nothing_here_whatever_the_scope(
        self, house: House, user: str | None
    ) -> None:
        with pytest.raises(NoOwnerError):
            await call(house, house.person(f"{CREATE} {END_USER}", user=user))

    async def test_an_owner_is_no_person_whatever_the_scope(self, house: House) -> None:
        with pytest.raises(NotAPersonError):
            await call_as_person(house, house.bearer(f"{CREATE} {END_USER}"))

    async def test_of_somebody_whose_number_is_not_told_nobody_knows_who_they_are(
        self, house: House
    ) -> None:
        with pytest.raises(NotAPersonError):
            await call_as_person(house, house.user(END_USER))

    async def test_without_a_good_token_nobody_is_a_person(self, house: House) -> None:
        for token in (None, house.forged(), house.platform(OWNER, "bygg")):
            with pytest.raises(InvalidTokenError):
                await call_as_person(house, token)
