"""Hosts of others, by TLS: issuers of tokens, registers, and what lies at senders'."""

import asyncio
import ssl
import time
from base64 import urlsafe_b64decode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from aiohttp import web

from application.official_addresses.editing import RESOURCE
from application.ports.decision_point import Question
from domain.recipient import OrganisationNumber
from tests.adapters.decision_point import pdp
from tests.adapters.registries.pages import addresses, email, krr, mobile, person
from tests.adapters.tokens import forging
from tests.samples import KARI, OLA

UNIT: Final = "314022009"
NAMES: Final = {KARI.number.text: "Kari Nordmann", UNIT: "FJELL OG FJORD AS"}
SCOPES: Final = (
    "altinn:serviceowner/notifications.create "
    "altinn:serviceowner/notifications.composedemail.create"
)
USER: Final = "20001111"
PERMITTED: Final = {
    Question(USER, OrganisationNumber(UNIT), "tax-2026", "read"),
    *(Question(USER, OrganisationNumber(UNIT), RESOURCE, each) for each in ("read", "write")),
}
"""What the decision point permits."""
FILE: Final = b"%PDF-1.7 a decision\n"
_PATIENCE: Final = 60.0

Answerer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Host:
    """One host, which can be taken away and brought back at the same place."""

    def __init__(self, context: ssl.SSLContext, port: int, routes: Mapping[str, Answerer]) -> None:
        self._context = context
        self._port = port
        self._routes = routes
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        for path, answer in self._routes.items():
            app.router.add_route("*", path, answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port, ssl_context=self._context).start()

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None


class Issuers:
    """Maskinporten, ID-porten, Altinn's exchange and the apps', with one set of keys; they sign real tokens."""

    def __init__(self, base: str, *, audience: str, client: str, key_id: str) -> None:
        self.maskinporten = f"{base}/maskinporten/"
        self.altinn = f"{base}/altinn/"
        self.idporten = f"{base}/idporten"
        self.platform = f"{base}/apps/"
        self.granted: list[Mapping[str, Any]] = []
        """The claims of the grants for which the service itself was given a token."""
        self._audience = audience
        self._client = client
        self._key_id = key_id

    @property
    def routes(self) -> Mapping[str, Answerer]:
        well_known = ".well-known/openid-configuration"
        return {
            "/maskinporten/.well-known/oauth-authorization-server": self._told(self.maskinporten),
            f"/altinn/{well_known}": self._told(self.altinn),
            f"/idporten/{well_known}": self._told(self.idporten),
            f"/apps/{well_known}": self._told(self.platform),
            "/{kind}/jwks": self._keys,
            "/maskinporten/token": self._token,
        }

    def bearer(self, owner: str = "ttd", organisation: str = forging.TTD) -> dict[str, str]:
        """What a service owner shows whose token Altinn has exchanged."""
        org = {"urn:altinn:org": owner, "urn:altinn:orgNumber": organisation}
        consumer = forging.organisation(f"0192:{organisation}")
        claims = {"iss": self.altinn, "scope": SCOPES, "consumer": consumer, **org, **_now()}
        return _bearer(forging.token(forging.altinn(claims)))

    def of_maskinporten(self, organisation: str = forging.TTD) -> dict[str, str]:
        """What a service owner shows who comes with Maskinporten's token."""
        consumer = forging.organisation(f"0192:{organisation}")
        claims = {"iss": self.maskinporten, "aud": self._audience, "consumer": consumer, **_now()}
        return _bearer(forging.token(forging.maskinporten(claims)))

    def of_person(self) -> dict[str, str]:
        """What Kari shows who logged in with ID-porten, and whose token Altinn has exchanged."""
        of_an_owner = dict.fromkeys(
            ("consumer", "urn:altinn:org", "urn:altinn:orgNumber"), forging.GONE
        )
        known = {"pid": KARI.number.text, "urn:altinn:userid": USER, "urn:altinn:authlevel": 3}
        acr = {"acr": "idporten-loa-substantial", "scope": "altinn:portal/enduser"}
        claims = {"iss": self.altinn, **of_an_owner, **known, **acr, **_now()}
        return _bearer(forging.token(forging.altinn(claims)))

    def of_app(self) -> dict[str, str]:
        """What an owner's app shows."""
        return {"PlatformAccessToken": forging.token(forging.platform(_now()))}

    def _told(self, issuer: str) -> Answerer:
        async def answer(_: web.Request) -> web.Response:
            told = {
                "issuer": issuer,
                "jwks_uri": f"{issuer.rstrip('/')}/jwks",
                "token_endpoint": f"{issuer.rstrip('/')}/token",
            }
            return web.json_response(told)

        return answer

    async def _keys(self, _: web.Request) -> web.Response:
        return web.Response(body=forging.key_set(forging.jwk("genuine", kid="one")))

    async def _token(self, request: web.Request) -> web.Response:
        """A token for a grant that our client's key has signed, as the claims say."""
        form = await request.post()
        head, claims, _ = str(form["assertion"]).split(".")
        header, granted = (msgspec.json.decode(_unpadded(part)) for part in (head, claims))
        if (header["kid"], granted["iss"]) != (self._key_id, self._client):
            return web.json_response({"error": "invalid_client"}, status=401)
        self.granted.append(granted)
        return web.json_response({"access_token": f"for {granted['scope']}", "expires_in": 120})


