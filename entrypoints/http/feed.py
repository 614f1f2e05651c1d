"""The status feed: what became of an owner's orders, page by page."""

from typing import Final

from litestar.handlers import ASGIRouteHandler
from litestar.types import Receive, Scope

from entrypoints.http.answering import Answer, told
from entrypoints.http.answers_feed import FeedEntryAnswer, feed_entry
from entrypoints.http.authentication import Doorkeeper
from entrypoints.http.contract import Parameter, Reply, Route
from entrypoints.http.doors import door
from entrypoints.http.links import BASE
from entrypoints.http.problem_families import ValidationProblem
from entrypoints.http.requests.parameters import LARGEST_PAGE, read_feed
from entrypoints.http.services import Services

FEED: Final = f"{BASE}/future/shipment/feed"

ROUTES: Final = (
    Route(
        name="readStatusFeed",
        method="GET",
        path=FEED,
        tag="Shipments",
        summary="What became of the caller's orders",
        words=(
            "One entry for each order, when it has ended; with `transitions=all` one for everything "
            "that changed what can be seen of it. Ask again from the last sequence number that you "
            "have read: no entry is skipped, and none comes late."
        ),
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
    ),
)


def feed(services: Services, doorkeeper: Doorkeeper) -> ASGIRouteHandler:
    """The door of the feed."""

    async def read(scope: Scope, receive: Receive) -> Answer:  # noqa: ARG001  # an endpoint
        caller = await doorkeeper.admit(scope)
        asked = read_feed(scope["query_string"])
        transitions = await services.following.feed(
            caller.owner,
            after=asked.after,
            size=asked.size,
            is_descending=asked.is_descending,
            every_transition=asked.every_transition,
        )
        return told([feed_entry(each) for each in transitions])

    return door(FEED, GET=read)
