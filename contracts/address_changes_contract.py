"""What everybody who keeps changes of official addresses promises; a suite for each names its stand."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from application.ports.address_changes import (
    AddressChanges,
    ChangesStanding,
    ConcurrentChangeError,
)
from contracts.samples import BAKERY, NOON
from domain.channel import Channel
from domain.official_address import AddressChange, ChangeKind, ChangeState, Place, WantedChange
from domain.personal import Contact
from domain.recipient import OrganisationNumber

MINUTE: Final = timedelta(minutes=1)
MILL: Final = OrganisationNumber("314022017")
POST: Final = Place(channel=Channel.EMAIL, address=Contact("post@bakery.example"))
PHONE: Final = Place(channel=Channel.SMS, address=Contact("+4740000004"))
TO_ADD: Final = WantedChange(organisation=BAKERY.number, kind=ChangeKind.ADD, place=POST)
TO_REPLACE: Final = WantedChange(
    organisation=BAKERY.number, kind=ChangeKind.REPLACE, place=PHONE, registry_id="0a1b"
)
TO_REMOVE: Final = WantedChange(organisation=MILL, kind=ChangeKind.REMOVE, registry_id="1b2c")


async def moved(changes: AddressChanges, change: AddressChange, **how: object) -> AddressChange:
    after = replace(change, version=change.version + 1, **how)  # type: ignore[arg-type]  # fields of its own
    assert await changes.save(after, after=change.version)
    return after


class AddressChangesContract:
    async def test_a_change_is_kept_as_it_was_asked_for(self, changes: AddressChanges) -> None:
        first = await changes.add(TO_ADD, after=None, now=NOON)
        second = await changes.add(TO_REPLACE, after=first.change_id, now=NOON)
        other = await changes.add(TO_REMOVE, after=None, now=NOON)

        assert await changes.of(BAKERY.number) == [first, second]
        assert await changes.of(MILL) == [other]
        assert [(each.kind, each.place, each.registry_id) for each in (first, second, other)] == [
            (ChangeKind.ADD, POST, None),
            (ChangeKind.REPLACE, PHONE, "0a1b"),
            (ChangeKind.REMOVE, None, "1b2c"),
        ]
        assert first.state is ChangeState.REQUESTED
        assert first.requested_at == first.due_at == NOON
        assert first.change_id < second.change_id

    async def test_what_was_decided_before_another_change_came_is_not_kept(
        self, changes: AddressChanges
    ) -> None:
        first = await changes.add(TO_ADD, after=None, now=NOON)

        with pytest.raises(ConcurrentChangeError):
            await changes.add(TO_REPLACE, after=None, now=NOON)
        with pytest.raises(ConcurrentChangeError):
            await changes.add(TO_REMOVE, after=first.change_id, now=NOON)
        assert await changes.of(BAKERY.number) == [first]
        assert await changes.of(MILL) == []

    async def test_how_far_a_change_has_come_is_kept_by_whom_it_was_read_from_last(
        self, changes: AddressChanges
    ) -> None:
        first = await changes.add(TO_ADD, after=None, now=NOON)
        told = first.told(NOON + timedelta(seconds=1))

        assert await changes.save(told, after=1)
        assert not await changes.save(first.refused("validation_error"), after=1)
        assert await changes.of(BAKERY.number) == [told]
        taken = told.taken("3d4e", NOON + timedelta(seconds=2))
        assert await changes.save(taken, after=2)
        assert await changes.of(BAKERY.number) == [taken]

    async def test_what_is_open_and_due_comes_and_those_first_that_have_waited_longest(
        self, changes: AddressChanges
    ) -> None:
        late = await changes.add(TO_ADD, after=None, now=NOON)
        later = await changes.add(TO_REPLACE, after=late.change_id, now=NOON)
        other = await changes.add(TO_REMOVE, after=None, now=NOON)
        late = await moved(changes, late, due_at=NOON + timedelta(minutes=1))
        later = await moved(changes, later, due_at=NOON + timedelta(minutes=2))

        assert await changes.due(NOON + timedelta(minutes=1), most=9) == [other, late]
        assert await changes.due(NOON + timedelta(minutes=2), most=2) == [other, late]
        await moved(changes, other, state=ChangeState.REFUSED, refusal="validation_error")
        await moved(changes, late, state=ChangeState.HELD)
        assert await changes.due(NOON + timedelta(minutes=2), most=9) == [later]

    async def test_an_address_is_gone_when_its_change_has_come_to_its_end(
        self, changes: AddressChanges
    ) -> None:
        change = await changes.add(TO_ADD, after=None, now=NOON)
        held = await moved(changes, change, state=ChangeState.HELD, place=None, taken_as="3d4e")

        assert await changes.of(BAKERY.number) == [held]

    async def test_how_many_wait_since_when_and_how_many_were_refused_is_told(
        self, changes: AddressChanges
    ) -> None:
        assert await changes.standing() == ChangesStanding()
        first = await changes.add(TO_ADD, after=None, now=NOON)
        second = await changes.add(TO_REPLACE, after=first.change_id, now=NOON + MINUTE)
        third = await changes.add(TO_REMOVE, after=None, now=NOON + 2 * MINUTE)
        await moved(changes, second, state=ChangeState.TAKEN)
        assert await changes.standing() == ChangesStanding(waiting=3, waiting_since=NOON)

        held = await moved(changes, first, state=ChangeState.HELD, place=None)
        refused = await moved(changes, third, state=ChangeState.REFUSED, refusal="x")
        assert held.state is ChangeState.HELD
        assert await changes.standing() == ChangesStanding(
            waiting=1, waiting_since=NOON + MINUTE, refused=1
        )

        await moved(changes, refused, state=ChangeState.DISMISSED)
        assert (await changes.standing()).refused == 0

    async def test_what_has_come_to_its_end_is_forgotten_in_time_and_nothing_else(
        self, changes: AddressChanges
    ) -> None:
        first = await changes.add(TO_ADD, after=None, now=NOON)
        refused = await changes.add(TO_REPLACE, after=first.change_id, now=NOON)
        await moved(changes, first, state=ChangeState.HELD, place=None)
        refused = await moved(changes, refused, state=ChangeState.REFUSED, refusal="x")

        await changes.forget(NOON)
        assert len(await changes.of(BAKERY.number)) == 2
        await changes.forget(NOON + timedelta(seconds=1))
        assert await changes.of(BAKERY.number) == [refused]
