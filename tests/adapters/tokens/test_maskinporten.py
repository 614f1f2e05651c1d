"""Our client gets tokens from an issuer that checks its grants as Maskinporten does."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import ECKey

from adapters.tokens.discovery import Discovery, IssuerUnreachableError
from adapters.tokens.maskinporten import ClientKeyError, MaskinportenClient, NoTokenError
from tests.adapters.tokens.granting import KEY, NOW, GrantingIssuer, granting

SCOPE = "altinn:system/notifications.condition.check"


@pytest.fixture
async def issuer() -> AsyncIterator[GrantingIssuer]:
    async with granting() as running:
        yield running


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    file = tmp_path / "client.pem"
    file.write_bytes(KEY.as_pem(private=True))
    return file


@pytest.fixture
def client(issuer: GrantingIssuer, key_file: Path) -> MaskinportenClient:
    return MaskinportenClient(
        Discovery(
            issuer=issuer.address,
            url=f"{issuer.address}.well-known/oauth-authorization-server",
            allow_http=True,
        ),
        client_id="client-1",
        key_file=key_file,
        key_id="kid-1",
        clock=lambda: issuer.now,
    )


async def test_a_grant_is_exchanged_for_a_token(
    issuer: GrantingIssuer, client: MaskinportenClient
) -> None:
    assert await client.token(SCOPE) == "token-1"

    assert [each["scope"] for each in issuer.grants] == [SCOPE]
    assert issuer.kids == ["kid-1"]


async def test_of_many_who_need_a_token_at_once_one_asks(
    issuer: GrantingIssuer, client: MaskinportenClient
) -> None:
    tokens = await asyncio.gather(*(client.token(SCOPE) for _ in range(20)))

    assert set(tokens) == {"token-1"}
    assert len(issuer.grants) == 1


async def test_a_token_is_kept_while_it_is_good_and_no_longer(
    issuer: GrantingIssuer, client: MaskinportenClient
) -> None:
    await client.token(SCOPE)
    issuer.now = NOW + 104
    kept = await client.token(SCOPE)
    issuer.now = NOW + 105
    fresh = await client.token(SCOPE)

    assert (kept, fresh) == ("token-1", "token-2")


async def test_each_scope_has_a_token_of_its_own(client: MaskinportenClient) -> None:
    assert await client.token(SCOPE) != await client.token("other")


async def test_without_the_issuer_there_is_no_token_until_it_is_back(
    issuer: GrantingIssuer, client: MaskinportenClient
) -> None:
    issuer.refusal = (503, b"")
    with pytest.raises(IssuerUnreachableError, match="503"):
        await client.token(SCOPE)

    issuer.refusal = None
    assert await client.token(SCOPE) == "token-1"


async def test_a_grant_that_is_refused_is_told_without_its_words(
    issuer: GrantingIssuer, client: MaskinportenClient
) -> None:
    issuer.now = NOW + 1000
    client._clock = lambda: NOW  # its clock is wrong

    with pytest.raises(IssuerUnreachableError, match="400 invalid_grant; see that our clock"):
        await client.token(SCOPE)


@pytest.mark.parametrize(
    "status, body, told",
    [
        (
            400,
            b'{"error": "invalid_scope"}',
            "400 invalid_scope; have it give our client the scope",
        ),
        (401, b'{"error": "invalid_client"}', "401 invalid_client; see that it knows our client"),
        (400, b'{"error": "server_error"}', "400 server_error; try again later"),
        (400, b'{"error": "KARI NORDMANN"}', "400; try again later"),
        (400, b"<html>", "400; try again later"),
        (500, b"", "500; try again later"),
        (302, b"", "302; try again later"),
    ],
)
async def test_of_a_refusal_the_issuer_the_status_and_the_code_are_told_and_what_to_do(
    issuer: GrantingIssuer, client: MaskinportenClient, status: int, body: bytes, told: str
) -> None:
    issuer.refusal = (status, body.replace(b"}", b', "error_description": "KARI"}'))

    with pytest.raises(NoTokenError) as refused:
        await client.token(SCOPE)

    assert str(refused.value).startswith(f"the issuer {issuer.address} gives us no token: it ")
    assert told in str(refused.value)
    assert "KARI" not in str(refused.value)


@pytest.mark.parametrize("answer", [{"expires_in": "soon"}, {"expires_in": None}])
async def test_what_is_no_token_is_refused(
    issuer: GrantingIssuer, client: MaskinportenClient, answer: dict[str, object]
) -> None:
    issuer.answer = answer

    with pytest.raises(IssuerUnreachableError, match="malformed"):
        await client.token(SCOPE)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no key",
        rsa.generate_private_key(65537, 1024).private_bytes(  # noqa: S505  # it is refused
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        ),
        KEY.as_pem(private=False),
        ECKey.generate_key("P-256").as_pem(private=True),
    ],
    ids=["empty", "words", "short", "public", "elliptic"],
)
def test_what_is_no_key_stops_the_start_with_one_line(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "client.pem"
    file.write_bytes(content)

    with pytest.raises(ClientKeyError) as refusal:
        MaskinportenClient(
            Discovery(issuer="https://a.example", url="https://a.example/x"),
            client_id="client-1",
            key_file=file,
        )

    assert str(file) in str(refusal.value)
    assert "\n" not in str(refusal.value)
