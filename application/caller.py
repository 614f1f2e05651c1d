"""Who is calling: an owner of notifications, and what its token allows."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Literal

from msgspec import Struct

from domain.personal import Identifier

CREATE: Final = "altinn:serviceowner/notifications.create"
"""Allows ordering notifications, and reading one's own orders."""

COMPOSED: Final = "altinn:serviceowner/notifications.composedemail.create"
"""Allows ordering e-mails that the owner composed in full, attachments included."""

SUPPORT: Final = "altinn:notifications.support.admin"
"""Allows looking up notifications across owners, as support does."""

LOOKUP: Final = "varsel:lookup"
"""Allows asking where recipients would be reached, without ordering anything."""
CONTACT_POINTS: Final = "varsel:contactpoints.read"
"""Allows other services to look up where people and organisations are reached."""

END_USER: Final = "altinn:portal/enduser"
"""Allows a person who logged in what concerns themselves: their profile, and what was sent to them."""

CONDITION: Final = "altinn:system/notifications.condition.check"
"""What the service itself is allowed when it asks an owner's send condition."""


class Caller(Struct, frozen=True, kw_only=True):
    """Somebody whose token was verified, and on whose behalf it speaks.

    A supplier may act for an owner; the orders are the owner's all the same.
    """

    owner: str
    """The owner's short name (`ttd`), by which everything is kept apart from other owners'."""
    organisation: str | None = None
    """The owner's organisation number, if the token tells it."""
    supplier: str | None = None
    """The organisation number of the supplier that acts for the owner."""
    client_id: str | None = None
    token_id: str | None = None
    """The id of the token (`jti`), never the token."""
    scopes: frozenset[str] = frozenset()
    credential: Literal["bearer", "platform_access_token"] = "bearer"
    app: str | None = None
    """The name of the owner's app, for a platform access token."""

    def may(self, scope: str) -> bool:
        """Whether the caller holds this very scope.

        An app with a platform access token may order notifications without holding any.
        """
        return scope in self.scopes or (
            scope == CREATE and self.credential == "platform_access_token"
        )


class Assurance(IntEnum):
    """How sure the login service is that somebody is who they say they are."""

    LOW = 0
    SUBSTANTIAL = 3
    HIGH = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class EndUser:
    """A person who logged in, and whose token was verified; they own no orders here."""

    person: Identifier
    """The national identity number; it never shows itself."""
    user: Identifier | None = None
    """The user's id at Altinn, if the token tells it."""
    level: int
    """How sure the login service was of them, as `Assurance` counts it."""
    client_id: str | None = None
    """The client that they logged in with."""
    token_id: str | None = None
    """The id of the token (`jti`), never the token."""
    scopes: frozenset[str] = frozenset()

    def may(self, scope: str) -> bool:
        """Whether the person's client was given this very scope."""
        return scope in self.scopes
