"""Where recipients would be reached."""

from collections.abc import Sequence

from msgspec import Struct

from application.queries.lookup import RecipientsFound
from entrypoints.http.resolution.responses import RecipientExplainedAnswer, recipient_explained
from entrypoints.http.transport.responses import Moment, utc


class RecipientsFoundAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """Where the recipients of an order would be reached at that moment, in the order of the request."""

    at: Moment
    recipients: Sequence[RecipientExplainedAnswer]


def recipients_found(found: RecipientsFound) -> RecipientsFoundAnswer:
    """The answer to a look-up."""
    return RecipientsFoundAnswer(
        at=utc(found.at), recipients=[recipient_explained(each) for each in found.recipients]
    )
