"""The verification of tokens by their signatures: the whole of it, and what is remembered of it."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import structlog

from adapters.tokens.claims import check_lifetime, check_use, read_claims
from adapters.tokens.compact import Compact, bearer, check_header, key_id, only, take_apart
from adapters.tokens.identities import Identity, identify
from adapters.tokens.issuers import Issuer
from adapters.tokens.owners import Owners, caller, together
from adapters.tokens.signatures import check_signature
from application.caller import Assurance, Caller, EndUser
from application.ports.token_verifier import InvalidTokenError, NoOwnerError, NotAPersonError
from domain.personal import Identifier

MOST_REMEMBERED: Final = 10_000

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verified:
    """A genuine token, until its end or until its issuer withdraws a key."""

    identity: Identity
    caller: Caller | None
    issuer: Issuer
    generation: int
    ends_at: float

    def holds(self, moment: float) -> bool:
        return moment < self.ends_at and self.generation == self.issuer.keys.generation


class JwtVerifier:
    """Verifies bearer tokens and platform access tokens of the issuers that are trusted.

    A token that was verified is remembered by its hash until it expires; whether its owner is
    known and active is asked every time all the same. Why one was refused is logged, and told to
    nobody who calls.

    Args:
        issuers: the issuers that are trusted; names are unique among bearer issuers, and among
            platform issuers.
        owners: tells the short name of an organisation that is an active owner now, by its
            number; None for all others.
        clock: tells the time.
        is_active: whether the short name that a platform access token bears is an active owner's;
            None to take the word of the key that signed it.
        owner_is_organisation: whether organisations that `owners` does not know are owners too,
            under the name that their token gives them, or else their number.
        remembered: how many verified tokens are remembered at most.
    """

    def __init__(
        self,
        *,
        issuers: Iterable[Issuer],
        owners: Callable[[str], str | None],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        is_active: Callable[[str], bool] | None = None,
        owner_is_organisation: bool = False,
        remembered: int = MOST_REMEMBERED,
    ) -> None:
        self._bearer_issuers: dict[str | None, Issuer] = {}
        self._platform_issuers: dict[str | None, Issuer] = {}
        for issuer in issuers:
            known = self._platform_issuers if issuer.kind == "platform" else self._bearer_issuers
            if issuer.name in known:
                raise ValueError(f"the issuer {issuer.name} is configured twice")
            known[issuer.name] = issuer
        self._owners = Owners(
            by_number=owners, is_active=is_active, takes_unknown=owner_is_organisation
        )
        self._clock = clock
        self._remembered = remembered
        self._bearers: dict[bytes, _Verified] = {}
        self._platforms: dict[bytes, _Verified] = {}

    async def verify(
        self, *, authorization: Sequence[str], platform_access_token: Sequence[str]
    ) -> Caller:
        try:
            if not platform_access_token:
                return self._caller(await self._bearer(bearer(authorization)))
            app = self._caller(await self._platform(only(platform_access_token)))
        except (InvalidTokenError, NoOwnerError) as refusal:
            _log.info("token.refused", reason=refusal.reason)
            raise
        if not authorization:
            return app
        try:
            beside = await self._bearer(bearer(authorization))
        except (InvalidTokenError, NoOwnerError) as refusal:
            # The app's own token is enough; what cannot be trusted beside it adds nothing.
            _log.info("token.ignored", reason=refusal.reason)
            return app
        return together(app, beside.identity, self._owners.of(beside.identity))

    async def verify_person(self, *, authorization: Sequence[str]) -> EndUser:
        try:
            return _end_user((await self._bearer(bearer(authorization))).identity)
        except NoOwnerError:
            _log.info("token.refused", reason="owner_and_person")
            raise NotAPersonError("owner_and_person") from None
        except (InvalidTokenError, NotAPersonError) as refusal:
            _log.info("token.refused", reason=refusal.reason)
            raise

    def forget(self) -> None:
        """Verify everything again from now on, as after a key has leaked."""
        self._bearers.clear()
        self._platforms.clear()

    def _caller(self, verified: _Verified) -> Caller:
        owner = self._owners.of(verified.identity)
        if owner is None:
            raise NoOwnerError("person" if verified.identity.is_person else "owner_unknown")
        if verified.caller is not None and verified.caller.owner == owner:
            return verified.caller
        return caller(verified.identity, owner)

    async def _bearer(self, token: str) -> _Verified:
        return await self._remembering(token, self._bearers, self._bearer_issuers)

    async def _platform(self, token: str) -> _Verified:
        return await self._remembering(token, self._platforms, self._platform_issuers)

    async def _remembering(
        self, token: str, memory: dict[bytes, _Verified], issuers: dict[str | None, Issuer]
    ) -> _Verified:
        digest = hashlib.sha256(token.encode("latin-1", "replace")).digest()
        known = memory.get(digest)
        if known is not None:
            if known.holds(self._clock().timestamp()):
                return known
            memory.pop(digest, None)
        verified = await self._verify(take_apart(token), issuers)
        while len(memory) >= self._remembered:
            # The eldest goes; tokens live for an hour at most, so there is no better guess.
            del memory[next(iter(memory))]
        memory[digest] = verified
        return verified

    async def _verify(self, token: Compact, issuers: dict[str | None, Issuer]) -> _Verified:
        issuer = issuers.get(token.issuer) or issuers.get(None)
        if issuer is None:
            raise InvalidTokenError("issuer_unknown")
        check_header(token, issuer)
        generation = issuer.keys.generation
        check_signature(token, await issuer.keys.find(key_id(token.header)))
        claims = read_claims(token.payload)
        check_lifetime(claims, issuer, self._clock())
        check_use(claims, issuer)
        identity = identify(claims, issuer)
        owner = self._owners.of(identity)
        return _Verified(
            identity=identity,
            caller=None if owner is None else caller(identity, owner),
            issuer=issuer,
            generation=generation,
            ends_at=claims.exp + issuer.leeway,
        )


def _end_user(identity: Identity) -> EndUser:
    if not identity.is_person:
        raise NotAPersonError("owner")
    if identity.person is None:
        raise NotAPersonError("person_unknown")
    return EndUser(
        person=Identifier(identity.person),
        user=None if identity.user is None else Identifier(identity.user),
        level=Assurance.LOW if identity.level is None else identity.level,
        client_id=identity.client_id,
        token_id=identity.token_id,
        scopes=identity.scopes,
    )
