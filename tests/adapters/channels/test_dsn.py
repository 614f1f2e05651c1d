from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.channels.dsn import read_dsn
from adapters.channels.reports import UnreadableReportError
from application.ports.report_inbox import Report
from domain.order.events import Failure, ReportedState
from entrypoints.catch_all.delivery_status import Original, delivery_status_notification, notices
from entrypoints.catch_all.pace import Pace
from entrypoints.catch_all.smtp_envelope import recipient, reverse_path
from entrypoints.catch_all.steering import mail_conduct

TOKEN = "0123456789abcdef0123456789abcdef"
NOTIFICATIONS = Path(__file__).parent / "notifications"
DELAYED, RELAYED, FAILED, DELIVERED = ReportedState


def sample(name: str) -> bytes:
    return (NOTIFICATIONS / f"{name}.eml").read_bytes()


def at(second: int) -> datetime:
    return datetime(2026, 9, 1, 10, 0, second, tzinfo=UTC)


@pytest.mark.parametrize(
    "name,state,code,failure,second",
    [
        ("postfix_bounced", FAILED, "failed 5.1.1", Failure.BOUNCED, 4),
        ("postfix_relayed", RELAYED, "relayed 2.0.0", None, 4),
        ("postfix_delivered", DELIVERED, "delivered 2.0.0", None, 4),
        ("postfix_delayed", DELAYED, "delayed 4.4.1", None, 4),
        ("postfix_expired", FAILED, "failed 4.4.1", Failure.EXPIRED_AT_PROVIDER, 4),
        ("postfix_spam", FAILED, "failed 5.7.1", Failure.FILTERED_AS_SPAM, 4),
        ("exim_bounced", FAILED, "failed 5.2.1", Failure.BOUNCED, 5),
        ("exim_bounced_before_dsn", FAILED, "failed", Failure.BOUNCED, 5),
        ("exchange_bounced", FAILED, "failed 5.2.2", Failure.FAILED, 6),
        ("sendmail_bounced", FAILED, "failed 5.1.2", Failure.BOUNCED, 7),
        ("international_failed", FAILED, "failed 5.1.6", Failure.BOUNCED, 8),
    ],
)
def test_a_servers_notification_is_read(
    name: str, state: ReportedState, code: str, failure: Failure | None, second: int
) -> None:
    expected = Report(
        provider="relay",
        reference=TOKEN,
        state=state,
        code=code,
        failure=failure,
        occurred_at=at(second),
    )
    assert read_dsn(sample(name), provider="relay") == [expected]
    assert read_dsn(sample(name).replace(b"\n", b"\r\n"), provider="relay") == [expected]


@pytest.mark.parametrize("place", ["X-Original-To", "Delivered-To", "Envelope-To", "To"])
def test_the_token_is_found_where_the_notification_was_sent(place: str) -> None:
    bare = b"\n".join(
        line for line in sample("postfix_bounced").split(b"\n") if TOKEN.encode() not in line
    )
    assert read_dsn(bare, provider="relay") == []
    address = f"bounce+{TOKEN.upper()}@varsel.example"
    (report,) = read_dsn(f"{place}: <{address}>\n".encode() + bare, provider="relay")
    assert report.reference == TOKEN
    (report,) = read_dsn(bare, provider="relay", sent_to=address)
    assert report.reference == TOKEN


def test_a_message_id_is_no_token() -> None:
    raw = sample("exchange_bounced").replace(f"bounce+{TOKEN}".encode(), b"bounce")
    assert read_dsn(raw, provider="relay") == []


def test_each_recipient_has_a_report() -> None:
    more = b"\nFinal-Recipient: rfc822; ola@example.no\nAction: expanded (to a list)\n\n--4ZkQ2"
    head, _, tail = sample("postfix_delivered").rpartition(b"\n--4ZkQ2")
    head, _, middle = head.rpartition(b"\n--4ZkQ2")
    raw = head + more + middle + b"\n--4ZkQ2" + tail
    reports = read_dsn(raw, provider="relay")
    assert [each.code for each in reports] == ["delivered 2.0.0", "expanded"]
    assert all(each.state is DELIVERED for each in reports)


def test_no_words_of_the_server_are_told() -> None:
    for path in NOTIFICATIONS.glob("*.eml"):
        if path.stem != "holiday_reply":
            for report in read_dsn(path.read_bytes(), provider="relay"):
                assert "kari" not in repr(report)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\0\xff",
        sample("holiday_reply"),
        sample("postfix_bounced").replace(b"Action: failed", b"Action: pondered"),
        sample("postfix_bounced").replace(b"message/delivery-status", b"text/plain"),
        b"Content-Type: message/delivery-status\n\n",
        b"Content-Type: multipart/report; boundary=b\n\n--b\n" * 3000,
        sample("postfix_bounced") + b"\n" * (1 << 20),
    ],
)
def test_what_is_no_notification_is_unreadable(raw: bytes) -> None:
    with pytest.raises(UnreadableReportError):
        read_dsn(raw, provider="relay")


@given(st.data())
def test_a_mangled_notification_is_read_or_unreadable(data: st.DataObject) -> None:
    raw = bytearray(sample(data.draw(st.sampled_from(["postfix_bounced", "exchange_bounced"]))))
    for _ in range(data.draw(st.integers(1, 8))):
        start = data.draw(st.integers(0, len(raw)))
        raw[start : start + data.draw(st.integers(0, 60))] = data.draw(st.binary(max_size=20))
    try:
        reports = read_dsn(bytes(raw), provider="relay")
    except UnreadableReportError:
        return
    assert all(each.provider == "relay" for each in reports)


@pytest.mark.parametrize(
    "to,told",
    [
        ("kari@example.no", [(DELIVERED, None)]),
        ("bjørn@example.no", [(DELIVERED, None)]),
        ("bounce@example.no", [(FAILED, Failure.BOUNCED)]),
        ("spam@example.no", [(FAILED, Failure.FILTERED_AS_SPAM)]),
        ("full@example.no", [(FAILED, Failure.FAILED)]),
        ("delayed@example.no", [(DELAYED, None), (DELIVERED, None)]),
    ],
)
def test_the_catch_all_servers_notifications_are_read(
    to: str, told: list[tuple[ReportedState, Failure | None]]
) -> None:
    path = f"<bounce+{TOKEN}@varsel.example> ENVID={TOKEN} SMTPUTF8"
    original = Original(
        sender=reverse_path(path, largest=1000),
        recipient=recipient(f"<{to}> NOTIFY=SUCCESS,FAILURE,DELAY", is_international=True),
        content=b"To: somebody\r\n\r\nHei\r\n",
        received_at=at(0).timestamp(),
    )
    found = notices(mail_conduct(to), original.recipient.notify, pace=Pace())
    reports = [
        report
        for notice in found
        for report in read_dsn(
            delivery_status_notification("catch-all.invalid", original, notice), provider="relay"
        )
    ]
    assert [(each.state, each.failure) for each in reports] == told
    assert {each.reference for each in reports} == {TOKEN}