class Registers:
    """KRR, the register of businesses' addresses, that of names, and who decides; each knows who asks."""

    def __init__(
        self, *, krr_token: str, party_token: str, scope: str, decision_point_key: str
    ) -> None:
        self._decisions = {
            "Ocp-Apim-Subscription-Key": decision_point_key,
            "Authorization": "Bearer for altinn:authorization/authorize",
        }
        self._krr = f"Bearer {krr_token}"
        self._party = party_token
        self._businesses = f"Bearer for {scope}"
        self._defined: list[Any] = []

    @property
    def routes(self) -> Mapping[str, Answerer]:
        return {
            "/rest/v2/krr/hentEndringer": self._persons,
            "/varslingsadresser/fragments/json/v1": self._addresses,
            "/reception/define": self._define,
            "/register/api/v1/parties/nameslookup": self._names,
            "/authorization/api/v1/authorize": self._decide,
        }

    async def _persons(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != self._krr:
            return web.Response(status=401)
        page = krr(
            person(KARI.number.text, email="kari@mailbox.example", mobile="+4790000010"),
            person(OLA.number.text, mobile="+4790000020"),
        )
        return web.Response(body=page)

    async def _addresses(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != self._businesses:
            return web.Response(status=401)
        page = addresses(
            email("a" * 32, UNIT, "post@mailbox.example"),
            mobile("b" * 32, UNIT, "90000030"),
            *self._defined,
        )
        return web.Response(body=page)

    async def _define(self, request: web.Request) -> web.Response:
        """Take an address, of which the feed tells from then on."""
        if request.headers.get("Authorization") != "Bearer for register:addresses.write":
            return web.Response(status=401)
        told = (await request.json())["Kontaktinformasjon"]
        unit = told["kontaktinformasjonForEnhet"]["enhetsidentifikator"]["verdi"]
        address = told["digitalVarslingsinformasjon"]["epostadresse"]
        name = f"{address['brukernavn']}@{address['domenenavn']}"
        registry_id = f"{len(self._defined):032x}"
        self._defined.append(email(registry_id, unit, name, "03"))
        return web.json_response({"boolResult": True, "addressId": registry_id})

    async def _decide(self, request: web.Request) -> web.Response:
        if not self._decisions.items() <= dict(request.headers).items():
            return web.Response(status=401)
        return web.Response(body=pdp.response(pdp.answer(await request.read(), PERMITTED)))

    async def _names(self, request: web.Request) -> web.Response:
        if request.headers.get("PlatformAccessToken") != self._party:
            return web.Response(status=401)
        asked = (await request.json())["parties"]
        named = [
            each | {"name": NAMES[number]}
            for each in asked
            for number in each.values()
            if number in NAMES
        ]
        return web.json_response({"partyNames": named})


@dataclass
class Senders:
    """A condition, an attachment and a receiver of webhooks, at a sender's own host."""

    wants: bool = True
    """What the condition answers."""
    shown: list[str] = field(default_factory=list)
    """The credentials that the condition was shown."""
    told: list[Mapping[str, Any]] = field(default_factory=list)
    """What the receiver was told."""
    _came: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def condition(self, request: web.Request) -> web.Response:
        self.shown.append(request.headers.get("Authorization", ""))
        return web.json_response({"sendNotification": self.wants})

    async def file(self, _: web.Request) -> web.Response:
        return web.Response(body=FILE)

    async def receive(self, request: web.Request) -> web.Response:
        event = msgspec.json.decode(await request.read())
        if event["type"] == "webhook.challenge":
            return web.Response(text=event["data"]["challenge"])
        async with self._came:
            self.told.append(event)
            self._came.notify_all()
        return web.Response(status=204)

    async def heard_of(self, order_id: str) -> Mapping[str, Any]:
        """What the receiver is told of an order, once it is."""

        def found() -> Mapping[str, Any] | None:
            return next((each for each in self.told if order_id in str(each)), None)

        async with asyncio.timeout(_PATIENCE), self._came:
            await self._came.wait_for(found)
        event = found()
        assert event is not None
        return event


def _now() -> dict[str, Any]:
    now = int(time.time())
    return {"iat": now - 1, "nbf": now - 1, "exp": now + 110, "jti": f"trial-{time.time_ns()}"}


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _unpadded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))
