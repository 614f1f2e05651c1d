"""The verifier that knows signatures keeps the port's promise, and remembers no longer than it may."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from adapters.tokens.development import DevelopmentIssuer
from adapters.tokens.issuers import Issuer
from adapters.tokens.keys import JwksKeys, StaticKeys
from adapters.tokens.verifier import JwtVerifier
from application.caller import COMPOSED, CREATE
from application.ports.token_verifier import (
    InvalidTokenError,
    NoOwnerError,
    NotAPersonError,
    VerificationUnavailableError,
)
from contracts.token_verifier_contract import (
    KARI,
    House,
    TokenVerifierContract,
    call,
    call_as_person,
)
from tests.adapters.tokens import forging
from tests.adapters.tokens.forging import (
    ALTINN,
    AUDIENCE,
    GONE,
    MASKINPORTEN,
    NOW,
    SKD,
    SUPPLIER,
    TTD,
    altinn,
    header,
    idporten,
    jwk,
    key_set,
    maskinporten,
    organisation,
    platform,
    token,
)
from tests.adapters.tokens.published import Clock, publishing


@dataclass
class ForgersHouse:
    """A verifier with all kinds of issuers, whose tokens are forged by the tests."""

    kind: str = "altinn"
    owners: dict[str, str] = field(default_factory=lambda: {TTD: "ttd", SKD: "skd"})
    clock: Clock = field(default_factory=Clock)
    settings: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        keys = StaticKeys(key_set(*forging.GENUINE_KEYS))
        self.verifier = JwtVerifier(
            issuers=(
                *forging.issuers(),
                Issuer(kind="platform", name="skd", keys=keys),
            ),
            owners=self.owners.get,
            clock=self.clock,
            **self.settings,
        )

    def bearer(self, scope: str, *, owner: str = "ttd") -> str:
        number = {name: number for number, name in self.owners.items()}[owner]
        consumer = organisation(f"0192:{number}")
        if self.kind == "maskinporten":
            return token(maskinporten({"scope": scope, "consumer": consumer}))
        named = {"urn:altinn:org": owner, "urn:altinn:orgNumber": number}
        return token(altinn({"scope": scope, "consumer": consumer} | named))

    def platform(self, owner: str, app: str) -> str:
        return token(platform({"iss": owner, "urn:altinn:app": app}))

    def user(self, scope: str) -> str:
        of_an_owner = ("consumer", "urn:altinn:org", "urn:altinn:orgNumber")
        return token(altinn(dict.fromkeys(of_an_owner, GONE) | {"scope": scope, "pid": "218580"}))

    def person(self, scope: str, *, level: str = "substantial", user: str | None = None) -> str:
        acr = f"idporten-loa-{level}"
        if user is None:
            return token(idporten({"scope": scope, "acr": acr}))
        of_an_owner = dict.fromkeys(("consumer", "urn:altinn:org", "urn:altinn:orgNumber"), GONE)
        known = {"pid": "15859010099", "acr": acr, "urn:altinn:userid": user}
        told = {"urn:altinn:authlevel": {"substantial": 3, "high": 4}[level]}
        return token(altinn(of_an_owner | known | told | {"scope": scope}))

    def forged(self) -> str:
        return token(altinn(), signer="stranger")

    def deactivate(self, organisation: str) -> None:
        del self.owners[organisation]


class DevelopmentHouse:
    """A verifier that trusts the development issuer."""

    def __init__(self, folder: Path) -> None:
        self._issuer = DevelopmentIssuer(folder / "key.pem", "http://127.0.0.1:8080/development/")
        self._stranger = DevelopmentIssuer(folder / "other.pem", "http://127.0.0.1:8080/")
        self._owners = {TTD: "ttd", SKD: "skd"}
        self.verifier = JwtVerifier(
            issuers=[
                self._issuer.issuer("altinn"),
                self._issuer.issuer("platform"),
                self._issuer.issuer("idporten", audience=AUDIENCE),
            ],
            owners=self._owners.get,
        )

    def bearer(self, scope: str, *, owner: str = "ttd") -> str:
        number = {name: number for number, name in self._owners.items()}[owner]
        return self._issuer.issue(owner, number, scope)

    def platform(self, owner: str, app: str) -> str:
        return self._issuer.issue_platform(owner, app)

    def user(self, scope: str) -> str:
        return self._issuer.issue_user(scope)

    def person(self, scope: str, *, level: str = "substantial", user: str | None = None) -> str:
        return self._issuer.issue_person(KARI, scope, audience=AUDIENCE, level=level, user=user)

    def forged(self) -> str:
        return self._stranger.issue("ttd", TTD, CREATE)

    def deactivate(self, organisation: str) -> None:
        del self._owners[organisation]


class TestAltinnTokens(TokenVerifierContract):
    @pytest.fixture
    def house(self) -> House:
        return ForgersHouse()


class TestMaskinportenTokens(TokenVerifierContract):
    @pytest.fixture
    def house(self) -> House:
        return ForgersHouse("maskinporten")


class TestDevelopmentTokens(TokenVerifierContract):
    @pytest.fixture
    def house(self, tmp_path: Path) -> House:
        return DevelopmentHouse(tmp_path)


async def test_a_supplier_acts_for_the_owner_that_delegated_to_it() -> None:
    delegated = {
        "supplier": organisation(f"0192:{SUPPLIER}"),
        "delegation_source": "https://www.altinn.no",
    }

    caller = await call(ForgersHouse(), token(maskinporten(delegated)))

    assert (caller.owner, caller.organisation, caller.supplier) == ("ttd", TTD, SUPPLIER)
    assert (caller.client_id, caller.token_id) == ("7f3c-client", "maskinporten-1")


@pytest.mark.parametrize(
    "scope, is_allowed",
    [
        (CREATE, True),
        (f"other {CREATE}", True),
        (f"other  {CREATE} ", True),
        (f"{CREATE}.more", False),
        (f"a{CREATE}", False),
        (CREATE.upper(), False),
        (f"other\t{CREATE}", False),
        (f"other,{CREATE}", False),
        ("", False),
    ],
)
async def test_a_scope_counts_as_a_whole_word_only(scope: str, is_allowed: bool) -> None:  # noqa: FBT001  # a column
    caller = await call(ForgersHouse(), token(altinn({"scope": scope})))

    assert caller.may(CREATE) is is_allowed


async def test_altinns_own_scope_claim_goes_before_the_common_one() -> None:
    both = {"scope": CREATE, "urn:altinn:scope": COMPOSED}

    caller = await call(ForgersHouse(), token(altinn(both)))

    assert caller.scopes == {COMPOSED}


@pytest.mark.parametrize(
    "good",
    [
        token(maskinporten({"aud": ["https://other.example.no/", AUDIENCE]})),
        token(maskinporten({"token_type": GONE, "nbf": NOW + 10})),
        token(altinn({"exp": NOW - 9})),
        token(altinn({"iat": NOW + 10, "nbf": GONE})),
        token(altinn({"iat": NOW, "exp": NOW + 3600})),
        token(altinn({"iat": NOW - 0.5, "exp": NOW + 0.5})),
        token(altinn(), head=header(typ=GONE)),
        token(altinn(), head=header(typ="at+jwt", x5t="aa")),
        token(altinn(), head=header(x5c="the name of a certificate")),
        token(altinn(), head=header(alg="RS512")),
        token(altinn(), head=header(alg="RS384", kid="only-384")),
        token(altinn({"consumer": GONE})),
    ],
)
async def test_what_a_good_issuer_may_write_is_taken(good: str) -> None:
    assert (await call(ForgersHouse(), good)).owner == "ttd"


async def test_the_scheme_may_be_written_in_any_case() -> None:
    caller = await ForgersHouse().verifier.verify(
        authorization=[f"bearer {token(altinn())}"], platform_access_token=[]
    )

    assert caller.owner == "ttd"


async def test_an_issuer_may_be_held_to_fewer_algorithms() -> None:
    keys = StaticKeys(key_set(*forging.GENUINE_KEYS))
    issuer = Issuer(kind="altinn", name=ALTINN, keys=keys, algorithms=frozenset({"RS512"}))
    verifier = JwtVerifier(issuers=[issuer], owners={TTD: "ttd"}.get, clock=Clock())

    with pytest.raises(InvalidTokenError) as refused:
        await verifier.verify(authorization=[f"Bearer {token(altinn())}"], platform_access_token=[])

    assert refused.value.reason == "algorithm"


@pytest.mark.parametrize(
    "beside", [token(altinn(), signer="stranger"), token(maskinporten({"pid": "21858099999"}))]
)
async def test_what_is_ignored_beside_an_apps_token_is_logged(beside: str) -> None:
    house = ForgersHouse()
    with capture_logs() as logged:
        caller = await call(house, beside, platform=house.platform("ttd", "bygg"))

    assert caller == await call(house, platform=house.platform("ttd", "bygg"))
    assert [line["event"] for line in logged] == ["token.ignored"]


class TestOwners:
    async def test_an_organisation_that_is_unknown_owns_nothing(self) -> None:
        stranger = token(maskinporten({"consumer": organisation(f"0192:{SUPPLIER}")}))

        with pytest.raises(NoOwnerError) as refused:
            await call(ForgersHouse(), stranger)
        assert refused.value.reason == "owner_unknown"

    async def test_somebody_who_logged_in_is_a_person(self) -> None:
        house = ForgersHouse()

        with pytest.raises(NoOwnerError) as refused:
            await call(house, house.user(CREATE))
        assert refused.value.reason == "person"

    async def test_organisations_may_own_under_their_number(self) -> None:
        house = ForgersHouse(settings={"owner_is_organisation": True})
        stranger = token(maskinporten({"consumer": organisation(f"0192:{SUPPLIER}")}))

        assert (await call(house, stranger)).owner == SUPPLIER
        assert (await call(house, token(maskinporten()))).owner == "ttd"

    async def test_a_token_may_name_an_owner_that_is_not_listed_if_all_may_own(self) -> None:
        house = ForgersHouse(owners={}, settings={"owner_is_organisation": True})

        assert (await call(house, token(altinn()))).owner == "ttd"

    async def test_a_name_that_is_another_organisations_is_refused(self) -> None:
        with pytest.raises(NoOwnerError):
            await call(ForgersHouse(), token(altinn({"urn:altinn:org": "skd"})))

    async def test_a_name_without_a_number_is_an_owner_if_it_is_known_to_be_active(self) -> None:
        unnumbered = token(altinn({"urn:altinn:orgNumber": GONE, "consumer": GONE}))

        with pytest.raises(NoOwnerError):
            await call(ForgersHouse(), unnumbered)
        house = ForgersHouse(settings={"is_active": {"ttd"}.__contains__})
        assert (await call(house, unnumbered)).owner == "ttd"

    async def test_an_app_of_an_owner_that_is_not_active_is_refused(self) -> None:
        active = {"ttd"}
        house = ForgersHouse(settings={"is_active": active.__contains__})
        app = house.platform("ttd", "bygg")
        await call(house, platform=app)

        active.clear()

        with pytest.raises(NoOwnerError):
            await call(house, platform=app)

    async def test_an_owner_that_is_renamed_is_called_by_the_new_name(self) -> None:
        house = ForgersHouse()
        good = token(maskinporten())
        await call(house, good)

        house.owners[TTD] = "test"

        assert (await call(house, good)).owner == "test"

    async def test_a_deactivated_owners_bearer_adds_nothing_to_an_apps_token(self) -> None:
        house = ForgersHouse()
        beside = house.bearer(COMPOSED)
        house.deactivate(TTD)

        caller = await call(house, beside, platform=house.platform("ttd", "bygg"))

        assert caller.organisation is None
        assert not caller.may(COMPOSED)


class TestRemembering:
    async def test_a_remembered_token_expires_like_any_other(self) -> None:
        house = ForgersHouse()
        good = token(altinn({"exp": NOW + 100}))
        await call(house, good)

        house.clock.forward(seconds=109)
        await call(house, good)
        house.clock.forward(seconds=1)

        with pytest.raises(InvalidTokenError) as refused:
            await call(house, good)
        assert refused.value.reason == "expired"

    async def test_no_more_tokens_are_remembered_than_allowed(self) -> None:
        house = ForgersHouse(settings={"remembered": 3})
        for n in range(10):
            await call(house, token(altinn({"jti": f"{n}"})))

        assert len(house.verifier._bearers) == 3

    async def test_refused_tokens_are_not_remembered(self) -> None:
        house = ForgersHouse()
        with pytest.raises(InvalidTokenError):
            await call(house, house.forged())

        assert not house.verifier._bearers

    async def test_a_token_is_verified_once_while_it_lives(self) -> None:
        house = ForgersHouse()
        good = token(altinn())

        assert await call(house, good) is await call(house, good)
        first = await call(house, good)
        house.verifier.forget()
        assert await call(house, good) is not first

    async def test_what_a_withdrawn_key_signed_is_refused_although_remembered(self) -> None:
        clock = Clock()
        async with (
            publishing() as publisher,
            JwksKeys(publisher.discovery(), clock=clock) as keys,
        ):
            issuer = Issuer(kind="altinn", name=publisher.issuer, keys=keys)
            verifier = JwtVerifier(issuers=[issuer], owners={TTD: "ttd"}.get, clock=clock)
            bearer = [f"Bearer {token(altinn({'iss': publisher.issuer}))}"]
            await verifier.verify(authorization=bearer, platform_access_token=[])

            publisher.keys = key_set(jwk("stranger", kid="two"))
            await keys.refresh()

            with pytest.raises(InvalidTokenError) as refused:
                await verifier.verify(authorization=bearer, platform_access_token=[])
        assert refused.value.reason == "key_unknown"


async def test_without_any_keys_a_token_is_neither_good_nor_bad() -> None:
    clock = Clock()
    async with publishing() as publisher:
        publisher.status = 503
        async with JwksKeys(publisher.discovery(), clock=clock) as keys:
            issuer = Issuer(kind="altinn", name=publisher.issuer, keys=keys)
            verifier = JwtVerifier(issuers=[issuer], owners={TTD: "ttd"}.get, clock=clock)
            bearer = [f"Bearer {token(altinn({'iss': publisher.issuer}))}"]

            with pytest.raises(VerificationUnavailableError):
                await verifier.verify(authorization=bearer, platform_access_token=[])

            publisher.status = 200
            clock.forward(seconds=5)
            await verifier.verify(authorization=bearer, platform_access_token=[])


class TestConfiguring:
    keys = StaticKeys(key_set(jwk("genuine", kid="one")))

    def test_maskinporten_needs_an_audience(self) -> None:
        with pytest.raises(ValueError, match="audience"):
            Issuer(kind="maskinporten", name=MASKINPORTEN, keys=self.keys)

    def test_only_platform_issuers_may_be_nameless(self) -> None:
        with pytest.raises(ValueError, match="name"):
            Issuer(kind="altinn", name=None, keys=self.keys)
        Issuer(kind="platform", name=None, keys=self.keys)

    def test_no_secret_and_no_absent_signature_can_be_configured(self) -> None:
        for algorithm in ("HS256", "none"):
            with pytest.raises(ValueError, match="RS256"):
                Issuer(
                    kind="altinn", name=ALTINN, keys=self.keys, algorithms=frozenset({algorithm})
                )

    def test_leeway_is_small(self) -> None:
        with pytest.raises(ValueError, match="leeway"):
            Issuer(kind="altinn", name=ALTINN, keys=self.keys, leeway=11)

    def test_an_issuer_is_configured_once(self) -> None:
        issuer = Issuer(kind="altinn", name=ALTINN, keys=self.keys)
        with pytest.raises(ValueError, match="twice"):
            JwtVerifier(issuers=[issuer, issuer], owners={TTD: "ttd"}.get)


PERSONS: dict[str, tuple[dict[str, Any], int]] = {
    "low": ({"acr": "idporten-loa-low"}, 0),
    "e-mail": ({"acr": "selfregistered-email"}, 0),
    "unheard of": ({"acr": "idporten-loa-highest"}, 0),
    "no text": ({"acr": 4}, 0),
    "none": ({"acr": GONE}, 0),
    "as before": ({"acr": "Level4"}, 4),
    "high": ({"acr": "idporten-loa-high"}, 4),
}


@pytest.mark.parametrize("changes, level", PERSONS.values(), ids=PERSONS)
async def test_a_person_is_as_surely_known_as_the_login_service_says_and_no_more(
    changes: dict[str, Any], level: int
) -> None:
    assert (await call_as_person(ForgersHouse(), token(idporten(changes)))).level == level


@pytest.mark.parametrize(
    "told, level",
    [(1, 0), (2, 0), (5, 0), (0, 0), (3, 3), ("4", 0), (False, 0), (True, 0), (GONE, 4)],
)
async def test_altinns_number_for_the_level_goes_before_what_the_login_service_said(
    told: object, level: int
) -> None:
    exchanged = {"pid": "15859010099", "acr": "idporten-loa-high", "urn:altinn:authlevel": told}
    nobodys = {"urn:altinn:org": GONE, "urn:altinn:orgNumber": GONE, "consumer": GONE}

    person = await call_as_person(ForgersHouse(), token(altinn(exchanged | nobodys)))

    assert person.level == level


@pytest.mark.parametrize(
    "changes",
    [{"pid": GONE}, {"pid": 15859010099}, {"pid": "15859010098"}, {"pid": ["15859010099"]}],
    ids=["missing", "a number", "wrong digits", "several"],
)
async def test_a_number_that_is_none_is_nobodys(changes: dict[str, Any]) -> None:
    with pytest.raises(NotAPersonError) as refused:
        await call_as_person(ForgersHouse(), token(idporten(changes)))
    assert refused.value.reason == "person_unknown"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://elsewhere.example"},
        {"aud": GONE},
        {"exp": NOW - 60},
        {"iss": "https://x.no"},
    ],
    ids=["another's", "anybody's", "expired", "unknown"],
)
async def test_a_persons_token_that_is_not_for_us_or_not_good_now_is_not_taken(
    changes: dict[str, Any],
) -> None:
    with pytest.raises(InvalidTokenError):
        await call_as_person(ForgersHouse(), token(idporten(changes)))


async def test_a_token_that_names_an_owner_and_a_person_speaks_for_neither() -> None:
    both = token(altinn({"pid": "15859010099"}))
    with pytest.raises(NotAPersonError):
        await call_as_person(ForgersHouse(), both)
    with pytest.raises(NoOwnerError):
        await call(ForgersHouse(), both)


async def test_why_a_person_is_refused_is_logged_without_who_they_are() -> None:
    with capture_logs() as told, pytest.raises(NotAPersonError):
        await call_as_person(ForgersHouse(), token(idporten({"pid": "15859010098"})))
    assert told == [{"event": "token.refused", "reason": "person_unknown", "log_level": "info"}]
