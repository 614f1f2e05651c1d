"""Every door is tried by everybody who may not go through it."""

from collections.abc import Sequence
from typing import NoReturn
from uuid import uuid4

import httpx
import pytest

from application.caller import (
    COMPOSED,
    CONTACT_POINTS,
    CREATE,
    END_USER,
    LOOKUP,
    SUPPORT,
    Assurance,
    Caller,
    EndUser,
)
from application.ports.token_verifier import InvalidTokenError
from entrypoints.http.transport.contract import Access, Route
from entrypoints.http.transport.middleware import RequestSummary
from tests.entrypoints.http.asking import EMAIL_ORDER
from tests.entrypoints.http.described import ROUTES
from tests.entrypoints.http.installation import (
    BASE_URL,
    COMPOSER,
    HERSELF,
    HIMSELF,
    LOOKER,
    SERVICE,
    SKD,
    SUPPORTER,
    TTD,
    V1,
    Installation,
    TokenTable,
)

BY_TOKEN = {
    Access.OWNER: [TTD, SKD],
    Access.COMPOSED: [COMPOSER],
    Access.SUPPORT: [SUPPORTER],
    Access.LOOKUP: [LOOKER],
    Access.CONTACT_POINTS: [SERVICE],
}
"""Whom each kind of door lets in, of those who have a token."""
OTHERWISE = {
    Access.OPEN,
    Access.SMS_GATEWAY,
    Access.MAIL_SERVER,
    Access.METRICS,
    Access.FIGURES,
    Access.OPERATOR,
}
"""Doors that ask for no token, or for something else as well; the tests of each say what it asks for."""
OF_PEOPLE = [route for route in ROUTES if route.access is Access.END_USER]
"""Doors that let in people who logged in, and nobody else."""
OWNED = [route for route in ROUTES if route.access in BY_TOKEN]
OF_ONE_ORDER = [route for route in OWNED if "{id}" in route.path]
REGISTRATIONS = next(route for route in OF_PEOPLE if route.name == "listRegistrations")
COMPOSED_DOOR = next(route for route in OWNED if route.access is Access.COMPOSED)
LOOKUP_DOOR = next(route for route in OWNED if route.access is Access.LOOKUP)
SUPPORT_DOOR = next(route for route in OWNED if route.access is Access.SUPPORT)
SERVICE_DOOR = next(route for route in OWNED if route.access is Access.CONTACT_POINTS)
OPEN = [route for route in ROUTES if route.access is Access.OPEN]


def name(route: Route) -> str:
    return route.name


async def knock(
    api: httpx.AsyncClient,
    route: Route,
    headers: dict[str, str],
    order_id: str = "",
    *,
    method: str | None = None,
) -> httpx.Response:
    query = {each.name: str(each.example) for each in route.parameters if each.place == "query"}
    named = {each.name: str(each.example) for each in route.parameters if each.place == "header"}
    example = None if route.takes is None else route.takes.example
    is_form = route.takes is not None and "json" not in route.takes.media_types[0]
    return await api.request(
        method or route.method,
        filled(route, id=order_id or str(uuid4())),
        params=query,
        data=example if is_form else None,  # type: ignore[arg-type]  # a form is a mapping
        json=None if is_form else example,
        headers=headers | named,
    )


def filled(route: Route, **parts: str) -> str:
    """The route's path, with what is given or else its example in each place."""
    examples = {each.name: str(each.example) for each in route.parameters if each.place == "path"}
    return route.path.format(**(examples | parts))


