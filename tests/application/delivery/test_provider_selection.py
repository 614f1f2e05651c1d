"""Who is given the next notification, while providers do well, badly, or nothing at all."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import cycle

import pytest
from structlog.testing import capture_logs

from adapters.memory.provider import RecordingProvider
from application.delivery.provider_selection import CircuitBreakerSettings, ProviderSelector
from application.ports.provider import (
    TOO_LATE,
    HandoverAccepted,
    HandoverDeferred,
    HandoverRejected,
    HandoverUnknown,
    Outcome,
    Trouble,
    withheld,
)
from domain.channel import Channel
from domain.order.events import Failure
from tests.operations import operations
from tests.samples import NOON

FIRST, SECOND = "link_mobility", "kannel"
QUICK = timedelta(milliseconds=50)
GOOD = HandoverAccepted("reference")
BAD = HandoverDeferred("unreachable")


class Installation:
    """Two gateways, and a clock."""

    def __init__(self, *names: str) -> None:
        self.now = NOON
        self._chances: Iterator[float] = cycle([number / 100 for number in range(0, 100, 7)])
        providers = [
            RecordingProvider(name, Channel.SMS, clock=lambda: self.now, longest_hand_over=880.0)
            for name in names or (FIRST, SECOND)
        ]
        self.choice = ProviderSelector(
            {Channel.SMS: providers},
            chance=lambda: next(self._chances),
            rules=CircuitBreakerSettings(),
        )

    def given(self, count: int = 100) -> dict[str, int]:
        """How many of the next notifications each gateway is given, none of them made."""
        chosen = [self.choice.choose(Channel.SMS, self.now) for _ in range(count)]
        names = [each.name for each in chosen if each is not None]
        return {name: names.count(name) for name in (FIRST, SECOND)}

    def happens(self, name: str, outcome: Outcome, times: int = 1, took: timedelta = QUICK) -> None:
        """Something comes of so many hand-overs, one after another."""
        for _ in range(times):
            began = self.now
            self.now += took
            self.choice.record_outcome(name, outcome, began=began, now=self.now)

    def given_again(self, count: int = 100) -> dict[str, int]:
        """How many of the next notifications each gateway is given, all of which were put off before."""
        chosen = [self.choice.choose(Channel.SMS, self.now, is_new=False) for _ in range(count)]
        names = [each.name for each in chosen if each is not None]
        return {name: names.count(name) for name in (FIRST, SECOND)}

    def comes_late(self, name: str, outcome: Outcome, *, began: datetime) -> None:
        """Something comes of a hand-over that began some time ago."""
        self.now += QUICK
        self.choice.record_outcome(name, outcome, began=began, now=self.now)

    def open(self, name: str) -> None:
        """A gateway has been in trouble, until it is time for a probe."""
        self.happens(name, BAD, times=5)
        self.now += CircuitBreakerSettings().first_pause

    def reasons(self) -> list[str]:
        return [each.reason for each in self.choice.shifts]


@pytest.fixture
def gateways() -> Installation:
    return Installation()


def test_who_does_equally_well_is_given_equally_much(gateways: Installation) -> None:
    given = gateways.given()

    assert 40 <= given[FIRST] <= 60


@pytest.mark.parametrize("outcome", [BAD, HandoverUnknown("timeout")])
def test_a_gateway_that_is_down_is_given_nothing_new(
    gateways: Installation, outcome: Outcome
) -> None:
    gateways.happens(FIRST, outcome, times=5)

    assert gateways.given() == {FIRST: 0, SECOND: 100}
    (shift,) = gateways.choice.shifts
    assert (shift.provider, shift.weight, shift.at) == (FIRST, 0.0, gateways.now)
    assert shift.reason == "100% trouble in 5"


def test_a_gateway_that_refuses_us_is_left_alone_at_once_and_no_message_fails(
    gateways: Installation,
) -> None:
    gateways.happens(FIRST, HandoverDeferred("logon_failed", Trouble.REFUSES_US))

    assert gateways.given() == {FIRST: 0, SECOND: 100}
    assert gateways.reasons() == ["refuses us: logon_failed"]


def test_messages_that_are_refused_for_what_they_are_speak_against_nobody(
    gateways: Installation,
) -> None:
    gateways.happens(FIRST, HandoverRejected(Failure.INVALID_ADDRESS, "10"), times=50)

    assert gateways.given()[FIRST] >= 40
    assert gateways.reasons() == []


@pytest.mark.parametrize(
    "outcome",
    [
        TOO_LATE,
        HandoverDeferred("attachment_status_503", Trouble.ELSEWHERE),
        HandoverUnknown("unexpected", Trouble.ELSEWHERE),
        withheld(Failure.FAILED, "unexpected"),
    ],
)
def test_trouble_of_ours_or_of_an_owners_storage_speaks_against_no_gateway(
    gateways: Installation, outcome: Outcome
) -> None:
    gateways.happens(FIRST, outcome, times=50)

    assert gateways.given()[FIRST] >= 40
    assert gateways.reasons() == []


def test_after_a_pause_one_message_finds_out_how_a_gateway_is_doing(
    gateways: Installation,
) -> None:
    gateways.happens(FIRST, BAD, times=5)
    gateways.now += CircuitBreakerSettings().first_pause

    assert gateways.given(100) == {FIRST: 1, SECOND: 99}


def test_what_was_put_off_before_is_no_probe_and_the_next_new_one_is(
    gateways: Installation,
) -> None:
    gateways.open(FIRST)

    assert gateways.given_again() == {FIRST: 0, SECOND: 100}
    assert gateways.given() == {FIRST: 1, SECOND: 99}


def test_where_all_are_in_trouble_what_was_put_off_before_may_find_out_how_one_is_doing(
    gateways: Installation,
) -> None:
    gateways.open(FIRST)
    gateways.open(SECOND)

    assert gateways.given_again(1) == {FIRST: 1, SECOND: 0}
    gateways.happens(FIRST, GOOD)

    assert gateways.reasons()[-1] == "the probe succeeded"


def test_nobody_is_given_what_it_has_only_just_not_taken(gateways: Installation) -> None:
    choose = gateways.choice.choose

    for _ in range(20):
        chosen = choose(Channel.SMS, gateways.now, tried={FIRST})
        assert chosen is not None
        assert chosen.name == SECOND
    assert choose(Channel.SMS, gateways.now, tried={FIRST, SECOND}) is None


def test_a_probe_that_succeeds_brings_a_gateway_back_little_by_little(
    gateways: Installation,
) -> None:
    gateways.happens(FIRST, BAD, times=5)
    gateways.now += CircuitBreakerSettings().first_pause
    gateways.given(1)

    gateways.happens(FIRST, GOOD)
    at_first = gateways.given()[FIRST]
    gateways.happens(FIRST, GOOD, times=100)

    assert 0 < at_first < 35
    assert gateways.given()[FIRST] >= 40


def test_a_probe_that_fails_doubles_the_pause_up_to_five_minutes(
    gateways: Installation,
) -> None:
    gateways.happens(FIRST, BAD, times=5)
    pauses = []
    for _ in range(7):
        began = gateways.now
        while gateways.given(1)[FIRST] == 0:
            gateways.now += timedelta(seconds=1)
        pauses.append((gateways.now - began).total_seconds())
        gateways.happens(FIRST, BAD)

    assert [round(each) for each in pauses] == [15, 30, 60, 120, 240, 300, 300]


def test_a_probe_of_which_nothing_is_heard_is_made_again_after_its_pause(
    gateways: Installation,
) -> None:
    gateways.open(FIRST)
    assert gateways.given()[FIRST] == 1

    gateways.now += CircuitBreakerSettings().first_pause

    assert gateways.given() == {FIRST: 1, SECOND: 99}


def test_a_probe_of_which_something_is_heard_late_is_a_probe_all_the_same(
    gateways: Installation,
) -> None:
    gateways.open(FIRST)
    probed_at = gateways.now
    gateways.given(1)
    gateways.now += CircuitBreakerSettings().first_pause
    gateways.given(1)

    gateways.comes_late(FIRST, GOOD, began=probed_at)

    assert gateways.reasons()[-1] == "the probe succeeded"


@pytest.mark.parametrize(
    "trouble",
    [
        TOO_LATE,
        HandoverDeferred("attachment_timeout", Trouble.ELSEWHERE),
        withheld(Failure.FAILED, "control_character"),
    ],
)
def test_a_probe_that_never_reached_the_gateway_is_made_again_at_once(
    gateways: Installation, trouble: Outcome
) -> None:
    gateways.open(FIRST)
    gateways.given(1)

    gateways.happens(FIRST, trouble)

    assert gateways.given() == {FIRST: 1, SECOND: 99}


@pytest.mark.parametrize(
    "outcome", [GOOD, BAD, HandoverDeferred("logon_failed", Trouble.REFUSES_US)]
)
def test_what_began_before_the_probe_is_not_taken_for_it(
    gateways: Installation, outcome: Outcome
) -> None:
    began = gateways.now
    gateways.open(FIRST)
    gateways.given(1)

    gateways.comes_late(FIRST, outcome, began=began)
    assert len(gateways.reasons()) == 1
    gateways.happens(FIRST, GOOD)

    assert gateways.reasons()[-1] == "the probe succeeded"


def test_what_began_before_the_probe_says_nothing_after_it_either(gateways: Installation) -> None:
    began = gateways.now
    gateways.open(FIRST)
    gateways.given(1)
    gateways.happens(FIRST, GOOD)

    for _ in range(10):
        gateways.comes_late(FIRST, HandoverUnknown("timeout"), began=began)

    assert gateways.reasons()[-1] == "the probe succeeded"


def alarms(log: Sequence[Mapping[str, object]]) -> list[object]:
    return [each["provider"] for each in log if each["event"] == "provider_refuses_us"]


REFUSED = HandoverDeferred("logon_failed", Trouble.REFUSES_US)


def test_a_probe_that_is_refused_for_our_login_is_an_alarm(gateways: Installation) -> None:
    gateways.open(FIRST)
    gateways.given(1)

    with capture_logs() as log:
        gateways.happens(FIRST, REFUSED)

    assert alarms(log) == [FIRST]
    assert gateways.reasons()[-1] == "refuses us: logon_failed"
    assert gateways.given()[FIRST] == 0


def test_a_refusal_of_our_login_is_an_alarm_though_the_breaker_is_open() -> None:
    alone = Installation(FIRST)
    alone.happens(FIRST, BAD, times=5)

    with capture_logs() as log:
        alone.happens(FIRST, REFUSED, times=20)

    assert alarms(log) == [FIRST]
    assert alone.reasons() == ["100% trouble in 5", "refuses us: logon_failed"]


def test_the_alarm_is_sounded_again_after_ten_minutes_for_each_gateway_by_itself(
    gateways: Installation,
) -> None:
    with capture_logs() as log:
        for _ in range(11):
            gateways.happens(FIRST, REFUSED, times=3)
            gateways.happens(SECOND, REFUSED)
            gateways.now += timedelta(minutes=1)

    assert alarms(log) == [FIRST, SECOND, FIRST, SECOND]


def test_credentials_that_are_mended_are_found_out_by_a_probe(gateways: Installation) -> None:
    gateways.happens(FIRST, REFUSED, times=10)
    gateways.now += CircuitBreakerSettings().first_pause

    assert gateways.given()[FIRST] == 1
    gateways.happens(FIRST, GOOD)

    assert gateways.given()[FIRST] > 0


def test_what_was_handed_over_before_the_breaker_opened_is_no_probe(
    gateways: Installation,
) -> None:
    gateways.happens(FIRST, BAD, times=5)

    gateways.happens(FIRST, GOOD, times=20)

    assert gateways.given()[FIRST] == 0


def test_some_trouble_lowers_a_gateways_share_and_it_drifts_back(gateways: Installation) -> None:
    for _ in range(30):
        gateways.happens(FIRST, GOOD, times=2)
        gateways.happens(FIRST, BAD)
    lowered = gateways.given()[FIRST]
    gateways.now += CircuitBreakerSettings().window
    gateways.happens(FIRST, GOOD, times=50)

    assert lowered < 45
    assert gateways.given()[FIRST] > lowered


def test_a_slow_gateway_is_given_less(gateways: Installation) -> None:
    gateways.happens(SECOND, GOOD, times=50)
    gateways.happens(FIRST, GOOD, times=50, took=timedelta(seconds=8))

    assert gateways.given()[FIRST] < 40
    assert gateways.reasons()[-1] == "slow: 8.0 s"


def test_where_all_are_in_trouble_the_channel_does_not_pause(gateways: Installation) -> None:
    gateways.happens(FIRST, BAD, times=5)
    gateways.now += timedelta(seconds=1)
    gateways.happens(SECOND, BAD, times=5)

    assert gateways.given() == {FIRST: 100, SECOND: 0}


def test_what_a_gateway_may_have_taken_is_never_given_to_another(gateways: Installation) -> None:
    gateways.happens(FIRST, BAD, times=5)

    for _ in range(20):
        chosen = gateways.choice.choose(Channel.SMS, gateways.now, bound_to=FIRST)
        assert chosen is not None
        assert chosen.name == FIRST

    assert gateways.choice.choose(Channel.SMS, gateways.now, bound_to="gone") is None


def test_one_gateway_alone_is_given_everything_however_it_does() -> None:
    alone = Installation(FIRST)
    alone.happens(FIRST, BAD, times=50)

    assert alone.given()[FIRST] == 100


def test_one_gateway_alone_is_probed_as_well() -> None:
    alone = Installation(FIRST)
    alone.happens(FIRST, BAD, times=5)
    alone.now += CircuitBreakerSettings().first_pause
    alone.given(1)

    alone.happens(FIRST, GOOD, times=50)

    assert alone.reasons()[1] == "the probe succeeded"
    assert alone.choice.shifts[-1].weight > 0.9


def in_order(moments: list[datetime]) -> bool:
    return moments == sorted(moments)


def test_every_shift_is_told_in_order(gateways: Installation) -> None:
    gateways.happens(FIRST, BAD, times=5)
    gateways.happens(SECOND, HandoverDeferred("auth_missing", Trouble.REFUSES_US))

    assert in_order([each.at for each in gateways.choice.shifts])
    assert [each.provider for each in gateways.choice.shifts] == [FIRST, SECOND]


@pytest.mark.parametrize("outcome", [GOOD, HandoverUnknown("timeout")])
def test_to_learn_is_the_same_work_however_much_was_learned_before(
    gateways: Installation, outcome: Outcome
) -> None:
    def learn() -> None:
        gateways.happens(FIRST, outcome, took=timedelta(microseconds=1))
        gateways.happens(FIRST, GOOD, times=4, took=timedelta(microseconds=1))

    gateways.happens(SECOND, GOOD, times=10)
    gateways.happens(FIRST, GOOD, times=10)
    at_first = operations(learn)
    gateways.happens(FIRST, GOOD, times=5000, took=timedelta(microseconds=1))
    gateways.happens(SECOND, GOOD, times=5000, took=timedelta(microseconds=1))

    assert operations(learn) <= 1.5 * at_first


def test_what_was_learned_is_forgotten_after_a_minute_to_the_last_microsecond(
    gateways: Installation,
) -> None:
    gateways.happens(SECOND, GOOD, times=50)
    for _ in range(300):
        gateways.happens(FIRST, GOOD, times=10, took=timedelta(seconds=1, microseconds=1))
    gateways.now += CircuitBreakerSettings().window + timedelta(seconds=1)

    gateways.happens(FIRST, GOOD)

    lately = gateways.choice._health[FIRST].recent
    assert (len(lately), lately.seconds, lately.trouble) == (1, QUICK.total_seconds(), 0.0)
