"""Where people and organisations have asked to be reached, and what they are called.

A registry that has learnt of a change that it cannot read says so (`is_uncertain`), and tells nothing
that the change may have ended: somebody who may have declined is not notified by what was known before.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from domain.contact_point import BusinessRecord, ExternalRecord, PersonRecord, ProfileRecord
from domain.recipient import OrganisationNumber

LEVELS: Final = 5
"""So many main units are looked for above a unit at most."""


class RegistryUnavailableError(Exception):
    """A registry gave no answer, which is not the same as knowing nobody; try again later.

    The text is one line for operators: which registry, what became of the question, what to do.
    """

    def __init__(
        self, registry: str, why: str = "gave no answer", *, again_in: float | None = None
    ) -> None:
        super().__init__(f"the registry {registry} {why}")
        self.registry = registry
        self.again_in = again_in
        """In how many seconds the registry wants to be asked again, if it has said so."""


class PersonRegistry(Protocol):
    """The contact and reservation register (KRR), by national identity number."""

    async def find(self, numbers: Sequence[str]) -> Mapping[str, PersonRecord]:
        """The records of those who are known; deleted persons are known as deleted.

        Raises:
            RegistryUnavailableError: nothing was found out; try again later.
        """
        ...


class BusinessRegistry(Protocol):
    """The register of notification addresses for businesses, by organisation number."""

    async def find(
        self, numbers: Sequence[OrganisationNumber]
    ) -> Mapping[OrganisationNumber, BusinessRecord]:
        """The addresses of units, absent for those that have none.

        A sub-unit without any usable address of its own gets those of the nearest unit above it that
        has one, up to `LEVELS`; the record tells
        by `origin` whose addresses they are. One that is uncertain gets nobody else's.

        Raises:
            RegistryUnavailableError: nothing was found out; try again later.
        """
        ...


class UnitRegistry(Protocol):
    """Which units stand above others."""

    async def main_units(
        self, numbers: Sequence[OrganisationNumber]
    ) -> Mapping[OrganisationNumber, Sequence[OrganisationNumber]]:
        """The main unit of each, the main unit of that, and so on; absent for those that have none.

        Never more than `LEVELS`, each once, and nothing above a unit whose change could not be read.

        Raises:
            RegistryUnavailableError: nothing was found out; try again later.
        """
        ...


class ProfileRegistry(Protocol):
    """What end users registered for notifications on behalf of organisations."""

    async def find(
        self, numbers: Sequence[OrganisationNumber], resource: str
    ) -> Mapping[OrganisationNumber, Sequence[ProfileRecord]]:
        """The users who registered for units, by the unit that they registered for, in a stable order.

        Whether they may is not for the registry to say: who decides that is asked next
        (`DecisionPoint`). A registration that names resources, and not this one, is told as being
        about another; an address of which nobody has shown that it is theirs is told as unverified.

        Raises:
            RegistryUnavailableError: nothing was found out; try again later.
        """
        ...


class ExternalIdentityRegistry(Protocol):
    """Those without a national number, as the login service knows them, by URN."""

    async def find(self, urns: Sequence[str]) -> Mapping[str, ExternalRecord]:
        """The records of those who are known.

        An identity that is an e-mail address is always known, at that address.

        Raises:
            RegistryUnavailableError: nothing was found out; try again later.
        """
        ...


class NameRegistry(Protocol):
    """What people and organisations are called."""

    async def find(
        self, persons: Sequence[str], organisations: Sequence[OrganisationNumber]
    ) -> Mapping[str, str]:
        """Names by national identity number and organisation number; absent where unknown.

        Raises:
            RegistryUnavailableError: nothing was found out; try again later.
        """
        ...
