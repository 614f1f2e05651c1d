"""Paths, methods and kinds of body are looked at before anybody is asked who they are."""

from collections.abc import AsyncIterator

import httpx
import pytest

from entrypoints.http.transport.bodies import BodyLimits
from tests.entrypoints.http.asking import EMAIL_ORDER, chain
from tests.entrypoints.http.installation import TTD, V1, Installation

JSON = {"content-type": "application/json"}
PLACES = ["/orders", "/orders/email", "/orders/sms", "/future/orders"]


@pytest.mark.parametrize(
    "path",
    [
        "/Notifications/API/v1/Future/Orders",
        f"{V1}/future/orders/",
        f"{V1.upper()}/FUTURE/ORDERS/",
    ],
)
async def test_paths_are_read_in_any_case_and_with_a_slash_at_their_end(
    api: httpx.AsyncClient, path: str
) -> None:
    assert (await api.post(path, json=chain(), headers=TTD)).status_code == 201


async def test_what_is_no_path_is_a_problem(api: httpx.AsyncClient) -> None:
    answer = await api.get(f"{V1}/nothing")

    assert answer.status_code == 404
    assert answer.json()["code"] == "no_such_path"


@pytest.mark.parametrize(
    "method, path, allowed",
    [
        ("DELETE", "/orders", {"GET", "HEAD", "POST", "OPTIONS"}),
        ("GET", "/orders/email", {"POST", "OPTIONS"}),
        ("PUT", "/future/orders", {"POST", "OPTIONS"}),
        ("POST", "/orders/5a1e1c44-1111-4f00-8aaa-9b9b9b9b9b9b", {"GET", "HEAD", "OPTIONS"}),
        ("POST", "/orders/5a1e1c44-1111-4f00-8aaa-9b9b9b9b9b9b/cancel", {"PUT", "OPTIONS"}),
        ("HEAD", "/orders/email", {"POST", "OPTIONS"}),
    ],
)
async def test_a_method_that_is_not_allowed_is_told_of_those_that_are(
    api: httpx.AsyncClient, method: str, path: str, allowed: set[str]
) -> None:
    answer = await api.request(method, f"{V1}{path}")

    assert answer.status_code == 405
    assert set(answer.headers["allow"].split(", ")) == allowed
    if method == "HEAD":
        assert answer.content == b""
    else:
        assert answer.json()["code"] == "method_not_allowed"


@pytest.mark.parametrize("path", [*PLACES, "/orders/5a1e1c44-1111-4f00-8aaa-9b9b9b9b9b9b"])
async def test_options_are_told_to_everybody(api: httpx.AsyncClient, path: str) -> None:
    answer = await api.options(f"{V1}{path}")

    assert answer.status_code == 204
    assert "OPTIONS" in answer.headers["allow"]


@pytest.mark.parametrize("path", ["/orders", "/orders/5a1e1c44-1111-4f00-8aaa-9b9b9b9b9b9b"])
async def test_whoever_may_get_may_ask_for_the_head_alone(
    api: httpx.AsyncClient, path: str
) -> None:
    allowed = (await api.options(f"{V1}{path}")).headers["allow"].split(", ")

    assert {"GET", "HEAD"} <= set(allowed)
    assert allowed.count("HEAD") == 1


@pytest.mark.parametrize(
    "lengths",
    [["9" * 5000], ["1" * 19], ["-1"], ["1e3"], ["0x10"], ["\uff11"], ["5", "5"], ["5, 5"], [""]],
)
@pytest.mark.parametrize("path", ["/orders/email", "/nothing"])
async def test_a_length_that_nobody_can_read_is_refused(
    api: httpx.AsyncClient, path: str, lengths: list[str]
) -> None:
    headers = [(b"content-length", each.encode()) for each in lengths]
    headers += [(b"content-type", b"application/json"), (b"authorization", b"Bearer ttd")]
    answer = await api.request("POST", f"{V1}{path}", content=aiter_of(b"{}"), headers=headers)

    assert answer.status_code == 400
    assert answer.json()["code"] == "unreadable_length"
    assert answer.headers["connection"] == "close"


async def aiter_of(body: bytes) -> AsyncIterator[bytes]:
    yield body


@pytest.mark.parametrize("path", PLACES)
@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("content-type", "text/json")],
        [("content-type", "application/xml")],
        [("content-type", "application/json; charset=iso-8859-1")],
        [("content-type", "application/json"), ("content-type", "application/json")],
        [("content-type", "application/json"), ("content-encoding", "gzip")],
    ],
    ids=["none", "text", "xml", "latin-1", "two", "gzip"],
)
async def test_what_is_not_json_is_refused_before_anybody_is_asked_who_they_are(
    api: httpx.AsyncClient, path: str, headers: list[tuple[str, str]]
) -> None:
    answer = await api.post(f"{V1}{path}", content=b"{}", headers=headers)

    assert answer.status_code == 415
    assert answer.json()["code"] == "unsupported_media_type"


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON", 'application/json; charset="UTF-8"'],
)
async def test_json_may_be_named_in_any_case_and_with_its_charset(
    api: httpx.AsyncClient, content_type: str
) -> None:
    answer = await api.post(
        f"{V1}/orders/email",
        content=httpx.Request("POST", "http://x", json=EMAIL_ORDER).content,
        headers=TTD | {"content-type": content_type},
    )

    assert answer.status_code == 202


async def test_a_body_that_is_announced_as_too_large_is_refused(
    installation: Installation,
) -> None:
    async with installation.client(limits=BodyLimits(max_bytes=100)) as api:
        answer = await api.post(f"{V1}/future/orders", content=b"x" * 101, headers=TTD | JSON)

    assert answer.status_code == 413
    assert answer.json()["code"] == "body_too_large"
    assert answer.headers["connection"] == "close"


async def test_a_body_of_exactly_the_limit_is_read(installation: Installation) -> None:
    async with installation.client(limits=BodyLimits(max_bytes=100)) as api:
        answer = await api.post(f"{V1}/future/orders", content=b"x" * 100, headers=TTD | JSON)

    assert answer.status_code == 400


async def test_a_host_that_is_none_is_refused(api: httpx.AsyncClient) -> None:
    answer = await api.get("/health", headers={"host": "a b"})

    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_request"


@pytest.mark.parametrize(
    "accept",
    ["text/html", "application/xml", "application/json;q=0", "text/plain, image/*", "json"],
)
async def test_who_takes_no_json_is_told_so_before_anything_else(
    api: httpx.AsyncClient, accept: str
) -> None:
    answer = await api.post(f"{V1}/orders/email", json=EMAIL_ORDER, headers={"accept": accept})

    assert answer.status_code == 406
    assert answer.json()["code"] == "not_acceptable"


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/*;q=0.1",
        "text/html, application/json;q=0.9",
        "text/html,*/*;q=0.01",
    ],
)
async def test_who_takes_json_among_others_is_answered(api: httpx.AsyncClient, accept: str) -> None:
    answer = await api.get(f"{V1}/orders?sendersReference=x", headers=TTD | {"accept": accept})

    assert answer.status_code == 200
