"""How large an order may be, as the operator decides."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most that one order may ask for."""

    recipients: int = 1000
    reminders: int = 100
    attachments: int = 20
    segments: int = 16
    """Of one text message; longer ones the networks cut or drop."""
