"""Follow the registers' own feeds, from where the local copies stand to the feeds' end."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, timedelta
from typing import Final

import msgspec
from yarl import URL

from adapters.registries.importing import ImportSummary, PageRead, RegistryImporter
from adapters.registries.pages import UnreadablePageError
from adapters.registries.registry_http import ask, patiently

_LARGEST: Final = 64 * 1024 * 1024
_SECONDS: Final = 60.0
_ENTRIES: Final = 5000
_A_LITTLE: Final = timedelta(seconds=1)


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

    async def take(after: int) -> PageRead:
        question = msgspec.json.encode({"fraEndringsId": after})
        page = await _page("krr", URL(url), token, seconds=seconds, wait=wait, question=question)
        led = await importer.import_page("krr", page, summary)
        progress(summary)
        return led

    if again:
        for unread in await importer.unread_after():
            await take(unread)
    while True:
        reached = int(await importer.cursor("krr") or 0)
        led = await take(reached)
        if led.is_last:
            return summary
        if (led.end or 0) < reached:
            raise UnreadablePageError("the register ends before the copy does: it has gone back")
        if led.end == reached:
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
        led = await importer.import_page("businesses", page, summary)
        progress(summary)
        following = _next(led.next_page, start)
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


def _next(given: str | None, start: URL) -> URL | None:
    """The next page, as the feed gives it."""
    try:
        following = None if given is None else URL(given, encoded=True)
        if following is not None and following.origin() != start.origin():
            raise UnreadablePageError("the next page lies on another host")
    except ValueError:
        raise UnreadablePageError("the next page has no address that can be read") from None
    return following
