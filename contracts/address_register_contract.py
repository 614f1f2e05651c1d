"""What everybody who is told of changes of official addresses promises; a suite for each names its stand."""

from typing import Final

from application.ports.address_register import AddressRegister, ChangeRefused, ChangeTaken
from contracts.samples import BAKERY
from domain.channel import Channel
from domain.official_address import Place
from domain.personal import Contact
from domain.recipient import OrganisationNumber

UNKNOWN: Final = OrganisationNumber("999999999")
"""An organisation that the register does not know."""
POST: Final = Place(channel=Channel.EMAIL, address=Contact("post@bakery.example"))
PHONE: Final = Place(channel=Channel.SMS, address=Contact("+4740000004"))


class AddressRegisterContract:
    async def test_an_address_is_added_replaced_and_removed_by_the_registers_own_name_for_it(
        self, register: AddressRegister
    ) -> None:
        added = await register.add(BAKERY.number, POST)
        assert isinstance(added, ChangeTaken)
        replaced = await register.replace(added.registry_id, BAKERY.number, PHONE)
        assert isinstance(replaced, ChangeTaken)

        assert isinstance(await register.remove(replaced.registry_id), ChangeTaken)

    async def test_what_the_register_does_not_know_is_refused_for_good(
        self, register: AddressRegister
    ) -> None:
        assert await register.add(UNKNOWN, POST) == ChangeRefused("unknown_organisation")
        assert await register.remove("0" * 32) == ChangeRefused("validation_error")
