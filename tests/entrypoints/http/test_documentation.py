"""The API is described in one document, and shown on a page that asks no other host for anything."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar

from entrypoints.http.openapi.pages import POLICY
from entrypoints.http.openapi.schemas import Sizes
from entrypoints.http.transport.contract import IN_JSON, Access, Route
from entrypoints.http.transport.middleware import RequestMiddleware
from entrypoints.http.transport.problems import REFUSALS
from tests.entrypoints.http.described import ROUTES, document
from tests.entrypoints.http.installation import (
    COMPOSER,
    HERSELF,
    LOOKER,
    SERVICE,
    TTD,
    Installation,
)
from tests.entrypoints.http.people import let_kari_register
from tests.entrypoints.http.test_access import filled
from tests.entrypoints.http.test_answers_deliveries import ROWS

COMMITTED = Path(__file__).parents[3] / "docs" / "openapi.json"


async def test_the_committed_document_is_the_one_that_is_served(api: httpx.AsyncClient) -> None:
    served = await api.get("/openapi.json")

    assert served.headers["content-type"] == "application/json; charset=utf-8"
    assert served.content == COMMITTED.read_bytes(), (
        "write it anew: python -m entrypoints.http.openapi.document > docs/openapi.json"
    )


def test_every_route_is_described_and_every_description_has_a_route(
    installation: Installation,
) -> None:
    gate = installation.app()
    assert isinstance(gate, RequestMiddleware)
    app = gate._app
    assert isinstance(app, Litestar)
    served = {re.sub(r"\{(?:order_)?(\w+):str\}", r"{\1}", route.path) for route in app.routes}
    described = {route.path for route in ROUTES}

    assert served - described == {"/docs/rapidoc-min.js", "/docs/favicon.svg"}
    assert described - served == set()


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [route.name for route in ROUTES]

    assert len(names) == len(set(names))


def test_every_reference_leads_somewhere() -> None:
    told = json.loads(document())
    schemas = told["components"]["schemas"]

    references = set(re.findall(r'"#/components/schemas/(\w+)"', document().decode()))

    assert told["openapi"] == "3.1.0"
    assert references <= set(schemas)
    assert set(schemas) <= references


def test_every_text_and_list_of_a_request_has_a_limit_that_is_told() -> None:
    told = json.loads(document())
    asked = [
        (f"{path} {method} {place}", schema)
        for path, operations in told["paths"].items()
        for method, operation in operations.items()
        for place, schema in _asked(operation)
    ]

    unlimited = {
        where
        for place, schema in asked
        for where in _unlimited(schema, place, told["components"]["schemas"])
    }

    assert len(asked) > 30
    assert unlimited == set()


def _asked(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for parameter in operation.get("parameters", []):
        yield parameter["name"], parameter["schema"]
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        yield media_type, content["schema"]


def _unlimited(schema: dict[str, Any], place: str, schemas: dict[str, Any]) -> Iterator[str]:
    """Where a text or a list has no limit."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    kind = schema.get("type")
    is_free = kind == "string" or not {"type", "anyOf"} & schema.keys()
    if is_free and not {"maxLength", "enum"} & schema.keys():
        yield place
    if kind == "array":
        if "maxItems" not in schema:
            yield place
        yield from _unlimited(schema["items"], f"{place}[]", schemas)
    for each in schema.get("anyOf", []):
        yield from _unlimited(each, place, schemas)
    for name, each in schema.get("properties", {}).items():
        yield from _unlimited(each, f"{place}.{name}", schemas)


def test_the_document_tells_what_this_installation_allows() -> None:
    sizes = Sizes(body=5000, recipients=3, attachments=2)
    schemas = json.loads(document(sizes))["components"]["schemas"]

    recipients = schemas["SmsOrderRequest"]["properties"]["recipients"]["anyOf"][0]
    attachments = schemas["ComposedEmailSettingsRequest"]["properties"]["attachments"]["anyOf"][0]
    body = schemas["EmailSettingsRequest"]["properties"]["body"]["anyOf"][0]
    assert (recipients["maxItems"], attachments["maxItems"], body["maxLength"]) == (3, 2, 5000)


