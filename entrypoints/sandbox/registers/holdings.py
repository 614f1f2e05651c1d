"""Everything that the stand-ins for the registers hold, and what somebody may change of it."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self

import msgspec

from entrypoints.sandbox.registers.addresses import (
    AddressRegister,
    Kind,
    deletion_of,
    entry_of,
    read_moment,
)
from entrypoints.sandbox.registers.decisions import Grant, Grants
from entrypoints.sandbox.registers.errors import UnknownError, UnknownOrganisationError
from entrypoints.sandbox.registers.journal import Journal
from entrypoints.sandbox.registers.numbers import (
    MOST_ORGANISATIONS,
    MOST_PERSONS,
    PersonNumbers,
    is_organisation,
)
from entrypoints.sandbox.registers.persons import PersonChange, PersonRegister
from entrypoints.sandbox.registers.units import UnitRegister

_INVENTED: Final = "3"
"""What numbers of invented organisations begin with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """The invented people and firms that everybody knows, as their registers would answer."""

    persons: bytes
    addresses: bytes
    units: bytes
    names: bytes
    grants: bytes


class Holdings:
    """What the registers hold; as it was before, where they keep it in a folder.

    Args:
        samples: whom they know from the start.
        folder: where they keep what comes in; None keeps it for as long as they run.
        people: how many persons are generated beside the samples.
        organisations: how many organisations are.
        seed: which numbers the generated persons have.
        clock: tells the time of each change.

    Raises:
        RegistersInUseError: others keep what comes in in the same folder.
        UnknownError: that many cannot be generated.
    """

    def __init__(
        self,
        samples: Samples,
        *,
        folder: Path | None = None,
        people: int = 0,
        organisations: int = 0,
        seed: int = 0,
        clock: Callable[[], datetime],
    ) -> None:
        if not (0 <= people <= MOST_PERSONS and 0 <= organisations <= MOST_ORGANISATIONS):
            raise UnknownError(
                f"at most {MOST_PERSONS} persons and {MOST_ORGANISATIONS} organisations can be generated"
            )
        self.persons = PersonRegister(clock, PersonNumbers(seed))
        self.addresses = AddressRegister(clock)
        self.units = UnitRegister(samples.units)
        self.grants = Grants(samples.grants)
        self._names = _names(samples.names)
        self._journal = None if folder is None else Journal(folder)
        known = 0
        for record in self._journal.records() if self._journal is not None else ():
            self._take(record)
            known += 1
        self._add_samples(samples, are_late=known > 0)
        if people > self.persons.generated:
            self._keep({"people": people})
        if organisations > self.addresses.generated:
            self._keep({"organisations": organisations})

    def change_person(self, number: str, change: PersonChange) -> int:
        """Change what the register knows of a person, who need not be known; the number of the change.

        Raises:
            UnknownError: there cannot be such a person, or such a change.
        """
        self._keep({"person": self.persons.changed(number, change)})
        return self.persons.newest

    def change_organisation(
        self, number: str, *, email: str | None = None, mobile: str | None = None
    ) -> int:
        """Let an organisation be reached at these addresses and no others of their kinds; the last change.

        Raises:
            UnknownError: there cannot be such an organisation.
        """
        self._refuse_unknown(number)
        if not (email or mobile):
            raise UnknownError("nothing is to change: name an address, or --remove")
        wanted: tuple[tuple[Kind, str | None], ...] = (("email", email), ("mobile", mobile))
        for kind, address in wanted:
            if not address:
                continue
            there = [each for each, held in self.addresses.of(number).items() if held == kind]
            for each in there[1:]:
                self.remove(each)
            self._put(there[0] if there else _new_id(), number, kind, address)
        return self.addresses.newest

    def remove_organisation(self, number: str) -> int:
        """Remove every address of an organisation; the number of the last change.

        Raises:
            UnknownError: there cannot be such an organisation.
        """
        self._refuse_unknown(number)
        for each in self.addresses.of(number):
            self.remove(each)
        return self.addresses.newest

    def define(self, organisation: str, kind: Kind, address: str) -> str:
        """Add an address of an organisation; its id.

        Raises:
            UnknownError: there is no such organisation.
        """
        self._refuse_unknown(organisation)
        return self._put(_new_id(), organisation, kind, address)

    def replace(self, registry_id: str, organisation: str, kind: Kind, address: str) -> str:
        """Put an address in the place of another; the id, which stays.

        Raises:
            UnknownError: there is no such address, or no such organisation.
        """
        self._refuse_unknown(organisation)
        self._refuse_gone(registry_id)
        return self._put(registry_id, organisation, kind, address)

    def remove(self, registry_id: str) -> str:
        """Remove an address; its id.

        Raises:
            UnknownError: there is no such address.
        """
        self._refuse_gone(registry_id)
        self._keep({"address": deletion_of(registry_id, self.addresses.now())})
        return registry_id

    def permit(self, grant: Grant, *, withdrawn: bool = False) -> None:
        """Let the decision point permit something from now on, or no more."""
        self._keep({"grant": [*grant], "withdrawn": withdrawn})

    def name(self, number: str) -> str | None:
        """What a person or an organisation is called."""
        if number in self._names:
            return self._names[number]
        unit = self.units.find(number)
        return unit.name if unit is not None else self.persons.name(number)

    def close(self) -> None:
        """Let the folder go."""
        if self._journal is not None:
            self._journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _put(self, registry_id: str, organisation: str, kind: Kind, address: str) -> str:
        updated = self.addresses.now()
        self._keep({"address": entry_of(registry_id, organisation, kind, address, updated)})
        return registry_id

    def _add_samples(self, samples: Samples, *, are_late: bool) -> None:
        """Take in those of the samples that the registers do not know from before."""
        for entry in msgspec.json.decode(samples.persons)["list"]:
            if not self.persons.knows(str(entry["personidentifikator"])):
                self._keep({"person": entry})
        entries = msgspec.json.decode(samples.addresses)["entries"]
        # One address may come twice; whether it is known is told before any comes in.
        unknown = [each for each in entries if not self.addresses.knows(each["id"])]
        for entry in sorted(unknown, key=lambda each: read_moment(each["updated"])):
            late = {"updated": self.addresses.now()} if are_late else {}
            self._keep({"address": {**entry, **late}})

    def _refuse_unknown(self, number: str) -> None:
        is_invented = is_organisation(number) and number.startswith(_INVENTED)
        if not is_invented and self.units.find(number) is None:
            raise UnknownOrganisationError(
                "the number is no invented organisation's: those have nine digits, begin with 3, "
                "and end with the right check digit"
            )

    def _refuse_gone(self, registry_id: str) -> None:
        if not self.addresses.stands(registry_id):
            raise UnknownError("there is no address with this id")

    def _keep(self, record: dict[str, Any]) -> None:
        if self._journal is not None:
            self._journal.keep(record)
        self._take(record)

    def _take(self, record: Mapping[str, Any]) -> None:
        match record:
            case {"person": entry}:
                self.persons.take(entry)
            case {"address": entry}:
                self.addresses.take(entry)
            case {"grant": grant, "withdrawn": True}:
                self.grants.withdraw(Grant(*grant))
            case {"grant": grant}:
                self.grants.permit(Grant(*grant))
            case {"people": int(count)}:
                self.persons.generate(count)
            case {"organisations": int(count)}:
                self.addresses.generate(count)
                self.units.generated = count
            case _:
                raise UnknownError("what was kept is of another release: remove the folder")


def _new_id() -> str:
    return secrets.token_hex(16)


def _names(samples: bytes) -> Mapping[str, str]:
    named = msgspec.json.decode(samples)["partyNames"]
    return {
        each.get("ssn") or each["orgNo"]: each["name"]
        for each in named
        if each.get("name") and (each.get("ssn") or each.get("orgNo"))
    }
