"""Ask a register over HTTP, with limits to how much it may answer and how long it may take."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import aiohttp
from yarl import URL

from adapters.foreign_json import in_utf8
from application.ports.registries import RegistryUnavailableError

_PIECE: Final = 64 * 1024


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
                raise RegistryUnavailableError(registry)
            body = bytearray()
            async for piece in answer.content.iter_chunked(_PIECE):
                body += piece
                if len(body) > largest:
                    raise RegistryUnavailableError(registry)
            return in_utf8(bytes(body))
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
        raise RegistryUnavailableError(registry) from None
