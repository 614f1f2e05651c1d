"""An order as its owner may see it: the state, and every event in words."""

from dataclasses import dataclass
from datetime import datetime

from application.envelope import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLine:
    """One event of an order's history, in words."""

    version: int
    recorded_at: datetime
    recorded_by: Actor
    event: str
    """The event's stored tag."""
    words: str
    """What happened, as a caseworker would say it; addresses and numbers masked."""
