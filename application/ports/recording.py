"""Whether anything can be recorded."""

from enum import Enum
from typing import Protocol


class Recording(Enum):
    """How the recording of what happens stands."""

    UP = "up"
    """What is recorded now is answered for."""
    STANDS_STILL = "stands_still"
    """Nothing can be recorded, as while a primary waits for its standby; it goes on by itself."""
    WENT_BACK = "history_went_back"
    """The store has forgotten what was answered for; nothing is recorded until somebody decides."""


class Recorder(Protocol):
    """Knows how the recording stands, by what it has tried within the last seconds."""

    @property
    def recording(self) -> Recording:
        """As of the last look; to ask costs nothing."""
        ...
