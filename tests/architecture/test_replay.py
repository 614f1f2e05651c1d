"""A history rebuilds to what it always was: replay knows no constant of today.

`histories/` holds histories as they were recorded by the releases before this one and by this one, each with
the state that it stands for. A history is never edited; states are compared wherever they were written down.
"""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
import pytest

from application.queries.audit import in_words
from domain.channel import Channel
from domain.message import SendingTime, SmsMessage
from domain.order.events import OrderEvent, OrderKind, Terms
from domain.order.notification import Delivery
from domain.order.order import Order, rebuild
from domain.order.state import Condition
from domain.order.terms import decide_terms
from domain.personal import Content, Personal
from tests.architecture.test_stored_events import assert_kept
from tests.samples import NOON, ORDER_ID

HISTORIES: Final = sorted((Path(__file__).parent / "histories").glob("*.json"))

THE_FOLD_ITSELF: Final = {("domain.order.notification", "_RANK")}
"""Which state takes the place of which: no setting of a rule, but the rule by which histories are read.
Whoever changes it sees the histories above rebuild to something else."""


class Line(msgspec.Struct):
    recorded_at: datetime
    event: OrderEvent


class History(msgspec.Struct):
    history: list[Line]
    state: dict[str, Any]


def words(kind: type[Personal], text: object) -> Personal:
    return kind(str(text))


_read = msgspec.json.Decoder(History, dec_hook=words).decode


@cache
def stored(example: Path) -> History:
    return _read(example.read_bytes())


def rebuilt(history: History) -> Order:
    return rebuild(ORDER_ID, [(each.event, each.recorded_at) for each in history.history])


def shape(value: Delivery | Condition | None) -> object:
    if value is None:
        return None
    parts = {each.name: getattr(value, each.name) for each in fields(value)}
    return {
        "is": type(value).__name__,
        **{name: p.isoformat() if isinstance(p, datetime) else p for name, p in parts.items()},
    }


def shown(order: Order) -> Mapping[str, object]:
    """Everything of an order that is state."""
    channels = order.placed.channel.possible
    return {
        "status": order.status.value,
        "changed_at": order.changed_at.isoformat(),
        "is_finished": order.is_finished,
        "condition": shape(order.condition),
        "authority_waits": {
            str(number): {"retry_at": wait.retry_at.isoformat(), "until": wait.until.isoformat()}
            for number, wait in order.authority_waits.items()
        },
        "policies": {each.value: order.delivery_policy(each).value for each in channels},
        "notifications": [
            {
                "notification_id": str(order.notification_id(each.notification_no)),
                "recipient_no": each.recipient_no,
                "channel": each.channel.value,
                "delivery": shape(each.delivery),
                "expires_at": each.expires_at.isoformat(),
                "changed_at": each.changed_at.isoformat(),
                "attempts": each.attempts,
                "bound_to": each.bound_to,
                "reference": each.reference,
                "reports": len(each.reports),
            }
            for each in order.notifications
        ],
    }


def told(history: History) -> Sequence[str]:
    return [in_words(each.event) for each in history.history]


def other(value: object) -> object:  # one for each kind of constant
    """Another value of the same kind as a constant's; None for what is no constant."""
    match value:
        case bool() | Enum() | type():
            return None
        case int() | float():
            return value * 3 + 1
        case str():
            return f"{value}?"
        case timedelta():
            return value * 2 + timedelta(minutes=7)
        case time():
            return time((value.hour + 3) % 24)
        case datetime() | date():
            return value + timedelta(days=9)
        case ZoneInfo():
            return ZoneInfo("Pacific/Auckland")
        case re.Pattern():
            return re.compile(r"(?!)" if isinstance(value.pattern, str) else rb"(?!)")
        case tuple() | frozenset():
            return type(value)(other(each) or each for each in value)
        case Mapping():
            values = [other(each) or each for each in value.values()]
            return dict(zip(value, values[1:] + values[:1], strict=True))
        case _:
            return None


def constants() -> Iterator[tuple[ModuleType, str, object]]:
    """Every constant of the domain, wherever a module of it has it at hand, with another value."""
    for name, module in list(sys.modules.items()):
        if name != "domain" and not name.startswith("domain."):
            continue
        for constant, value in vars(module).items():
            is_constant = constant.isupper() and (name, constant) not in THE_FOLD_ITSELF
            if is_constant and (changed := other(value)) is not None:
                yield module, constant, changed


@pytest.fixture
def other_times(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """A release in which every constant of the domain is another."""
    changed = list(constants())
    for module, constant, value in changed:
        monkeypatch.setattr(module, constant, value)
    return {f"{module.__name__}.{constant}" for module, constant, _ in changed}


@pytest.mark.parametrize("example", HISTORIES, ids=lambda example: str(example.stem))
def test_a_stored_history_rebuilds_to_what_it_was(example: Path) -> None:
    history = stored(example)

    assert_kept(history.state, shown(rebuilt(history)), example.stem)


@pytest.mark.parametrize("example", HISTORIES, ids=lambda example: str(example.stem))
def test_a_stored_history_rebuilds_to_the_same_whatever_the_constants_are(
    example: Path, request: pytest.FixtureRequest
) -> None:
    history = stored(example)
    before = told(history)

    request.getfixturevalue("other_times")

    assert_kept(history.state, shown(rebuilt(history)), example.stem)
    assert told(history) == before


def test_the_constants_that_are_changed_are_those_by_which_orders_are_decided(
    request: pytest.FixtureRequest,
) -> None:
    sms = SmsMessage(sender="Altinn", body=Content("…"), sending_time=SendingTime.DAYTIME)

    def decided() -> Terms:
        return decide_terms(
            kind=OrderKind.NOTIFICATION,
            channel=Channel.SMS,
            requested=NOON.astimezone(UTC),
            sms=sms,
        )

    today = decided()
    changed: set[str] = request.getfixturevalue("other_times")
    then = decided()

    assert {
        "domain.schedule.LIFETIME",
        "domain.schedule.DAY_OPENS",
        "domain.schedule.OSLO",
        "domain.schedule.CONFIRMATION_GRACE",
        "domain.order.terms.POLICIES",
        "domain.order.order.REPORT_WAIT",
        "domain.order.order.BULK_FROM",
    } <= changed
    assert today.expires_at != then.expires_at
    assert today.expiry_rule != then.expiry_rule
    assert today.delivery_policy is not then.delivery_policy
