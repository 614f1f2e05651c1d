"""Orders by the thousand while everything is killed again and again; and what the checker is worth."""

from pathlib import Path

import pytest

from entrypoints.sandbox.inbox import CaughtMessage
from tests.chaos.checker import Account, findings, misled
from tests.chaos.playing import play
from tests.chaos.registers import mark_of
from tests.samples import NOON

SEED = 7


@pytest.mark.service
@pytest.mark.timeout(900)
@pytest.mark.soak
def test_orders_under_kills_lose_nothing_and_double_nothing_silently(tmp_path: Path) -> None:
    orders = 10_000
    told = play(tmp_path, orders=orders, seed=SEED, every=1.5)

    again = f"again by: python -m tests.chaos --orders {orders} --seed {SEED} --every 1.5"
    assert told.findings == [], again
    assert told.ordered.count == len(told.accounts) == orders
    assert told.moves > orders / 100
    assert told.troubled > 0
    assert told.messages > 0.95 * orders
    assert told.stuck <= orders / 1000


TO = "reader1@example.org"
PLACED = ["order.placed", "order.contact_resolved"]
ATTEMPT = ["order.notification_attempted", "order.notification_sent"]
UNKNOWN = ["order.notification_attempted", "order.notification_outcome_unknown"]
GIVEN_UP = "order.notification_given_up"
END = ["order.delivery_reported", "order.completed"]


def account(*events: str, is_email: bool = True, status: str = "Order_Completed") -> Account:
    return Account(
        order_id="1",
        to=TO,
        is_email=is_email,
        status=status,
        result="Email_Delivered",
        events=[*PLACED, *events, *END],
    )


@pytest.mark.parametrize(
    "told, count",
    [
        (account(*ATTEMPT), 1),
        (account(*UNKNOWN), 1),
        (account(*UNKNOWN, *ATTEMPT), 1),
        (account(*UNKNOWN, *ATTEMPT), 2),
        (account(*UNKNOWN, is_email=False), 1),
        (account(*UNKNOWN, GIVEN_UP, is_email=False), 1),
        (account(*UNKNOWN, GIVEN_UP, is_email=False), 0),
    ],
    ids=[
        "sent",
        "unknown and held",
        "resent",
        "resent on record",
        "unknown and reported",
        "given up and held",
        "given up and not held",
    ],
)
def test_the_checker_accepts_what_keeps_the_promise(told: Account, count: int) -> None:
    assert list(findings([told], {TO: count})) == []


@pytest.mark.parametrize(
    "told, count, word",
    [
        (account(*ATTEMPT), 0, "lost"),
        (account(*UNKNOWN), 0, "lost"),
        (account(*UNKNOWN, *ATTEMPT), 0, "lost"),
        (account(*UNKNOWN, GIVEN_UP), 0, "lost"),
        (account(*ATTEMPT, is_email=False), 0, "lost"),
        (account(*UNKNOWN, is_email=False), 0, "lost"),
        (account(*ATTEMPT, status="Order_Processed"), 1, "lost"),
        (account(*ATTEMPT), 2, "doubled"),
        (account(*ATTEMPT, *ATTEMPT), 2, "doubled"),
        (account(*UNKNOWN), 2, "doubled"),
        (account(*UNKNOWN, *ATTEMPT, is_email=False), 2, "doubled"),
        (account(*UNKNOWN, *ATTEMPT), 3, "doubled"),
    ],
)
def test_the_checker_finds_what_was_lost_or_doubled(told: Account, count: int, word: str) -> None:
    (line,) = findings([told], {TO: count})

    assert line.startswith(word)


def caught(to: str, subject: str) -> CaughtMessage:
    return CaughtMessage(
        channel="email",
        to=to,
        subject=subject,
        message_id="1",
        received_at=NOON,
        body="Please log in.",
        headers={},
        envelope_from="noreply@example.org",
    )


@pytest.mark.parametrize("to", ["person-7.0@example.org", "person-7.12@example.org"])
def test_whoever_has_moved_is_known_by_any_of_their_addresses(to: str) -> None:
    assert mark_of(to) == "person-7"
    assert list(misled([caught(to, "person-7")])) == []


def test_the_checker_finds_what_went_to_another_than_whom_it_was_for() -> None:
    (line,) = misled([caught("person-7.1@example.org", "firm-5")])

    assert line == "misled: what was for firm-5 is held for person-7"


def test_the_checker_asks_nothing_of_whoever_gave_an_address_with_the_order() -> None:
    assert mark_of(TO) == TO
    assert list(misled([caught(TO, "Case 77")])) == []
