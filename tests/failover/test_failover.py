"""The cluster fails over three times under load, and nothing that was answered for is lost."""

import pytest

from tests.failover.load import ACCEPTED
from tests.failover.playing import Reckoning, play
from tests.missing import skipped_where_missing

LONGEST = {"kill": 40.0, "pause30": 40.0, "promise": 70.0}
"""Seconds within which a fail-over is over; Patroni alone needs up to thirty (`ttl`, `loop_wait`).

Before the primary of a `promise` dies, nothing can be accepted for more than twenty.
"""
BEHIND = 7.0
"""Seconds for which mail may stand still longer than orders."""


@pytest.fixture(scope="module")
def reckoning() -> Reckoning:
    with skipped_where_missing():
        return play(list(LONGEST))


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_a_cluster_that_fails_over_keeps_every_promise(reckoning: Reckoning) -> None:
    assert reckoning.lost == []
    assert reckoning.findings == []
    assert reckoning.never_accepted == 0
    assert reckoning.accepted.total() > 100


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_an_order_is_accepted_by_nobody_while_the_standby_cannot_have_it(
    reckoning: Reckoning,
) -> None:
    (promised,) = (each.promised for each in reckoning.measured if each.fault == "promise")

    assert promised
    assert not ACCEPTED.intersection(promised)


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_work_goes_on_by_itself_as_soon_as_the_cluster_has_a_primary(reckoning: Reckoning) -> None:
    for each in reckoning.measured:
        assert each.given_up == [], each.fault
        assert each.nothing_accepted < LONGEST[each.fault], each.fault
        assert each.mail_stood_still < each.nothing_accepted + BEHIND, each.fault


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_no_accepted_order_is_ever_said_to_be_missing(reckoning: Reckoning) -> None:
    for each in reckoning.measured:
        assert each.reads["404"] == 0, each.fault
