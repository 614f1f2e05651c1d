"""How large an order may be, as the operator decides."""

from dataclasses import dataclass
from typing import Final

from domain.sms_segments import MOST_SEGMENTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most that one order may ask for."""

    recipients: int = 1000
    reminders: int = 100
    attachments: int = 20
    segments: int = MOST_SEGMENTS
    """Of one text message; longer ones the networks cut or drop."""


USUAL: Final = Limits()
"""What holds where the operator has decided nothing else."""
