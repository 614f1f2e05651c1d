"""What the checker of addresses is worth: it finds each promise that was not kept, and no other."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

import msgspec
import pytest

from application.envelope import SERVICE, Recorded, RecordedOfProfile
from contracts.order_repository_contract import attempted, sent
from contracts.result_index_contract import found, told
from domain.channel import Channel
from domain.contact_point import address_key
from domain.official_address import (
    NOT_IN_FEED,
    AddressChange,
    AddressId,
    ChangeId,
    ChangeKind,
    ChangeState,
    Place,
)
from domain.order.events import (
    Considered,
    Consulted,
    ContactResolved,
    Failure,
    OrderEvent,
    OrderId,
    Reason,
    ReportedState,
    Source,
    Suppression,
)
from domain.personal import Contact, Identifier
from domain.profile.events import (
    AddressesRegistered,
    AddressesWithdrawn,
    AddressVerified,
    ProfileAddress,
    ProfileEvent,
)
from domain.profile.profile import ProfileId
from domain.recipient import Organisation, Recipient, RecipientNo
from domain.suppression import SUPPRESS_FOR
from tests.samples import BAKERY, NOON, ORDER_ID, placed
from tests.simulation.address_checker import (
    PAUSED,
    Lift,
    Pardons,
    WrittenBack,
    of_bounces,
    of_profiles,
    of_write_back,
)
from tests.simulation.people import AskedFor

ANOTHER = OrderId(uuid4())
LATER = NOON + timedelta(hours=5)


def history(
    *events: OrderEvent, order_id: OrderId = ORDER_ID, at: datetime = NOON
) -> Sequence[Recorded]:
    return [
        Recorded(
            order_id=order_id,
            version=version,
            recorded_at=at,
            recorded_by=SERVICE,
            command_id=uuid4(),
            event=event,
        )
        for version, event in enumerate(events, start=1)
    ]


# Official addresses

ENTRY = (BAKERY.number, Place(channel=Channel.EMAIL, address=Contact("post@b.example")))
OTHER = (BAKERY.number, Place(channel=Channel.EMAIL, address=Contact("board@b.example")))
HELD = AddressChange(
    organisation=BAKERY.number,
    kind=ChangeKind.ADD,
    change_id=ChangeId(1),
    version=4,
    state=ChangeState.HELD,
    requested_at=NOON,
    due_at=NOON,
)
REFUSED = replace(HELD, state=ChangeState.REFUSED, refusal="validation_error", place=ENTRY[1])
FINE = WrittenBack(
    asked=[AskedFor(organisation=BAKERY.number, address_id=AddressId(1), place=ENTRY[1])],
    changes={BAKERY.number: [HELD]},
    taken=[ENTRY],
    refused=[],
    has={"0a": ENTRY},
    known={"0a": ENTRY},
)
NOT_TAKEN = replace(
    FINE, changes={BAKERY.number: [REFUSED]}, taken=[], refused=[ENTRY], has={}, known={}
)
GONE = replace(REFUSED, refusal=NOT_IN_FEED)
TAKEN_AWAY = replace(
    NOT_TAKEN, changes={BAKERY.number: [replace(REFUSED, attempts=2)]}, taken=[ENTRY]
)
AGAIN = replace(HELD, change_id=ChangeId(2), place=ENTRY[1])
TAKEN_LATER = replace(FINE, changes={BAKERY.number: [REFUSED, AGAIN]}, refused=[ENTRY])


@pytest.mark.parametrize(
    "fine",
    [
        FINE,
        NOT_TAKEN,
        TAKEN_LATER,
        TAKEN_AWAY,
        replace(FINE, changes={BAKERY.number: [GONE]}, has={}, known={}),
    ],
    ids=["held", "refused", "taken when asked again", "taken away", "gone"],
)
def test_the_checker_finds_nothing_where_the_register_and_its_copy_are_one(
    fine: WrittenBack,
) -> None:
    assert list(of_write_back(fine)) == []


@pytest.mark.parametrize(
    "broken, words",
    [
        (replace(FINE, known={"0a": OTHER}), "and its copy"),
        (replace(FINE, known={}), "and its copy"),
        (replace(FINE, taken=[ENTRY, ENTRY]), "told of a change again"),
        (replace(FINE, changes={BAKERY.number: []}), "was accepted, and is not there"),
        (
            replace(FINE, changes={BAKERY.number: [replace(HELD, state=ChangeState.TOLD)]}),
            "never came to its end",
        ),
        (replace(FINE, taken=[]), "on record as held, and the register never took it"),
        (
            replace(NOT_TAKEN, taken=[ENTRY]),
            "on record as refused, and the register took it",
        ),
        (replace(NOT_TAKEN, refused=[]), "on record as refused, and the register never refused it"),
        (
            replace(FINE, changes={BAKERY.number: [GONE]}),
            "on record as gone, and the register has it",
        ),
    ],
)
def test_the_checker_finds_where_the_register_and_its_copy_came_apart(
    broken: WrittenBack, words: str
) -> None:
    lines = list(of_write_back(broken))

    assert len(lines) == 1, lines
    assert words in lines[0]


# What bounced

KRR_TARGETS = tuple(
    msgspec.structs.replace(each, source=Source.KRR) for each in found(Channel.EMAIL).targets
)
(ADDRESS,) = [address_key(each.address, each.channel) for each in KRR_TARGETS]
BOUNCED = (
    placed,
    ContactResolved(recipient_no=RecipientNo(0), targets=KRR_TARGETS),
    attempted(),
    sent("token-1"),
    msgspec.structs.replace(told(ReportedState.FAILED), failure=Failure.BOUNCED),
)
USED = ContactResolved(recipient_no=RecipientNo(0), targets=KRR_TARGETS)
LEFT_ALONE = ContactResolved(
    recipient_no=RecipientNo(0),
    targets=(),
    considered=(
        Considered(
            source=Source.KRR,
            reason=Reason.BOUNCED_HERE,
            channel=Channel.EMAIL,
            suppression=Suppression(bounced_at=NOON, until=NOON + SUPPRESS_FOR),
        ),
    ),
)
LIFTED = Pardons(lifted={ADDRESS: [Lift(at=NOON, done_at=NOON)]})
CONFIRMED = Pardons(confirmed={ADDRESS: [NOON + timedelta(minutes=1)]})
NONE = Pardons()


@pytest.mark.parametrize(
    "event, at, pardons, words",
    [
        (USED, LATER, NONE, "told where mail bounced"),
        (USED, NOON + PAUSED, NONE, None),
        (USED, LATER, LIFTED, None),
        (USED, LATER, CONFIRMED, None),
        (USED, LATER, Pardons(confirmed={ADDRESS: [NOON]}), "told where mail bounced"),
        (USED, NOON + SUPPRESS_FOR, NONE, None),
        (LEFT_ALONE, LATER, NONE, None),
        (LEFT_ALONE, LATER, LIFTED, "though it was lifted"),
        (LEFT_ALONE, LATER, CONFIRMED, "though it was lifted, or confirmed since"),
        (LEFT_ALONE, LATER + SUPPRESS_FOR, NONE, "though its time is over"),
    ],
)
def test_the_checker_finds_whoever_was_told_where_mail_bounced_or_left_alone_for_nothing(
    event: OrderEvent, at: datetime, pardons: Pardons, words: str | None
) -> None:
    histories = {
        ORDER_ID: history(*BOUNCED),
        ANOTHER: history(placed, event, order_id=ANOTHER, at=at),
    }

    lines = list(of_bounces(histories, pardons))

    assert len(lines) == (words is not None), lines
    assert all(words is not None and words in line for line in lines), lines


def test_the_checker_finds_whoever_is_left_alone_though_nothing_bounced() -> None:
    (line,) = of_bounces({ANOTHER: history(placed, LEFT_ALONE, order_id=ANOTHER)}, NONE)

    assert "no bounce is on record" in line


# Profiles

OLA, MAIL = Identifier("20001111"), Contact("ola@b.example")
TO_OLA = ContactResolved(
    recipient_no=RecipientNo(0),
    targets=tuple(
        msgspec.structs.replace(each, source=Source.USER_PROFILE, user=OLA, address=MAIL)
        for each in found(Channel.EMAIL).targets
    ),
    consulted=(Consulted(source=Source.USER_PROFILE, as_of=LATER),),
)
ORDERED = msgspec.structs.replace(
    placed, recipients=(Recipient(RecipientNo(0), Organisation(BAKERY.number)),)
)


def registered(*, is_verified: bool = True, reason: str | None = None) -> AddressesRegistered:
    return AddressesRegistered(
        organisation=BAKERY.number,
        email=ProfileAddress(address=MAIL, is_verified=is_verified),
        user=OLA,
        reason=reason,
    )


VERIFIED = AddressVerified(code_no=1, channel=Channel.EMAIL, address=MAIL)
WITHDRAWN = AddressesWithdrawn(organisation=BAKERY.number)


def of_person(*events: tuple[ProfileEvent, datetime]) -> Sequence[RecordedOfProfile]:
    return [
        RecordedOfProfile(
            profile_id=ProfileId(uuid4()),
            version=version,
            recorded_at=at,
            recorded_by=SERVICE,
            command_id=uuid4(),
            event=event,
        )
        for version, (event, at) in enumerate(events, start=1)
    ]


@pytest.mark.parametrize(
    "events, is_fine",
    [
        ([(VERIFIED, NOON), (registered(), NOON)], True),
        ([(registered(reason="elsewhere"), NOON)], True),
        ([(VERIFIED, NOON), (registered(), NOON), (WITHDRAWN, LATER)], True),
        ([(registered(), NOON)], False),
        ([(registered(is_verified=False, reason="elsewhere"), NOON)], False),
        ([(VERIFIED, NOON), (registered(), NOON), (WITHDRAWN, NOON)], False),
        ([(VERIFIED, NOON), (registered(), LATER + timedelta(hours=1))], False),
    ],
    ids=[
        "verified",
        "verified elsewhere",
        "withdrawn as it was looked up",
        "never verified",
        "not verified elsewhere",
        "withdrawn before",
        "registered afterwards",
    ],
)
def test_the_checker_finds_a_user_who_was_told_where_they_did_not_want_to_be(
    events: Sequence[tuple[ProfileEvent, datetime]],
    is_fine: bool,  # noqa: FBT001  # a case of many
) -> None:
    lived = {ORDER_ID: history(ORDERED, TO_OLA, at=LATER)}

    lines = list(of_profiles(lived, [of_person(*events)]))

    assert len(lines) == (not is_fine), lines
    assert all("withdrawn, exchanged or never shown" in line for line in lines)
