"""How long the catch-all servers take for what they do."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The delays of the catch-all servers, in seconds."""

    report: float = 0.05
    """From acceptance to the usual delivery report."""

    slow: float = 5.0
    """Before an answer that is asked to be slow."""

    late: float = 30.0
    """Before a delivery report that is asked to be late."""

    delayed: float = 5.0
    """From the report of a delay to the report of the delivery."""

    first_retry: float = 0.25
    """Before a report that was not taken is offered again; doubled each time."""

    longest_retry: float = 30.0
    """The longest wait between two offers of one report."""

    patience: float = 10.0
    """How long the service may take to answer for a report."""
