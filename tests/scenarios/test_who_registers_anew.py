"""Who changes where they are told is told there from then on, also by an order that was placed before."""

from collections.abc import Sequence

from adapters.memory.profiles import InMemoryProfileIndex
from adapters.memory.registries import RegisteredInProfiles
from application.envelope import Actor, Role
from application.ordering.commands import NewOrder, PlaceOrder
from application.profiles.profile_ids import ProfileIds
from domain.channel import ChannelChoice
from domain.personal import Contact, Identifier
from domain.profile.events import (
    AddressesRegistered,
    AddressesWithdrawn,
    ProfileAddress,
    ProfileEvent,
    ProfileOpened,
)
from tests.samples import BAKERY, KARI, REMINDER_MAIL, TTD
from tests.scenarios.worlds import MemoryWorld

TAX = "urn:altinn:resource:tax-2026"
OFFICIAL = "post@fjell.example.no"
USER = Identifier("20001111")
HERSELF = Actor(role=Role.PERSON, name="kari")


def at(address: str) -> AddressesRegistered:
    return AddressesRegistered(
        organisation=BAKERY.number,
        email=ProfileAddress(address=Contact(address), is_verified=True),
        user=USER,
    )


async def test_an_order_that_waits_goes_where_its_users_want_to_be_told_when_it_is_due() -> None:
    world = MemoryWorld()
    profiles = world.ports.profiles
    world.redirect(world.decision_point, RegisteredInProfiles(InMemoryProfileIndex(world.profiles)))
    profile_id = ProfileIds(world.ports.vault).of_person(KARI.number.text)

    async def say(*events: ProfileEvent) -> None:
        await profiles.append(await profiles.load(profile_id), events, by=HERSELF)

    async def order() -> Sequence[str]:
        """Where an order goes that is placed now; what is said meanwhile is said while it waits."""
        placed = NewOrder(
            channel=ChannelChoice.EMAIL,
            recipients=(BAKERY,),
            email=REMINDER_MAIL,
            resource=TAX,
            requested_send_time=world.soon(),
        )
        receipt = await world.ordering.place(PlaceOrder(order=placed, by=TTD))
        await say(*meanwhile)
        before = len(world.arrived())
        await world.finished(receipt.order_id)
        return sorted(each.to for each in world.arrived()[before:])

    await say(ProfileOpened(person=KARI.number, user=USER), at("old@example.org"))
    meanwhile: Sequence[ProfileEvent] = ()
    assert await order() == ["old@example.org", OFFICIAL]
    meanwhile = (at("new@example.org"),)
    assert await order() == ["new@example.org", OFFICIAL]
    meanwhile = (AddressesWithdrawn(organisation=BAKERY.number),)
    assert await order() == [OFFICIAL]
