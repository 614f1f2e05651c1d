from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.channels.smtp.delivery_reports import read_mail
from application.ports.report_inbox import Report
from application.ports.unread_mail import UnreadKind
from domain.order.events import Failure, ReportedState
from entrypoints.sandbox.delays import Pace
from entrypoints.sandbox.delivery_status import Original, delivery_status_notification, notices
from entrypoints.sandbox.scenarios import mail_conduct
from entrypoints.sandbox.smtp_envelope import recipient, reverse_path

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
        ("exim_bounced_before_dsn", FAILED, "failed (no status)", Failure.FAILED, 5),
        ("exchange_bounced", FAILED, "failed 5.2.2", Failure.FAILED, 6),
        ("sendmail_bounced", FAILED, "failed 5.1.2", Failure.BOUNCED, 7),
        ("international_failed", FAILED, "failed 5.1.6", Failure.BOUNCED, 8),
        ("qmail_bounced", FAILED, "failed (no status)", Failure.FAILED, 9),
        ("exchange_2003_bounced", FAILED, "failed (no status)", Failure.FAILED, 10),
        ("domino_bounced", FAILED, "failed (no status)", Failure.FAILED, 11),
        ("sendmail_8_6_bounced", FAILED, "failed (no status)", Failure.FAILED, 12),
        ("unknown_server_bounced", FAILED, "failed (no status)", Failure.FAILED, 13),
        ("exim_delayed", DELAYED, "delayed (no status)", None, 14),
        ("base64_status_failed", FAILED, "failed 5.1.1", Failure.BOUNCED, 15),
        ("unfolded_line_failed", FAILED, "failed 5.1.6", Failure.BOUNCED, 16),
        ("word_for_failed", FAILED, "failure 5.2.1", Failure.BOUNCED, 17),
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
    assert read_mail(sample(name), provider="relay") == [expected]
    assert read_mail(sample(name).replace(b"\n", b"\r\n"), provider="relay") == [expected]


@pytest.mark.parametrize("place", ["X-Original-To", "Delivered-To", "Envelope-To", "To"])
def test_the_token_is_found_where_the_notification_was_sent(place: str) -> None:
    bare = b"\n".join(
        line for line in sample("postfix_bounced").split(b"\n") if TOKEN.encode() not in line
    )
    assert read_mail(bare, provider="relay") is UnreadKind.FOREIGN
    address = f"bounce+{TOKEN.upper()}@varsel.example"
    (report,) = reports(f"{place}: <{address}>\n".encode() + bare)
    assert report.reference == TOKEN
    (report,) = reports(bare, sent_to=address)
    assert report.reference == TOKEN


def test_a_message_id_is_no_token() -> None:
    raw = sample("exchange_bounced").replace(f"bounce+{TOKEN}".encode(), b"bounce")
    assert read_mail(raw, provider="relay") is UnreadKind.FOREIGN


def test_each_recipient_has_a_report() -> None:
    more = b"\nFinal-Recipient: rfc822; ola@example.no\nAction: expanded (to a list)\n\n--4ZkQ2"
    head, _, tail = sample("postfix_delivered").rpartition(b"\n--4ZkQ2")
    head, _, middle = head.rpartition(b"\n--4ZkQ2")
    raw = head + more + middle + b"\n--4ZkQ2" + tail
    found = reports(raw)
    assert [each.code for each in found] == ["delivered 2.0.0", "expanded"]
    assert all(each.state is DELIVERED for each in found)


def test_no_words_of_the_server_are_told() -> None:
    for path in NOTIFICATIONS.glob("*.eml"):
        assert "kari" not in repr(read_mail(path.read_bytes(), provider="relay"))


@pytest.mark.parametrize(
    "action,status,state,failure",
    [
        ("failure", "5.1.1", FAILED, Failure.BOUNCED),
        ("error", "5.1.1", FAILED, Failure.BOUNCED),
        ("expired", "5.0.0", FAILED, Failure.EXPIRED_AT_PROVIDER),
        ("expired", "5.4.4", FAILED, Failure.BOUNCED),
        ("Failed (for good)", "5.1.1", FAILED, Failure.BOUNCED),
        ("delay", "4.4.1", DELAYED, None),
    ],
)
def test_an_action_is_read_by_the_words_that_servers_have_for_it(
    action: str, status: str, state: ReportedState, failure: Failure | None
) -> None:
    raw = sample("word_for_failed").replace(b"Action: failure", f"Action: {action}".encode())
    (report,) = reports(raw.replace(b"5.2.1", status.encode()))
    assert (report.state, report.failure) == (state, failure)


