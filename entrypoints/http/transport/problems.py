"""Every refusal and its answer, in one table.

Three families, as Altinn's clients know them: validation problems, Altinn's own problems with `NOT-` codes,
and plain ones.
Every one carries a stable `code`, but for 404 in the first version, which is empty.
"""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.types import Scope

from application.official_addresses.editing import (
    NoAddressRegisterError,
)
from application.ordering.admission import (
    LookupsExceededError,
    OwnerStoppedError,
    QuotaExceededError,
)
from application.ordering.commands import HandoverFailedError, MissingContactError
from application.ports.address_changes import ConcurrentChangeError
from application.ports.decision_point import AuthorityUndecidedError
from application.ports.order_repository import (
    ConcurrentUpdateError,
    SpoiltHistoryError,
    StoreUnavailableError,
)
from application.ports.registries import RegistryUnavailableError
from application.ports.registry_copies import RegistryNotReadyError
from application.ports.token_verifier import (
    InvalidTokenError,
    NoOwnerError,
    NotAPersonError,
    VerificationUnavailableError,
)
from application.ports.unread_mail import ReaderUnavailableError
from application.profiles.authority import MayNotActError
from application.queries.resolution_words import left_out, why_waited
from application.seeking import OrderNotFoundError
from application.webhooks.subscriptions import TooManyWebhooksError, WebhookNotFoundError
from domain.official_address import (
    AddressNotFoundError,
    AddressRefusedError,
    ChangeUnderWayError,
    LastAddressError,
)
from domain.order.errors import TooLateToCancelError
from domain.profile.profile import TooManyChangesError
from entrypoints.http.transport.errors import (
    BodyTooLargeError,
    BodyTooSlowError,
    ClientGoneError,
    LevelTooLowError,
    MissingScopeError,
    NotAcceptableError,
    NotTakenOverError,
    UnreadableLengthError,
    UnreadableReportError,
    UnsupportedMediaTypeError,
    WrongCredentialsError,
)
from entrypoints.http.transport.problem_types import (
    Altinn,
    AltinnProblem,
    Empty,
    LaterProblem,
    MissingContactProblem,
    MissingRecipientProblem,
    NotUsedProblem,
    Plain,
    PlainProblem,
    Refusal,
    ValidationProblem,
)
from entrypoints.http.transport.rate_limits import too_much
from entrypoints.http.transport.responses import PROBLEM, Answer, in_json
from entrypoints.http.transport.tracing import trail
from entrypoints.http.validation.errors import INVALID, MOST, InvalidRequestError

log = structlog.get_logger()

RETRY_AFTER: Final = b"5"
"""Seconds after which a client may try again what could not be done now."""

_RETRY: Final = (b"retry-after", RETRY_AFTER)
_RETRY_LATER: Final = (b"retry-after", b"60")
"""A copy of a register is not brought up to date in a moment."""
_CLOSE: Final = (b"connection", b"close")

_ELSEWHERE: Final[Mapping[int, str]] = MappingProxyType(
    {423: "rfc4918#section-11.3", 429: "rfc6585#section-4"}
)
"""Statuses that are not of RFC 9110."""
_SECTIONS: Final[Mapping[int, str]] = MappingProxyType(
    {
        400: "15.5.1",
        401: "15.5.2",
        403: "15.5.4",
        404: "15.5.5",
        405: "15.5.6",
        406: "15.5.7",
        408: "15.5.9",
        409: "15.5.10",
        413: "15.5.14",
        415: "15.5.16",
        500: "15.6.1",
        503: "15.6.4",
    }
)


NO_SUCH_PATH: Final = Plain(404, "no_such_path")
SHIPMENT_NOT_FOUND: Final = Altinn(404, "NOT-00003", "Shipment not found", "Not Found")
MISSING_CONTACT: Final = Altinn(
    422, "NOT-00001", "Missing contact information for recipient(s)", "Unprocessable Entity"
)
NOTHING_FOUND: Final = Empty(404, "order_not_found")
UNEXPECTED: Final = Plain(500, "unexpected")
_MORE_IS_WRONG: Final = f"More is wrong than these {MOST} faults tell. Mend them, and ask again."

