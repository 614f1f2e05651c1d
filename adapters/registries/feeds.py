"""Follow the registers' own feeds, from where the local copies stand to the feeds' end."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, timedelta
from typing import Final

import msgspec
from msgspec import Struct
from yarl import URL

from adapters.registries.importing import ImportSummary, RegistryImporter
from adapters.registries.pages import UnreadablePageError
from adapters.registries.registry_http import ask, patiently

_LARGEST: Final = 64 * 1024 * 1024
_SECONDS: Final = 60.0
_ENTRIES: Final = 5000
_A_LITTLE: Final = timedelta(seconds=1)


class _Reach(Struct, frozen=True, rename={"end": "tilEndringsId", "newest": "sisteEndringsId"}):
    end: int
    newest: int


class _Next(Struct, frozen=True, rename={"page": "nextPage"}):
    page: str | None = None


_read_reach = msgspec.json.Decoder(_Reach).decode
_read_next = msgspec.json.Decoder(_Next).decode


async def sync_krr(
    importer: RegistryImporter,
    url: str,
    token: Callable[[], Awaitable[str]],
    *,
    again: bool = False,
    seconds: float = _SECONDS,
    wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    progress: Callable[[ImportSummary], None] = lambda _: None,
) -> ImportSummary:
    """Bring the copy of KRR up to the newest change; what was imported before a failure stays.

    A register that asks us to wait is asked again when it says. With `again` it is asked first for
    the pages of which not all could be read.

    Raises:
        RegistryUnavailableError: the register gave no answer; says why, and what to do.
        UnreadablePageError: the answer is no page of the feed, or the feed does not go on.
    """
    summary = ImportSummary()

    async def take(after: int) -> bytes:
        question = msgspec.json.encode({"fraEndringsId": after})
        page = await _page("krr", URL(url), token, seconds=seconds, wait=wait, question=question)
        await importer.import_page("krr", page, summary)
        progress(summary)
        return page

    if again:
        for unread in await importer.unread_after():
            await take(unread)
    while True:
        reached = int(await importer.cursor("krr") or 0)
        page = await take(reached)
        reach = _read_reach(page)
        if reach.end >= reach.newest:
            return summary
        if reach.end <= reached:
            raise UnreadablePageError("the feed stands still before its newest change")


async def sync_businesses(
    importer: RegistryImporter,
    url: str,
    token: Callable[[], Awaitable[str]] | None = None,
    *,
    again: bool = False,
    seconds: float = _SECONDS,
    wait: Callable[[float], Awaitable[None]] = asyncio.sleep,
    progress: Callable[[ImportSummary], None] = lambda _: None,
) -> ImportSummary:
    """Bring the copy of businesses' addresses up to date; what was imported before a failure stays.

    A register that asks us to wait is asked again when it says. With `again` it is asked from the
    first change that could not be read.

    Raises:
        RegistryUnavailableError: the register gave no answer; says why, and what to do.
        UnreadablePageError: the answer is no page of the feed, or its next page is not to be had.
    """
    summary = ImportSummary()
    since = await importer.cursor("businesses")
    if again and (unread := await importer.unread_since()) is not None:
        # A little earlier: nobody promises that the feed begins with the very moment.
        since = (unread - _A_LITTLE).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    start = URL(url).update_query(pageSize=_ENTRIES)
    following: URL | None = start if since is None else start.update_query(since=since)
    seen: set[URL] = set()
    while following is not None:
        seen.add(following)
        page = await _page("businesses", following, token, seconds=seconds, wait=wait)
        await importer.import_page("businesses", page, summary)
        progress(summary)
        following = _next(page, start)
        if following in seen:
            raise UnreadablePageError("the feed leads back to a page that was read")
    return summary


async def _page(
    registry: str,
    url: URL,
    token: Callable[[], Awaitable[str]] | None,
    *,
    seconds: float,
    wait: Callable[[float], Awaitable[None]],
    question: bytes | None = None,
) -> bytes:
    async def asking() -> bytes:
        # A token may have run out while the register kept us waiting.
        headers: Mapping[str, str] = (
            {} if token is None else {"Authorization": f"Bearer {await token()}"}
        )
        return await ask(
            registry, url, largest=_LARGEST, seconds=seconds, headers=headers, question=question
        )

    return await patiently(asking, wait=wait)


def _next(page: bytes, start: URL) -> URL | None:
    """The next page, as the feed gives it."""
    try:
        given = _read_next(page).page
        following = None if given is None else URL(given, encoded=True)
        if following is not None and following.origin() != start.origin():
            raise UnreadablePageError("the next page lies on another host")
    except (msgspec.MsgspecError, ValueError):
        raise UnreadablePageError("the next page has no address that can be read") from None
    return following