@pytest.mark.parametrize("route", OWNED, ids=name)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": "Bearer stranger"},
        {"authorization": "Basic dHRkOnR0ZA=="},
        {"PlatformAccessToken": "stranger"},
        {"authorization": "Bearer ttd", "PlatformAccessToken": "stranger"},
    ],
    ids=["nothing", "empty", "scheme", "stranger", "basic", "platform", "both"],
)
async def test_without_a_good_token_every_owners_door_is_shut(
    api: httpx.AsyncClient, route: Route, headers: dict[str, str]
) -> None:
    answer = await knock(api, route, headers)

    has_token = bool(headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == ("token_invalid" if has_token else "token_missing")
    told = 'Bearer error="invalid_token"' if has_token else "Bearer"
    assert answer.headers["www-authenticate"] == told


@pytest.mark.parametrize("route", OWNED, ids=name)
@pytest.mark.parametrize(
    "token, code", [("scopeless", "scope_missing"), ("nobody", "not_an_owner")]
)
async def test_without_the_scope_or_an_owner_every_owners_door_is_shut(
    api: httpx.AsyncClient, route: Route, token: str, code: str
) -> None:
    answer = await knock(api, route, {"authorization": f"Bearer {token}"})

    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == code


@pytest.mark.parametrize(
    "route, scope",
    [
        (OWNED[0], CREATE),
        (COMPOSED_DOOR, COMPOSED),
        (SUPPORT_DOOR, SUPPORT),
        (LOOKUP_DOOR, LOOKUP),
        (SERVICE_DOOR, CONTACT_POINTS),
    ],
)
async def test_whoever_lacks_a_scope_is_told_which(
    api: httpx.AsyncClient, route: Route, scope: str
) -> None:
    answer = await knock(api, route, {"authorization": "Bearer scopeless"})

    told = f'Bearer error="insufficient_scope", scope="{scope}"'
    assert answer.headers["www-authenticate"] == told


@pytest.mark.parametrize(
    "reason, code",
    [
        ("no_credential", "token_missing"),
        ("expired", "token_expired"),
        ("audience", "token_not_for_us"),
        ("issuer_unknown", "token_not_for_us"),
        ("signature", "token_invalid"),
        ("algorithm", "token_invalid"),
        ("key_unknown", "token_invalid"),
        ("consumer_differs", "token_invalid"),
    ],
)
async def test_a_caller_is_told_what_it_can_mend_and_a_forger_nothing(
    installation: Installation, reason: str, code: str
) -> None:
    seen: list[RequestSummary] = []
    async with installation.client(verifier=Refusing(reason), observer=seen.append) as api:
        answer = await api.get(f"{V1}/orders?sendersReference=x", headers=TTD)

    assert (answer.status_code, answer.json()["code"]) == (401, code)
    assert code == "token_missing" or reason not in answer.json().values()
    assert [(each.code, each.reason) for each in seen] == [(code, reason)]


class Refusing:
    """Takes no token, always for the same reason."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    async def verify(
        self, *, authorization: Sequence[str], platform_access_token: Sequence[str]
    ) -> Caller:
        del authorization, platform_access_token
        raise InvalidTokenError(self._reason)

    async def verify_person(self, *, authorization: Sequence[str]) -> EndUser:
        del authorization
        raise InvalidTokenError(self._reason)


@pytest.mark.parametrize("route", OWNED, ids=name)
@pytest.mark.parametrize(
    "token",
    [TTD, COMPOSER, SUPPORTER, LOOKER, SERVICE],
    ids=lambda each: each["authorization"],
)
async def test_a_scope_opens_its_own_doors_and_no_other(
    api: httpx.AsyncClient, route: Route, token: dict[str, str]
) -> None:
    answer = await knock(api, route, token)

    assert (answer.status_code == 403) == (token not in BY_TOKEN[route.access])


@pytest.mark.parametrize("route", OWNED, ids=name)
async def test_an_apps_token_opens_the_doors_of_orders_and_no_other(
    api: httpx.AsyncClient, route: Route
) -> None:
    answer = await knock(api, route, {"PlatformAccessToken": "app"})

    assert (answer.status_code == 403) == (route.access is not Access.OWNER)


@pytest.mark.parametrize("route", OWNED, ids=name)
async def test_when_nobody_can_tell_who_calls_every_owners_door_says_later(
    api: httpx.AsyncClient, route: Route
) -> None:
    answer = await knock(api, route, {"authorization": "Bearer keyless"})

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.json()["code"] == "verification_unavailable"


@pytest.mark.parametrize("route", OF_ONE_ORDER, ids=name)
async def test_another_owners_order_is_exactly_as_absent_as_one_that_does_not_exist(
    api: httpx.AsyncClient, route: Route
) -> None:
    placed = await api.post(f"{V1}/orders/email", json=EMAIL_ORDER, headers=TTD)
    traced = SKD | {"traceparent": "00-" + "a" * 32 + "-" + "b" * 16 + "-01"}

    others = await knock(api, route, traced, placed.json()["orderId"])
    nobodys = await knock(api, route, traced)

    assert others.status_code == nobodys.status_code == 404
    assert others.headers == nobodys.headers
    assert without_span(others) == without_span(nobodys)


def without_span(answer: httpx.Response) -> object:
    return {k: v for k, v in answer.json().items() if k != "traceId"} if answer.content else None


async def test_the_first_versions_reads_answer_an_absent_order_with_nothing(
    api: httpx.AsyncClient,
) -> None:
    for rest in ("", "/status", "/notifications/email", "/notifications/sms"):
        answer = await api.get(f"{V1}/orders/{uuid4()}{rest}", headers=TTD)
        assert (answer.status_code, answer.content) == (404, b"")


async def test_cancelling_an_absent_order_is_a_plain_problem(api: httpx.AsyncClient) -> None:
    answer = await api.put(f"{V1}/orders/{uuid4()}/cancel", headers=TTD)

    assert answer.json().pop("traceId")
    assert answer.json() | {"traceId": ""} == {
        "type": "https://tools.ietf.org/html/rfc9110#section-15.5.5",
        "title": "Not Found",
        "status": 404,
        "code": "order_not_found",
        "traceId": "",
    }


@pytest.mark.parametrize(
    "headers, status",
    [
        ({"cookie": "AltinnStudioRuntime=ttd"}, 200),
        ({"cookie": "other=1; AltinnStudioRuntime=ttd; more=2"}, 200),
        ({"cookie": "AltinnStudioRuntime=stranger"}, 401),
        ({"cookie": "AltinnStudioRuntime=ttd; AltinnStudioRuntime=skd"}, 401),
        ({"cookie": "altinnstudioruntime=ttd"}, 401),
        ({"cookie": "AltinnStudioRuntime=ttd", "authorization": "Bearer stranger"}, 401),
        ({"cookie": "AltinnStudioRuntime=stranger", "authorization": "Bearer ttd"}, 200),
    ],
)
async def test_a_browsers_token_comes_in_its_cookie_and_a_header_goes_before_it(
    api: httpx.AsyncClient, headers: dict[str, str], status: int
) -> None:
    from_here = {"sec-fetch-site": "same-origin"}
    answer = await api.get(f"{V1}/orders?sendersReference=x", headers=headers | from_here)

    assert answer.status_code == status


@pytest.mark.parametrize(
    "base_url, headers, is_taken",
    [
        (BASE_URL, [("sec-fetch-site", "same-origin")], True),
        (BASE_URL, [("origin", BASE_URL)], True),
        ("https://varsel.example.no:443/x", [("origin", BASE_URL)], True),
        ("http://127.0.0.1:8080", [("origin", "http://127.0.0.1:8080")], True),
        ("http://[::1]:8080", [("origin", "http://[::1]:8080")], True),
        (BASE_URL, [], False),
        (BASE_URL, [("sec-fetch-site", "same-site")], False),
        (BASE_URL, [("sec-fetch-site", "cross-site")], False),
        (BASE_URL, [("sec-fetch-site", "none")], False),
        (BASE_URL, [("sec-fetch-site", "cross-site"), ("origin", BASE_URL)], False),
        (BASE_URL, [("sec-fetch-site", "same-origin"), ("sec-fetch-site", "none")], False),
        (BASE_URL, [("origin", "null")], False),
        (BASE_URL, [("origin", "http://varsel.example.no")], False),
        (BASE_URL, [("origin", BASE_URL), ("origin", "https://evil.example")], False),
        (BASE_URL, [("origin", "https://varsel.example.no.evil.example")], False),
    ],
)
async def test_a_cookie_is_taken_from_pages_of_our_own_alone(
    installation: Installation, base_url: str, headers: list[tuple[str, str]], *, is_taken: bool
) -> None:
    async with installation.client(base_url=base_url) as api:
        answer = await api.get(
            f"{V1}/orders?sendersReference=x",
            headers=[("cookie", "AltinnStudioRuntime=ttd"), *headers],
        )

    assert answer.status_code == (200 if is_taken else 401)
    if not is_taken:
        assert answer.json()["code"] == "token_missing"


@pytest.mark.parametrize("route", OPEN, ids=name)
async def test_an_open_door_asks_nobody_who_they_are(api: httpx.AsyncClient, route: Route) -> None:
    assert (await knock(api, route, {})).status_code == 200


@pytest.mark.parametrize("path", ["/orders", "/orders/email", "/orders/sms", "/future/orders"])
async def test_who_may_not_come_in_is_refused_before_the_body_is_looked_at(
    installation: Installation, path: str
) -> None:
    async with installation.client() as api:
        answer = await api.post(
            f"{V1}{path}", content=b"{" * 3_000_000, headers={"content-type": "application/json"}
        )

    assert answer.status_code == 401


def test_there_are_doors_to_try() -> None:
    assert len(OWNED) >= 13
    assert len(OF_ONE_ORDER) >= 8
    assert len(OF_PEOPLE) >= 10
    assert {route.access for route in ROUTES} <= set(BY_TOKEN) | OTHERWISE | {Access.END_USER}


BAD_CREDENTIALS = [
    {},
    {"authorization": ""},
    {"authorization": "Bearer stranger"},
    {"authorization": "Basic a2FyaTprYXJp"},
    {"PlatformAccessToken": "stranger"},
]


@pytest.mark.parametrize("route", OF_PEOPLE, ids=name)
@pytest.mark.parametrize(
    "headers", BAD_CREDENTIALS, ids=["nothing", "empty", "stranger", "basic", "platform"]
)
async def test_without_a_good_token_every_door_of_people_is_shut(
    api: httpx.AsyncClient, route: Route, headers: dict[str, str]
) -> None:
    answer = await knock(api, route, headers)

    assert answer.status_code == 401
    assert answer.json()["code"] == ("token_invalid" if headers else "token_missing")


@pytest.mark.parametrize("route", OF_PEOPLE, ids=name)
@pytest.mark.parametrize(
    "headers, code",
    [
        (TTD, "not_a_person"),
        (COMPOSER, "not_a_person"),
        (SUPPORTER, "not_a_person"),
        (LOOKER, "not_a_person"),
        (SERVICE, "not_a_person"),
        ({"PlatformAccessToken": "app"}, "not_a_person"),
        ({"authorization": "Bearer clientless"}, "scope_missing"),
        ({"authorization": "Bearer unsure"}, "level_too_low"),
    ],
)
async def test_no_owner_comes_in_by_a_door_of_people_and_nobody_who_is_not_sure_to_be_one(
    api: httpx.AsyncClient, route: Route, headers: dict[str, str], code: str
) -> None:
    answer = await knock(api, route, headers)

    assert (answer.status_code, answer.json()["code"]) == (403, code)


@pytest.mark.parametrize("route", OF_PEOPLE, ids=name)
async def test_people_who_logged_in_come_in_by_their_own_doors(
    api: httpx.AsyncClient, route: Route
) -> None:
    answer = await knock(api, route, HERSELF)

    assert answer.status_code not in {401, 406}
    assert answer.status_code != 403 or answer.json()["code"] == "not_permitted"


@pytest.mark.parametrize("route", OWNED, ids=name)
async def test_people_who_logged_in_come_in_by_no_owners_door(
    api: httpx.AsyncClient, route: Route
) -> None:
    answer = await knock(api, route, HERSELF)

    assert (answer.status_code, answer.json()["code"]) == (403, "not_an_owner")


@pytest.mark.parametrize("route", OF_PEOPLE, ids=name)
async def test_when_nobody_can_tell_who_calls_every_door_of_people_says_later(
    api: httpx.AsyncClient, route: Route
) -> None:
    answer = await knock(api, route, {"authorization": "Bearer keyless"})

    assert (answer.status_code, answer.json()["code"]) == (503, "verification_unavailable")


@pytest.mark.parametrize(
    "token, told",
    [
        ("clientless", f'Bearer error="insufficient_scope", scope="{END_USER}"'),
        (
            "unsure",
            (
                'Bearer error="insufficient_user_authentication", '
                'acr_values="idporten-loa-substantial"'
            ),
        ),
    ],
)
async def test_who_did_not_log_in_surely_enough_or_with_another_client_is_told_what_is_needed(
    api: httpx.AsyncClient, token: str, told: str
) -> None:
    answer = await knock(api, REGISTRATIONS, {"authorization": f"Bearer {token}"})

    assert answer.headers["www-authenticate"] == told


async def test_an_installation_may_ask_that_people_log_in_more_surely(
    installation: Installation,
) -> None:
    async with installation.client(level=Assurance.HIGH) as api:
        kari = await knock(api, REGISTRATIONS, HERSELF)
        ola = await knock(api, REGISTRATIONS, HIMSELF)

    assert (kari.json()["code"], ola.status_code) == ("level_too_low", 200)


@pytest.mark.parametrize("site, status", [("same-origin", 200), ("cross-site", 401)])
async def test_a_persons_token_comes_in_the_cookie_of_a_page_of_our_own_alone(
    api: httpx.AsyncClient, site: str, status: int
) -> None:
    cookie = {"cookie": "AltinnStudioRuntime=kari", "sec-fetch-site": site}
    assert (await knock(api, REGISTRATIONS, cookie)).status_code == status


async def test_the_access_log_does_not_tell_who_logged_in(installation: Installation) -> None:
    seen: list[RequestSummary] = []
    async with installation.client(observer=seen.append) as api:
        await knock(api, REGISTRATIONS, HERSELF)

    (told,) = seen
    assert (told.owner, told.client, told.token) == (None, "client-2", "token-2")
    assert "15859010099" not in repr(told)


class Irreplaceable(TokenTable):
    """Knows callers by what it does meanwhile, as whoever reads an issuer's keys again does."""

    def __deepcopy__(self, _: object) -> NoReturn:
        raise AssertionError("a copy would go its own way")

    __copy__ = __deepcopy__


async def test_callers_are_judged_by_whom_the_api_was_given_and_by_no_copy(
    installation: Installation,
) -> None:
    async with installation.client(verifier=Irreplaceable()) as client:
        for path in ("/orders?sendersReference=none", "/future/shipment/feed", "/webhooks"):
            assert (await client.get(V1 + path, headers=TTD)).status_code == 200
