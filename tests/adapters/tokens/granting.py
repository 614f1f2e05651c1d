"""An issuer that gives tokens for grants which it checks as Maskinporten does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import web
from joserfc import jws
from joserfc.jwk import RSAKey

from adapters.tokens.maskinporten import GRANT

NOW = 1_790_000_000.0
KEY = RSAKey.generate_key(2048)


class GrantingIssuer:
    """Gives a token for each grant that is signed, fresh, meant for it and not used before."""

    def __init__(self) -> None:
        self.address = ""
        self.now = NOW
        self.grants: list[dict[str, Any]] = []
        self.kids: list[object] = []
        self.refusal: tuple[int, bytes] | None = None
        """With what it answers, whatever it is asked for."""
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
        if self.refusal is not None:
            status, body = self.refusal
            return web.Response(status=status, body=body)
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
async def granting() -> AsyncIterator[GrantingIssuer]:
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
