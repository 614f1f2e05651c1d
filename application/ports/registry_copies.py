"""How the local copies of the registers stand: how far they have come, and as of when they are true."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from application.ports.registries import RegistryUnavailableError

KRR: Final = "krr"
BUSINESSES: Final = "businesses"
PROFILES: Final = "profiles"
"""By these names the copies are known to operators."""
_GROW_OLD: Final = frozenset({KRR, BUSINESSES})


class NotReady(StrEnum):
    """Why a local copy cannot be relied on."""

    NEVER_LOADED = "never_loaded"
    """It has never been at the end of its register, so that whom it does not know it may just not know yet."""
    TOO_OLD = "too_old"
    """For too long nobody has known it to be at the end of its register."""


class RegistryNotReadyError(RegistryUnavailableError):
    """The local copy of a register cannot be relied on now; try again when it has been brought up to date."""

    def __init__(self, registry: str, because: NotReady) -> None:
        why = {
            NotReady.NEVER_LOADED: "has never been loaded to its end",
            NotReady.TOO_OLD: "has grown too old",
        }
        super().__init__(registry, f"{why[because]}: see `varsel registry status`")
        self.because = because


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyStanding:
    """How far a local copy has come."""

    registry: str
    position: str | None = None
    """How far it has come, in the register's own terms, where the register has such."""
    newest: str | None = None
    """How far the register itself had come when it last told."""
    confirmed_at: datetime | None = None
    """When it was last known to be at its register's end; None if it never was."""

    @property
    def is_loaded(self) -> bool:
        """Whether it has ever held all that its register held."""
        return self.confirmed_at is not None

    @property
    def grows_old(self) -> bool:
        """Whether what it holds changes elsewhere; what users registered with this service does not."""
        return self.registry in _GROW_OLD


class RegistryCopies(Protocol):
    """Knows how the local copies stand."""

    async def standings(self) -> Sequence[CopyStanding]:
        """How each copy stands, one that was never loaded as well.

        A register that is asked itself has no copy, and is not among them.

        Raises:
            RegistryUnavailableError: it could not be found out; try again later.
        """
        ...
