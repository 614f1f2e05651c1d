"""The application: every route, put together from what it is given."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

from litestar import Litestar
from litestar.types import ASGIApp

from application.assembly import Application
from application.caller import (
    COMPOSED,
    CONTACT_POINTS,
    CREATE,
    END_USER,
    LOOKUP,
    SUPPORT,
    Assurance,
    Caller,
)
from application.ports.provider_kind import Reporting
from application.ports.token_verifier import TokenVerifier
from application.turns import OwnersTurns
from entrypoints.http.contact_points import routes as contact_points
from entrypoints.http.delivery_reports.routes import report_handlers
from entrypoints.http.enduser import routes as enduser
from entrypoints.http.history import routes as histories
from entrypoints.http.internal import routes as internal
from entrypoints.http.internal.routes import Internal
from entrypoints.http.lookup import routes as lookup
from entrypoints.http.official_addresses import routes as official_addresses
from entrypoints.http.openapi import pages
from entrypoints.http.openapi.document import document
from entrypoints.http.openapi.pages import public_documents, what_the_page_needs
from entrypoints.http.openapi.schemas import USUAL, Sizes
from entrypoints.http.operations import health, send_condition, triggers
from entrypoints.http.orders import routes as orders
from entrypoints.http.placing import routes as placings
from entrypoints.http.placing.intake import Placing
from entrypoints.http.profile import routes as profile
from entrypoints.http.profile import verification
from entrypoints.http.resolution import routes as resolution
from entrypoints.http.shipments import routes as shipments
from entrypoints.http.statistics import routes as statistics
from entrypoints.http.statistics.routes import Metrics
from entrypoints.http.status_feed import routes as status_feed
from entrypoints.http.support import routes as support
from entrypoints.http.transport.authentication import Authenticator
from entrypoints.http.transport.bodies import BodyLimits
from entrypoints.http.transport.contract import Access
from entrypoints.http.transport.credentials import by_secret
from entrypoints.http.transport.dependencies import of_requests
from entrypoints.http.transport.links import Links
from entrypoints.http.transport.middleware import Observer, RequestMiddleware
from entrypoints.http.transport.mounting import Door, direct, given, mounted, open_to_all
from entrypoints.http.transport.problems import respond
from entrypoints.http.validation.rules import Rules
from entrypoints.http.webhooks import routes as webhooks

ROUTES: Final = (
    *placings.ROUTES,
    *orders.ROUTES,
    *shipments.ROUTES,
    *status_feed.ROUTES,
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
    *health.ROUTES,
    *send_condition.ROUTES,
    *pages.ROUTES,
)
"""What every installation serves."""


def create_app(
    *,
    application: Application,
    verifier: TokenVerifier,
    rules: Callable[[Caller], Rules],
    clock: Callable[[], datetime],
    base_url: str,
    webhook_key: bytes,
    limits: BodyLimits | None = None,
    reporting: Sequence[Reporting] = (),
    trigger_secret: str | None = None,
    figures: Metrics | None = None,
    own: Internal | None = None,
    documents: Mapping[str, bytes] | None = None,
    sizes: Sizes = USUAL,
    level: Assurance = Assurance.SUBSTANTIAL,
    observer: Observer | None = None,
    turns: OwnersTurns | None = None,
) -> ASGIApp:
    """Put the API together.

    `rules` gives the rules of validation for a caller's request.
    `base_url` is the address by which clients reach the service; links begin with it.
    `webhook_key` is the public key by which receivers verify what webhooks carry.
    `reporting` are the doors at which providers report. Without `trigger_secret` nobody can call a trigger.
    Without `figures` there are none, and without `own` no system of the installation's own hands
    messages in.
    `sizes` are what the document says that a request may hold; what it may, `rules` and `limits` judge.
    `documents` are JSON documents open to all, by their paths.
    `level` is how surely persons must have logged in.
    `turns` are the owners' for what is large, where others than this API take them, too.
    """
    limits = limits or BodyLimits()
    authenticator = Authenticator(verifier, base_url)
    links = Links(base_url.rstrip("/"))
    turns = turns or OwnersTurns()
    doors: dict[Access, Door] = {
        Access.OPEN: open_to_all,
        Access.OWNER: authenticator.door(CREATE),
        Access.COMPOSED: authenticator.door(COMPOSED),
        Access.SUPPORT: authenticator.door(SUPPORT),
        Access.LOOKUP: authenticator.door(LOOKUP),
        Access.CONTACT_POINTS: authenticator.door(CONTACT_POINTS),
        Access.END_USER: authenticator.door_for_people(END_USER, level),
    }
    handlers = [
        *mounted(ROUTES, doors),
        *mounted(triggers.ROUTES, {Access.OPERATOR: triggers.by_secret(trigger_secret)}),
        *report_handlers(reporting),
        *what_the_page_needs(),
        *public_documents(documents or {}),
    ]
    if own is not None:
        handlers += mounted(internal.ROUTES, {Access.OPERATOR: by_secret(own.secret)})
    if figures is not None:
        of_figures = {
            Access.METRICS: statistics.by_key(figures.key),
            Access.FIGURES: statistics.by_key_or_token(figures.key, authenticator),
        }
        handlers += mounted(statistics.ROUTES, of_figures)
    placing = Placing(
        ordering=application.ordering,
        instant=application.instant,
        rules=rules,
        links=links,
        limits=limits,
        turns=turns,
    )
    things: dict[str, object] = {
        "application": application,
        "placing": placing,
        "links": links,
        "limits": limits,
        "turns": turns,
        "clock": clock,
        "public_key": webhook_key,
        "description": document(sizes, tuple(each.door for each in reporting)),
        "own": own,
        "figures": figures,
    }
    app = Litestar(
        route_handlers=handlers,
        dependencies=of_requests(limits) | {name: given(each) for name, each in things.items()},
        exception_handlers={Exception: respond},
        openapi_config=None,
        logging_config=None,
    )
    return RequestMiddleware(app, direct=direct(ROUTES, doors, things), observer=observer)
