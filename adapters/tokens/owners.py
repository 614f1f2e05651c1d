"""Which owner a genuine token speaks for, by the word of those who know the owners."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from adapters.tokens.identities import Identity
from application.caller import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Owners:
    """Those who own notifications here, and are active now."""

    by_number: Callable[[str], str | None]
    is_active: Callable[[str], bool] | None
    takes_unknown: bool

    def of(self, identity: Identity) -> str | None:
        """The short name of whom a token speaks for; None if that is no active owner now."""
        if identity.is_app:
            return identity.owner if self._is_active(identity.owner, unless_told=True) else None
        if identity.organisation is None:
            is_taken = self._is_active(identity.owner, unless_told=self.takes_unknown)
            return identity.owner if is_taken else None
        known = self.by_number(identity.organisation)
        if known is None:
            return (identity.owner or identity.organisation) if self.takes_unknown else None
        # A token and a table that disagree about a name leave it open whose orders these are.
        return known if identity.owner in {None, known} else None

    def _is_active(self, owner: str | None, *, unless_told: bool) -> bool:
        if owner is None:
            return False
        return unless_told if self.is_active is None else self.is_active(owner)


def caller(identity: Identity, owner: str) -> Caller:
    """The caller whom a token alone makes."""
    return Caller(
        owner=owner,
        organisation=identity.organisation,
        supplier=identity.supplier,
        client_id=identity.client_id,
        token_id=identity.token_id,
        scopes=identity.scopes,
        credential="platform_access_token" if identity.is_app else "bearer",
        app=identity.app,
    )


def together(app: Caller, beside: Identity, its_owner: str | None) -> Caller:
    """The caller whom an app's token makes together with the bearer token beside it.

    What one owner was allowed does not carry over to another.
    """
    if its_owner == app.owner:
        return msgspec.structs.replace(
            app,
            organisation=beside.organisation,
            supplier=beside.supplier,
            client_id=beside.client_id,
            token_id=beside.token_id or app.token_id,
            scopes=beside.scopes,
        )
    return msgspec.structs.replace(app, scopes=beside.scopes) if beside.is_person else app
