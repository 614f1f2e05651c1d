"""People see and change the official addresses of those whom they may act for, and of nobody else."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from typing_extensions import override

from adapters.memory.act_log import InMemoryActLog
from adapters.memory.address_changes import InMemoryAddressChanges
from adapters.memory.decision_point import InMemoryDecisionPoint
from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.official_addresses import (
    InMemoryAddressRegister,
    InMemoryOfficialAddresses,
)
from adapters.memory.order_repository import InMemoryOrderRepository
from adapters.memory.profiles import InMemoryProfileRepository
from application.caller import Assurance, EndUser
from application.envelope import Actor, Role
from application.official_addresses.editing import (
    RESOURCE,
    NoAddressRegisterError,
    OfficialAddressService,
)
from application.operations.recorder import ActRecorder
from application.ports.decision_point import AuthorityUndecidedError, Question
from application.ports.registry_copies import RegistryNotReadyError
from application.profiles.authority import MayNotActError, PersonsAuthority
from application.profiles.profile_ids import ProfileIds
from contracts.order_repository_contract import SetClock
from domain.channel import Channel
from domain.official_address import (
    AddressChange,
    AddressStatus,
    ChangeId,
    ChangeKind,
    LastAddressError,
    ListedAddress,
    Place,
    WantedChange,
)
from domain.operations.acts import OfficialAddressChangeRequested
from domain.personal import Contact, Identifier
from tests.samples import BAKERY, NOON
from tests.samples import KARI as SAMPLE

USER = "20001111"
KARI = EndUser(
    person=SAMPLE.number, user=Identifier(USER), level=Assurance.HIGH, client_id="client-2"
)


def email(address: str) -> Place:
    return Place(channel=Channel.EMAIL, address=Contact(address))


POST, BOARD, OTHER = email("post@b.example"), email("board@b.example"), email("other@b.example")


class House:
    """A register, what its feed has told, and who may change what is in it."""

    def __init__(self, *, has_register: bool = True) -> None:
        self.clock = SetClock()
        self.register = InMemoryAddressRegister()
        self.addresses = InMemoryOfficialAddresses(self.register)
        self.addresses.read_feed(NOON)
        self.acts = InMemoryActLog()
        vault = InMemoryKeyVault()
        log = InMemoryOrderRepository(vault=vault, clock=self.clock, next_id=uuid4).log
        self.profiles = InMemoryProfileRepository(log, vault=vault, clock=self.clock, next_id=uuid4)
        self.ids = ProfileIds(vault)
        self.decision_point = InMemoryDecisionPoint(
            [Question(USER, BAKERY.number, RESOURCE, action) for action in ("read", "write")]
        )
        self.has_register = has_register
        self.keep_in(InMemoryAddressChanges())

    def keep_in(self, changes: InMemoryAddressChanges) -> None:
        """Keep changes there from now on."""
        self.changes = changes
        self.service = OfficialAddressService(
            changes=changes,
            addresses=self.addresses,
            authority=PersonsAuthority(
                profiles=self.profiles, ids=self.ids, decision_point=self.decision_point
            ),
            recorder=ActRecorder(log=self.acts, clock=self.clock, next_id=uuid4),
            ids=self.ids,
            clock=self.clock,
            max_age=timedelta(hours=72),
            has_register=self.has_register,
        )

    async def having(self, *places: Place) -> None:
        """Let the register have addresses, and its feed tell of them."""
        for each in places:
            await self.register.add(BAKERY.number, each)
        self.addresses.read_feed(NOON)

    async def listed(self) -> Sequence[ListedAddress]:
        """What Kari sees of the bakery."""
        return (await self.service.addresses(BAKERY.number, by=KARI)).listed

    async def add(self, place: Place) -> tuple[ListedAddress, bool]:
        """Kari asks for an address."""
        return await self.service.add(BAKERY.number, place, by=KARI)


@pytest.fixture
def house() -> House:
    return House()


async def test_a_new_address_is_on_record_and_pending_and_the_register_has_not_been_told(
    house: House,
) -> None:
    await house.having(POST)

    added, is_new = await house.add(BOARD)
    again, is_new_again = await house.add(BOARD)

    assert (added.place, added.status, is_new) == (BOARD, AddressStatus.PENDING, True)
    assert (again, is_new_again) == (added, False)
    assert [each.status for each in await house.listed()] == [
        AddressStatus.IN_USE,
        AddressStatus.PENDING,
    ]
    assert house.register.told == [("add", BAKERY.number)]  # by whoever had it before


async def test_an_address_is_used_until_another_has_taken_its_place(house: House) -> None:
    await house.having(POST)
    (post,) = await house.listed()

    new = await house.service.replace(BAKERY.number, post.address_id, BOARD, by=KARI)

    assert (new.place, new.status) == (BOARD, AddressStatus.PENDING)
    assert [(each.place, each.status) for each in await house.listed()] == [
        (POST, AddressStatus.BEING_REPLACED),
        (BOARD, AddressStatus.PENDING),
    ]


class Overtaken(InMemoryAddressChanges):
    """Keeps a change of somebody else's first, just when one is about to be kept."""

    def __init__(self, others: WantedChange) -> None:
        super().__init__()
        self.others: WantedChange | None = others

    @override
    async def add(
        self, wanted: WantedChange, *, after: ChangeId | None, now: datetime
    ) -> AddressChange:
        others, self.others = self.others, None
        if others is not None:
            await super().add(others, after=after, now=now)
        return await super().add(wanted, after=after, now=now)


