"""Where the keys of an issuer come from: given once, or published by the issuer and kept up to date."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol, Self

import structlog

from adapters.tokens.discovery import Discovery, IssuerUnreachableError
from adapters.tokens.kept_keys import KeptKeys, keep, recall
from adapters.tokens.signing_keys import (
    SigningKey,
    UnsuitableKey,
    UnusableKeySetError,
    read_key_set,
)
from application.ports.token_verifier import VerificationUnavailableError

_log = structlog.get_logger(__name__)

REFRESH_EVERY: Final = timedelta(hours=12)
KEPT_FOR: Final = timedelta(days=7)
BETWEEN_ATTEMPTS: Final = timedelta(minutes=1)
BETWEEN_ATTEMPTS_WITHOUT_KEYS: Final = timedelta(seconds=5)


class KeySource(Protocol):
    """The keys of one issuer."""

    @property
    def generation(self) -> int:
        """A number that changes when a key is withdrawn, so that what it verified is forgotten."""
        ...

    async def find(self, kid: str) -> SigningKey | UnsuitableKey | None:
        """The key of this id; None if the issuer has none.

        Raises:
            VerificationUnavailableError: the issuer's keys are not known at all.
        """
        ...


class StaticKeys:
    """Keys that were given once, as a key set."""

    def __init__(self, key_set: bytes) -> None:
        self._keys = read_key_set(key_set)

    @property
    def generation(self) -> int:
        return 0

    async def find(self, kid: str) -> SigningKey | UnsuitableKey | None:
        return self._keys.get(kid)


class JwksKeys:
    """Keys that an issuer publishes, read again in the background and kept through its outages.

    An unknown id leads to one more look, by one request for all who wait, and at most once a
    minute, so that strangers cannot make us hammer the issuer. Keys that could not be confirmed
    for seven days are no longer used. With a file, they outlive a restart. Without any keys we
    ask more often, since nobody can be let in until there are some.
    """

    def __init__(
        self,
        discovery: Discovery,
        *,
        file: Path | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        refresh_every: timedelta = REFRESH_EVERY,
    ) -> None:
        self._discovery = discovery
        self._file = file
        self._clock = clock
        self._refresh_every = refresh_every
        self._keys: Mapping[str, SigningKey | UnsuitableKey] = {}
        self._confirmed_at: datetime | None = None
        self._attempted_at: datetime | None = None
        self._refreshing: asyncio.Task[bool] | None = None
        self._background: asyncio.Task[None] | None = None
        self._generation = 0

    @property
    def generation(self) -> int:
        return self._generation

    @property
    def confirmed_at(self) -> datetime | None:
        """When the issuer last gave its keys; None if there are none."""
        return self._confirmed_at

    async def start(self) -> None:
        """Recall the keys that were kept, ask for new ones, and go on asking in the background.

        An issuer that does not answer is no reason not to start.
        """
        if self._file is not None:
            kept = await asyncio.to_thread(recall, self._file, issuer=self._discovery.issuer)
            if kept is not None and kept.confirmed_at <= self._clock():
                self._take(kept)
        has_succeeded = await self.refresh()
        self._background = asyncio.create_task(self._keep_fresh(has_succeeded=has_succeeded))

    async def stop(self) -> None:
        """End what goes on in the background."""
        for task in (self._background, self._refreshing):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        self._background = self._refreshing = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def find(self, kid: str) -> SigningKey | UnsuitableKey | None:
        key = self._keys.get(kid) if self._are_fresh() else None
        if key is None and self._may_attempt():
            await self.refresh()
        if not self._are_fresh():
            raise VerificationUnavailableError(self._discovery.issuer)
        return self._keys.get(kid)

    async def refresh(self) -> bool:
        """Ask the issuer for its keys, together with everybody who is asking already."""
        if self._refreshing is None or self._refreshing.done():
            self._attempted_at = self._clock()
            self._refreshing = asyncio.create_task(self._fetch())
        return await asyncio.shield(self._refreshing)

    async def purge(self) -> None:
        """Forget all keys, those on file too: what an operator does when a key has leaked."""
        self._keys, self._confirmed_at, self._attempted_at = {}, None, None
        self._generation += 1
        if self._file is not None:
            await asyncio.to_thread(self._file.unlink, missing_ok=True)

    def _are_fresh(self) -> bool:
        return self._confirmed_at is not None and self._clock() - self._confirmed_at <= KEPT_FOR

    def _may_attempt(self) -> bool:
        """Whether asking is due; those who come while somebody is asking wait with them."""
        if self._refreshing is not None and not self._refreshing.done():
            return True
        attempted = self._attempted_at
        # A clock that was set back does not silence us until it has caught up.
        return attempted is None or not attempted <= self._clock() < attempted + self._pause

    @property
    def _pause(self) -> timedelta:
        return BETWEEN_ATTEMPTS if self._are_fresh() else BETWEEN_ATTEMPTS_WITHOUT_KEYS

    async def _fetch(self) -> bool:
        try:
            fetched = KeptKeys(
                issuer=self._discovery.issuer,
                confirmed_at=self._clock(),
                key_set=(await self._discovery.fetch()).decode(),
            )
            self._take(fetched)
        except (IssuerUnreachableError, UnusableKeySetError, UnicodeDecodeError) as error:
            why = "it is not text" if isinstance(error, UnicodeDecodeError) else str(error)
            _log.warning("token_keys.not_refreshed", issuer=self._discovery.issuer, why=why)
            return False
        if self._file is not None:
            try:
                await asyncio.to_thread(keep, self._file, fetched)
            except OSError as error:
                _log.warning("token_keys.not_kept", issuer=fetched.issuer, why=error.strerror)
        return True

    def _take(self, kept: KeptKeys) -> None:
        keys = read_key_set(kept.key_set.encode())
        if not (set(_materials(self._keys)) <= set(_materials(keys))):
            self._generation += 1
        self._keys, self._confirmed_at = keys, kept.confirmed_at

    async def _keep_fresh(self, *, has_succeeded: bool) -> None:
        while True:
            pause = self._refresh_every if has_succeeded else self._pause
            await asyncio.sleep(pause.total_seconds())
            has_succeeded = await self.refresh()


def _materials(
    keys: Mapping[str, SigningKey | UnsuitableKey],
) -> list[tuple[str, tuple[str, str], str | None]]:
    return [
        (kid, key.material, key.algorithm)
        for kid, key in keys.items()
        if isinstance(key, SigningKey)
    ]
