"""The application: every route, put together from what it is given."""

from collections.abc import Callable, Mapping
from datetime import datetime

from litestar import Litestar, Router
from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.handlers.base import BaseRouteHandler
from litestar.types import ASGIApp, ControllerRouterHandler, Guard

from application.assembly import Application
from application.caller import Caller
from application.ports.token_verifier import TokenVerifier
from application.turns import OwnersTurns
from entrypoints.http.delivery_reports.kannel import KannelReports, kannel_reports
from entrypoints.http.delivery_reports.routes import (
    EmailReports,
    SmsReports,
    email_reports,
    sms_reports,
)
from entrypoints.http.history.routes import HistoriesController
from entrypoints.http.internal.routes import Internal, internal
from entrypoints.http.openapi.document import document
from entrypoints.http.openapi.pages import documentation, public_documents
from entrypoints.http.openapi.schemas import USUAL, Sizes
from entrypoints.http.operations.health import HealthController
from entrypoints.http.operations.send_condition import send_condition
from entrypoints.http.operations.triggers import triggers
from entrypoints.http.orders.routes import CancellationController, OrdersController
from entrypoints.http.placing.routes import Placing
from entrypoints.http.shipments.routes import ShipmentsController
from entrypoints.http.statistics.routes import Metrics, metrics
from entrypoints.http.status_feed.routes import feed
from entrypoints.http.support.routes import support
from entrypoints.http.transport.authentication import Authenticator
from entrypoints.http.transport.bodies import BodyLimits
from entrypoints.http.transport.links import Links
from entrypoints.http.transport.middleware import Observer, RequestMiddleware
from entrypoints.http.transport.problems import respond
from entrypoints.http.validation.rules import Rules
from entrypoints.http.webhooks.routes import WebhooksController, public_webhook_key


def create_app(
    *,
    application: Application,
    verifier: TokenVerifier,
    rules: Callable[[Caller], Rules],
    clock: Callable[[], datetime],
    base_url: str,
    webhook_key: bytes,
    limits: BodyLimits | None = None,
    sms: SmsReports | None = None,
    email: EmailReports | None = None,
    kannel: KannelReports | None = None,
    trigger_secret: str | None = None,
    figures: Metrics | None = None,
    own: Internal | None = None,
    documents: Mapping[str, bytes] | None = None,
    sizes: Sizes = USUAL,
    observer: Observer | None = None,
) -> ASGIApp:
    """Put the API together.

    `rules` gives the rules of validation for a caller's request.
    `base_url` is the address by which clients reach the service; links begin with it.
    `webhook_key` is the public key by which receivers verify what webhooks carry.
    Without `sms`, `kannel` or `email` nobody can report on that channel, and without `trigger_secret`
    nobody can call a trigger.
    Without `figures` there are none, and without `own` no system of the installation's own hands
    messages in.
    `sizes` are what the document says that a request may hold; what it may, `rules` and `limits` judge.
    `documents` are JSON documents open to all, by their paths.
    """
    limits = limits or BodyLimits()
    authenticator = Authenticator(verifier, base_url)
    links = Links(base_url.rstrip("/"))
    turns = OwnersTurns()
    placing = Placing(
        application=application,
        authenticator=authenticator,
        rules=rules,
        links=links,
        limits=limits,
        turns=turns,
    )
    owners = Router(
        path="/",
        route_handlers=[
            OrdersController,
            CancellationController,
            ShipmentsController,
            HistoriesController,
            WebhooksController,
        ],
        guards=[_by(authenticator)],
    )
    routes: list[ControllerRouterHandler] = [
        *placing.doors(),
        feed(application, authenticator, turns),
        *support(application, authenticator, clock),
        send_condition(),
        *triggers(trigger_secret, limits),
        owners,
        HealthController,
        public_webhook_key(webhook_key),
        *documentation(document(sizes)),
        *public_documents(documents or {}),
    ]
    if sms is not None:
        routes.append(sms_reports(sms, application, limits))
    if kannel is not None:
        routes.append(kannel_reports(kannel, application))
    if email is not None:
        routes.append(email_reports(email, application, limits))
    if own is not None:
        routes += internal(application, own, rules, limits)
    if figures is not None:
        routes += metrics(application.statistics, figures, limits, authenticator)
    app = Litestar(
        route_handlers=routes,
        dependencies={
            "application": _given(application),
            "links": _given(links),
            "limits": _given(limits),
        },
        exception_handlers={Exception: respond},
        openapi_config=None,
        logging_config=None,
    )
    return RequestMiddleware(app, observer=observer)


# Litestar copies a router with all that it holds, and what the running service is made of must not be
# copied: tasks and connections cannot be, and a copy would go its own way. Functions are not copied.


def _by(authenticator: Authenticator) -> Guard:
    async def guard(
        connection: ASGIConnection,  # type: ignore[type-arg]  # as Litestar spells a guard
        handler: BaseRouteHandler,
    ) -> None:
        await authenticator.guard(connection, handler)

    return guard


def _given(thing: object) -> Provide:
    def give() -> object:
        return thing

    return Provide(give, sync_to_thread=False)
