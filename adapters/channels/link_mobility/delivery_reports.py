"""Delivery reports of LINK Mobility's XML gateway, as it posts them to us.

A post holds one `MSGLST` with one or more `MSG`. `DELIVERYTIME` has no zone; it is the gateway's
local time, Europe/Oslo. In the hour that autumn repeats, the earlier of the two is taken.
"""

import re
from datetime import UTC, datetime
from typing import Final
from xml.etree.ElementTree import Element, SubElement, tostring
from zoneinfo import ZoneInfo

from adapters.channels.link_mobility.xml import XmlError, read_xml, text_of
from adapters.channels.reports import UnreadableReportError
from application.ports.report_inbox import Report
from domain.order.events import Failure, ReportedState

_OSLO: Final = ZoneInfo("Europe/Oslo")
_TIME_FORMAT: Final = "%Y.%m.%d %H:%M:%S"
_DELIVERED: Final = "DELIVRD"
_FAILURES: Final = {
    "EXPIRED": Failure.EXPIRED_AT_PROVIDER,
    "DELETED": Failure.DELETED,
    "UNDELIV": Failure.UNDELIVERED,
    "REJECTD": Failure.REJECTED,
    "BARRED": Failure.BARRED,
}
"""Every other state (FAILED, NULL, UNKNOWN, BARREDA, ZEROBAL …) is a failure without a name."""

_REQUIRED: Final = ("ID", "REF", "RCV", "STATE")
_CODE: Final = re.compile(r"[A-Z0-9_-]{1,16}")


def read_link_reports(body: bytes, *, provider: str) -> list[Report]:
    """Read the delivery reports in a post of the gateway.

    Raises:
        UnreadableReportError: it is none; nothing of it may be kept or acknowledged.
    """
    return [_report(message, provider) for message in _messages(body)]


def acknowledgement(body: bytes) -> bytes:
    """Write the answer that makes the gateway forget the reports of a post.

    Raises:
        UnreadableReportError: there is nothing to acknowledge.
    """
    answer = Element("MSGLST")
    for message in _messages(body):
        line = SubElement(answer, "MSG")
        SubElement(line, "ID").text = text_of(message, "ID")
        SubElement(line, "STATUS").text = "OK"
    document: bytes = tostring(answer, encoding="utf-8", xml_declaration=True)
    return document


def _messages(body: bytes) -> list[Element]:
    try:
        root = read_xml(body)
    except XmlError as error:
        raise UnreadableReportError(f"{error}") from None
    messages = root.findall("MSG")
    if root.tag != "MSGLST" or not messages:
        raise UnreadableReportError("the document is no MSGLST with a MSG")
    for message in messages:
        for tag in _REQUIRED:
            if not text_of(message, tag):
                raise UnreadableReportError(f"a MSG has no {tag}")
    return messages


def _report(message: Element, provider: str) -> Report:
    state = text_of(message, "STATE").upper()
    has_arrived = state == _DELIVERED
    return Report(
        provider=provider,
        reference=text_of(message, "REF"),
        state=ReportedState.DELIVERED if has_arrived else ReportedState.FAILED,
        code=state if _CODE.fullmatch(state) else "unrecognised",
        failure=None if has_arrived else _FAILURES.get(state, Failure.FAILED),
        occurred_at=_moment(text_of(message, "DELIVERYTIME")),
    )


def _moment(text: str) -> datetime | None:
    try:
        local = datetime.strptime(text, _TIME_FORMAT).replace(tzinfo=_OSLO)
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
