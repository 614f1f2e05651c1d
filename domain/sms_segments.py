"""How many segments a text message is charged by (3GPP TS 23.038 and 23.040).

A text whose characters all stand in the GSM alphabet has 160 places in one segment, or 153 in each
of several; any other text has 70 or 67. A character of the extension table, and one beyond the
Basic Multilingual Plane, takes two places, which are never parted.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION: Final = "\f^{}\\[~]|€"
_NOT_GSM: Final = re.compile(f"[^{re.escape(_BASIC + _EXTENSION)}]")
_TWO_PLACES_IN_GSM: Final = re.compile(f"[{re.escape(_EXTENSION)}]")
_TWO_PLACES_IN_UCS2: Final = re.compile(r"[\U00010000-\U0010ffff]")


MOST_SEGMENTS: Final = 16
"""A text message of more segments is not sent, unless the installation decides otherwise: gateways and
telephones drop what goes beyond so many, and nobody is told."""


class SmsEncoding(StrEnum):
    """How the characters of a text message are written."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"


@dataclass(frozen=True, slots=True)
class Segments:
    """How long a text message is."""

    encoding: SmsEncoding
    count: int


def segments(text: str) -> Segments:
    """Count the segments of a text; an empty one is still one message."""
    if _NOT_GSM.search(text) is None:
        return Segments(SmsEncoding.GSM7, _count(text, _TWO_PLACES_IN_GSM, alone=160, each=153))
    return Segments(SmsEncoding.UCS2, _count(text, _TWO_PLACES_IN_UCS2, alone=70, each=67))


def _count(text: str, takes_two: re.Pattern[str], *, alone: int, each: int) -> int:
    wide = [found.start() for found in takes_two.finditer(text)]
    places = len(text) + len(wide)
    if places <= alone:
        return 1
    # A wide character that would be parted moves to the next segment, and leaves a place unused.
    unused = 0
    for before, index in enumerate(wide):
        if (index + before + unused) % each == each - 1:
            unused += 1
    return -(-(places + unused) // each)
