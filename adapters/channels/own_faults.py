"""What goes wrong in our own house while a letter is made ready: it fails alone, and is on nobody's account."""

from typing import Final

import structlog

from application.ports.provider import HandoverRejected, withheld
from domain.order.events import Failure

log = structlog.get_logger()

UNEXPECTED: Final = "unexpected"
"""The code of what a log has to explain."""


def note_fault(provider: str, error: Exception) -> None:
    """Log a fault of ours, by its kind alone: the rest of it may hold what the message says."""
    log.error("hand_over_failed", provider=provider, because=type(error).__name__)


def own_fault(provider: str, error: Exception) -> HandoverRejected:
    """What becomes of a letter that a fault of ours keeps from leaving; the same at every attempt."""
    note_fault(provider, error)
    return withheld(Failure.FAILED, UNEXPECTED)
