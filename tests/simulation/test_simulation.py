"""Steps by the million in which everything fails that can; and what the checker is worth."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from uuid import UUID, uuid4

import msgspec
import pytest

from application.envelope import SERVICE, Recorded
from application.ports.provider import OutboundSms
from application.ports.report_inbox import Report
from contracts.order_repository_contract import attempted, sent
from contracts.result_index_contract import found, told
from domain.channel import Channel, ChannelChoice
from domain.message import SendingTime
from domain.order.events import (
    AuthorityUnknown,
    Considered,
    Consulted,
    ContactResolved,
    NotificationExpired,
    NotificationNo,
    OrderCompleted,
    OrderEvent,
    Reason,
    ReportedState,
    Source,
)
from domain.personal import Contact, Content, Identifier
from domain.recipient import RecipientNo
from tests.samples import NOON, ORDER_ID, REMINDER_SMS, placed
from tests.simulation.checker import findings
from tests.simulation.playing import episode, many
from tests.simulation.processes import Dice, Held, Outside

ORDERED = msgspec.structs.replace(placed, channel=ChannelChoice.SMS, sms=REMINDER_SMS)
DELIVERED = told(ReportedState.DELIVERED)
LIVED = (ORDERED, found(Channel.SMS), attempted(), sent("token-1"), DELIVERED, OrderCompleted())


@pytest.mark.timeout(600)
@pytest.mark.parametrize("steps", [20_000, pytest.param(1_000_000, marks=pytest.mark.soak)])
def test_steps_in_which_everything_fails_lose_nothing_and_double_nothing(steps: int) -> None:
    played = many(first=1, steps=steps)

    again = "again by: python -m tests.simulation --seed"
    broken = [f"{line} ({again} {each.seed})" for each in played for line in each.findings]
    assert broken == []
    assert sum(each.steps for each in played) >= steps
    assert sum(each.crashes for each in played) > steps / 1000
    assert sum(each.held for each in played) > steps / 1000


def test_a_seed_tells_the_same_history_every_time() -> None:
    first, again, other = episode(7), episode(7), episode(8)

    assert first == again
    assert first.digest != other.digest


def test_reports_come_in_another_order_than_they_were_made() -> None:
    outside = Outside(Dice(Random(1)), clock=lambda: NOON)  # noqa: S311  # it must be told again
    made = [
        Report(provider="smtp", reference=str(n), state=ReportedState.DELIVERED, code="2.0.0")
        for n in range(10)
    ]
    outside.to_report = [(NOON, each) for each in made]

    told = outside.due_reports()

    assert told != made
    assert sorted(told, key=made.index) == made


def history(*events: OrderEvent) -> Sequence[Recorded]:
    return [
        Recorded(
            order_id=ORDER_ID,
            version=version,
            recorded_at=NOON,
            recorded_by=SERVICE,
            command_id=uuid4(),
            event=event,
        )
        for version, event in enumerate(events, start=1)
    ]


def held(name: str = "token-1", *, at: datetime = NOON) -> Held:
    letter = OutboundSms(
        notification_id=UUID(int=1),
        token=name,
        send_before=NOON + timedelta(hours=9),
        expires_at=NOON + timedelta(hours=9),
        to=Contact("+4799999999"),
        sender="Varsel",
        body=Content("b"),
    )
    return Held(provider="link_mobility", letter=letter, at=at)


def test_the_checker_finds_nothing_in_a_history_that_kept_every_promise() -> None:
    assert list(findings([ORDER_ID], {ORDER_ID: history(*LIVED)}, [held()], [])) == []


@pytest.mark.parametrize(
    "events, providers_hold, words",
    [
        (LIVED, [held(), held()], "handed over 2 times"),
        (LIVED, [held(), held()], "one attempt was made twice"),
        (LIVED, [], "on record as sent, and nobody holds it"),
        (LIVED, [], "on record as delivered, and nobody ever held it"),
        (LIVED, [held(), held("another")], "no attempt is on record"),
        (LIVED, [held(at=NOON + timedelta(hours=10))], "left after its attempt had run out"),
        (LIVED, [held(at=NOON + timedelta(days=9))], "left after it had expired"),
        (LIVED, [held(at=NOON + timedelta(hours=5, seconds=1))], "left at 17:00:01 in Oslo"),
        (LIVED[:-2], [held()], "never ended"),
        (LIVED[:-2], [held()], "on the agenda, or off it, in error"),
        (LIVED[:-2], [held()], "has no final result"),
        (
            (
                *LIVED[:3],
                NotificationExpired(notification_no=NotificationNo(0), has_left=False),
                OrderCompleted(),
            ),
            [held()],
            "on record as never sent, and a provider holds it",
        ),
    ],
)
def test_the_checker_finds_a_promise_that_was_not_kept(
    events: Sequence[OrderEvent], providers_hold: Sequence[Held], words: str
) -> None:
    daytime = msgspec.structs.replace(REMINDER_SMS, sending_time=SendingTime.DAYTIME)
    ordered = msgspec.structs.replace(ORDERED, sms=daytime)
    told = list(findings([], {ORDER_ID: history(ordered, *events[1:])}, providers_hold, []))

    assert any(words in line for line in told), told


def of_user(reason: Reason | None, *, told: bool = False) -> ContactResolved:
    """A resolution of a user on behalf of the first recipient."""
    user = Identifier("20001111")
    targets = found(Channel.SMS).targets if told else ()
    return ContactResolved(
        recipient_no=RecipientNo(0),
        targets=tuple(msgspec.structs.replace(each, user=user) for each in targets),
        considered=()
        if reason is None
        else (Considered(source=Source.USER_PROFILE, reason=reason, user=user),),
    )


def waits(until: datetime) -> AuthorityUnknown:
    return AuthorityUnknown(recipients=(RecipientNo(0),), retry_at=until, until=until)


UNASKED = of_user(Reason.AUTHORITY_NOT_ASKED)


@pytest.mark.parametrize(
    "events, words",
    [
        ((of_user(None, told=True),), "a user was told who may not"),
        ((UNASKED,), "was given no time"),
        ((waits(NOON + timedelta(minutes=1)), UNASKED), "was given no time"),
        ((waits(NOON), waits(NOON + timedelta(minutes=1))), "was to wait until"),
    ],
)
def test_the_checker_finds_a_user_who_was_told_or_left_out_unasked(
    events: Sequence[OrderEvent], words: str
) -> None:
    told = list(findings([], {ORDER_ID: history(ORDERED, *events)}, [], []))
    assert any(words in line for line in told), told
    fine = history(ORDERED, waits(NOON), UNASKED, of_user(None, told=True))
    kept = list(findings([], {ORDER_ID: fine}, [], [], permitted=["20001111"]))
    assert not any(words in line for line in kept), kept


@pytest.mark.parametrize(
    "as_of, words",
    [(NOON, None), (NOON - timedelta(hours=2), "as of 2:0"), (None, "never loaded")],
    ids=["up to date", "too old", "never loaded"],
)
def test_the_checker_finds_a_look_up_in_a_copy_that_cannot_be_relied_on(
    as_of: datetime | None, words: str | None
) -> None:
    asked = (Consulted(source=Source.KRR, as_of=as_of),)
    resolved = msgspec.structs.replace(found(Channel.SMS), consulted=asked)
    lived = {ORDER_ID: history(ORDERED, resolved, *LIVED[2:])}

    told = list(findings([], lived, [held()], [], max_age=timedelta(hours=1)))

    assert len(told) == (words is not None)
    assert all(words is not None and words in line for line in told), told


def test_the_checker_finds_an_order_that_is_stuck_though_no_worker_died() -> None:
    lived = {ORDER_ID: history(*LIVED)}
    (line,) = findings([ORDER_ID], lived, [held()], [], stuck=[ORDER_ID])

    assert "no worker had died" in line


def test_the_checker_misses_an_order_that_was_accepted() -> None:
    (line,) = findings([ORDER_ID], {}, [], [])

    assert "was accepted, and is not there" in line
