"""The official addresses of an organisation, as its people see them; what is not there is null."""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Annotated, Final, TypeAlias

from msgspec import Struct

from application.phone_number import parts
from domain.channel import Channel
from domain.official_address import AddressStatus, ListedAddress, OrganisationAddresses
from entrypoints.http.validation.wire_struct import one_of

STATUSES: Final = MappingProxyType(
    {
        AddressStatus.IN_USE: "InUse",
        AddressStatus.BEING_REPLACED: "BeingReplaced",
        AddressStatus.BEING_REMOVED: "BeingRemoved",
        AddressStatus.PENDING: "Pending",
        AddressStatus.REFUSED: "Refused",
    }
)
StatusWord: TypeAlias = Annotated[str, one_of(STATUSES.values())]


class OfficialAddressAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """An address, whether it is used, and why the register did not take what was asked for, if it did not."""

    notification_address_id: int
    country_code: str | None
    email: str | None
    phone: str | None
    status: StatusWord
    refusal: str | None


class OfficialAddressesAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """The addresses of an organisation, with those that are still to be."""

    organization_number: str
    notification_addresses: Sequence[OfficialAddressAnswer]


def address(listed: ListedAddress) -> OfficialAddressAnswer:
    """One address."""
    text = listed.place.address.text
    is_email = listed.place.channel is Channel.EMAIL
    number = None if is_email else parts(text)
    return OfficialAddressAnswer(
        notification_address_id=listed.address_id,
        country_code=None if number is None else f"+{number[0]}",
        email=text if is_email else None,
        phone=None if number is None else number[1],
        status=STATUSES[listed.status],
        refusal=listed.refusal,
    )


def addresses(known: OrganisationAddresses) -> OfficialAddressesAnswer:
    """All of an organisation's."""
    return OfficialAddressesAnswer(
        organization_number=known.organisation,
        notification_addresses=[address(each) for each in known.listed],
    )