@pytest.mark.parametrize(
    "status,diagnostic,failure",
    [
        ("5.4.4", "smtp; 550 5.4.4 host not found", Failure.BOUNCED),
        ("5.4.1", "smtp; 550 5.4.1 Recipient address rejected: Access denied", Failure.BOUNCED),
        ("5.1.351", "smtp; 550 5.1.351 Remote server returned unknown recipient", Failure.BOUNCED),
        ("5.4.310", "smtp; 550 5.4.310 DNS domain does not exist", Failure.BOUNCED),
        ("5.4.316", "smtp; 550 5.4.316 Message expired", Failure.EXPIRED_AT_PROVIDER),
        (
            "5.5.0",
            "smtp; 550 5.5.0 Requested action not taken: mailbox unavailable",
            Failure.BOUNCED,
        ),
        ("5.5.0", "smtp; 554 5.5.0 mailbox unavailable", Failure.BOUNCED),
        ("5.5.0", "smtp; 554 5.5.0 no", Failure.FAILED),
        ("5.0.0", "smtp; 550 5.0.0 Spam message rejected", Failure.FILTERED_AS_SPAM),
        ("5.0.0", "smtp; 550 listed at a blocklist: blocked", Failure.REJECTED),
        ("5.0.0", "smtp; 550 no such user", Failure.BOUNCED),
        ("5.0.0", "smtp; 550 relay not permitted", Failure.REJECTED),
        ("5.0.0", "smtp; 551 we do not relay", Failure.REJECTED),
        ("5.0.0", "smtp; 550 Relaying denied", Failure.REJECTED),
        ("5.0.0", "smtp; 550 no such user at this relay", Failure.BOUNCED),
    ],
)
def test_a_code_means_what_the_servers_mean_by_it(
    status: str, diagnostic: str, failure: Failure
) -> None:
    fields = f"Status: {status}\nDiagnostic-Code: {diagnostic}".encode()
    (report,) = reports(sample("word_for_failed").replace(b"Status: 5.2.1", fields))
    assert (report.state, report.failure) == (FAILED, failure)


@pytest.mark.parametrize(
    "raw,kind",
    [
        (sample("holiday_reply"), UnreadKind.AUTO_REPLY),
        (sample("holiday_reply_of_no_sender"), UnreadKind.AUTO_REPLY),
        (sample("complaint"), UnreadKind.COMPLAINT),
        (sample("read_receipt"), UnreadKind.READ_RECEIPT),
        (sample("foreign_bounce"), UnreadKind.FOREIGN),
        (sample("qmail_bounced").replace(TOKEN.encode(), b""), UnreadKind.FOREIGN),
        (sample("person_with_anothers_bounce"), UnreadKind.UNCLEAR),
        (sample("persons_answer"), UnreadKind.UNCLEAR),
        (sample("postfix_bounced").replace(b"Action: failed", b"Action: pondered"), "unclear"),
        (b"Content-Type: message/delivery-status\n\n", UnreadKind.UNCLEAR),
        (b"", UnreadKind.UNCLEAR),
        (b"\0\xff", UnreadKind.UNCLEAR),
        (b"Content-Type: multipart/report; boundary=b\n\n--b\n" * 40, UnreadKind.UNCLEAR),
        (b"Content-Type: multipart/report; boundary=b\n\n--b\n" * 3000, UnreadKind.UNREADABLE),
        (b'Content-Type: a/b; boundary="' + b"a;" * 100_000 + b'"\n\n', UnreadKind.UNREADABLE),
    ],
)
def test_what_is_no_report_is_told_apart(raw: bytes, kind: UnreadKind) -> None:
    assert read_mail(raw, provider="relay") == kind


def test_what_is_attached_is_not_read_even_in_a_report() -> None:
    held = sample("postfix_bounced").replace(b"message/delivery-status", b"text/plain")
    theirs = sample("sendmail_bounced").replace(TOKEN.encode(), b"f" * 32)
    raw = held.replace(
        b"Content-Type: text/rfc822-headers", b"Content-Type: message/rfc822\n\n" + theirs
    )
    assert raw != held
    (report,) = reports(raw)
    assert report.code == "failed (no status)"


def test_of_a_longer_mail_the_beginning_is_read() -> None:
    (report,) = reports(sample("postfix_bounced") + b"\n" * (1 << 20))
    assert report.code == "failed 5.1.1"


def test_our_own_words_in_what_comes_back_say_nothing() -> None:
    """Its text says that delivery is delayed and nothing need be done; that is the mail's, not the server's."""
    (report,) = reports(sample("qmail_bounced").replace(b"failure notice", b"Hei"))
    assert report.state is FAILED


def reports(raw: bytes, sent_to: str | None = None) -> Sequence[Report]:
    """What a mail reports."""
    read = read_mail(raw, provider="relay", sent_to=sent_to)
    assert not isinstance(read, UnreadKind), read
    return read


@given(st.data())
def test_a_mangled_notification_is_read_or_unreadable(data: st.DataObject) -> None:
    raw = bytearray(sample(data.draw(st.sampled_from(["postfix_bounced", "exchange_bounced"]))))
    for _ in range(data.draw(st.integers(1, 8))):
        start = data.draw(st.integers(0, len(raw)))
        raw[start : start + data.draw(st.integers(0, 60))] = data.draw(st.binary(max_size=20))
    read = read_mail(bytes(raw), provider="relay")
    assert isinstance(read, UnreadKind) or all(each.provider == "relay" for each in read)


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
    read = [
        report
        for notice in found
        for report in reports(delivery_status_notification("catch-all.invalid", original, notice))
    ]
    assert [(each.state, each.failure) for each in read] == told
    assert {each.reference for each in read} == {TOKEN}