_NO_CREDENTIAL: Final = "no_credential"
_NOT_FOR_US: Final = Plain(
    401,
    "token_not_for_us",
    "The token is of an issuer, or for an audience, that is not taken here. "
    "Ask the service's operator which are.",
)
REGISTRY_NOT_READY: Final = Plain(
    503,
    "registry_not_ready",
    "What is known of recipients is not up to date, and is not used. Try again later.",
)
TOKEN_REFUSALS: Final[Mapping[str, Plain]] = MappingProxyType(
    {
        _NO_CREDENTIAL: Plain(
            401, "token_missing", "Send a token in the header Authorization, as Bearer and a space."
        ),
        "expired": Plain(401, "token_expired", "The token has expired. Get another."),
        "issuer_unknown": _NOT_FOR_US,
        "audience": _NOT_FOR_US,
    }
)
"""What is told of some of the reasons for which a token is not taken.

Its owner can mend these, and whoever has forged one learns nothing: a token's end and audience are
looked at after its signature, and who issues tokens is no secret. Every other reason is told alike.
"""

REFUSALS: Final[Mapping[type[Exception], Refusal]] = MappingProxyType(
    {
        InvalidTokenError: Plain(401, "token_invalid", "The token cannot be trusted."),
        WrongCredentialsError: Plain(401, "wrong_credentials"),
        NoOwnerError: Plain(
            403,
            "not_an_owner",
            "The token is genuine, and names nobody who owns notifications here. "
            "Ask the service's operator to enter your organisation.",
        ),
        MissingScopeError: Plain(
            403, "scope_missing", "The token lacks the scope that WWW-Authenticate names."
        ),
        NotAPersonError: Plain(
            403,
            "not_a_person",
            "The token is genuine, and is not that of a person who logged in with ID-porten.",
        ),
        LevelTooLowError: Plain(
            403, "level_too_low", "Log in again, at the level that WWW-Authenticate names."
        ),
        MayNotActError: Plain(
            403,
            "not_permitted",
            "You may not act for this organisation, or there is none of that id.",
        ),
        OrderNotFoundError: Plain(404, "order_not_found"),
        WebhookNotFoundError: Plain(404, "webhook_not_found"),
        AddressNotFoundError: Plain(404, "address_not_found"),
        NotFoundException: NO_SUCH_PATH,
        MethodNotAllowedException: Plain(405, "method_not_allowed"),
        NotAcceptableError: Plain(
            406, "not_acceptable", "Answers are JSON: accept application/json, or anything."
        ),
        BodyTooSlowError: Plain(408, "body_too_slow", "The body did not arrive in time."),
        TooLateToCancelError: Plain(
            409,
            "too_late_to_cancel",
            "An order can be cancelled until five minutes before its requested send time.",
        ),
        LastAddressError: Plain(
            409, "last_address", "An organisation keeps one address at least. Add another first."
        ),
        ChangeUnderWayError: Plain(
            409,
            "change_under_way",
            "What was asked for before is on its way to the register. Ask again when it is there.",
        ),
        AddressRefusedError: Plain(
            409,
            "address_refused",
            "The register did not take that address. Remove it here, and add another.",
        ),
        TooManyWebhooksError: Plain(
            409, "too_many_webhooks", "The owner has as many as it may. Remove one first."
        ),
        UnreadableLengthError: Plain(
            400, "unreadable_length", "Content-Length must be one number, in digits."
        ),
        BodyTooLargeError: Plain(413, "body_too_large"),
        UnsupportedMediaTypeError: Plain(415, "unsupported_media_type"),
        UnreadableReportError: Plain(
            400, "unreadable_report", "What was sent cannot be read as a delivery report."
        ),
        ReaderUnavailableError: Plain(
            503, "reader_unavailable", "Nobody can read it now. Hand it in again."
        ),
        MissingContactError: MISSING_CONTACT,
        ClientGoneError: Altinn(
            499,
            "NOT-00002",
            "The request ended early: client disconnected",
            "Client Closed Request",
        ),
        HandoverFailedError: Altinn(
            503,
            "NOT-00004",
            "The message was not taken over: temporary network failure",
            "Service Unavailable",
        ),
        NotTakenOverError: Plain(
            500, "not_taken_over", "The provider did not take the message. Hand it in again."
        ),
        SpoiltHistoryError: Plain(
            500,
            "history_spoilt",
            "What is stored of the order is not what was recorded. Tell the service's operator.",
        ),
        QuotaExceededError: Plain(
            429,
            "over_daily_ceiling",
            "That is more than may be ordered today. Order less, or again when a new day begins.",
        ),
        LookupsExceededError: Plain(
            429,
            "over_daily_lookups",
            "That is more than may be looked up today. Ask again when a new day begins.",
        ),
        TooManyChangesError: Plain(
            429,
            "profile_changed_too_often",
            "That was changed as often as may be in a day. Try again later.",
        ),
        OwnerStoppedError: Plain(
            423, "owner_stopped", "Orders of this owner are stopped. Ask the service's operator."
        ),
        StoreUnavailableError: Plain(503, "store_unavailable", "Try again in a moment."),
        AuthorityUndecidedError: Plain(
            503,
            "authority_undecided",
            "Nobody can tell now for whom you may act. Try again in a moment.",
        ),
        NoAddressRegisterError: Plain(
            503,
            "no_address_register",
            "No register is told of changes here. Ask the service's operator.",
        ),
        ConcurrentChangeError: Plain(503, "addresses_are_busy", "Try again in a moment."),
        ConcurrentUpdateError: Plain(503, "order_is_busy", "Try again in a moment."),
        RegistryUnavailableError: Plain(503, "registry_unavailable", "Try again in a moment."),
        RegistryNotReadyError: REGISTRY_NOT_READY,
        VerificationUnavailableError: Plain(
            503, "verification_unavailable", "Tokens cannot be verified now. Try again in a moment."
        ),
    }
)


