"""No token lets anybody in unless it passes every check."""

import pytest

from adapters.tokens.compact import take_apart
from adapters.tokens.verifier import JwtVerifier
from application.ports.token_verifier import InvalidTokenError
from tests.adapters.tokens.forging import NOON, TTD, issuers, platform, token
from tests.adapters.tokens.hostile import GOOD, HOSTILE, Hostile


def _verifier() -> JwtVerifier:
    owners = {TTD: "ttd"}
    return JwtVerifier(issuers=issuers(), owners=owners.get, clock=lambda: NOON)


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda row: f"{row.check} {row.words}")
async def test_a_hostile_token_is_refused_by_its_check(hostile: Hostile) -> None:
    verifier = _verifier()
    for _ in range(2):
        with pytest.raises(InvalidTokenError) as refused:
            await verifier.verify(
                authorization=hostile.authorization, platform_access_token=hostile.platform
            )

        assert refused.value.reason == hostile.reason


def test_every_check_of_the_token_itself_is_tried() -> None:
    assert {row.check for row in HOSTILE} == set(range(1, 18)) - {14}


async def test_what_the_hostile_tokens_were_made_from_is_good() -> None:
    verifier = _verifier()

    by_bearer = await verifier.verify(authorization=[f"Bearer {GOOD}"], platform_access_token=[])
    by_app = await verifier.verify(authorization=[], platform_access_token=[token(platform())])

    assert (by_bearer.owner, by_app.owner) == ("ttd", "ttd")


def test_a_token_taken_apart_shows_nothing_that_could_be_used_again() -> None:
    shown = repr(take_apart(GOOD))

    assert not [segment for segment in GOOD.split(".") if segment in shown]
    assert TTD not in shown
