"""Every door and every kind of real token: signed by an issuer, and verified as in production."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from adapters.tokens.development import DevelopmentIssuer
from adapters.tokens.verifier import JwtVerifier
from application.caller import COMPOSED, CONTACT_POINTS, CREATE, END_USER, LOOKUP, SUPPORT
from entrypoints.http.transport.contract import Access, Route
from tests.entrypoints.http.asking import EMAIL_ORDER
from tests.entrypoints.http.described import ROUTES
from tests.entrypoints.http.installation import BASE_URL, V1, Installation
from tests.entrypoints.http.test_access import BY_TOKEN, OF_ONE_ORDER, OF_PEOPLE, knock, name

SCOPES: Mapping[Access, str] = {
    Access.OWNER: CREATE,
    Access.COMPOSED: COMPOSED,
    Access.SUPPORT: SUPPORT,
    Access.LOOKUP: LOOKUP,
    Access.CONTACT_POINTS: CONTACT_POINTS,
}
TTD, SKD = "991825827", "974761076"
KARI = "15859010099"
OWNERS = {TTD: "ttd", SKD: "skd"}

Sign = Callable[[DevelopmentIssuer, str], dict[str, str]]


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def exchanged(issuer: DevelopmentIssuer, scope: str) -> dict[str, str]:
    return bearer(issuer.issue("ttd", TTD, scope))


def maskinporten(issuer: DevelopmentIssuer, scope: str) -> dict[str, str]:
    return bearer(issuer.issue_maskinporten(TTD, scope, audience=BASE_URL))


def app(issuer: DevelopmentIssuer, _: str) -> dict[str, str]:
    return {"PlatformAccessToken": issuer.issue_platform("ttd", "app")}


def nothing(_: DevelopmentIssuer, __: str) -> dict[str, str]:
    return {}


def expired(issuer: DevelopmentIssuer, scope: str) -> dict[str, str]:
    return exchanged(_of_yesterday(issuer), scope)


def expired_app(issuer: DevelopmentIssuer, scope: str) -> dict[str, str]:
    return app(_of_yesterday(issuer), scope)


def without_scope(issuer: DevelopmentIssuer, scope: str) -> dict[str, str]:
    others = {CREATE, COMPOSED, SUPPORT, LOOKUP, CONTACT_POINTS} - {scope}
    return exchanged(issuer, " ".join(sorted(others)))


def user(issuer: DevelopmentIssuer, scope: str) -> dict[str, str]:
    return bearer(issuer.issue_user(scope))


def person(issuer: DevelopmentIssuer, scope: str) -> dict[str, str]:
    return bearer(issuer.issue_person(KARI, scope, audience=BASE_URL))


def person_by_altinn(issuer: DevelopmentIssuer, scope: str) -> dict[str, str]:
    return bearer(issuer.issue_person(KARI, scope, audience=BASE_URL, user="20001111"))


def unsure(issuer: DevelopmentIssuer, scope: str) -> dict[str, str]:
    return bearer(issuer.issue_person(KARI, scope, audience=BASE_URL, level="low"))


def person_elsewhere(issuer: DevelopmentIssuer, scope: str) -> dict[str, str]:
    return bearer(issuer.issue_person(KARI, scope, audience="https://another.example.no"))


def somebody_elses_signature(issuer: DevelopmentIssuer, scope: str) -> dict[str, str]:
    token = exchanged(issuer, scope)["authorization"]
    head, claims, signature = token.split(".")
    return {"authorization": f"{head}.{claims}.{signature[::-1]}"}


def for_another_service(issuer: DevelopmentIssuer, scope: str) -> dict[str, str]:
    return bearer(issuer.issue_maskinporten(TTD, scope, audience="https://another.example.no"))


def unknown_organisation(issuer: DevelopmentIssuer, scope: str) -> dict[str, str]:
    return bearer(issuer.issue_maskinporten("310000000", scope, audience=BASE_URL))


_files: dict[int, Path] = {}


def _of_yesterday(issuer: DevelopmentIssuer) -> DevelopmentIssuer:
    """The same issuer, by the same key, a day ago."""
    return DevelopmentIssuer(
        _files[id(issuer)],
        str(issuer.names["altinn"]),
        clock=lambda: time.time() - 86_400,
    )


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> DevelopmentIssuer:
    file = tmp_path_factory.mktemp("issuer") / "key.pem"
    made = DevelopmentIssuer(file, "https://issuer.example.no/")
    _files[id(made)] = file
    return made


@pytest.fixture
def api(installation: Installation, issuer: DevelopmentIssuer) -> httpx.AsyncClient:
    verifier = JwtVerifier(
        issuers=[
            issuer.issuer("altinn"),
            issuer.issuer("maskinporten", audience=BASE_URL),
            issuer.issuer("platform"),
            issuer.issuer("idporten", audience=BASE_URL),
        ],
        owners=OWNERS.get,
        is_active=None,
        clock=lambda: datetime.now(UTC),
        owner_is_organisation=False,
    )
    return installation.client(verifier=verifier)


BY_TOKENS = [route for route in ROUTES if route.access in BY_TOKEN]


@pytest.mark.parametrize("route", BY_TOKENS, ids=name)
@pytest.mark.parametrize("sign", [exchanged, maskinporten, app])
async def test_a_good_token_opens_the_doors_that_are_its_own(
    api: httpx.AsyncClient, issuer: DevelopmentIssuer, route: Route, sign: Sign
) -> None:
    answer = await knock(api, route, sign(issuer, SCOPES[route.access]))

    is_its_own = sign is not app or route.access is Access.OWNER
    assert (answer.status_code not in {401, 403}) == is_its_own


@pytest.mark.parametrize("route", BY_TOKENS, ids=name)
@pytest.mark.parametrize(
    "sign, code",
    [
        (nothing, "token_missing"),
        (expired, "token_expired"),
        (expired_app, "token_expired"),
        (somebody_elses_signature, "token_invalid"),
        (for_another_service, "token_not_for_us"),
    ],
)
async def test_a_token_that_is_not_good_opens_nothing_and_is_told_why(
    api: httpx.AsyncClient, issuer: DevelopmentIssuer, route: Route, sign: Sign, code: str
) -> None:
    answer = await knock(api, route, sign(issuer, SCOPES[route.access]))

    assert (answer.status_code, answer.json()["code"]) == (401, code)


@pytest.mark.parametrize("route", BY_TOKENS, ids=name)
@pytest.mark.parametrize(
    "sign, code",
    [
        (without_scope, "scope_missing"),
        (user, "not_an_owner"),
        (person, "not_an_owner"),
        (person_by_altinn, "not_an_owner"),
        (unknown_organisation, "not_an_owner"),
    ],
)
async def test_a_good_token_of_who_may_not_do_this_opens_nothing_and_is_told_why(
    api: httpx.AsyncClient, issuer: DevelopmentIssuer, route: Route, sign: Sign, code: str
) -> None:
    answer = await knock(api, route, sign(issuer, SCOPES[route.access]))

    assert (answer.status_code, answer.json()["code"]) == (403, code)


@pytest.mark.parametrize("route", OF_ONE_ORDER, ids=name)
async def test_another_owners_good_token_finds_nothing(
    api: httpx.AsyncClient, issuer: DevelopmentIssuer, route: Route
) -> None:
    own = exchanged(issuer, CREATE)
    placed = await api.post(f"{V1}/orders/email", json=EMAIL_ORDER, headers=own)

    answer = await knock(
        api, route, bearer(issuer.issue("skd", SKD, CREATE)), placed.json()["orderId"]
    )
    again = await knock(api, route, own, placed.json()["orderId"])

    assert answer.status_code == 404
    assert again.status_code == 200


@pytest.mark.parametrize("route", OF_PEOPLE, ids=name)
@pytest.mark.parametrize(
    "sign, code",
    [
        (person, None),
        (person_by_altinn, None),
        (unsure, "level_too_low"),
        (user, "not_a_person"),
        (exchanged, "not_a_person"),
        (maskinporten, "not_a_person"),
        (app, "not_a_person"),
        (nothing, "token_missing"),
        (expired, "token_expired"),
        (person_elsewhere, "token_not_for_us"),
    ],
)
async def test_the_doors_of_people_open_to_people_alone(  # noqa: PLR0917  # fixtures come by name
    api: httpx.AsyncClient,
    installation: Installation,
    issuer: DevelopmentIssuer,
    route: Route,
    sign: Sign,
    code: str | None,
) -> None:
    installation.decision_point.permits_all = True

    answer = await knock(api, route, sign(issuer, f"{END_USER} {CREATE}"))

    if code is None:
        assert answer.status_code in {200, 201, 204, 404, 422}
    else:
        assert answer.status_code in {401, 403}
        assert answer.json()["code"] == code