def refused(refusal: Refusal, scope: Scope, headers: Sequence[tuple[bytes, bytes]] = ()) -> Answer:
    """A refusal as it leaves; its code is in the log by its trace."""
    match refusal:
        case Empty(status=status, code=code):
            trail(scope).code = code
            return Answer(status, headers=headers)
        case Plain(status=status, code=code, detail=detail, instance=instance):
            trail(scope).code = code
            plain = PlainProblem(
                type=_section(status),
                title=HTTPStatus(status).phrase,
                status=status,
                code=code,
                detail=detail,
                instance=instance,
                trace_id=trail(scope).trace_id,
            )
            return Answer(status, in_json(plain), PROBLEM, headers)
        case Altinn(status=status, code=code, title=title, description=description):
            trail(scope).code = code
            problem = AltinnProblem(
                type=f"urn:altinn:error:{code}",
                title=title,
                status=status,
                code=code,
                status_description=description,
                trace_id=trail(scope).trace_id,
            )
            return Answer(status, in_json(problem), PROBLEM, headers)


def answer_to(error: Exception, scope: Scope) -> Answer:
    """The answer that an exception becomes; what nobody foresaw is logged without its words."""
    match error:
        case InvalidRequestError():
            return invalid(error, scope)
        case HTTPException(status_code=400):
            return refused(Plain(400, INVALID), scope)
        case MissingContactError():
            return _missing_contact(error, scope)
        case RegistryNotReadyError():
            return _not_ready(error, scope)
        case (
            InvalidTokenError(reason=reason)
            | NoOwnerError(reason=reason)
            | NotAPersonError(reason=reason)
        ):
            trail(scope).reason = reason
        case _:
            pass
    refusal = _refusal_of(error)
    if refusal is not None:
        return refused(refusal, scope, _headers(error, refusal))
    unexpected = refused(UNEXPECTED, scope)
    _log_unexpected(error, scope)
    return unexpected


def _refusal_of(error: Exception) -> Refusal | None:
    if isinstance(error, InvalidTokenError) and error.reason in TOKEN_REFUSALS:
        return TOKEN_REFUSALS[error.reason]
    known = (REFUSALS[kind] for kind in type(error).__mro__ if kind in REFUSALS)
    return next(known, None)


def invalid(error: InvalidRequestError, scope: Scope) -> Answer:
    """What is wrong with a request, by the place where it is wrong."""
    trail(scope).code = error.code
    problem = ValidationProblem(
        type=_section(400),
        title="One or more validation errors occurred.",
        status=400,
        code=error.code,
        detail=_MORE_IS_WRONG if error.has_more else None,
        errors=error.errors,
        trace_id=trail(scope).trace_id,
    )
    return Answer(400, in_json(problem), PROBLEM)


