from datetime import UTC, datetime, timedelta, timezone

import pytest

from entrypoints.http.placing.chains import read_chain
from entrypoints.http.placing.orders import read_email_order
from tests.entrypoints.http.requests.reading import (
    CHAIN,
    EMAIL_ORDER,
    KINDS,
    NOW,
    Json,
    Read,
    chain,
    one,
    places,
    reminded,
)

TIMED = [KINDS[name] for name in ("email", "sms", "order", "chain", "composed")]
"""Whatever may ask to be sent at a time."""
V1 = [KINDS["email"], KINDS["sms"], KINDS["order"]]


def in_time(**since_now: float) -> str:
    return (NOW + timedelta(**since_now)).isoformat()


@pytest.mark.parametrize("read, body", V1)
@pytest.mark.parametrize(
    "text, is_good",
    [
        (in_time(minutes=-5), True),
        (in_time(minutes=-5, microseconds=-1), False),
        (in_time(), True),
        (in_time(days=3650), True),
    ],
)
def test_v1_takes_times_up_to_five_minutes_ago(
    read: Read, body: Json, text: str, *, is_good: bool
) -> None:
    told = [] if is_good else ["RequestedSendTime"]
    assert places(read, {**body, "requestedSendTime": text}) == told


@pytest.mark.parametrize(
    "text, is_good",
    [
        (in_time(microseconds=-1), False),
        (in_time(), True),
        (in_time(microseconds=1), True),
    ],
)
def test_v2_takes_times_from_now_on(text: str, *, is_good: bool) -> None:
    body = {**CHAIN, "requestedSendTime": text}
    assert places(read_chain, body) == ([] if is_good else ["RequestedSendTime"])
    body = reminded(requestedSendTime=text, delayDays=None)
    told = [] if is_good else ["Reminders[0].RequestedSendTime"]
    assert places(read_chain, body) == told


def test_an_order_without_a_time_is_for_now() -> None:
    assert chain(CHAIN).order.requested_send_time is None
    assert one(EMAIL_ORDER, read_email_order).requested_send_time is None


@pytest.mark.parametrize(
    "text, moment",
    [
        ("2026-08-02T08:00:00Z", datetime(2026, 8, 2, 8, tzinfo=UTC)),
        ("2026-08-02t08:00:00z", None),
        ("2026-08-02T08:00:00z", datetime(2026, 8, 2, 8, tzinfo=UTC)),
        ("2026-08-02 08:00:00Z", datetime(2026, 8, 2, 8, tzinfo=UTC)),
        ("2026-08-02T08:00Z", datetime(2026, 8, 2, 8, tzinfo=UTC)),
        ("2026-08-02T08:00:00+02:00", datetime(2026, 8, 2, 6, tzinfo=UTC)),
        ("2026-08-02T08:00:00+0200", datetime(2026, 8, 2, 6, tzinfo=UTC)),
        ("2026-08-02T08:00:00-11:30", datetime(2026, 8, 2, 19, 30, tzinfo=UTC)),
        ("2026-08-02T08:00:00.1234567Z", datetime(2026, 8, 2, 8, 0, 0, 123456, tzinfo=UTC)),
        ("2026-08-02T08:00:00.1Z", datetime(2026, 8, 2, 8, 0, 0, 100000, tzinfo=UTC)),
        ("2028-02-29T08:00:00Z", datetime(2028, 2, 29, 8, tzinfo=UTC)),
    ],
)
def test_a_time_is_kept_in_utc(text: str, moment: datetime | None) -> None:
    body = {**CHAIN, "requestedSendTime": text}
    if moment is None:
        assert places(read_chain, body) == ["$.requestedSendTime"]
    else:
        assert chain(body).order.requested_send_time == moment


@pytest.mark.parametrize("read, body", TIMED)
@pytest.mark.parametrize(
    "text", ["2030-01-01", "2030-01-01T12:00:00", "2030-01-01T12:00", "2030-01-01T12:00:00.123"]
)
def test_a_time_has_a_zone(read: Read, body: Json, text: str) -> None:
    assert places(read, {**body, "requestedSendTime": text}) == ["RequestedSendTime"]


@pytest.mark.parametrize("read, body", TIMED)
@pytest.mark.parametrize(
    "value",
    [
        None,
        0,
        1785585600,
        True,
        [],
        {},
    ],
)
def test_a_time_is_a_text(read: Read, body: Json, value: object) -> None:
    told = places(read, {**body, "requestedSendTime": value})
    assert told[0] == "$.requestedSendTime"
    assert told[1].lower().endswith("orderrequest")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "2026-13-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-08-02T24:00:00Z",
        "2026-08-02T23:60:00Z",
        "2026-08-02T23:59:60Z",
        "2026-08-02T08:00:00+25:00",
        "2026-08-02T08:00:00Z; DROP TABLE",
        "2026-08-02T08:00:00.Z",
        "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "-2026-08-02T08:00:00Z",
        "٢٠٢٦-08-02T08:00:00Z",
        "20260802T080000Z",
        "2026-W31-1T08:00:00Z",
        "02.08.2026 08:00",
    ],
)
def test_a_time_that_cannot_be_read_is_told_by_its_json_path(text: str) -> None:
    assert places(read_chain, {**CHAIN, "requestedSendTime": text}) == ["$.requestedSendTime"]
    body = reminded(requestedSendTime=text, delayDays=None)
    assert places(read_chain, body) == ["$.reminders[0].requestedSendTime"]


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59-14:00",
        "9001-01-01T00:00:00Z",
    ],
)
@pytest.mark.parametrize("read, body", TIMED)
def test_a_time_at_the_end_of_the_calendar_is_refused(read: Read, body: Json, text: str) -> None:
    assert places(read, {**body, "requestedSendTime": text}) == ["RequestedSendTime"]


def test_the_far_future_is_taken_and_days_after_it_only_as_far_as_there_are_years() -> None:
    far = "9000-12-31T00:00:00Z"
    assert places(read_chain, {**CHAIN, "requestedSendTime": far}) == []
    late = {**reminded(delayDays=1), "requestedSendTime": far}
    assert places(read_chain, late) == ["Reminders[0].DelayDays"]


def test_days_are_counted_from_now_where_the_order_has_no_time() -> None:
    most = (datetime(9000, 12, 31, 12, tzinfo=UTC) - NOW).days
    assert places(read_chain, reminded(delayDays=most)) == []
    assert places(read_chain, reminded(delayDays=most + 1)) == ["Reminders[0].DelayDays"]


@pytest.mark.parametrize("offset", [timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))])
def test_what_is_now_does_not_depend_on_the_zone(offset: timezone) -> None:
    body = {**CHAIN, "requestedSendTime": NOW.astimezone(offset).isoformat()}
    assert chain(body).order.requested_send_time == NOW