def test_every_owners_operation_tells_how_it_refuses() -> None:
    paths = json.loads(document())["paths"]

    for route in ROUTES:
        operation: dict[str, Any] = paths[route.path][route.method.lower()]
        if route.access == "owner":
            assert {"401", "403", "500", "503"} <= set(operation["responses"])
        if route.takes is not None:
            assert {"400", "408", "413"} <= set(operation["responses"])


def test_every_code_is_one_that_a_client_can_meet() -> None:
    stated = {each.status for each in REFUSALS.values()}
    told = {int(status) for route in ROUTES for status in _statuses(route)}

    assert stated - told == {405, 499}


def _statuses(route: Route) -> set[str]:
    paths: dict[str, Any] = json.loads(document())["paths"]
    return set(paths[route.path][route.method.lower()]["responses"])


@pytest.mark.parametrize(
    "route",
    [
        each
        for each in ROUTES
        if each.takes
        and IN_JSON in each.takes.media_types
        # Of which there would have to be one first.
        and "{address}" not in each.path
        and each.name != "verifyAddress"  # the code that was sent is in no document
    ],
    ids=lambda route: route.name,
)
async def test_what_the_document_gives_as_an_example_is_accepted(
    api: httpx.AsyncClient, installation: Installation, route: Route
) -> None:
    assert route.takes is not None
    installation.decision_point.permits_all = True
    await let_kari_register(installation)

    own = {"authorization": "Bearer own"}
    tokens = {
        Access.COMPOSED: COMPOSER,
        Access.LOOKUP: LOOKER,
        Access.CONTACT_POINTS: SERVICE,
        Access.END_USER: HERSELF,
        Access.OPERATOR: own,
        Access.END_USER: HERSELF,
    }
    token = tokens.get(route.access, TTD)
    answer = await api.request(route.method, filled(route), json=route.takes.example, headers=token)

    assert answer.status_code in {200, 201, 202, 204}, answer.text


async def test_the_page_names_no_other_host(api: httpx.AsyncClient) -> None:
    page = await api.get("/docs")

    assert page.status_code == 200
    assert "//" not in re.sub(r"<!--.*?-->", "", page.text, flags=re.DOTALL)
    assert page.headers["content-security-policy"] == POLICY[1].decode()
    assert "http" not in page.headers["content-security-policy"]


async def test_everything_that_the_page_needs_is_here(api: httpx.AsyncClient) -> None:
    page = await api.get("/docs")
    needed = re.findall(r'(?:src|href|spec-url)="([^"]+)"', page.text)

    assert len(needed) >= 3
    for path in needed:
        answer = await api.get(path)
        assert answer.status_code == 200
        assert len(answer.content) > 100


def test_the_vendored_bundle_comes_with_its_licences() -> None:
    static = Path(__file__).parents[3] / "entrypoints" / "http" / "openapi" / "static"
    bundles = list(static.glob("*.js"))

    assert bundles
    for bundle in bundles:
        licence = static / f"{bundle.name}.LICENSE.txt"
        assert "MIT License" in licence.read_text()


async def test_documents_of_an_issuer_are_open_to_all(installation: Installation) -> None:
    documents = {"/.well-known/jwks.json": b'{"keys":[]}'}
    async with installation.client(documents=documents) as api:
        answer = await api.get("/.well-known/jwks.json")

    assert answer.json() == {"keys": []}


def test_the_document_lists_every_status_that_a_notification_can_have() -> None:
    schemas = json.loads(document())["components"]["schemas"]

    first = set(schemas["SendStatusAnswer"]["properties"]["status"]["enum"])
    second = set(schemas["ShipmentRecipientAnswer"]["properties"]["status"]["enum"])

    assert first == {row.first for row in ROWS}
    assert second == {row.second for row in ROWS}
