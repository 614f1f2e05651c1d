"""The OpenAPI document, put together from what every route says of itself.

`python -m entrypoints.http.openapi.document` prints it; the committed one is `docs/openapi.json`.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from types import UnionType
from typing import Any, Final, get_args, get_origin

import msgspec

from application.ports.provider_kind import Door
from entrypoints.http.contact_points import routes as contact_points
from entrypoints.http.delivery_reports.routes import report_route
from entrypoints.http.enduser import routes as enduser
from entrypoints.http.history import routes as histories
from entrypoints.http.internal import routes as internal
from entrypoints.http.lookup import routes as lookup
from entrypoints.http.official_addresses import routes as official_addresses
from entrypoints.http.openapi import pages as documentation
from entrypoints.http.openapi.schemas import USUAL, Sizes, schemas_of
from entrypoints.http.operations import health, send_condition, triggers
from entrypoints.http.orders import routes as orders
from entrypoints.http.placing import routes as placing
from entrypoints.http.profile import routes as profile
from entrypoints.http.profile import verification
from entrypoints.http.resolution import routes as resolution
from entrypoints.http.shipments import routes as shipments
from entrypoints.http.statistics import routes as metrics
from entrypoints.http.status_feed import routes as feed
from entrypoints.http.support import routes as support
from entrypoints.http.transport.contract import (
    IN_JSON,
    IN_PROBLEM,
    Access,
    Body,
    Parameter,
    Reply,
    Route,
)
from entrypoints.http.transport.problem_types import (
    AltinnProblem,
    LaterProblem,
    MissingContactProblem,
    PlainProblem,
    ValidationProblem,
)
from entrypoints.http.webhooks import routes as webhooks

_BEFORE: Final[tuple[Route, ...]] = (
    *placing.ROUTES,
    *orders.ROUTES,
    *shipments.ROUTES,
    *feed.ROUTES,
    *webhooks.ROUTES,
    *support.ROUTES,
    *enduser.ROUTES,
    *profile.ROUTES,
    *official_addresses.ROUTES,
    *verification.ROUTES,
    *contact_points.ROUTES,
    *histories.ROUTES,
    *resolution.ROUTES,
    *lookup.ROUTES,
)

_BEHIND: Final[tuple[Route, ...]] = (
    *internal.ROUTES,
    *metrics.ROUTES,
    *health.ROUTES,
    *send_condition.ROUTES,
    *triggers.ROUTES,
    *documentation.ROUTES,
)

_TAGS: Final[Mapping[str, str]] = {
    "Orders": "The first version of the API: orders of one or more recipients.",
    "Shipments": "The second version: orders with reminders, each asked for once by its key.",
    "Webhooks": "The status feed, carried to an address of its owner's.",
    "History": "What was recorded of an order, by whom and when.",
    "Support": "What support sees, over all owners.",
    "End users": "What people who logged in see of what was sent to them.",
    "Profile": "What a person keeps here about themselves: where they are told what concerns organisations.",
    "Official addresses": "Where people change the addresses of organisations that they act for.",
    "Contact points": "Where other services look up how people and organisations are reached.",
    "Figures": "What was sent, by owner and month, and day by day for those who charge for it.",
    "Delivery reports": "Where providers tell what became of notifications.",
    "Internal": "Where the installation's own systems hand messages in.",
    "Service": "The service itself.",
}

_SCHEMES: Final[Mapping[str, Any]] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": (
            "A token of Maskinporten, or one exchanged for it at Altinn, "
            "with the scope `altinn:serviceowner/notifications.create`; composed e-mails need "
            "`altinn:serviceowner/notifications.composedemail.create`, support's look-ups "
            "`altinn:notifications.support.admin`, look-ups before an order `varsel:lookup`, "
            "other services' look-ups `varsel:contactpoints.read`."
        ),
    },
    "endUser": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": (
            "A token of a person who logged in with ID-porten, or one exchanged for it at Altinn, "
            "with the scope `altinn:portal/enduser`; owners' tokens are not taken."
        ),
    },
    "platformAccessToken": {
        "type": "apiKey",
        "in": "header",
        "name": "PlatformAccessToken",
        "description": "The token of an app on Altinn's platform; no scope is needed beside it.",
    },
    "metricsKey": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "The key of those who collect the figures.",
    },
    "operator": {
        "type": "http",
        "scheme": "bearer",
        "description": "The secret of the installation's own systems.",
    },
    "smsGateway": {
        "type": "http",
        "scheme": "basic",
        "description": "The user and password that the SMS gateway was given.",
    },
    "mailServer": {
        "type": "http",
        "scheme": "bearer",
        "description": "The secret that the mail server was given.",
    },
}

_SECURITY: Final[Mapping[Access, list[dict[str, list[str]]]]] = {
    Access.OPEN: [],
    Access.OWNER: [{"bearer": []}, {"platformAccessToken": []}],
    Access.COMPOSED: [{"bearer": []}],
    Access.SUPPORT: [{"bearer": []}],
    Access.LOOKUP: [{"bearer": []}],
    Access.CONTACT_POINTS: [{"bearer": []}],
    Access.END_USER: [{"endUser": []}],
    Access.METRICS: [{"metricsKey": []}],
    Access.FIGURES: [{"metricsKey": []}, {"bearer": []}],
    Access.OPERATOR: [{"operator": []}],
    Access.SMS_GATEWAY: [{"smsGateway": []}],
    Access.MAIL_SERVER: [{"mailServer": []}],
}

_OF_TOKENS: Final[Mapping[int, Reply]] = {
    401: Reply(
        words=(
            "There is no token that can be trusted: `token_missing`, `token_expired`, "
            "`token_not_for_us` (another issuer, or another audience) or `token_invalid`."
        ),
        kind=PlainProblem,
        headers={"WWW-Authenticate": "`Bearer`, and whether there was a token."},
    ),
    406: Reply(words="The client accepts no answer of this kind.", kind=PlainProblem),
    403: Reply(
        words="The token names no owner (`not_an_owner`), or does not allow this (`scope_missing`).",
        kind=PlainProblem,
        headers={"WWW-Authenticate": "`Bearer`, and the scope that is missing, if one is."},
    ),
}
_OF_PERSONS: Final[Mapping[int, Reply]] = {
    **_OF_TOKENS,
    403: Reply(
        words=(
            "The token is not that of a person who logged in (`not_a_person`), does not allow this "
            "(`scope_missing`), or the person did not log in surely enough (`level_too_low`)."
        ),
        kind=PlainProblem,
        headers={
            "WWW-Authenticate": "`Bearer`, and the scope or the level that is missing, if one is."
        },
    ),
}
_EMPTY: Final[Mapping[Access, Mapping[int, Reply]]] = {
    Access.OPEN: {},
    Access.OWNER: _OF_TOKENS,
    Access.COMPOSED: _OF_TOKENS,
    Access.SUPPORT: _OF_TOKENS,
    Access.LOOKUP: _OF_TOKENS,
    Access.CONTACT_POINTS: _OF_TOKENS,
    Access.END_USER: _OF_PERSONS,
    Access.METRICS: {},
    Access.FIGURES: {
        **_OF_TOKENS,
        401: replace(
            _OF_TOKENS[401],
            words="There is neither the key (`wrong_credentials`) nor a token that is taken.",
        ),
    },
    Access.OPERATOR: {
        401: Reply(
            words="The secret is wrong, or none is set (`wrong_credentials`).",
            kind=PlainProblem,
            headers={"WWW-Authenticate": "`Bearer`"},
        )
    },
    Access.SMS_GATEWAY: {
        401: Reply(
            words="The user or the password is wrong (`wrong_credentials`).",
            kind=PlainProblem,
            headers={"WWW-Authenticate": "`Basic`"},
        )
    },
    Access.MAIL_SERVER: {
        401: Reply(
            words="The secret is wrong (`wrong_credentials`).",
            kind=PlainProblem,
            headers={"WWW-Authenticate": "`Bearer`"},
        )
    },
}

_OF_BODIES: Final[Mapping[int, Reply]] = {
    408: Reply(words="The body did not arrive in time.", kind=PlainProblem),
    413: Reply(words="The body is too large.", kind=PlainProblem),
}
_OF_KINDS: Final = Reply(words="The body is said to be something else.", kind=PlainProblem)
_UNEXPECTED: Final = Reply(words="What nobody foresaw.", kind=PlainProblem)
_LATER: Final = Reply(
    words="It cannot be done now; try again after the time that is told.",
    kind=LaterProblem,
    headers={"Retry-After": "Seconds."},
)
_PROBLEMS: Final = (
    ValidationProblem,
    AltinnProblem,
    MissingContactProblem,
    PlainProblem,
    LaterProblem,
)


def routes(doors: Iterable[Door]) -> Sequence[Route]:
    """Everything that is described, with the doors at which providers report."""
    return [*_BEFORE, *(report_route(each) for each in doors), *_BEHIND]


@cache
def document(sizes: Sizes, doors: tuple[Door, ...]) -> bytes:
    """The document as an installation of these sizes serves it, and as it is committed for the usual ones."""
    return (
        msgspec.json.format(msgspec.json.encode(_document(sizes, routes(doors))), indent=2) + b"\n"
    )


def _document(sizes: Sizes, routes: Sequence[Route]) -> dict[str, Any]:
    told = {_structs(reply.kind) for route in routes for reply in _replies(route).values()}
    kinds = {each for several in told for each in several}
    kinds |= {route.takes.kind for route in routes if route.takes is not None}
    kinds.add(webhooks.MESSAGE.kind)
    ordered = sorted(kinds - {None}, key=lambda kind: str(kind.__name__))
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, sizes)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "varsel",
            "version": "1",
            "summary": "Order notifications, by e-mail and SMS, to people and organisations.",
            "description": (
                "Wire compatible with Altinn Notifications. Paths are read in any letter case and "
                "with or without a slash at their end. Members that are null are left out of "
                "answers; members that are not known are ignored in requests. Every problem bears "
                "a stable `code`, and a `traceId` by which the service's operator finds it. "
                "Where something can be got, its head can be asked for."
            ),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": words} for name, words in _TAGS.items()],
        "paths": paths,
        "webhooks": {"entry": {"post": _webhook(sizes)}},
        "components": {
            "schemas": schemas_of(ordered, sizes),
            "securitySchemes": _SCHEMES,
        },
    }


def _operation(route: Route, sizes: Sizes) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "tags": [route.tag],
        "summary": route.summary,
    }
    if route.words:
        operation["description"] = route.words
    operation["security"] = _SECURITY[route.access]
    if route.parameters:
        operation["parameters"] = [_parameter(each) for each in route.parameters]
    if route.takes is not None:
        operation["requestBody"] = _request(route.takes, sizes)
    operation["responses"] = {
        str(status): _response(reply) for status, reply in sorted(_replies(route).items())
    }
    return operation


def _webhook(sizes: Sizes) -> dict[str, Any]:
    headers = ("webhook-id", "webhook-timestamp", "webhook-signature")
    return {
        "operationId": "receiveEntry",
        "tags": ["Webhooks"],
        "summary": "What a receiver is told: an entry of the feed, as Standard Webhooks says",
        "description": (
            "In order, none left out, and each at least once: a repeat bears the same `webhook-id`. "
            "`webhook-signature` is `v1a,` and the Ed25519 signature of "
            "`{webhook-id}.{webhook-timestamp}.{body}` in base64."
        ),
        "security": [],
        "parameters": [
            {"name": name, "in": "header", "required": True, "schema": {"type": "string"}}
            for name in headers
        ],
        "requestBody": _request(webhooks.MESSAGE, sizes),
        "responses": {
            "2XX": {"description": "Taken; nothing but the status is read."},
            "410": {"description": "Nothing more is told there."},
            "default": {"description": "Not taken; it is tried ten times over 75 hours."},
        },
    }


def _replies(route: Route) -> Mapping[int, Reply]:
    """What the route says, and what goes without saying."""
    replies = {500: _UNEXPECTED, **_EMPTY[route.access]}
    if route.access is not Access.OPEN:
        replies[503] = _LATER
    if route.takes is not None:
        replies |= _OF_BODIES
        if route.takes.is_checked:
            replies[415] = _OF_KINDS
    return {**replies, **route.replies}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": parameter.kind}
    if parameter.format is not None:
        schema["format"] = parameter.format
    if parameter.values:
        schema["enum"] = list(parameter.values)
    if parameter.most is not None:
        schema["maxLength"] = parameter.most
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.is_required,
        "description": parameter.words,
        "schema": schema,
        "example": parameter.example,
    }


def _request(body: Body, sizes: Sizes) -> dict[str, Any]:
    as_it_is = {"maxLength": sizes.body}
    content: dict[str, Any] = {"schema": as_it_is if body.kind is None else _schema(body.kind)}
    if body.example is not None:
        content["example"] = body.example
    return {"required": body.is_checked, "content": dict.fromkeys(body.media_types, content)}


def _response(reply: Reply) -> dict[str, Any]:
    response: dict[str, Any] = {"description": reply.words}
    if reply.headers:
        response["headers"] = {
            name: {"description": words, "schema": {"type": "string"}}
            for name, words in reply.headers.items()
        }
    if reply.kind is not None or reply.media_type is not None:
        content: dict[str, Any] = {}
        if reply.kind is not None:
            content["schema"] = _schema(reply.kind)
        if reply.example is not None:
            content["example"] = reply.example
        is_problem = set(_structs(reply.kind)) <= set(_PROBLEMS)
        own = IN_PROBLEM if is_problem else IN_JSON
        response["content"] = {reply.media_type or own: content}
    return response


def _schema(kind: Any) -> dict[str, Any]:  # noqa: ANN401  # a wire struct, several, or a list
    if kind is str:
        return {"type": "string"}
    if get_origin(kind) is list:
        (each,) = get_args(kind)
        return {"type": "array", "items": _schema(each)}
    named = [{"$ref": f"#/components/schemas/{one.__name__}"} for one in _structs(kind)]
    return named[0] if len(named) == 1 else {"anyOf": named}


def _structs(kind: Any) -> tuple[Any, ...]:  # noqa: ANN401  # as above
    is_several = isinstance(kind, UnionType) or get_origin(kind) is list
    return get_args(kind) if is_several else (kind,)


if __name__ == "__main__":
    from entrypoints.wiring.providers import OURS

    sys.stdout.buffer.write(document(USUAL, tuple(each.door for each in OURS if each.door)))
