"""Our client gets tokens from an issuer that checks its grants as Maskinporten does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from adapters.tokens.discovery import Discovery, IssuerUnreachableError
from adapters.tokens.maskinporten import GRANT, ClientKeyError, MaskinportenClient

NOW = 1_790_000_000.0
SCOPE = "altinn:system/notifications.condition.check"
KEY = RSAKey.generate_key(2048)


class GrantingIssuer:
    """Gives a token for each grant that is signed, fresh, meant for it and not used before."""

    def __init__(self) -> None:
        self.address = ""
        self.now = NOW
        self.grants: list[dict[str, Any]] = []
        self.kids: list[object] = []
        self.is_down = False
        self.answer: dict[str, Any] = {"token_type": "Bearer", "expires_in": 120}

    async def metadata(self, _: web.Request) -> web.Response:
        base = self.address.rstrip("/")
        told = {
            "issuer": self.address,
            "jwks_uri": f"{base}/jwk",
            "token_endpoint": f"{base}/token",
        }
        return web.json_response(told)

    async def token(self, request: web.Request) -> web.Response:
        form = await request.post()
        if self.is_down:
            raise web.HTTPServiceUnavailable
        grant = jws.deserialize_compact(str(form["assertion"]), KEY)
        claims = msgspec.json.decode(grant.payload)
        is_good = (
            form["grant_type"] == GRANT
            and claims["aud"] == self.address
            and claims["iss"] == "client-1"
            and 0 < claims["exp"] - claims["iat"] <= 120
            and claims["iat"] <= self.now < claims["exp"]
            and claims["jti"] not in {each["jti"] for each in self.grants}
        )
        if not is_good:
            return web.json_response({"error": "invalid_grant"}, status=400)
        self.grants.append(claims)
        self.kids.append(grant.headers().get("kid"))
        return web.json_response({**self.answer, "access_token": f"token-{len(self.grants)}"})


@asynccontextmanager
async def started() -> AsyncIterator[GrantingIssuer]:
    issuer = GrantingIssuer()
    app = web.Application()
    app.router.add_get("/.well-known/oauth-authorization-server", issuer.metadata)
    app.router.add_post("/token", issuer.token)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        issuer.address = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        yield issuer
    finally:
        await runner.cleanup()


@pytest.fixture
async def issuer() -> AsyncIterator[GrantingIssuer]:
    async with started() as running:
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
    issuer.is_down = True
    with pytest.raises(IssuerUnreachableError, match="503"):
        await client.token(SCOPE)

    issuer.is_down = False
    assert await client.token(SCOPE) == "token-1"


async def test_a_grant_that_is_refused_is_told_without_its_words(
    issuer: GrantingIssuer, client: MaskinportenClient
) -> None:
    issuer.now = NOW + 1000
    client._clock = lambda: NOW  # its clock is wrong

    with pytest.raises(IssuerUnreachableError, match="400"):
        await client.token(SCOPE)


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
