"""The addresses that an organisation keeps for itself in the register, and what becomes of a change to them.

    Requested ──told──▶ Told ──taken──▶ Taken ──the feed has it──▶ Held
        ▲  │             │ │ └──────────the feed has it────────────▲
        │  └─────────────┼─┼────────────the feed has it────────────┘
        └──put off───────┤ └──refused──▶ Refused ──dismissed──▶ Dismissed
        └──the feed lacks it               ▲
                                Taken ─────┘ the feed never has it

A change counts when the register's own feed brings it, and in no other way: what is notified is what the
register says, and nothing that it may not have taken.
Of what became of a telling that nobody can be sure of, the feed decides, too: what it has was taken, and
what it lacks, when it has been read to its end well after the telling, is told again.
What the register took is not told again: if the feed still lacks it after days, the register has lost it,
or others have changed it since, and it counts as refused.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NewType

from domain.channel import Channel
from domain.contact_point import comparison_key
from domain.personal import Contact
from domain.recipient import OrganisationNumber

AddressId = NewType("AddressId", int)
"""By which number people speak of an address."""
ChangeId = NewType("ChangeId", int)

LOOKED_AGAIN: Final = timedelta(minutes=1)
"""After so long it is looked again whether the feed has brought what the register took."""
FEED_LAGS: Final = timedelta(minutes=5)
"""What the feed lacks that was read to its end so long after the register was told, the register lacks."""
TAKEN_FOR: Final = timedelta(days=2)
"""So long it is waited for that the feed brings an address that the register took."""
NOT_IN_FEED: Final = "not_in_feed"
"""Why a change counts as refused that the register took, and that its feed never brought."""
FIRST_PAUSE: Final = timedelta(seconds=10)
LONGEST_PAUSE: Final = timedelta(hours=1)
"""Between two tries to tell a register that is away."""

_OF_REGISTER: Final = 1 << 32
"""The ids of addresses that the register has begin here; below are those of changes."""
_HASHED: Final = (1 << 52) - 1


MOST_AT_ONCE: Final = 20
"""So many addresses of an organisation may be on their way to the register, and so many refused."""


class ChangeKind(StrEnum):
    """What is to become of an address."""

    ADD = "add"
    REPLACE = "replace"
    REMOVE = "remove"


class ChangeState(StrEnum):
    """How far a change has come."""

    REQUESTED = "requested"
    """On record here; the register is to be told."""
    TOLD = "told"
    """The register is being told, or was, and nobody knows whether it took it."""
    TAKEN = "taken"
    """The register took it; its feed is still to bring it."""
    HELD = "held"
    """The feed has brought it."""
    REFUSED = "refused"
    """The register does not take it."""
    DISMISSED = "dismissed"
    """It was refused, and somebody has taken note of that."""


OPEN: Final = frozenset({ChangeState.REQUESTED, ChangeState.TOLD, ChangeState.TAKEN})
"""States in which something is still to come."""


class AddressStatus(StrEnum):
    """What is the matter with an address, as people are told."""

    IN_USE = "in_use"
    BEING_REPLACED = "being_replaced"
    BEING_REMOVED = "being_removed"
    PENDING = "pending"
    REFUSED = "refused"


class AddressNotFoundError(Exception):
    """The organisation has no such address."""


class LastAddressError(Exception):
    """An organisation keeps one address at least."""


class ChangeUnderWayError(Exception):
    """What was asked for before is still on its way to the register; ask again when it is there."""


class TwinError(Exception):
    """The organisation has that address already."""

    def __init__(self, twin: AddressId) -> None:
        super().__init__("the organisation has that address already")
        self.twin = twin


class AddressRefusedError(Exception):
    """The register did not take that address; dismiss it, and add another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an organisation is reached."""

    channel: Channel
    address: Contact

    def is_same_as(self, other: "Place") -> bool:
        """Whether two lead to the same place, however they are written."""
        return self.channel is other.channel and comparison_key(
            self.address, self.channel
        ) == comparison_key(other.address, other.channel)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldAddress:
    """An address that the register has, as its feed brought it."""

    registry_id: str
    place: Place

    @property
    def address_id(self) -> AddressId:
        """By which number people speak of it; the same as long as the register has it."""
        return address_id_of(self.registry_id)


def address_id_of(registry_id: str) -> AddressId:
    """The number of an address that the register has."""
    digest = hashlib.sha256(registry_id.encode()).digest()
    return AddressId(_OF_REGISTER + (int.from_bytes(digest[:8]) & _HASHED))


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedChange:
    """A change that was decided, before it is on record."""

    organisation: OrganisationNumber
    kind: ChangeKind
    place: Place | None = None
    """The new address; None where one is removed."""
    registry_id: str | None = None
    """Which address is replaced or removed, by the register's own name for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressChange(WantedChange):
    """A change on record, and how far it has come."""

    change_id: ChangeId
    version: int
    state: ChangeState
    requested_at: datetime
    due_at: datetime
    """When something is to be done for it next, if it is open."""
    attempts: int = 0
    told_at: datetime | None = None
    """When the register was told last."""
    taken_as: str | None = None
    """The register's own name for the new address, once that is known."""
    refusal: str | None = None
    """Why the register did not take it, in a stable code."""

    @property
    def address_id(self) -> AddressId:
        """By which number people speak of the new address until the feed has brought it."""
        return AddressId(self.change_id)

    @property
    def is_open(self) -> bool:
        """Whether something is still to come."""
        return self.state in OPEN

    def told(self, now: datetime) -> "AddressChange":
        """The register is about to be told."""
        return self._next(
            state=ChangeState.TOLD, attempts=self.attempts + 1, told_at=now, due_at=now + FEED_LAGS
        )

    def taken(self, registry_id: str, now: datetime) -> "AddressChange":
        """The register took it, under a name of its own."""
        return self._next(state=ChangeState.TAKEN, taken_as=registry_id, due_at=now + LOOKED_AGAIN)

    def refused(self, code: str) -> "AddressChange":
        """The register does not take it, and never will."""
        return self._next(state=ChangeState.REFUSED, refusal=code)

    def dismissed(self) -> "AddressChange":
        """Somebody has taken note of a refusal."""
        return self._next(state=ChangeState.DISMISSED, place=None)

    def waiting(self, now: datetime) -> "AddressChange":
        """Nobody can tell now what the register has; it is looked again later."""
        return self._next(due_at=now + LOOKED_AGAIN)

    def put_off(self, now: datetime, again_in: timedelta | None = None) -> "AddressChange":
        """The register certainly has not taken it, and is told again later."""
        pause = min(FIRST_PAUSE * 2 ** min(self.attempts - 1, 16), LONGEST_PAUSE)
        return self._next(
            state=ChangeState.REQUESTED, due_at=now + max(pause, again_in or timedelta(0))
        )

    def judged(
        self, held: Sequence[HeldAddress], read_at: datetime, now: datetime
    ) -> "AddressChange":
        """The change as the feed shows it, whose last reading to its end was at `read_at`."""
        has_come, as_name = self._has_come(held)
        if has_come:
            # The address stands in the copy now, and need not stand here as well.
            return self._next(state=ChangeState.HELD, taken_as=as_name, place=None)
        if self.state is ChangeState.REQUESTED:
            return self
        lacks_it = self.told_at is not None and read_at >= self.told_at + FEED_LAGS
        if self.state is ChangeState.TOLD and lacks_it:
            return self._next(state=ChangeState.REQUESTED, due_at=now)
        if self.state is ChangeState.TAKEN and self._is_gone(read_at):
            return self.refused(NOT_IN_FEED)
        return self._next(due_at=now + LOOKED_AGAIN)

    def _is_gone(self, read_at: datetime) -> bool:
        """Whether an address that the register took is there no more, by the feed that lacks it."""
        if self.place is None or self.told_at is None:
            return False
        return read_at >= self.told_at + TAKEN_FOR

    def _has_come(self, held: Sequence[HeldAddress]) -> tuple[bool, str | None]:
        if self.place is None:
            return all(each.registry_id != self.registry_id for each in held), None
        found = [each.registry_id for each in held if each.place.is_same_as(self.place)]
        is_replaced = self.kind is ChangeKind.ADD or all(
            each.registry_id != self.registry_id or each.place.is_same_as(self.place)
            for each in held
        )
        return bool(found) and is_replaced, found[0] if found else None

    def _next(self, **changes: object) -> "AddressChange":
        return replace(self, version=self.version + 1, **changes)  # type: ignore[arg-type]  # fields of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedAddress:
    """An address of an organisation, as its people see it."""

    address_id: AddressId
    place: Place
    status: AddressStatus
    refusal: str | None = None
    """Why the register did not take what was last asked for, if that is so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationAddresses:
    """What an organisation has in the register, and what is to become of it."""

    organisation: OrganisationNumber
    held: Sequence[HeldAddress]
    changes: Sequence[AddressChange]
    """The oldest first."""

    @property
    def listed(self) -> Sequence[ListedAddress]:
        """All of its addresses: those that are in use, and those that are still to be."""
        return [*self._in_use(), *self._coming()]

    def find(self, address_id: AddressId) -> ListedAddress:
        """One of them, also by the number that it had before the feed brought it.

        Raises:
            AddressNotFoundError: it has none of that number.
        """
        wanted = self._today(address_id)
        for each in self.listed:
            if each.address_id == wanted:
                return each
        raise AddressNotFoundError

    # Decisions

    def add(self, place: Place) -> WantedChange | ListedAddress:
        """Decide to add an address; the one that is there already, if it is.

        Raises:
            ChangeUnderWayError: it is there, and about to go; or as many as may be are on their way.
            AddressRefusedError: as many as may be were not taken, and are to be dismissed first.
        """
        twin = self._twin(place)
        if twin is None:
            if len(self._open(ChangeKind.ADD)) >= MOST_AT_ONCE:
                raise ChangeUnderWayError
            if sum(each.state is ChangeState.REFUSED for each in self.changes) >= MOST_AT_ONCE:
                raise AddressRefusedError
            return WantedChange(organisation=self.organisation, kind=ChangeKind.ADD, place=place)
        if twin.status in {AddressStatus.BEING_REMOVED, AddressStatus.BEING_REPLACED}:
            raise ChangeUnderWayError
        return twin

    def replace(self, address_id: AddressId, place: Place) -> WantedChange | ListedAddress:
        """Decide to put another address in the place of one; that one, if it is the same.

        Raises:
            AddressNotFoundError: the organisation has none of that number.
            ChangeUnderWayError: a change of that address is on its way already.
            AddressRefusedError: the register never took it.
            TwinError: the organisation has the other one already.
        """
        before = self.find(address_id)
        self._refuse_unsettled(before)
        if before.place.is_same_as(place):
            return before
        twin = self._twin(place)
        if twin is not None:
            raise TwinError(twin.address_id)
        return WantedChange(
            organisation=self.organisation,
            kind=ChangeKind.REPLACE,
            place=place,
            registry_id=self._held(before.address_id).registry_id,
        )

    def remove(self, address_id: AddressId) -> WantedChange | AddressChange:
        """Decide to remove an address, or to dismiss one that the register did not take.

        Raises:
            AddressNotFoundError: the organisation has none of that number.
            ChangeUnderWayError: a change of that address is on its way already.
            LastAddressError: it is the last one that stays.
        """
        before = self.find(address_id)
        if before.status is AddressStatus.REFUSED:
            (refused,) = [each for each in self.changes if each.address_id == before.address_id]
            return refused.dismissed()
        self._refuse_unsettled(before)
        going = {each.registry_id for each in self._open(ChangeKind.REMOVE)}
        itself = self._held(before.address_id)
        if all(each is itself or each.registry_id in going for each in self.held):
            raise LastAddressError
        return WantedChange(
            organisation=self.organisation,
            kind=ChangeKind.REMOVE,
            registry_id=itself.registry_id,
        )

    # Questions

    def _in_use(self) -> Iterator[ListedAddress]:
        for each in self.held:
            last = next(
                (one for one in reversed(self.changes) if one.registry_id == each.registry_id), None
            )
            status, refusal = AddressStatus.IN_USE, None
            if last is not None and last.is_open:
                status = (
                    AddressStatus.BEING_REMOVED
                    if last.kind is ChangeKind.REMOVE
                    else AddressStatus.BEING_REPLACED
                )
            elif last is not None and last.kind is ChangeKind.REMOVE:
                refusal = last.refusal
            yield ListedAddress(
                address_id=each.address_id, place=each.place, status=status, refusal=refusal
            )

    def _coming(self) -> Iterator[ListedAddress]:
        for each in self.changes:
            if each.place is None or not (each.is_open or each.state is ChangeState.REFUSED):
                continue
            status = AddressStatus.PENDING if each.is_open else AddressStatus.REFUSED
            yield ListedAddress(
                address_id=each.address_id,
                place=each.place,
                status=status,
                refusal=each.refusal,
            )

    def _twin(self, place: Place) -> ListedAddress | None:
        for each in self.listed:
            if each.status is not AddressStatus.REFUSED and each.place.is_same_as(place):
                return each
        return None

    def _today(self, address_id: AddressId) -> AddressId:
        """The number by which an address is listed now that was spoken of by another before."""
        for each in self.changes:
            is_meant = each.address_id == address_id or (
                each.kind is ChangeKind.REPLACE
                and each.registry_id is not None
                and address_id_of(each.registry_id) == address_id
            )
            if is_meant and each.state is ChangeState.HELD and each.taken_as is not None:
                address_id = address_id_of(each.taken_as)
        return address_id

    def _held(self, address_id: AddressId) -> HeldAddress:
        for each in self.held:
            if each.address_id == address_id:
                return each
        raise AddressNotFoundError

    def _open(self, kind: ChangeKind) -> Sequence[AddressChange]:
        return [each for each in self.changes if each.is_open and each.kind is kind]

    def _refuse_unsettled(self, address: ListedAddress) -> None:
        if address.status is AddressStatus.REFUSED:
            raise AddressRefusedError
        # The feed has brought it, and who tells the register has not seen that yet: told again when it is
        # gone, the register would have it again.
        is_coming = any(
            each.is_open and each.place is not None and each.place.is_same_as(address.place)
            for each in self.changes
        )
        if is_coming or address.status is not AddressStatus.IN_USE:
            raise ChangeUnderWayError
