from datetime import UTC, datetime
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.channels.link_mobility.delivery_reports import acknowledgement, read_link_reports
from adapters.channels.reports import UnreadableReportError
from application.ports.report_inbox import Report
from domain.order.events import Failure, ReportedState


def message(
    state: str = "DELIVRD", *, ref: str = "9000123456", at: str = "2026.09.01 10:16:25", no: int = 1
) -> str:
    return (
        f"<MSG><ID>{no}</ID><REF>{ref}</REF><RCV>4740000001</RCV>"
        f"<STATE>{state}</STATE><DELIVERYTIME>{at}</DELIVERYTIME></MSG>"
    )


def post(*messages: str, head: str = '<?xml version="1.0"?>\n') -> bytes:
    return f"{head}<MSGLST>{''.join(messages)}</MSGLST>".encode()


def test_a_delivery_is_read() -> None:
    assert read_link_reports(post(message()), provider="link") == [
        Report(
            provider="link",
            reference="9000123456",
            state=ReportedState.DELIVERED,
            code="DELIVRD",
            occurred_at=datetime(2026, 9, 1, 8, 16, 25, tzinfo=UTC),
        )
    ]


@pytest.mark.parametrize(
    "state,code,failure",
    [
        ("EXPIRED", "EXPIRED", Failure.EXPIRED_AT_PROVIDER),
        ("DELETED", "DELETED", Failure.DELETED),
        ("UNDELIV", "UNDELIV", Failure.UNDELIVERED),
        ("REJECTD", "REJECTD", Failure.REJECTED),
        ("BARRED", "BARRED", Failure.BARRED),
        ("BARREDA", "BARREDA", Failure.FAILED),
        ("ZEROBAL", "ZEROBAL", Failure.FAILED),
        ("UNKNOWN", "UNKNOWN", Failure.FAILED),
        ("FAILED", "FAILED", Failure.FAILED),
        ("NULL", "NULL", Failure.FAILED),
        ("new_one", "NEW_ONE", Failure.FAILED),
        ("to Kari, 4740000001", "unrecognised", Failure.FAILED),
    ],
)
def test_a_failure_is_read(state: str, code: str, failure: Failure) -> None:
    (report,) = read_link_reports(post(message(state)), provider="link")
    assert (report.state, report.code, report.failure) == (ReportedState.FAILED, code, failure)


def test_every_message_is_read_and_acknowledged() -> None:
    body = post(message(no=1), message("UNDELIV", ref="2", no=7))
    assert [each.reference for each in read_link_reports(body, provider="link")] == [
        "9000123456",
        "2",
    ]
    answer = fromstring(acknowledgement(body))  # noqa: S314  # our own
    assert [(each.findtext("ID"), each.findtext("STATUS")) for each in answer.iterfind("MSG")] == [
        ("1", "OK"),
        ("7", "OK"),
    ]


@pytest.mark.parametrize(
    "at,moment",
    [
        ("2026.01.01 10:16:25", datetime(2026, 1, 1, 9, 16, 25, tzinfo=UTC)),
        ("2026.10.25 02:30:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("2026-01-01T10:16:25", None),
        ("", None),
        ("0001.01.01 00:00:00", None),
    ],
)
def test_the_time_is_the_gateways_local_time(at: str, moment: datetime | None) -> None:
    (report,) = read_link_reports(post(message(at=at)), provider="link")
    assert report.occurred_at == moment


def test_a_doctype_does_no_harm() -> None:
    head = '<?xml version="1.0"?>\n<!DOCTYPE MSGLST SYSTEM "http://gateway.example/report.dtd">\n'
    assert len(read_link_reports(post(message(), head=head), provider="link")) == 1


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
FILE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<MSGLST/>",
        b"<SESSION/>",
        b"<html>no</html>",
        b"{}",
        b"<MSGLST><MSG>",
        post("<MSG><ID>1</ID></MSG>"),
        post(message(), "<MSG><ID>2</ID><REF>1</REF><STATE>DELIVRD</STATE></MSG>"),
        post(message("&b;"), head=BOMB),
        post(message("&a;"), head=FILE),
        post(message("&nbsp;")),
        b"<a>" * 100_000,
        post(message(), "<a>" * 20 + "</a>" * 20),
        b'<?xml version="1.0" encoding="klingon"?><MSGLST/>',
        post(message(), " " * (1 << 20)),
    ],
)
def test_what_is_no_report_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableReportError):
        read_link_reports(body, provider="link")
    with pytest.raises(UnreadableReportError):
        acknowledgement(body)


@given(st.data())
def test_a_mangled_post_is_read_or_unreadable(data: st.DataObject) -> None:
    raw = bytearray(post(message(), message("UNDELIV")))
    for _ in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, len(raw)))
        raw[start : start + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=8))
    try:
        reports = read_link_reports(bytes(raw), provider="link")
    except UnreadableReportError:
        return
    assert reports
