"""Nothing holds a loop: every door is asked for its worst, and the worker for what comes of it."""

import base64
import json
import socket
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from adapters.channels.kannel.kind import DOOR as KANNEL
from entrypoints.wiring.providers import LINK_REPORTS, MAIL_REPORTS
from tests.databases import Databases
from tests.watching.installation import MAIL_SECRET, PASSWORD, Watched, watched
from tests.watching.watchdog import LIMIT

pytestmark = [pytest.mark.postgres, pytest.mark.service, pytest.mark.timeout(240)]

API = "/notifications/api/v1"
WIDE = 1000
MEBIBYTE = 1024 * 1024
HTML = "<p>" + "<b>bø</b> &amp; " * 19_000 + "</p>"
FIELDS = [f'"{n}":0' for n in range(70_000)]


@pytest.fixture(scope="module")
def service(_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with (
        _databases.fresh() as database,
        watched(database, Path(tmp_path_factory.mktemp("watched")) / "data") as running,
    ):
        running.longest()  # what was done to start is nobody's request
        yield running


def nothing_was_held(service: Watched) -> None:
    stops = service.longest()
    told = ", ".join(f"{name}: {stop}" for name, stop in stops.items())
    assert all(stop.seconds <= LIMIT for stop in stops.values()), told


def many(count: int = WIDE) -> list[dict[str, str]]:
    return [{"emailAddress": f"r{n}@example.org"} for n in range(count)]


def wide_mail(**changes: object) -> dict[str, object]:
    return {"subject": "A letter", "body": "Log in.", "recipients": many(), **changes}


def place(service: Watched, path: str, body: object) -> dict[str, Any]:
    answered = service.ask("POST", f"{API}{path}", body)
    assert answered.status in {201, 202}, answered.body[:500]
    placed: dict[str, Any] = answered.json()
    return placed


def carried_out(service: Watched, order_id: str) -> None:
    """Wait until the worker has given an order back, and waits for its reports alone."""
    of_it = f"order_id = '{order_id}'"
    service.until(
        f"SELECT count(*) FROM agenda WHERE {of_it} AND worker IS NULL AND due_at > now() + '9 min'",  # noqa: S608
        is_=1,
    )


@pytest.fixture(scope="module")
def wide(service: Watched) -> str:
    """An order of a thousand recipients that has been carried out."""
    order_id: str = place(service, "/orders/email", wide_mail())["orderId"]
    carried_out(service, order_id)
    return order_id


@pytest.mark.parametrize(
    "path, body",
    [
        ("/orders/email", wide_mail()),
        pytest.param(
            *("/orders/email", wide_mail(body=HTML, contentType="Html")), marks=pytest.mark.soak
        ),
        pytest.param(
            *("/orders/email", wide_mail(body=f"$recipientName$ {HTML}", contentType="Html")),
            marks=pytest.mark.soak,
        ),
        (
            "/orders/sms",
            {
                "body": "Log in.",
                "recipients": [{"mobileNumber": f"+479{n:07d}"} for n in range(WIDE)],
            },
        ),
        (
            "/orders",
            {
                "notificationChannel": "EmailAndSms",
                "emailTemplate": {"subject": "A letter", "body": "To $recipientName$"},
                "smsTemplate": {"body": "To $recipientName$"},
                "recipients": [{"nationalIdentityNumber": "15859010099"}] * WIDE,
            },
        ),
    ],
    ids=["addresses", "HTML", "HTML with names", "numbers", "persons"],
)
def test_the_widest_orders_hold_nothing_when_they_are_placed_and_carried_out(
    service: Watched, path: str, body: object
) -> None:
    order_id = place(service, path, body)["orderId"]

    nothing_was_held(service)
    carried_out(service, order_id)
    nothing_was_held(service)


def test_the_longest_chains_hold_nothing(service: Watched) -> None:
    to = {
        "recipientEmail": {
            "emailAddress": "somebody@example.org",
            "emailSettings": {"subject": "A letter", "body": "Log in. " * 1000},
        }
    }
    chain = {
        "idempotencyId": uuid.uuid4().hex,
        "requestedSendTime": "2099-01-01T00:00:00Z",
        "recipient": to,
        "reminders": [{"delayDays": n + 1, "recipient": to} for n in range(100)],
    }

    for _ in range(2):
        place_or_repeat = service.ask("POST", f"{API}/future/orders", chain)
        assert place_or_repeat.status in {200, 201}

    nothing_was_held(service)


BODIES: Mapping[str, bytes] = {
    "a list of what is no recipient": b'{"recipients":[' + b",".join([b"1"] * 500_000) + b"]}",
    "recipients that are wrong": json.dumps(
        {"subject": "s", "body": "b", "recipients": [{"emailAddress": "a@" * 400}] * WIDE}
    ).encode(),
    "numbers that are wrong": json.dumps(
        {"body": "b", "recipients": [{"mobileNumber": "+" + "4" * 900}] * WIDE}
    ).encode(),
    "more recipients than there may be": json.dumps(
        {"subject": "s", "body": "b", "recipients": many(20_000)}
    ).encode(),
    "fields that nobody knows": ("{" + ",".join(FIELDS) + "}").encode(),
    "one field again and again": b"{" + b",".join([b'"k":0'] * 170_000) + b"}",
    "one number": b'{"recipients":' + b"1" * (MEBIBYTE - 100) + b"}",
    "depth": b'{"a":' * 170_000,
    "depth in a list": b'{"recipients":' + b"[" * 1_000_000,
    "white space": b" " * (MEBIBYTE - 2) + b"{}",
    "escapes": b'{"subject":"s","body":"' + b"\\u00e6" * 170_000 + b'","recipients":[]}',
    "half characters": b'{"subject":"s","body":"' + b"\\ud800" * 170_000 + b'","recipients":[]}',
    "a subject without end": json.dumps({"subject": "å " * 250_000, "body": "b"}).encode(),
    "line breaks": json.dumps({"subject": "s", "body": "\v" * 170_000}).encode(),
    "keywords": json.dumps({"subject": "s", "body": "$recipientName$" * 60_000}).encode(),
    "no text": b"\xff" * MEBIBYTE,
}


@pytest.mark.parametrize(
    "path",
    [
        *("/orders", "/future/orders", "/future/orders/composed-email"),
        *(
            pytest.param(each, marks=pytest.mark.soak)
            for each in (
                *("/orders/email", "/orders/sms", "/webhooks/one"),
                *("/future/orders/instant/sms", "/future/orders/instant/email"),
            )
        ),
    ],
)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_the_worst_bodies_hold_nothing(service: Watched, path: str, body: bytes) -> None:
    answered = service.ask("PUT" if "webhooks" in path else "POST", f"{API}{path}", body)

    assert answered.status < 500
    nothing_was_held(service)


@pytest.mark.parametrize(
    "path",
    [
        *("/orders/{}", "/orders/{}/status", "/orders/{}/notifications/email"),
        *("/orders/{}/notifications/sms", "/future/shipment/{}", "/orders/{}/history"),
        "/orders/{}/resolution",
        *("/future/shipment/feed", "/future/shipment/feed?transitions=all"),
    ],
)
def test_all_that_is_told_of_a_wide_order_holds_nothing(
    service: Watched, wide: str, path: str
) -> None:
    service.longest()

    answered = service.ask("GET", f"{API}{path.format(wide)}")

    assert answered.status == 200
    nothing_was_held(service)


def test_whoever_reads_slowly_holds_nothing(service: Watched, wide: str) -> None:
    service.longest()
    token = service.token()
    lines = f"GET {API}/orders/{wide}/history HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}"
    slow = []
    for _ in range(8):
        reader = socket.create_connection(("127.0.0.1", service.settings.port))
        reader.sendall(f"{lines}\r\n\r\n".encode())
        slow.append(reader)
    try:
        assert service.ask("GET", f"{API}/orders/{wide}/status").status == 200
        nothing_was_held(service)
    finally:
        for reader in slow:
            reader.close()


def basic(user: str) -> Mapping[str, str]:
    login = base64.b64encode(f"{user}:{PASSWORD}".encode()).decode()
    return {"Authorization": f"Basic {login}", "Content-Type": "application/xml"}


REPORT = b"<MSG><ID>%d</ID><REF>r%d</REF><RCV>4799999999</RCV><STATE>DELIVRD</STATE></MSG>"
XML: Mapping[str, bytes] = {
    "reports": b"<MSGLST>" + b"".join(REPORT % (n, n) for n in range(12_000)) + b"</MSGLST>",
    "depth": b"<a>" * 340_000,
    "attributes": b"<MSGLST " + b" ".join(b'a%d="1"' % n for n in range(80_000)) + b"/>",
    "one text": b"<MSGLST><MSG><ID>" + b"1" * 1_000_000 + b"</ID></MSG></MSGLST>",
    "characters": b"<MSGLST><MSG><ID>" + b"&#48;" * 200_000 + b"</ID></MSG></MSGLST>",
}


@pytest.mark.parametrize("body", XML.values(), ids=XML.keys())
def test_the_worst_reports_of_a_gateway_hold_nothing(service: Watched, body: bytes) -> None:
    headers = basic(service.settings.sms_report_user)

    answered = service.ask("POST", LINK_REPORTS, body, headers=headers)

    assert answered.status < 500
    nothing_was_held(service)


def test_the_worst_query_of_a_gateway_holds_nothing(service: Watched) -> None:
    query = "&".join(f"a{n}=%41" for n in range(5000))

    assert service.ask("GET", f"{KANNEL.path}?{query}").status < 500

    nothing_was_held(service)


PART = b'Content-Type: multipart/report; report-type=delivery-status; boundary="x"\r\n\r\n--x\r\n'
RECIPIENT = b"Final-Recipient: rfc822; a@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
MAILS: Mapping[str, bytes] = {
    "a boundary": b'Content-Type: multipart/report; boundary="' + b"a;" * 100_000 + b'"\r\n\r\n',
    "depth": b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n)
        for n in range(15_000)
    ),
    "headers": b"".join(b"X-%d: a\r\n" % n for n in range(80_000)) + b"\r\n",
    "words": b"Subject: " + b"=?utf-8?q?a?= " * 70_000 + b"\r\n\r\n",
    "recipients": PART
    + b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; a\r\n\r\n"
    + RECIPIENT * 12_000
    + b"--x--\r\n",
}


@pytest.mark.parametrize("mail", MAILS.values(), ids=MAILS.keys())
def test_the_worst_mails_hold_nothing(service: Watched, mail: bytes) -> None:
    headers = {"Authorization": f"Bearer {MAIL_SECRET}", "Content-Type": "message/rfc822"}

    answered = service.ask("POST", MAIL_REPORTS, mail, headers=headers)

    assert answered.status < 500
    nothing_was_held(service)
