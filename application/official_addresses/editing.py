"""Let people see and change the official addresses of organisations that they may act for."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from application.caller import EndUser
from application.delivery.usable_copies import relied_on
from application.operations.recorder import ActRecorder
from application.ports.address_changes import AddressChanges, ConcurrentChangeError
from application.ports.decision_point import READ
from application.ports.official_addresses import OfficialAddresses
from application.ports.registry_copies import BUSINESSES, CopyStanding
from application.profiles.authority import PersonsAuthority
from application.profiles.profile_ids import ProfileIds
from application.profiles.profile_service import actor
from domain.official_address import (
    AddressChange,
    AddressId,
    ChangeId,
    ListedAddress,
    OrganisationAddresses,
    Place,
    WantedChange,
)
from domain.operations.acts import OfficialAddressChangeRequested
from domain.recipient import OrganisationNumber

RESOURCE: Final = "altinn-profil-api-varslingsdaresser-for-virksomheter"
"""What the decision point is asked about; spelt as Altinn spells it."""
WRITE: Final = "write"
_TRIES: Final = 3


class NoAddressRegisterError(Exception):
    """There is no register that could be told of a change."""


class OfficialAddressService:
    """Shows the addresses that an organisation has, and puts changes to them on record.

    A change is decided on what the register's feed has told and on what was asked for before. It is
    carried out by whoever tells the register (`AddressWriter`).
    """

    def __init__(
        self,
        *,
        changes: AddressChanges,
        addresses: OfficialAddresses,
        authority: PersonsAuthority,
        recorder: ActRecorder,
        ids: ProfileIds,
        clock: Callable[[], datetime],
        max_age: timedelta,
        has_register: bool,
    ) -> None:
        """Take what to go by; `max_age` is how old the copy of the register may be."""
        self._changes = changes
        self._addresses = addresses
        self._authority = authority
        self._recorder = recorder
        self._ids = ids
        self._clock = clock
        self._max_age = max_age
        self._has_register = has_register

    async def addresses(
        self, organisation: OrganisationNumber, *, by: EndUser
    ) -> OrganisationAddresses:
        """What an organisation has, and what is to become of it.

        Raises:
            MayNotActError, AuthorityUndecidedError: the user may not see it, or nobody can tell.
            RegistryUnavailableError, StoreUnavailableError: try again later.
        """
        await self._refuse(organisation, READ, by)
        return (await self._known(organisation))[0]

    async def add(
        self, organisation: OrganisationNumber, place: Place, *, by: EndUser
    ) -> tuple[ListedAddress, bool]:
        """Have an address added, and tell whether it is new; one that is there already stays as it is.

        Raises:
            MayNotActError, AuthorityUndecidedError, NoAddressRegisterError: nothing was done.
            ChangeUnderWayError: it is there, and about to go.
            RegistryUnavailableError, StoreUnavailableError: try again later.
        """
        await self._refuse_writing(organisation, by)
        return await self._decided(organisation, lambda known: known.add(place), by)

    async def replace(
        self,
        organisation: OrganisationNumber,
        address_id: AddressId,
        place: Place,
        *,
        by: EndUser,
    ) -> ListedAddress:
        """Have another address put in the place of one, which is used until the register has the other.

        Raises:
            MayNotActError, AuthorityUndecidedError, NoAddressRegisterError: nothing was done.
            AddressNotFoundError, AddressRefusedError, ChangeUnderWayError, TwinError: as decided.
            RegistryUnavailableError, StoreUnavailableError: try again later.
        """
        await self._refuse_writing(organisation, by)
        listed, _ = await self._decided(
            organisation, lambda known: known.replace(address_id, place), by
        )
        return listed

    async def remove(
        self, organisation: OrganisationNumber, address_id: AddressId, *, by: EndUser
    ) -> ListedAddress:
        """Have an address removed; tell which. One that the register refused is dismissed.

        Raises:
            MayNotActError, AuthorityUndecidedError, NoAddressRegisterError: nothing was done.
            AddressNotFoundError, ChangeUnderWayError, LastAddressError: as decided.
            RegistryUnavailableError, StoreUnavailableError: try again later.
        """
        await self._refuse_writing(organisation, by)
        before = (await self._known(organisation))[0].find(address_id)
        await self._decided(organisation, lambda known: known.remove(address_id), by)
        return before

    async def _decided(
        self,
        organisation: OrganisationNumber,
        decide: Callable[[OrganisationAddresses], WantedChange | AddressChange | ListedAddress],
        by: EndUser,
    ) -> tuple[ListedAddress, bool]:
        """Decide, and keep what was decided; when another was quicker, look again and decide again."""
        for _ in range(_TRIES):
            known, latest = await self._known(organisation)
            match decide(known):
                case ListedAddress() as listed:
                    return listed, False
                case AddressChange() as dismissed:
                    before = known.find(dismissed.address_id)
                    if await self._changes.save(dismissed, after=dismissed.version - 1):
                        return before, False
                case WantedChange() as wanted:
                    act = OfficialAddressChangeRequested(
                        organisation=organisation, change=wanted.kind
                    )
                    await self._recorder.record(
                        act, by=actor(self._ids.of_person(by.person.text), by)
                    )
                    try:
                        change = await self._changes.add(wanted, after=latest, now=self._clock())
                    except ConcurrentChangeError:
                        continue
                    return _as_asked(change, known), True
        raise ConcurrentChangeError

    async def _known(
        self, organisation: OrganisationNumber
    ) -> tuple[OrganisationAddresses, ChangeId | None]:
        # The changes first: what the feed has brought since is then not missed.
        changes = await self._changes.of(organisation)
        held = await self._addresses.of(organisation)
        standing = CopyStanding(registry=BUSINESSES, confirmed_at=held.read_at)
        relied_on(standing, self._clock(), self._max_age)
        known = OrganisationAddresses(
            organisation=organisation, held=held.addresses, changes=changes
        )
        return known, changes[-1].change_id if changes else None

    async def _refuse_writing(self, organisation: OrganisationNumber, by: EndUser) -> None:
        await self._refuse(organisation, WRITE, by)
        if not self._has_register:
            raise NoAddressRegisterError

    async def _refuse(self, organisation: OrganisationNumber, action: str, by: EndUser) -> None:
        await self._authority.refuse_unpermitted(by, organisation, resource=RESOURCE, action=action)


def _as_asked(change: AddressChange, before: OrganisationAddresses) -> ListedAddress:
    """The address that was asked for, as it is listed from now on."""
    known = OrganisationAddresses(
        organisation=before.organisation, held=before.held, changes=[*before.changes, change]
    )
    if change.place is not None:
        return known.find(change.address_id)
    (going,) = [each for each in before.held if each.registry_id == change.registry_id]
    return known.find(going.address_id)
