"""When a notification may leave, when it is too late, and when to try again.

Days and hours are those of `Europe/Oslo`; lengths of time are counted in real hours, so that a night
in which the clock changes makes nothing an hour longer or shorter.
"""

from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from domain.channel import Channel
from domain.message import SendingTime

OSLO: Final = ZoneInfo("Europe/Oslo")
DAY_OPENS: Final = time(9)
DAY_CLOSES: Final = time(17)
LIFETIME: Final = timedelta(hours=48)
"""How long a notification may be under way."""
CONFIRMATION_GRACE: Final = timedelta(minutes=5)
"""How much longer a delivery report may take for what has left."""

_RETRIES: Final = tuple(timedelta(seconds=seconds) for seconds in (10, 30, 60, 120, 300, 600, 900))


def _on_clock(day: datetime, clock: time) -> datetime:
    return datetime.combine(day.date(), clock, OSLO).astimezone(UTC)


def leaves_at(moment: datetime, sending_time: SendingTime) -> datetime:
    """The first moment from `moment` on at which a notification may leave.

    Daytime is from 09:00 until before 17:00 in Oslo, every day of the week.
    """
    if sending_time is SendingTime.ANYTIME:
        return moment
    local = moment.astimezone(OSLO)
    if local.timetz().replace(tzinfo=None) < DAY_OPENS:
        return _on_clock(local, DAY_OPENS)
    if local.timetz().replace(tzinfo=None) >= DAY_CLOSES:
        return _on_clock(local + timedelta(days=1), DAY_OPENS)
    return moment


def leaves_before(moment: datetime, sending_time: SendingTime) -> datetime | None:
    """The end of the window that is open at a moment; None if it never closes."""
    if sending_time is SendingTime.ANYTIME:
        return None
    return _on_clock(moment.astimezone(OSLO), DAY_CLOSES)


def expires_at(requested: datetime, channel: Channel, sending_time: SendingTime) -> datetime:
    """The moment from which a notification is not sent any more: 48 hours after it could first leave."""
    if channel is Channel.EMAIL:
        return requested + LIFETIME
    return leaves_at(requested, sending_time) + LIFETIME


def days_later(moment: datetime, days: int) -> datetime:
    """The same time of day in Oslo so many days later, whether or not the clock changes between.

    A time that the clock leaps over is an hour later by the clock.

    Raises:
        OverflowError: there are no such dates.
    """
    local = moment.astimezone(OSLO) + timedelta(days=days)  # reckoned by the clock on the wall
    return local.astimezone(UTC)


def retry_delay(attempts: int, chance: float) -> timedelta:
    """How long to wait after so many attempts: longer each time, up to a quarter of an hour.

    `chance` in [0, 1) spreads the next attempt over a quarter of the delay, so that those who
    were put off together do not come back together.
    Less than nineteen minutes after a provider's return, whatever waited for it has been tried again.
    """
    delay = _RETRIES[min(max(attempts, 1), len(_RETRIES)) - 1]
    return delay * (1 + chance / 4)
