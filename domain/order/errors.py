"""What an order may refuse, and the sentence that says so."""

from collections.abc import Sequence
from dataclasses import dataclass


class OrderError(Exception):
    """The order does not allow this."""


class TooLateToCancelError(OrderError):
    """The order can be cancelled until five minutes before its requested send time; that has passed."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule that an order would break: which part of what is asked for, and in words that name nobody."""

    part: str
    """The field of what is asked for: `requested_send_time`, `recipients` …"""
    words: str
    number: int | None = None
    """Which recipient or attachment it is, from 0."""
    reminder: int | None = None
    """Which reminder of a chain it is, from 0; None for the order itself."""


class CannotBePlacedError(OrderError):
    """The order cannot be placed as it is asked for; nothing was recorded."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("the order cannot be placed as it is asked for")
        self.faults = tuple(faults)
