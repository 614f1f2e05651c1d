"""Tell whether the service can do its work."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

from application.ports.order_repository import StoreUnavailableError

WORRYING_AGE: Final = timedelta(minutes=5)
"""When the most overdue order has waited so long, nobody carries orders out."""


class AgendaAge(Protocol):
    """Knows how far the carrying out of orders is behind."""

    async def age(self) -> timedelta:
        """How long the most overdue order that nobody has in hand has waited.

        Raises:
            StoreUnavailableError: the store cannot be reached.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Whether orders can be taken and are carried out."""

    is_ready: bool
    database: str
    """`up` or `down`."""
    agenda_age_seconds: float | None
    """How long the most overdue order has waited; None if nobody can tell."""


class HealthService:
    """Asks the store and the agenda how they are."""

    def __init__(self, *, agenda: AgendaAge) -> None:
        self._agenda = agenda

    async def readiness(self) -> Readiness:
        """Whether orders can be taken and are carried out."""
        try:
            age = await self._agenda.age()
        except StoreUnavailableError:
            return Readiness(is_ready=False, database="down", agenda_age_seconds=None)
        return Readiness(
            is_ready=age < WORRYING_AGE,
            database="up",
            agenda_age_seconds=round(age.total_seconds(), 3),
        )
