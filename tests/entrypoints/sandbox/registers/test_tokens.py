"""A token is had for a signed grant, by the service's own client, and asked for by the registers."""

import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from joserfc import jws
from joserfc.jwk import RSAKey

from adapters.tokens.discovery import Discovery, metadata_url
from adapters.tokens.maskinporten import MaskinportenClient, NoTokenError
from entrypoints.sandbox.registers import Holdings, Registers
from entrypoints.wiring.tokens import KRR_SCOPES

KEY, OTHER = RSAKey.generate_key(2048), RSAKey.generate_key(2048)
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


class Clock:
    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def registers(holdings: Holdings, clock: Clock) -> AsyncIterator[Registers]:
    public = KEY.as_pem(private=False)
    async with Registers(holdings, client_key=public, clock=clock) as running:
        yield running


@pytest.fixture
def client(registers: Registers, tmp_path: Path) -> Callable[[RSAKey], MaskinportenClient]:
    def made(key: RSAKey) -> MaskinportenClient:
        file = tmp_path / "client.pem"
        file.write_bytes(key.as_pem(private=True))
        issuer = f"{registers.url}/"
        discovery = Discovery(
            issuer=issuer, url=metadata_url("maskinporten", issuer), allow_http=True
        )
        return MaskinportenClient(discovery, client_id="varsel", key_file=file)

    return made


async def krr(registers: Registers, token: str) -> int:
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session,
        session.post(f"{registers.url}/rest/v2/krr/hentEndringer", json={"fraEndringsId": 0}) as it,
    ):
        return it.status


async def test_our_own_client_gets_a_token_by_which_the_register_answers(
    registers: Registers, client: Callable[[RSAKey], MaskinportenClient]
) -> None:
    assert await krr(registers, await client(KEY).token(KRR_SCOPES)) == 200


async def test_a_token_for_something_else_is_not_enough(
    registers: Registers, client: Callable[[RSAKey], MaskinportenClient]
) -> None:
    assert await krr(registers, await client(KEY).token("of:another")) == 403


async def test_a_token_runs_out(
    registers: Registers, client: Callable[[RSAKey], MaskinportenClient], clock: Clock
) -> None:
    token = await client(KEY).token(KRR_SCOPES)

    clock.ahead = 121

    assert await krr(registers, token) == 401


async def test_another_key_gets_none(client: Callable[[RSAKey], MaskinportenClient]) -> None:
    with pytest.raises(NoTokenError, match="invalid_grant"):
        await client(OTHER).token(KRR_SCOPES)


async def test_a_token_of_nobody_is_none(registers: Registers) -> None:
    assert await krr(registers, "of.my.own") == 401
    forged = jws.serialize_compact({"alg": "RS256"}, b"{}", KEY)
    assert await krr(registers, forged) == 401


def test_a_client_key_that_is_none_is_refused(holdings: Holdings) -> None:
    with pytest.raises(ValueError, match="PEM"):
        Registers(holdings, client_key=b"no key")


@pytest.mark.parametrize(
    "changes, code",
    [
        ({"aud": "https://somebody.else/"}, "invalid_grant"),
        ({"iss": ""}, "invalid_client"),
        ({"scope": " "}, "invalid_scope"),
        ({"exp": None}, "invalid_grant"),
        ({"exp": 130}, "invalid_grant"),
        ({"iat": -200, "exp": -100}, "invalid_grant"),
        ({"iat": 60, "exp": 100}, "invalid_grant"),
    ],
)
async def test_a_grant_must_have_its_form(
    registers: Registers, changes: dict[str, Any], code: str
) -> None:
    status, said = await granted(registers, **changes)

    assert (status, said["error"]) == (400, code)


async def test_a_grant_is_taken_once(registers: Registers) -> None:
    first, _ = await granted(registers, jti="once")
    again, said = await granted(registers, jti="once")

    assert (first, again, said["error"]) == (200, 400, "invalid_grant")


@pytest.mark.parametrize(
    "form, code",
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": GRANT}, "invalid_grant"),
        ({"grant_type": GRANT, "assertion": "a.b.c"}, "invalid_grant"),
        ({"grant_type": GRANT, "assertion": "W10.W10.W10"}, "invalid_grant"),
    ],
)
async def test_what_is_no_grant_is_refused(
    registers: Registers, form: dict[str, str], code: str
) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{registers.url}/token", data=form) as answer,
    ):
        assert (answer.status, (await answer.json())["error"]) == (400, code)


async def granted(registers: Registers, **changes: object) -> tuple[int, dict[str, Any]]:
    now = int(time.time())
    for name in ("iat", "exp"):
        if isinstance(ahead := changes.get(name), int):
            changes[name] = now + ahead
    claims = {
        "aud": f"{registers.url}/",
        "iss": "varsel",
        "scope": "a b",
        "iat": now,
        "exp": now + 100,
        **changes,
    }
    assertion = jws.serialize_compact({"alg": "RS256"}, msgspec.json.encode(claims), KEY)
    form = {"grant_type": GRANT, "assertion": assertion}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{registers.url}/token", data=form) as answer,
    ):
        return answer.status, await answer.json()
