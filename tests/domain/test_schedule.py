"""When notifications may leave and when it is too late, over both nights on which the clock changes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.channel import Channel
from domain.message import SendingTime
from domain.schedule import OSLO, days_later, expires_at, leaves_at, retry_delay


def oslo(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=OSLO).astimezone(UTC)


@pytest.mark.parametrize(
    "moment, opens",
    [
        ("2026-09-01T08:59:59.999999", "2026-09-01T09:00"),
        ("2026-09-01T09:00", "2026-09-01T09:00"),
        ("2026-09-01T16:59:59", "2026-09-01T16:59:59"),
        ("2026-09-01T17:00", "2026-09-02T09:00"),
        ("2026-09-01T23:30", "2026-09-02T09:00"),
        ("2026-09-05T12:00", "2026-09-05T12:00"),  # a Saturday is a day like any other
        ("2026-03-28T18:00", "2026-03-29T09:00"),  # the night that loses an hour
        ("2026-03-29T01:30", "2026-03-29T09:00"),
        ("2026-10-24T18:00", "2026-10-25T09:00"),  # the night that wins one
        ("2026-10-25T02:30", "2026-10-25T09:00"),
        ("2026-12-31T17:00", "2027-01-01T09:00"),
    ],
)
def test_a_daytime_notification_leaves_between_nine_and_five(moment: str, opens: str) -> None:
    assert leaves_at(oslo(moment), SendingTime.DAYTIME) == oslo(opens)


@given(st.datetimes(datetime(2024, 1, 1), datetime(2031, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_whenever_it_is_the_window_opens_within_sixteen_hours_of_clock_time(
    moment: datetime,
) -> None:
    opens = leaves_at(moment, SendingTime.DAYTIME)

    assert moment <= opens <= moment + timedelta(hours=17)
    assert 9 <= opens.astimezone(OSLO).hour < 17
    assert leaves_at(opens, SendingTime.DAYTIME) == opens


@given(st.datetimes(datetime(2024, 1, 1), datetime(2031, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_at_any_time_means_now(moment: datetime) -> None:
    assert leaves_at(moment, SendingTime.ANYTIME) == moment


@pytest.mark.parametrize(
    "requested, channel, sending_time, expires",
    [
        ("2026-09-01T12:00", Channel.EMAIL, SendingTime.ANYTIME, "2026-09-03T12:00"),
        ("2026-09-01T20:00", Channel.SMS, SendingTime.ANYTIME, "2026-09-03T20:00"),
        ("2026-09-01T12:00", Channel.SMS, SendingTime.DAYTIME, "2026-09-03T12:00"),
        ("2026-09-01T07:00", Channel.SMS, SendingTime.DAYTIME, "2026-09-03T09:00"),
        ("2026-09-01T20:00", Channel.SMS, SendingTime.DAYTIME, "2026-09-04T09:00"),
        ("2026-03-28T12:00", Channel.EMAIL, SendingTime.ANYTIME, "2026-03-30T13:00"),
        ("2026-10-24T12:00", Channel.EMAIL, SendingTime.ANYTIME, "2026-10-26T11:00"),
    ],
)
def test_a_notification_lives_for_48_real_hours_from_when_it_could_leave(
    requested: str, channel: Channel, sending_time: SendingTime, expires: str
) -> None:
    assert expires_at(oslo(requested), channel, sending_time) == oslo(expires)


@given(st.integers(1, 40), st.floats(0, 1, exclude_max=True))
def test_the_wait_for_the_next_attempt_grows_up_to_nineteen_minutes(
    attempts: int, chance: float
) -> None:
    delay = retry_delay(attempts, chance)

    assert timedelta(seconds=10) <= delay <= timedelta(minutes=18, seconds=45)
    assert delay <= retry_delay(attempts + 1, chance)


@pytest.mark.parametrize(
    "moment, days, later",
    [
        ("2026-09-01T12:00", 7, "2026-09-08T12:00"),
        ("2026-10-24T16:30", 7, "2026-10-31T16:30"),  # an hour more of real time
        ("2026-03-25T16:30", 7, "2026-04-01T16:30"),  # an hour less
        ("2026-03-28T02:30", 1, "2026-03-29T03:30"),  # the clock leaps over half past two
        ("2026-10-24T02:30", 1, "2026-10-25T02:30"),
    ],
)
def test_days_are_those_of_oslo_whether_or_not_the_clock_changes(
    moment: str, days: int, later: str
) -> None:
    assert days_later(oslo(moment), days) == oslo(later)
