"""Mails that are written to keep their readers busy, each as large as the door takes them."""

from collections.abc import Mapping
from typing import Final

_LARGEST: Final = 1 << 20
_REPORT: Final = b"Content-Type: multipart/report; boundary=b\n\n--b\n"
_STATUS: Final = _REPORT + b"Content-Type: message/delivery-status\n\n"


def _nested(depth: int) -> bytes:
    return b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (number, number)
        for number in range(depth)
    )


def _filled(beginning: bytes, bit: bytes) -> bytes:
    return beginning + bit * ((_LARGEST - len(beginning)) // len(bit))


HOSTILE: Final[Mapping[str, bytes]] = {
    "a boundary of many parts": b'Content-Type: multipart/report; boundary="'
    + b"a;" * 100_000
    + b'"\n\n\n--a\n',
    "a parameter of many parts": b'Content-Type: multipart/report; x="'
    + b"a;" * 100_000
    + b'"\n\n',
    "parameters in pieces": b"Content-Type: multipart/report; "
    + b"".join(b"a*%d=x;" % number for number in range(80_000))
    + b"\n\n",
    "parts in parts": _filled(_nested(95), b"x\n"),
    "more parts in parts": _nested(900),
    "mails in mails": _filled(b"", b"Content-Type: message/rfc822\n\n"),
    "many parts": _filled(b"Content-Type: multipart/report; boundary=b\n\n", b"--b\n\n"),
    "many groups": _filled(_STATUS, b"A: b\n\n"),
    "many fields": _filled(_STATUS, b"A: b\n"),
    "one field of many lines": _filled(_STATUS + b"Action: failed\n", b" x\n"),
    "many headers": _filled(_REPORT[:43], b"a:b\n"),
    "a long header": _filled(b"To: ", b"a\n "),
    "many words": _filled(b"Subject: ", b"=?utf-8?q?a?= "),
    "a long subject": _filled(b"From: postmaster@a.example\nSubject: warning", b" "),
    "a long text": _filled(b"From: postmaster@a.example\n\n", b"could not be "),
    "a long page": _filled(b"From: postmaster@a.example\nContent-Type: text/html\n\n", b"<a><div>"),
    "returns": _filled(b"", b"\r"),
    "nothing": _filled(b"", b"\0"),
}
"""Each by what it has too much of."""
