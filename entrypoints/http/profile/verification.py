"""How persons show that addresses are theirs: by a code that is sent there, and given back."""

import re
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Annotated, Any, Final, TypeAlias

from litestar import Request, Response
from litestar.di import NamedDependency
from msgspec import Meta, Struct

from application.assembly import Application
from application.caller import EndUser
from application.phone_number import is_valid, normalise
from application.profiles.verification import CodeNotSentError
from domain.channel import Channel
from domain.contact_point import is_email_address
from domain.personal import Contact
from domain.profile.profile import AlreadyVerifiedError, TooSoonError, WrongCodeError
from entrypoints.http.profile.routes import BASE
from entrypoints.http.transport.contract import Access, Body, Reply, operation
from entrypoints.http.transport.problem_types import ValidationProblem
from entrypoints.http.transport.problems import as_response
from entrypoints.http.transport.responses import PROBLEM, Answer, in_json
from entrypoints.http.transport.tracing import trail
from entrypoints.http.validation import rules as check
from entrypoints.http.validation.errors import Faults
from entrypoints.http.validation.json_reader import BodyReader
from entrypoints.http.validation.wire_struct import Enumeration, WireStruct, Word, one_of

VERIFICATION: Final = f"{BASE}/verification"

_TAG: Final = "Profile"
_LARGEST: Final = 16 * 1024
_SHORTEST: Final = 5
_SECOND: Final = timedelta(seconds=1)
_KINDS: Final[Mapping[Channel, str]] = MappingProxyType(
    {Channel.EMAIL: "Email", Channel.SMS: "Sms"}
)
_CHANNELS: Final = {name: channel for channel, name in _KINDS.items()}
_CODE: Final = re.compile(r"[0-9]{6}")
_NOT_SENT: Final = "Verification code could not be sent"
_NOT_VERIFIED: Final = "Address could not be verified"

Value: TypeAlias = Annotated[str, Meta(max_length=320)]


class CodeRequest(WireStruct, frozen=True, kw_only=True):
    """To which address a code is wanted."""

    value: Value
    type: Enumeration


class VerificationRequest(WireStruct, frozen=True, kw_only=True):
    """Which code came to which address."""

    value: Value
    type: Enumeration
    verification_code: Word


class VerifiedAddressAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """An address that is known to be the person's."""

    value: str
    type: Annotated[str, one_of(_KINDS.values())]


