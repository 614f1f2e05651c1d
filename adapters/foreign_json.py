"""JSON as others send it: in whichever of Unicode's encodings, with or without a byte order mark.

RFC 8259 asks for UTF-8 without a mark and lets a reader overlook one; RFC 4627, its predecessor, let
writers use UTF-16 and UTF-32 too, and some still do.
"""

import json
from codecs import BOM_UTF8


def in_utf8(text: bytes) -> bytes:
    """The same text in UTF-8 without a mark, which is all that our decoders read.

    What is UTF-8 already is not looked through: whether all of it is, its decoder finds out.

    Raises:
        UnicodeDecodeError: it is not what its first bytes say that it is.
    """
    match encoding := json.detect_encoding(text):
        case "utf-8":
            return text
        case "utf-8-sig":
            return text.removeprefix(BOM_UTF8)
        case _:
            return text.decode(encoding).encode()
