"""How a connection is given up so that nothing of it arrives later."""

import struct
from typing import Final

FORGETTING: Final = struct.pack("ii", 1, 0)
"""The value of SO_LINGER by which closing a socket discards what the system has not sent yet (RST)."""
