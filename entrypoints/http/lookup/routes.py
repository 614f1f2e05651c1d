"""Where owners ask how an order would go, before they place it."""

from typing import Final

from litestar.di import NamedDependency

from application.assembly import Application
from application.caller import Caller
from entrypoints.http.lookup.requests import MOST, LookupRequest, read_lookup
from entrypoints.http.lookup.responses import RecipientsFoundAnswer, recipients_found
from entrypoints.http.placing.replies import INVALID, REFUSED
from entrypoints.http.transport.authentication import actor
from entrypoints.http.transport.contract import IN_JSON, Access, Body, Reply, operation
from entrypoints.http.transport.links import BASE
from entrypoints.http.transport.rate_limits import rate_limit
from entrypoints.http.transport.responses import Answer, told

_LARGEST: Final = 64 * 1024
"""Bytes of a request: a hundred recipients, each by a number or an address."""


@operation(
    "POST",
    f"{BASE}/lookup",
    name="lookUpRecipients",
    access=Access.LOOKUP,
    tag="Orders",
    takes=Body(
        media_types=[IN_JSON],
        most_bytes=_LARGEST,
        kind=LookupRequest,
        example={
            "purpose": "Case 77: whether to send a letter instead",
            "notificationChannel": "EmailPreferred",
            "recipients": [{"nationalIdentityNumber": "15859010099"}],
        },
    ),
    replies={
        **REFUSED,
        200: Reply(
            words=f"Where they would be reached; {MOST} at most.",
            kind=RecipientsFoundAnswer,
            headers=REFUSED[429].headers,
        ),
        400: INVALID,
    },
)
async def look_up_recipients(
    content: NamedDependency[bytes],
    caller: NamedDependency[Caller],
    application: NamedDependency[Application],
) -> Answer:
    """Where an order's recipients would be reached now.

    By the same rules as an order: what was asked, what was found (masked), and what was not used and
    why. Nothing is ordered. An answer shows 2000 contact points at most, and as many that were not used,
    shared evenly among its recipients; each look-up says how many there are. Who asked about whom, by keyed hashes, and the `purpose` go on record, and
    the recipients count against the ceiling as those of an order do.
    """
    found = await application.lookup.find(read_lookup(content, actor(caller)))
    return told(recipients_found(found), headers=rate_limit(found.standing))


ROUTES: Final = (look_up_recipients,)