def _missing_contact(error: MissingContactError, scope: Scope) -> Answer:
    """Who cannot be reached, by their place in the request and not by their number, and why."""
    told = MISSING_CONTACT
    trail(scope).code = told.code
    problem = MissingContactProblem(
        type=f"urn:altinn:error:{told.code}",
        title=told.title,
        status=told.status,
        code=told.code,
        status_description=told.description,
        trace_id=trail(scope).trace_id,
        recipients=[
            MissingRecipientProblem(
                pointer="/recipient"
                if each.reminder is None
                else f"/reminders/{each.reminder}/recipient",
                reasons=[
                    NotUsedProblem(
                        source=one.source,
                        channel=one.channel,
                        reason=one.reason,
                        words=left_out(one, None),
                    )
                    for one in each.considered
                ],
            )
            for each in error.recipients
        ],
    )
    return Answer(told.status, in_json(problem), PROBLEM)


def _not_ready(error: RegistryNotReadyError, scope: Scope) -> Answer:
    """Which register's copy cannot be relied on, and why."""
    told = REGISTRY_NOT_READY
    trail(scope).code = told.code
    problem = LaterProblem(
        type=_section(told.status),
        title=HTTPStatus(told.status).phrase,
        status=told.status,
        code=told.code,
        detail=told.detail,
        trace_id=trail(scope).trace_id,
        registry=error.registry,
        reason=why_waited(error.because),
    )
    return Answer(told.status, in_json(problem), PROBLEM, (_RETRY_LATER,))


def respond(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Litestar's way to an answer for any exception."""
    return as_response(answer_to(error, request.scope))


def refusing(refusal: Refusal) -> Callable[[Request[Any, Any, Any], Exception], Response[bytes]]:
    """The way to an answer where an exception is told otherwise than elsewhere."""

    def answer(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        del error
        return as_response(refused(refusal, request.scope))

    return answer


def as_response(answer: Answer) -> Response[bytes]:
    """An answer in the shape that Litestar's exception handlers give."""
    return Response(
        answer.body,
        status_code=answer.status,
        media_type=answer.media_type.decode() if answer.body else None,
        headers={name.decode(): value.decode() for name, value in (answer.cache, *answer.headers)}
        | {"x-content-type-options": "nosniff"},
    )


def _headers(error: Exception, refusal: Refusal) -> Sequence[tuple[bytes, bytes]]:
    match error:
        case InvalidTokenError(reason=reason):
            is_there = reason != _NO_CREDENTIAL
            told = b'Bearer error="invalid_token"' if is_there else b"Bearer"
            return ((b"www-authenticate", told),)
        case MissingScopeError(needed=needed):
            told = f'Bearer error="insufficient_scope", scope="{needed}"'.encode()
            return ((b"www-authenticate", told),)
        case LevelTooLowError(level=level):
            told = f'Bearer error="insufficient_user_authentication", acr_values="{level}"'.encode()
            return ((b"www-authenticate", told),)
        case WrongCredentialsError(scheme=scheme):
            return ((b"www-authenticate", scheme),)
        case MethodNotAllowedException(headers={"allow": allowed}):
            return ((b"allow", allowed.encode()),)
        case QuotaExceededError(standing=standing):
            return too_much(standing)
        case TooManyChangesError(wait=wait):
            return ((b"retry-after", str(int(wait.total_seconds()) + 1).encode()),)
        case UnreadableLengthError() | BodyTooLargeError() | BodyTooSlowError():
            return (_CLOSE,)
        case _:
            return (_RETRY,) if refusal.status == HTTPStatus.SERVICE_UNAVAILABLE else ()


def _log_unexpected(error: Exception, scope: Scope) -> None:
    log.error(
        "unexpected",
        error=type(error).__name__,
        where=_where(error),
        trace_id=trail(scope).trace_id,
    )


def _section(status: int) -> str:
    if status in _ELSEWHERE:
        return f"https://tools.ietf.org/html/{_ELSEWHERE[status]}"
    return f"https://tools.ietf.org/html/rfc9110#section-{_SECTIONS[status]}"


def _where(error: BaseException) -> str:
    """The module and line where it was raised; words may name somebody, places do not."""
    trace = error.__traceback__
    if trace is None:
        return ""
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_globals.get('__name__', '')}:{trace.tb_lineno}"
