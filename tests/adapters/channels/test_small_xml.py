"""However a document of the allowed size is made, it is read or refused in a time that grows with its length."""

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

import pytest

from adapters.channels.link_mobility.provider import _LONGEST_ANSWER
from adapters.channels.link_mobility.xml import LARGEST, XmlError, read_xml
from tests.pace import without_collector

LONGEST_STOP = 0.05
"""Seconds for which nothing holds the event loop."""


def _filled(beginning: bytes, bit: bytes, end: bytes, length: int) -> bytes:
    return beginning + bit * ((length - len(beginning) - len(end)) // len(bit)) + end


def _declared(length: int) -> bytes:
    """Half of it declares attributes, and the other half is elements that would each be given them all."""
    attributes = b"".join(b'<!ATTLIST a b%d CDATA "x">' % n for n in range(length // 60))
    return _filled(b"<!DOCTYPE a [" + attributes + b"]><a>", b"<a/>", b"</a>", length)


def documents(length: int) -> Mapping[str, bytes]:
    """The worst of a length, each by what it has too much of."""
    return {
        "elements": _filled(b"<a>", b"<b/>", b"</a>", length),
        "attributes": b"<a " + b" ".join(b'x%d="1"' % n for n in range(length // 12)) + b"/>",
        "the same attribute": _filled(b"<a ", b'x="1" ', b"/>", length),
        "lines": _filled(b"<a>", b"\n", b"</a>", length),
        "references": _filled(b"<a>", b"&lt;", b"</a>", length),
        "comments": _filled(b"<a>", b"<!---->", b"</a>", length),
        "declared attributes": _declared(length),
        "one attribute, declared often": _filled(
            b"<!DOCTYPE a [", b"<!ATTLIST a b CDATA #IMPLIED>", b"]><a/>", length
        ),
        "depth": _filled(b"", b"<a>", b"", length),
        "an open tag": _filled(b"<a>", b"<", b"", length),
    }


SLOW: Final = 2.0
"""Seconds; it takes a third of one where nothing else runs, and a document that grows faster many."""


@pytest.mark.parametrize("what", documents(0))
def test_no_document_takes_long(what: str) -> None:
    assert _seconds(documents(LARGEST)[what]) < SLOW


@pytest.mark.parametrize("what", documents(0))
def test_no_answer_of_a_gateway_holds_the_loop(what: str) -> None:
    assert _seconds(documents(_LONGEST_ANSWER)[what]) < LONGEST_STOP


@pytest.mark.parametrize(
    "declared", [b'<!ENTITY a "b">', b'<!ATTLIST a b CDATA "x">', b"<!ATTLIST a b CDATA #IMPLIED>"]
)
def test_declarations_are_refused(declared: bytes) -> None:
    with pytest.raises(XmlError, match="declares"):
        read_xml(b"<!DOCTYPE a [" + declared + b"]><a/>")
    assert read_xml(b"<!DOCTYPE a><a/>").tag == "a"


def _seconds(document: bytes) -> float:
    with without_collector():
        began = time.thread_time()
        with suppress(XmlError):
            read_xml(document)
        return time.thread_time() - began