async def test_of_two_who_remove_the_last_two_at_once_one_is_refused() -> None:
    house = House()
    await house.having(POST, BOARD)
    post, board = await house.listed()
    (held, _) = (await house.addresses.of(BAKERY.number)).addresses
    house.keep_in(
        Overtaken(
            WantedChange(
                organisation=BAKERY.number,
                kind=ChangeKind.REMOVE,
                registry_id=held.registry_id,
            )
        )
    )

    with pytest.raises(LastAddressError):
        await house.service.remove(BAKERY.number, board.address_id, by=KARI)
    assert [(each.address_id, each.status) for each in await house.listed()] == [
        (post.address_id, AddressStatus.BEING_REMOVED),
        (board.address_id, AddressStatus.IN_USE),
    ]


async def test_who_is_not_permitted_sees_and_changes_nothing(house: House) -> None:
    await house.having(POST)
    house.decision_point.permitted.clear()

    with pytest.raises(MayNotActError):
        await house.listed()
    house.decision_point.permitted.add(Question(USER, BAKERY.number, RESOURCE, "read"))
    assert len(await house.listed()) == 1
    with pytest.raises(MayNotActError):
        await house.add(BOARD)
    assert len(await house.listed()) == 1


async def test_who_has_no_users_id_is_asked_about_by_number(house: House) -> None:
    without_user = replace(KARI, user=None)

    with pytest.raises(MayNotActError):
        await house.service.addresses(BAKERY.number, by=without_user)

    ((asked,),) = house.decision_point.asked
    assert asked.person == KARI.person


async def test_what_nobody_can_decide_is_not_done(house: House) -> None:
    house.decision_point.is_away = True

    with pytest.raises(AuthorityUndecidedError):
        await house.listed()
    with pytest.raises(AuthorityUndecidedError):
        await house.add(POST)


async def test_nothing_is_decided_on_a_copy_that_was_never_loaded(house: House) -> None:
    house.addresses.forget()

    with pytest.raises(RegistryNotReadyError):
        await house.listed()
    with pytest.raises(RegistryNotReadyError):
        await house.add(POST)


async def test_nothing_is_decided_on_a_copy_that_has_grown_too_old(house: House) -> None:
    await house.having(POST)
    house.addresses.read_feed(house.clock.now - timedelta(hours=73))

    with pytest.raises(RegistryNotReadyError):
        await house.listed()
    with pytest.raises(RegistryNotReadyError):
        await house.add(BOARD)


async def test_without_a_register_that_could_be_told_nothing_is_promised() -> None:
    house = House(has_register=False)

    with pytest.raises(NoAddressRegisterError):
        await house.add(POST)


async def test_who_asked_for_what_is_on_record_and_the_address_is_not(house: House) -> None:
    await house.add(POST)

    (act,) = await house.acts.latest(roles={Role.PERSON}, since=NOON - timedelta(1), most=9)
    assert act.recorded_by == Actor(
        role=Role.PERSON,
        name=str(house.ids.of_person(KARI.person.text)),
        client="client-2",
    )
    assert act.act == OfficialAddressChangeRequested(
        organisation=BAKERY.number, change=ChangeKind.ADD
    )
