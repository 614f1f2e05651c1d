"""A hold stands from when it is placed until it is released, and each is decided once."""

from uuid import UUID

from domain.retention.holds import (
    HeldOwner,
    HoldId,
    HoldPlaced,
    HoldReleased,
    rebuild,
)

HOLD = HoldId(UUID(int=1))
PLACED = HoldPlaced(held=HeldOwner(owner="ttd"), reason="a case is before the court")
RELEASED = HoldReleased(reason="it was decided")


def test_a_hold_that_was_placed_stands() -> None:
    hold = rebuild(HOLD, [PLACED])

    assert hold.is_standing
    assert (hold.held, hold.reason, hold.version) == (PLACED.held, PLACED.reason, 1)


def test_one_that_was_released_stands_no_more() -> None:
    hold = rebuild(HOLD, [PLACED, RELEASED])

    assert not hold.is_standing
    assert hold.held == PLACED.held


def test_what_was_never_placed_does_not_stand() -> None:
    assert not rebuild(HOLD, []).is_standing


def test_to_place_it_twice_is_to_place_it_once() -> None:
    assert list(rebuild(HOLD, []).place(PLACED.held, reason=PLACED.reason)) == [PLACED]
    assert list(rebuild(HOLD, [PLACED]).place(PLACED.held, reason="again")) == []


def test_only_what_stands_is_released() -> None:
    assert list(rebuild(HOLD, [PLACED]).release(reason=RELEASED.reason)) == [RELEASED]
    assert list(rebuild(HOLD, []).release(reason="nothing")) == []
    assert list(rebuild(HOLD, [PLACED, RELEASED]).release(reason="again")) == []
