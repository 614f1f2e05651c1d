"""No token lets anybody in unless it passes every check."""

import pytest
from structlog.testing import capture_logs

from adapters.tokens.compact import take_apart
from adapters.tokens.verifier import JwtVerifier
from application.ports.token_verifier import InvalidTokenError, NoOwnerError
from tests.adapters.tokens.forging import NOON, TTD, issuers, platform, token
from tests.adapters.tokens.hostile import GOOD, HOSTILE, Hostile


def _verifier() -> JwtVerifier:
    owners = {TTD: "ttd"}
    return JwtVerifier(issuers=issuers(), owners=owners.get, clock=lambda: NOON)


async def _refusal(verifier: JwtVerifier, hostile: Hostile) -> InvalidTokenError | NoOwnerError:
    try:
        caller = await verifier.verify(
            authorization=hostile.authorization, platform_access_token=hostile.platform
        )
    except (InvalidTokenError, NoOwnerError) as refusal:
        return refusal
    pytest.fail(f"it let in {caller}")


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda row: f"{row.check} {row.words}")
async def test_a_hostile_token_is_refused_by_its_check(hostile: Hostile) -> None:
    verifier = _verifier()
    for _ in range(2):
        with capture_logs() as logged:
            refusal = await _refusal(verifier, hostile)

        assert refusal.reason == hostile.reason
        # A person's token is genuine; it is its bearer who owns nothing here.
        assert isinstance(refusal, NoOwnerError) is (hostile.check == 16)
        assert logged == [{"event": "token.refused", "log_level": "info", "reason": hostile.reason}]


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
