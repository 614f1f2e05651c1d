"""A change of an official address counts when the register's own feed brings it, and in no other way."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.channel import Channel
from domain.official_address import (
    FEED_LAGS,
    FIRST_PAUSE,
    LONGEST_PAUSE,
    LOOKED_AGAIN,
    MOST_AT_ONCE,
    NOT_IN_FEED,
    TAKEN_FOR,
    AddressChange,
    AddressId,
    AddressNotFoundError,
    AddressRefusedError,
    AddressStatus,
    ChangeId,
    ChangeKind,
    ChangeState,
    ChangeUnderWayError,
    HeldAddress,
    LastAddressError,
    ListedAddress,
    OrganisationAddresses,
    Place,
    TwinError,
    WantedChange,
)
from domain.personal import Contact
from tests.samples import BAKERY, NOON


def email(address: str) -> Place:
    return Place(channel=Channel.EMAIL, address=Contact(address))


POST, BOARD, OTHER = email("post@b.example"), email("board@b.example"), email("other@b.example")
PHONE = Place(channel=Channel.SMS, address=Contact("+4740000004"))
HELD_POST = HeldAddress(registry_id="0a", place=POST)
HELD_BOARD = HeldAddress(registry_id="0b", place=BOARD)


def change(
    kind: ChangeKind = ChangeKind.ADD,
    place: Place | None = OTHER,
    *,
    registry_id: str | None = None,
    state: ChangeState = ChangeState.REQUESTED,
    number: int = 7,
    taken_as: str | None = None,
    refusal: str | None = None,
) -> AddressChange:
    is_told = state in {ChangeState.TOLD, ChangeState.TAKEN}
    return AddressChange(
        organisation=BAKERY.number,
        kind=kind,
        place=place,
        registry_id=registry_id,
        change_id=ChangeId(number),
        version=1,
        state=state,
        requested_at=NOON,
        due_at=NOON,
        attempts=1 if is_told else 0,
        told_at=NOON if is_told else None,
        taken_as=taken_as,
        refusal=refusal,
    )


def known(
    *changes: AddressChange, held: tuple[HeldAddress, ...] = (HELD_POST, HELD_BOARD)
) -> OrganisationAddresses:
    return OrganisationAddresses(organisation=BAKERY.number, held=held, changes=changes)


REMOVING = change(ChangeKind.REMOVE, None, registry_id="0b")
REPLACING = change(ChangeKind.REPLACE, OTHER, registry_id="0b")


def statuses(addresses: OrganisationAddresses) -> list[tuple[Place, AddressStatus]]:
    return [(each.place, each.status) for each in addresses.listed]


def test_what_is_asked_for_is_listed_beside_what_is_in_use_until_the_feed_brings_it() -> None:
    assert statuses(known(change())) == [
        (POST, AddressStatus.IN_USE),
        (BOARD, AddressStatus.IN_USE),
        (OTHER, AddressStatus.PENDING),
    ]
    assert statuses(known(REPLACING)) == [
        (POST, AddressStatus.IN_USE),
        (BOARD, AddressStatus.BEING_REPLACED),
        (OTHER, AddressStatus.PENDING),
    ]
    assert statuses(known(REMOVING)) == [
        (POST, AddressStatus.IN_USE),
        (BOARD, AddressStatus.BEING_REMOVED),
    ]


def test_what_the_register_refused_is_listed_with_its_reason_until_somebody_takes_note() -> None:
    refused = change(state=ChangeState.REFUSED, refusal="validation_error")
    kept = replace(REMOVING, state=ChangeState.REFUSED, refusal="validation_error")

    *_, new = known(refused).listed
    *_, board = known(kept).listed

    assert (new.status, new.refusal) == (AddressStatus.REFUSED, "validation_error")
    assert (board.status, board.refusal) == (AddressStatus.IN_USE, "validation_error")
    dismissed = known(refused).remove(new.address_id)
    assert isinstance(dismissed, AddressChange)
    assert (dismissed.state, dismissed.place) == (ChangeState.DISMISSED, None)
    assert statuses(known(dismissed)) == statuses(known())


def test_to_add_an_address_that_is_there_is_to_add_nothing() -> None:
    written_otherwise = email(" POST@b.example")

    assert known().add(written_otherwise) == known().listed[0]
    pending = known(change()).add(OTHER)
    assert isinstance(pending, ListedAddress)
    assert pending.status is AddressStatus.PENDING
    assert known().add(PHONE) == WantedChange(
        organisation=BAKERY.number, kind=ChangeKind.ADD, place=PHONE
    )


def test_an_address_that_the_register_refused_may_be_asked_for_again() -> None:
    refused = change(state=ChangeState.REFUSED, refusal="validation_error")

    assert isinstance(known(refused).add(OTHER), WantedChange)


@pytest.mark.parametrize("under_way", [REMOVING, REPLACING])
def test_one_change_of_an_address_follows_another(under_way: AddressChange) -> None:
    addresses = known(under_way)

    with pytest.raises(ChangeUnderWayError):
        addresses.add(BOARD)
    with pytest.raises(ChangeUnderWayError):
        addresses.replace(HELD_BOARD.address_id, PHONE)
    with pytest.raises(ChangeUnderWayError):
        addresses.remove(HELD_BOARD.address_id)


@pytest.mark.parametrize(
    "state, error",
    [(ChangeState.REQUESTED, ChangeUnderWayError), (ChangeState.REFUSED, AddressRefusedError)],
)
def test_no_more_than_so_many_are_on_their_way_or_refused_at_once(
    state: ChangeState, error: type[Exception]
) -> None:
    asked = [
        change(place=email(f"{n}@b.example"), state=state, number=100 + n)
        for n in range(MOST_AT_ONCE)
    ]

    assert isinstance(known(*asked[1:]).add(OTHER), WantedChange)
    with pytest.raises(error):
        known(*asked).add(OTHER)


def test_what_is_still_to_come_is_changed_when_it_has_come() -> None:
    pending = known(change())

    with pytest.raises(ChangeUnderWayError):
        pending.replace(AddressId(7), PHONE)
    with pytest.raises(ChangeUnderWayError):
        pending.remove(AddressId(7))


@pytest.mark.parametrize("state", [ChangeState.TOLD, ChangeState.TAKEN])
def test_what_the_feed_has_brought_is_changed_when_whoever_told_the_register_has_seen_it(
    state: ChangeState,
) -> None:
    brought = change(place=BOARD, state=state)
    settled = replace(brought, state=ChangeState.HELD, place=None)

    with pytest.raises(ChangeUnderWayError):
        known(brought).remove(HELD_BOARD.address_id)
    with pytest.raises(ChangeUnderWayError):
        known(brought).replace(HELD_BOARD.address_id, OTHER)
    assert isinstance(known(settled).remove(HELD_BOARD.address_id), WantedChange)
    assert isinstance(known(settled).replace(HELD_BOARD.address_id, OTHER), WantedChange)


def test_an_address_is_replaced_by_one_that_the_organisation_does_not_have() -> None:
    assert known().replace(HELD_BOARD.address_id, OTHER) == WantedChange(
        organisation=BAKERY.number, kind=ChangeKind.REPLACE, place=OTHER, registry_id="0b"
    )
    assert known().replace(HELD_BOARD.address_id, BOARD) == known().listed[1]
    with pytest.raises(TwinError) as refused:
        known().replace(HELD_BOARD.address_id, POST)
    assert refused.value.twin == HELD_POST.address_id


def test_what_was_refused_is_not_replaced() -> None:
    refused = change(state=ChangeState.REFUSED, refusal="validation_error")

    with pytest.raises(AddressRefusedError):
        known(refused).replace(AddressId(7), PHONE)


def test_an_address_that_is_not_there_is_neither_found_nor_changed() -> None:
    for number in (AddressId(7), AddressId(0), AddressId(HELD_POST.address_id + 1)):
        with pytest.raises(AddressNotFoundError):
            known().find(number)
        with pytest.raises(AddressNotFoundError):
            known().replace(number, PHONE)
        with pytest.raises(AddressNotFoundError):
            known().remove(number)


def test_the_last_address_that_stays_is_not_removed_whatever_else_is_going_or_still_to_come() -> (
    None
):
    assert isinstance(known().remove(HELD_POST.address_id), WantedChange)
    for addresses in (known(held=(HELD_POST,)), known(REMOVING), known(REMOVING, change(number=8))):
        with pytest.raises(LastAddressError):
            addresses.remove(HELD_POST.address_id)


def test_an_address_is_found_by_the_number_under_which_it_was_asked_for() -> None:
    added = change(state=ChangeState.HELD, taken_as="0b", place=None)
    replaced = change(
        ChangeKind.REPLACE, None, registry_id="0z", state=ChangeState.HELD, taken_as="0b"
    )
    again = replace(replaced, registry_id="0b", taken_as="0a", change_id=ChangeId(8))
    before = HeldAddress(registry_id="0z", place=OTHER).address_id

    assert known(added).find(AddressId(7)).place == BOARD
    assert known(replaced).find(before).place == BOARD
    assert known(replaced, again, held=(HELD_POST,)).find(before).place == POST


# How far a change has come


@pytest.mark.parametrize("state", [ChangeState.REQUESTED, ChangeState.TOLD, ChangeState.TAKEN])
@pytest.mark.parametrize(
    "kind, held",
    [
        (ChangeKind.ADD, [HELD_POST, HeldAddress(registry_id="0c", place=OTHER)]),
        (ChangeKind.REPLACE, [HELD_POST, HeldAddress(registry_id="0c", place=OTHER)]),
        (ChangeKind.REPLACE, [HELD_POST, HeldAddress(registry_id="0b", place=OTHER)]),
        (ChangeKind.REMOVE, [HELD_POST]),
    ],
)
def test_what_the_feed_has_brought_is_held_whatever_was_known_before(
    state: ChangeState, kind: ChangeKind, held: list[HeldAddress]
) -> None:
    asked = change(
        kind, None if kind is ChangeKind.REMOVE else OTHER, registry_id="0b", state=state
    )

    judged = asked.judged(held, NOON, NOON)

    assert (judged.state, judged.place, judged.version) == (ChangeState.HELD, None, 2)
    assert kind is ChangeKind.REMOVE or judged.taken_as == held[1].registry_id


@pytest.mark.parametrize("kind", list(ChangeKind))
def test_what_the_register_was_told_and_its_feed_lacks_is_told_again_when_the_feed_would_have_it(
    kind: ChangeKind,
) -> None:
    asked = change(
        kind,
        None if kind is ChangeKind.REMOVE else OTHER,
        registry_id="0b",
        state=ChangeState.TOLD,
    )
    held, late = [HELD_POST, HELD_BOARD], NOON + FEED_LAGS

    for read_at in (NOON, late - timedelta(seconds=1)):
        assert asked.judged(held, read_at, late).state is ChangeState.TOLD
    again = asked.judged(held, late, late)

    assert (again.state, again.due_at, again.attempts) == (ChangeState.REQUESTED, late, 1)


def test_what_the_register_took_is_waited_for_and_never_told_again() -> None:
    taken = change(state=ChangeState.TOLD).taken("0c", NOON)

    later = NOON + TAKEN_FOR - timedelta(seconds=1)
    waiting = taken.judged([HELD_POST], later, later)

    assert (waiting.state, waiting.due_at) == (ChangeState.TAKEN, later + LOOKED_AGAIN)


def test_an_address_that_the_register_took_and_others_changed_before_its_feed_brought_it_is_refused() -> (
    None
):
    taken = change(state=ChangeState.TOLD).taken("0c", NOON)

    late = NOON + TAKEN_FOR
    gone = taken.judged([HELD_POST], late, late)

    assert (gone.state, gone.refusal, gone.place) == (ChangeState.REFUSED, NOT_IN_FEED, taken.place)


def test_an_address_that_the_register_has_not_removed_though_it_said_so_is_waited_for() -> None:
    taken = replace(REMOVING, state=ChangeState.TAKEN)

    late = NOON + 2 * TAKEN_FOR

    assert taken.judged([HELD_POST, HELD_BOARD], late, late).state is ChangeState.TAKEN


def test_half_a_replacement_is_none() -> None:
    # Both are there: the old one is still used.
    asked = replace(REPLACING, state=ChangeState.TAKEN)
    both = [HELD_BOARD, HeldAddress(registry_id="0c", place=OTHER)]

    assert asked.judged(both, NOON, NOON).state is ChangeState.TAKEN


def test_a_register_that_is_away_is_told_later_and_later_and_when_it_says() -> None:
    pauses: list[timedelta] = []
    asked: AddressChange = change()
    now: datetime = NOON
    for _ in range(12):
        asked = asked.told(now).put_off(now)
        pauses.append(asked.due_at - now)

    assert pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert pauses[-1] == LONGEST_PAUSE
    assert asked.put_off(now, timedelta(hours=2)).due_at == now + timedelta(hours=2)
    assert asked.state is ChangeState.REQUESTED


def test_numbers_of_addresses_are_whole_ones_that_every_client_can_read() -> None:
    assert 2**32 <= HELD_POST.address_id < 2**53
    assert HELD_POST.address_id != HELD_BOARD.address_id
