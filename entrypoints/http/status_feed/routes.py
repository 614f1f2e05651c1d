"""The status feed: what became of an owner's orders, page by page."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from math import inf
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Request
from litestar.di import NamedDependency

from application.assembly import Application
from application.caller import Caller
from application.pace import Pace
from application.queries.status_feed import Entry
from application.turns import OwnersTurns
from entrypoints.http.status_feed.responses import FeedEntryAnswer, feed_entry
from entrypoints.http.transport.contract import Parameter, Reply, operation
from entrypoints.http.transport.links import BASE
from entrypoints.http.transport.problem_types import ValidationProblem
from entrypoints.http.transport.responses import Answer, Headers, in_json
from entrypoints.http.validation.parameters import LARGEST_PAGE, FeedRequest, read_feed

FEED: Final = f"{BASE}/future/shipment/feed"

_MOST_BYTES: Final = 2 * 1024 * 1024
_MOST_SECONDS: Final = 1.0


class Page:
    """A page as it grows: as long as was asked for, unless it becomes too large or takes too long.

    However large the first entry is, it is on the page, so that whoever reads on comes further.
    """

    def __init__(self, time: Callable[[], float]) -> None:
        """Begin a page; `time` tells seconds."""
        self._entries: list[bytes] = []
        self._bytes = 0
        self._time = time
        self._ends_at = inf
        self.last = 0
        """The sequence number of the last entry on it."""
        self.is_cut = False
        """Whether entries that were asked for are not on it."""

    def take(self, entry: FeedEntryAnswer) -> None:
        """Put an entry on the page, or cut the page short before it."""
        written = in_json(entry).replace(b"\n", b"\n  ")
        self._bytes += len(written)
        now = self._time()
        self.is_cut = bool(self._entries) and (self._bytes > _MOST_BYTES or now > self._ends_at)
        if not self._entries:
            self._ends_at = now + _MOST_SECONDS
        if not self.is_cut:
            self._entries.append(written)
            self.last = entry.sequence_number

    @property
    def body(self) -> bytes:
        """The entries in JSON, indented as every answer is."""
        if not self._entries:
            return b"[]"
        return b"[\n  " + b",\n  ".join(self._entries) + b"\n]"


@operation(
    "GET",
    FEED,
    name="readStatusFeed",
    tag="Shipments",
    parameters=[
        Parameter(
            name="seq",
            place="query",
            words="The last sequence number that was read.",
            kind="integer",
            is_required=False,
            example=1041,
        ),
        Parameter(
            name="pageSize",
            place="query",
            words=f"At most so many entries, from 1 to {LARGEST_PAGE}; beyond, the nearest.",
            kind="integer",
            is_required=False,
            example=100,
        ),
        Parameter(
            name="orderBy",
            place="query",
            words="Upwards from `seq`, or downwards; downwards from 0 begins with the newest.",
            values=["Asc", "Desc", "0", "1"],
            is_required=False,
            example="Asc",
        ),
        Parameter(
            name="transitions",
            place="query",
            words="`all`, for every transition and not only the last.",
            values=["all", "last"],
            is_required=False,
            example="last",
        ),
    ],
    replies={
        200: Reply(
            words="The entries; none is no error.",
            headers={"Link": 'Where a page goes on that was cut short: `rel="next"`.'},
            kind=list[FeedEntryAnswer],
            example=[
                {
                    "sequenceNumber": 1042,
                    "shipmentId": "5a1e1c44-1111-4f00-8aaa-9b9b9b9b9b9b",
                    "sendersReference": "case-77",
                    "recipients": [
                        {
                            "destination": "kari@example.org",
                            "status": "Email_Delivered",
                            "lastUpdate": "2026-09-01T06:04:11Z",
                        }
                    ],
                    "shipmentType": "Notification",
                    "status": "Order_Completed",
                    "lastUpdate": "2026-09-01T06:05:00.120000Z",
                }
            ],
        ),
        400: Reply(words="A parameter cannot be read.", kind=ValidationProblem),
    },
)
async def read_status_feed(
    request: Request[Any, Any, Any],
    caller: NamedDependency[Caller],
    application: NamedDependency[Application],
    turns: NamedDependency[OwnersTurns],
) -> Answer:
    """What became of the caller's orders.

    One entry for each order, when it is completed or cancelled; with `transitions=all` one for
    everything that changed what can be seen of it. Ask again from the last sequence number that
    you have read: no entry is skipped, and none comes late. A page ends early after 2 MiB or a
    second, and then says in `Link` where it goes on; only an empty page says that there is no more
    yet. Of an order whose history cannot be read, the status is `history_spoilt`, and nothing else
    is told.
    """
    asked = read_feed(request.scope["query_string"])
    entries = application.status_feed.feed(
        caller.owner,
        after=asked.after,
        size=asked.size,
        is_descending=asked.is_descending,
        every_transition=asked.every_transition,
    )
    page = Page(asyncio.get_running_loop().time)
    async with turns.of(caller.owner, is_large=True), aclosing(entries):
        async for some in entries:
            await _fill(page, some)
            if page.is_cut:
                break
    return Answer(200, page.body, headers=_next(asked, page))


async def _fill(page: Page, entries: Sequence[Entry]) -> None:
    with Pace() as pace:
        for each in entries:
            page.take(feed_entry(each))
            if page.is_cut:
                return
            await pace.keep()


def _next(asked: FeedRequest, page: Page) -> Headers:
    """Where a page goes on that was cut short, as RFC 8288 writes it."""
    if not page.is_cut:
        return ()
    query = urlencode(
        {
            "seq": page.last,
            "pageSize": asked.size,
            "orderBy": "Desc" if asked.is_descending else "Asc",
            "transitions": "all" if asked.every_transition else "last",
        }
    )
    return ((b"link", f'<{FEED}?{query}>; rel="next"'.encode()),)


ROUTES: Final = (read_status_feed,)
