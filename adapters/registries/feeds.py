"""Follow the registers' own feeds, from where the local copies stand to the feeds' end."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from datetime import UTC, timedelta
from typing import Final

import msgspec
from yarl import URL

from adapters.registries.importing import ImportSummary, PageRead, ReadPage, RegistryImporter
from adapters.registries.pages import UnreadablePageError
from adapters.registries.read_ahead import ReadAhead
from adapters.registries.registry_http import ask
from application.ports.registry_feed import PageTaken

Token = Callable[[], Awaitable[str]]

_LARGEST: Final = 64 * 1024 * 1024
_SECONDS: Final = 60.0
_ENTRIES: Final = 5000
_A_LITTLE: Final = timedelta(seconds=1)


class KrrFeed:
    """The contact and reservation register's changes, by their numbers."""

    registry: Final = "krr"

    def __init__(
        self, importer: RegistryImporter, url: str, token: Token, *, seconds: float = _SECONDS
    ) -> None:
        """Take who writes the copy, where the feed is, what gives its token, and how long a page may take."""
        self._importer = importer
        self._url = URL(url)
        self._token = token
        self._seconds = seconds

    async def follow(self, *, again: bool = False) -> AsyncGenerator[PageTaken, None]:
        if again:
            for unread in await self._importer.unread_after():
                _, taken = await self._take(unread)
                yield taken
        async with ReadAhead[ReadPage]() as ahead:
            is_last, end = False, -1
            while not is_last:
                reached = int(await self._importer.cursor(self.registry) or 0)
                if reached != end:
                    await ahead.drop()  # somebody else has brought the copy on meanwhile
                read = await (ahead.take() or self._read(reached))
                if read.following is not None:
                    ahead.begin(self._read(read.following))
                page, taken = await _written(self._importer, read)
                yield taken
                is_last, end = page.is_last, page.end or 0
                if end < reached:
                    raise UnreadablePageError(
                        "the register ends before the copy does: it has gone back"
                    )
                if end == reached and not is_last:
                    raise UnreadablePageError("the feed stands still before its newest change")

    async def _take(self, after: int) -> tuple[PageRead, PageTaken]:
        return await _written(self._importer, await self._read(after))

    async def _read(self, after: int) -> ReadPage:
        question = msgspec.json.encode({"fraEndringsId": after})
        page = await _page(self.registry, self._url, self._token, self._seconds, question=question)
        return await self._importer.read_page(self.registry, page)


class BusinessesFeed:
    """The changes of businesses' addresses, by their time."""

    registry: Final = "businesses"

    def __init__(
        self,
        importer: RegistryImporter,
        url: str,
        token: Token | None = None,
        *,
        seconds: float = _SECONDS,
    ) -> None:
        """Take the same; there may be no token, where the feed wants none."""
        self._importer = importer
        self._url = URL(url)
        self._token = token
        self._seconds = seconds

    async def follow(self, *, again: bool = False) -> AsyncGenerator[PageTaken, None]:
        since = await self._importer.cursor("businesses")
        if again and (unread := await self._importer.unread_since()) is not None:
            # A little earlier: nobody promises that the feed begins with the very moment.
            since = (unread - _A_LITTLE).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        start = self._url.update_query(pageSize=_ENTRIES)
        following: URL | None = start if since is None else start.update_query(since=since)
        seen: set[URL] = set()
        while following is not None:
            seen.add(following)
            content = await _page("businesses", following, self._token, self._seconds)
            read = await self._importer.read_page(self.registry, content)
            page, taken = await _written(self._importer, read)
            yield taken
            following = _next(page.next_page, start)
            if following in seen:
                raise UnreadablePageError("the feed leads back to a page that was read")


async def _page(
    registry: str, url: URL, token: Token | None, seconds: float, *, question: bytes | None = None
) -> bytes:
    headers: Mapping[str, str] = (
        {} if token is None else {"Authorization": f"Bearer {await token()}"}
    )
    return await ask(
        registry, url, largest=_LARGEST, seconds=seconds, headers=headers, question=question
    )


async def _written(importer: RegistryImporter, read: ReadPage) -> tuple[PageRead, PageTaken]:
    summary = ImportSummary()
    page = await importer.write_page(read, summary)
    return page, PageTaken(
        position=page.position,
        newest=None if page.newest is None else str(page.newest),
        written=summary.written,
        removed=summary.removed,
        quarantined=summary.quarantined,
        nobodys=summary.nobodys,
    )


def _next(given: str | None, start: URL) -> URL | None:
    """The next page, as the feed gives it."""
    try:
        following = None if given is None else URL(given, encoded=True)
        if following is not None and following.origin() != start.origin():
            raise UnreadablePageError("the next page lies on another host")
    except ValueError:
        raise UnreadablePageError("the next page has no address that can be read") from None
    return following
