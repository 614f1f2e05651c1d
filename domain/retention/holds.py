"""Legal holds: what is not erased for as long as somebody needs it, whatever its time; a storage format.

    nobody ──HoldPlaced──▶ held ──HoldReleased──▶ released

A hold covers one order, all orders of an owner, or all orders for a person, past ones and those to come.
Events change by addition only: a new field has a default, a changed meaning is a new event with a new tag.
"""

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Literal, NewType, TypeAlias, assert_never
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

HoldId = NewType("HoldId", UUID)


class HeldOrder(Struct, frozen=True, tag="order", tag_field="what"):
    """One order is held."""

    order_id: UUID


class HeldOwner(Struct, frozen=True, tag="owner", tag_field="what"):
    """All orders of an owner are held."""

    owner: str
    """The short name in small letters."""


class HeldPerson(Struct, frozen=True, tag="person", tag_field="what"):
    """All orders for a person or an organisation are held."""

    kind: Literal["person", "organisation"]
    identity_hash: str
    """A keyed hash of the number, in hexadecimal, as in `PersonLookedUp`."""


Held: TypeAlias = HeldOrder | HeldOwner | HeldPerson
"""What a hold covers."""


class HoldPlaced(Struct, frozen=True, kw_only=True, tag="hold.placed"):
    """Something is held from now on; who placed the hold stands in the envelope."""

    held: Held
    reason: str


class HoldReleased(Struct, frozen=True, kw_only=True, tag="hold.released"):
    """A hold was released; what had become due meanwhile is erased."""

    reason: str


HoldEvent: TypeAlias = HoldPlaced | HoldReleased


class Hold(Struct, frozen=True, kw_only=True):
    """One hold, as its events have left it."""

    hold_id: HoldId
    version: int = 0
    held: Held | None = None
    """None where there is no such hold."""
    reason: str = ""
    is_released: bool = False

    @property
    def is_standing(self) -> bool:
        """Whether it keeps anything."""
        return self.held is not None and not self.is_released

    def place(self, held: Held, *, reason: str) -> Sequence[HoldEvent]:
        """Hold something; the same hold is placed once."""
        return () if self.held is not None else (HoldPlaced(held=held, reason=reason),)

    def release(self, *, reason: str) -> Sequence[HoldEvent]:
        """Hold it no more; what is not held is not released."""
        return (HoldReleased(reason=reason),) if self.is_standing else ()


def rebuild(hold_id: HoldId, history: Iterable[HoldEvent]) -> Hold:
    """Rebuild a hold from its history; from none, one that never was."""
    return reduce(evolve, history, Hold(hold_id=hold_id))


def evolve(hold: Hold, event: HoldEvent) -> Hold:
    """Write one event into a hold. Never refuses and never decides."""
    hold = replace(hold, version=hold.version + 1)
    match event:
        case HoldPlaced():
            return replace(hold, held=event.held, reason=event.reason, is_released=False)
        case HoldReleased():
            return replace(hold, is_released=True)
        case _:
            assert_never(event)
