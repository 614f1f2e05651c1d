"""The secrets by which the installation's own systems and its gateways come in."""

import base64
import binascii
import hmac
from typing import Final

from litestar.types import Scope

from entrypoints.http.transport.errors import WrongCredentialsError
from entrypoints.http.transport.mounting import Door

_BEARER: Final = b"Bearer"
_BASIC: Final = b'Basic realm="delivery reports", charset="UTF-8"'


def check_secret(scope: Scope, secret: str | None) -> None:
    """See that a request bears the secret; where there is none, nobody does.

    Raises:
        WrongCredentialsError: it does not.
    """
    given = credentials(scope, _BEARER)
    if secret is None or not hmac.compare_digest(given, secret.encode()):
        raise WrongCredentialsError(_BEARER)


def check_login(scope: Scope, login: bytes) -> None:
    """See that a gateway says who it is by this `user:password`, as HTTP Basic has it.

    Raises:
        WrongCredentialsError: it does not.
    """
    try:
        given = base64.b64decode(credentials(scope, b"Basic"), validate=True)
    except binascii.Error:
        given = b""
    if not hmac.compare_digest(given, login):
        raise WrongCredentialsError(_BASIC)


def by_secret(secret: str | None) -> Door:
    """Let in who bears the secret."""

    async def door(scope: Scope) -> None:
        check_secret(scope, secret)

    return door


def by_login(user: str, password: str) -> Door:
    """Let in who says this user and password."""
    login = f"{user}:{password}".encode()

    async def door(scope: Scope) -> None:
        check_login(scope, login)

    return door


def credentials(scope: Scope, scheme: bytes) -> bytes:
    """What stands after the scheme in the one `Authorization` header; nothing if it is not so."""
    given = [value for name, value in scope["headers"] if name == b"authorization"]
    if len(given) != 1:
        return b""
    its_scheme, _, its_credentials = given[0].partition(b" ")
    return its_credentials.strip() if its_scheme.lower() == scheme.lower() else b""
