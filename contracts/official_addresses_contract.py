"""What everybody who knows what the register's feed has told promises; a suite for each names its stand."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

from application.ports.official_addresses import OfficialAddresses
from contracts.samples import BAKERY
from domain.channel import Channel
from domain.official_address import HeldAddress, Place
from domain.personal import Contact
from domain.recipient import OrganisationNumber

MILL: Final = OrganisationNumber("314022017")
POST: Final = Place(channel=Channel.EMAIL, address=Contact("post@bakery.example"))
PHONE: Final = Place(channel=Channel.SMS, address=Contact("+4740000004"))
FIRST, SECOND = f"{1:032x}", f"{2:032x}"

Has: TypeAlias = Mapping[str, tuple[OrganisationNumber, Place]]
"""What the register has, by its own names."""
Bring: TypeAlias = Callable[[Has], Awaitable[None]]
"""Has the feed tell of it, and reads that to its end."""


class OfficialAddressesContract:
    async def test_of_a_register_that_was_never_read_nothing_is_said_to_have_been(
        self, addresses: OfficialAddresses
    ) -> None:
        held = await addresses.of(BAKERY.number)

        assert held.addresses == []
        assert held.read_at is None

    async def test_an_organisations_own_addresses_are_told_by_the_registers_names(
        self, addresses: OfficialAddresses, bring: Bring
    ) -> None:
        await bring({SECOND: (BAKERY.number, PHONE), FIRST: (BAKERY.number, POST)})

        held = await addresses.of(BAKERY.number)

        assert held.addresses == [
            HeldAddress(registry_id=FIRST, place=POST),
            HeldAddress(registry_id=SECOND, place=PHONE),
        ]
        assert held.read_at is not None
        assert (await addresses.of(MILL)).addresses == []

    async def test_what_the_feed_has_changed_is_told_as_it_is_now(
        self, addresses: OfficialAddresses, bring: Bring
    ) -> None:
        await bring({FIRST: (BAKERY.number, POST), SECOND: (BAKERY.number, PHONE)})
        await bring({FIRST: (BAKERY.number, PHONE)})

        held = await addresses.of(BAKERY.number)

        assert held.addresses == [HeldAddress(registry_id=FIRST, place=PHONE)]
