"""Ask a register over HTTP, with limits to how much it may answer and how long it may take."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

import aiohttp
from yarl import URL

from adapters.bounded_answer import read_at_most
from adapters.foreign_json import in_utf8
from application.ports.registries import RegistryUnavailableError

_MEANS: Final[Mapping[int, str]] = {
    HTTPStatus.UNAUTHORIZED: (
        "does not take our token (401): see which token, or which client and key, the settings name"
    ),
    HTTPStatus.FORBIDDEN: "does not let us read (403): our client or its token may lack the scope",
    HTTPStatus.TOO_MANY_REQUESTS: "has been asked too often (429)",
    HTTPStatus.SERVICE_UNAVAILABLE: "is closed for now (503)",
}
_SAYS_WHEN: Final = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}


async def ask(
    registry: str,
    url: URL,
    *,
    largest: int,
    seconds: float,
    headers: Mapping[str, str],
    question: bytes | None = None,
) -> bytes:
    """The answer of a register, JSON in UTF-8; a question is posted, no question is a plain GET.

    Raises:
        RegistryUnavailableError: there was no answer within the limits; try again later.
    """
    try:
        async with (
            asyncio.timeout(seconds),
            # What is packed could be of any size unpacked.
            aiohttp.ClientSession(trust_env=False, auto_decompress=False) as session,
            session.request(
                "GET" if question is None else "POST",
                url,
                data=question,
                headers={
                    "Accept": "application/json",
                    "Accept-Encoding": "identity",
                    **({} if question is None else {"Content-Type": "application/json"}),
                    **headers,
                },
                allow_redirects=False,
            ) as answer,
        ):
            if answer.status != HTTPStatus.OK:
                raise _refusal(registry, answer)
            body = await read_at_most(answer.content, largest)
            if body is None:
                raise RegistryUnavailableError(registry, f"answered more than {largest} bytes")
            return in_utf8(body)
    except TimeoutError:
        why = f"gave no whole answer within {seconds:g} seconds: try again later"
        raise RegistryUnavailableError(registry, why) from None
    except aiohttp.ClientSSLError:
        why = "shows a certificate that is not trusted: see who has signed it"
        raise RegistryUnavailableError(registry, why) from None
    except aiohttp.ClientConnectorError as error:
        why = f"cannot be reached ({type(error).__name__}): see its address in the settings"
        raise RegistryUnavailableError(registry, why) from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        why = f"gave no answer that could be read ({type(error).__name__}): try again later"
        raise RegistryUnavailableError(registry, why) from None


def _refusal(registry: str, answer: aiohttp.ClientResponse) -> RegistryUnavailableError:
    status = answer.status
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        why = (
            f"sends us elsewhere ({status}), where nobody goes: "
            "see whether its address in the settings is still right"
        )
        return RegistryUnavailableError(registry, why)
    why = _MEANS.get(status, f"answered {status}")
    if status not in _SAYS_WHEN:
        return RegistryUnavailableError(registry, why)
    again_in = pause(answer.headers.get("Retry-After"), datetime.now(UTC))
    when = "later; it does not say when" if again_in is None else f"in {again_in:.0f} seconds"
    return RegistryUnavailableError(registry, f"{why}: ask again {when}", again_in=again_in)


def pause(said: str | None, now: datetime) -> float | None:
    """The seconds that `Retry-After` asks for, by a number or a date (RFC 9110 § 10.2.3)."""
    if said is None:
        return None
    if said.isascii() and said.isdecimal():
        return float(said[:9])
    try:
        moment = parsedate_to_datetime(said)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
