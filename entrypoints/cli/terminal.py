"""What others wrote, shown to an operator."""

import re
from typing import Final

_CONTROL: Final = re.compile(r"[^\n\t -~\xa0-\U0010ffff]")


def harmless(text: str) -> str:
    """The text without what would do anything to a terminal: whoever wrote it may have meant that."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
