"""The XML that LINK Mobility's gateway speaks: submissions in, answers and reports out.

Submissions commonly declare iso-8859-1 while their bytes are UTF-8. So UTF-8 is tried first; what
is no UTF-8 is read as declared. Entities are refused and nothing outside is ever fetched.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from entrypoints.sandbox.errors import MalformedDocumentError

_DECLARATION: Final = re.compile(r"\s*<\?xml\s[^>]*\?>")
_DECLARED: Final = re.compile(rb"<\?xml\s[^>]*encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_ENTITY: Final = re.compile(r"<!ENTITY", re.IGNORECASE)
_CHARSETS: Final = frozenset({"iso-8859-1", "iso-8859-15", "windows-1252"})
_DEFAULT_CHARSET: Final = "iso-8859-1"
_HEAD: Final = '<?xml version="1.0"?>\n'
_GATEWAY_ZONE: Final = ZoneInfo("Europe/Oslo")
_LONGEST_NUMBER: Final = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One message of a session."""

    id: str
    text: str = field(repr=False)
    sender: str
    receiver: str = field(repr=False)
    ttl_minutes: int | None
    """How long it is worth delivering; None if nothing was said, less than 1 if nonsense was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A document of submissions, and whose it is."""

    client: str
    password: str = field(repr=False)
    submissions: tuple[Submission, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The gateway's answer to one submission: a reference, or why not."""

    id: str
    reference: str | None = None
    info: str = ""


def read_session(document: bytes) -> Session:
    """Read a document of submissions.

    Raises:
        MalformedDocumentError: it is none.
    """
    root = _parsed(document)
    if root.tag != "SESSION":
        raise MalformedDocumentError("no SESSION document")
    submissions = tuple(
        _submission(place, message)
        for place, message in enumerate(root.iterfind("MSGLST/MSG"), start=1)
    )
    if not submissions:
        raise MalformedDocumentError("no MSG in the SESSION document")
    return Session(
        client=_said(root, "CLIENT"), password=_said(root, "PW"), submissions=submissions
    )


def write_answer(verdicts: Iterable[Verdict]) -> bytes:
    """Write the answer to a session that was let in."""
    messages = "".join(_verdict(verdict) for verdict in verdicts)
    return (
        f"{_HEAD}<SESSION><LOGON>OK</LOGON><REASON></REASON><MSGLST>{messages}</MSGLST></SESSION>"
    ).encode()


def write_logon_failure() -> bytes:
    """Write the answer to a session with the wrong user or password."""
    return (
        f"{_HEAD}<SESSION><LOGON>FAIL</LOGON><REASON>Wrong user or password</REASON></SESSION>"
    ).encode()


def write_report(*, reference: str, receiver: str, state: str, at: float) -> bytes:
    """Write what a report says of one message; `wrap_reports` makes the document."""
    moment = datetime.fromtimestamp(at, tz=UTC).astimezone(_GATEWAY_ZONE)
    return (
        f"<REF>{escape(reference)}</REF><RCV>{escape(receiver)}</RCV><STATE>{state}</STATE>"
        f"<DELIVERYTIME>{moment:%Y.%m.%d %H:%M:%S}</DELIVERYTIME>"
    ).encode()


def wrap_reports(reports: Sequence[bytes]) -> bytes:
    """Make one document of what is to be reported."""
    messages = b"".join(
        b"<MSG><ID>%d</ID>%s</MSG>" % (place, report)
        for place, report in enumerate(reports, start=1)
    )
    return b"%s<MSGLST>%s</MSGLST>" % (_HEAD.encode(), messages)


def _parsed(document: bytes) -> ET.Element:
    text = _DECLARATION.sub("", _decoded(document), count=1)
    if _ENTITY.search(text):
        raise MalformedDocumentError("entities are not understood here")
    try:
        # Entities are refused above, and expat fetches nothing from outside.
        return ET.fromstring(text)  # noqa: S314  # see above
    except (ET.ParseError, ValueError) as error:
        raise MalformedDocumentError("no XML") from error


def _decoded(document: bytes) -> str:
    try:
        return document.decode("utf-8-sig")
    except UnicodeDecodeError:
        found = _DECLARED.search(document)
        declared = found[1].decode().lower() if found is not None else _DEFAULT_CHARSET
        charset = declared if declared in _CHARSETS else _DEFAULT_CHARSET
        return document.decode(charset, errors="replace")


def _submission(place: int, message: ET.Element) -> Submission:
    return Submission(
        id=_said(message, "ID") or str(place),
        text=message.findtext("TEXT", default=""),
        sender=_said(message, "SND"),
        receiver=_said(message, "RCV"),
        ttl_minutes=_minutes(_said(message, "TTL")),
    )


def _said(element: ET.Element, name: str) -> str:
    return element.findtext(name, default="").strip()


def _minutes(ttl: str) -> int | None:
    if not ttl:
        return None
    is_number = ttl.isascii() and ttl.isdecimal() and len(ttl) <= _LONGEST_NUMBER
    return int(ttl) if is_number else 0


def _verdict(verdict: Verdict) -> str:
    reference = f"<REF>{verdict.reference}</REF>" if verdict.reference is not None else ""
    status = "OK" if verdict.reference is not None else "FAIL"
    return (
        f"<MSG><ID>{escape(verdict.id)}</ID>{reference}"
        f"<STATUS>{status}</STATUS><INFO>{escape(verdict.info)}</INFO></MSG>"
    )