class VerificationProblem(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Why no code was sent, or none was right."""

    title: str
    status: int
    detail: str
    code: str
    retry_after_seconds: int | None = None
    """After so many seconds it may be asked again."""
    trace_id: str


_codes = BodyReader(CodeRequest, "request")
_verifications = BodyReader(VerificationRequest, "request")

_INVALID: Final = Reply(words="It cannot be taken as it is.", kind=ValidationProblem)
_LATER: Final = Reply(
    words=(
        "A code was sent within the last minute, too many were asked for, or too many were given wrongly "
        "(`verification_too_soon`)."
    ),
    kind=VerificationProblem,
    media_type=PROBLEM.decode(),
    headers={"Retry-After": "Seconds after which it may be asked again."},
)


def _problem(
    request: Request[Any, Any, Any],
    title: str,
    status: int,
    detail: str,
    code: str,
    *,
    seconds: int | None = None,
) -> Response[bytes]:
    trail(request.scope).code = code
    told = VerificationProblem(
        title=title,
        status=status,
        detail=detail,
        code=code,
        retry_after_seconds=seconds,
        trace_id=trail(request.scope).trace_id,
    )
    headers = () if seconds is None else ((b"retry-after", str(seconds).encode()),)
    return as_response(Answer(status, in_json(told), PROBLEM, headers))


def _already(request: Request[Any, Any, Any], error: AlreadyVerifiedError) -> Response[bytes]:
    return _problem(request, _NOT_SENT, 422, "The address is already verified.", error.code)


def _wrong(request: Request[Any, Any, Any], error: WrongCodeError) -> Response[bytes]:
    detail = "The verification code is wrong or has expired."
    return _problem(request, _NOT_VERIFIED, 422, detail, error.code)


def _not_accepted(request: Request[Any, Any, Any], error: CodeNotSentError) -> Response[bytes]:
    del error
    detail = "The code could not be sent. Try again in a moment."
    return _problem(request, _NOT_SENT, 503, detail, "verification_not_sent", seconds=1)


def _not_sent_yet(request: Request[Any, Any, Any], error: TooSoonError) -> Response[bytes]:
    return _later(request, error, _NOT_SENT)


def _not_verified_yet(request: Request[Any, Any, Any], error: TooSoonError) -> Response[bytes]:
    return _later(request, error, _NOT_VERIFIED)


def _later(request: Request[Any, Any, Any], error: TooSoonError, title: str) -> Response[bytes]:
    seconds = max(1, -(-error.wait // _SECOND))
    detail = f"Try again in {seconds} seconds."
    return _problem(request, title, 429, detail, error.code, seconds=seconds)


@operation(
    "POST",
    f"{VERIFICATION}/send",
    name="sendVerificationCode",
    tag=_TAG,
    access=Access.END_USER,
    takes=Body(
        media_types=["application/json"],
        most_bytes=_LARGEST,
        kind=CodeRequest,
        example={"value": "kari@dal.example.no", "type": "Email"},
    ),
    replies={
        204: Reply(words="A code is on its way; those that were sent there before are void."),
        400: _INVALID,
        422: Reply(
            words="The address is verified already (`address_verified_already`).",
            kind=VerificationProblem,
            media_type=PROBLEM.decode(),
        ),
        429: _LATER,
        503: Reply(
            words="It could not be sent (`verification_not_sent`); nobody need wait for the next.",
            kind=VerificationProblem,
            media_type=PROBLEM.decode(),
            headers={"Retry-After": "Seconds after which it may be asked again."},
        ),
    },
    refusals={
        AlreadyVerifiedError: _already,
        TooSoonError: _not_sent_yet,
        CodeNotSentError: _not_accepted,
    },
)
async def send_code(
    content: NamedDependency[bytes],
    person: NamedDependency[EndUser],
    application: NamedDependency[Application],
) -> None:
    """Send a code to an address, in the language of the person's profile.

    It is good for a quarter of an hour. The next may be asked for a minute after one was accepted: ten
    in a day, three of them to one address. Ten are sent to an address, whoever asks; beside them whoever
    the contact register knows to have it is sent theirs.
    """
    faults = Faults()
    asked = _codes.read(content, faults)
    channel, address = _address(asked.value, asked.type, faults)
    faults.raise_any()
    await application.verification.send(person, channel, address)


@operation(
    "POST",
    f"{VERIFICATION}/verify",
    name="verifyAddress",
    tag=_TAG,
    access=Access.END_USER,
    takes=Body(
        media_types=["application/json"],
        most_bytes=_LARGEST,
        kind=VerificationRequest,
        example={"value": "kari@dal.example.no", "type": "Email", "verificationCode": "123456"},
    ),
    replies={
        204: Reply(words="The address is the person's, for ever."),
        400: _INVALID,
        422: Reply(
            words=(
                "The code is not the one that was sent, holds no more, or none was sent "
                "(`verification_code_wrong`)."
            ),
            kind=VerificationProblem,
            media_type=PROBLEM.decode(),
        ),
        429: _LATER,
    },
    refusals={WrongCodeError: _wrong, TooSoonError: _not_verified_yet},
)
async def verify_address(
    content: NamedDependency[bytes],
    person: NamedDependency[EndUser],
    application: NamedDependency[Application],
) -> None:
    """Show by the code that was sent to an address that it is the person's.

    After five wrong ones none is taken or sent for an hour.
    """
    faults = Faults()
    asked = _verifications.read(content, faults)
    channel, address = _address(asked.value, asked.type, faults)
    if _CODE.fullmatch(asked.verification_code) is None:
        faults.broken("VerificationCode", "write six digits")
    faults.raise_any()
    await application.verification.verify(person, channel, address, asked.verification_code)


@operation(
    "GET",
    f"{VERIFICATION}/verified-addresses",
    name="listVerifiedAddresses",
    tag=_TAG,
    access=Access.END_USER,
    replies={
        200: Reply(
            words="The addresses; none is no error.",
            example=[{"value": "kari@fjell.example.no", "type": "Email"}],
        )
    },
)
async def list_verified_addresses(
    person: NamedDependency[EndUser], application: NamedDependency[Application]
) -> list[VerifiedAddressAnswer]:
    """The addresses that are known to be the person's, in the order in which that was found out."""
    profile = await application.profiles.profile(person)
    return [
        VerifiedAddressAnswer(value=address.text, type=_KINDS[channel])
        for (channel, _), address in profile.verified.items()
    ]


ROUTES: Final = (send_code, verify_address, list_verified_addresses)
"""In the order of the document."""


def _address(written: str, kind: str | int, faults: Faults) -> tuple[Channel, Contact]:
    channel = check.enumeration(kind, _CHANNELS, faults, json_path="$.type", property_path="Type")
    value = written.strip()
    if channel is Channel.SMS:
        is_one = value.startswith("+") and is_valid(value)
    else:
        is_one = len(value) >= _SHORTEST and is_email_address(value)
    if not is_one:
        faults.broken("Value", "write an e-mail address, or a phone number with its country code")
    return channel or Channel.EMAIL, Contact(
        normalise(value) if channel is Channel.SMS else value.lower()
    )
