"""The party register: what people and organisations are called, and which units are whose."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5

import msgspec
from msgspec import Struct

from entrypoints.sandbox.registers.errors import UnknownError
from entrypoints.sandbox.registers.numbers import is_organisation, is_person
from entrypoints.sandbox.registers.units import Unit

MOST_PARTIES: Final = 1000
MOST_IDENTIFIERS: Final = 100

_URN: Final = "urn:altinn:organization:identifier-no:"


class _Party(Struct, rename="camel"):
    ssn: str | None = None
    org_no: str | None = None


class _Names(Struct):
    parties: list[_Party]


class _Question(Struct):
    data: str


_read_names = msgspec.json.Decoder(_Names).decode
_read_question = msgspec.json.Decoder(_Question).decode


def names(
    question: bytes, name_of: Callable[[str], str | None], *, with_parts: bool = False
) -> bytes:
    """What everybody asked about is called, in the order of the question; null of whom is unknown.

    Raises:
        UnknownError: one of the numbers is none, and so none is answered.
    """
    parties = _asked(question)
    for each in parties:
        if not is_person(each.ssn or "") and not is_organisation(each.org_no or ""):
            raise UnknownError("one of the numbers has the wrong check digits")
    answers = []
    for each in parties:
        name = name_of(each.ssn or each.org_no or "")
        answer: dict[str, Any] = {"ssn": each.ssn, "orgNo": each.org_no, "name": name}
        if with_parts and each.ssn is not None and name is not None:
            first, *middle, last = name.split(" ")
            parts = {"firstName": first, "middleName": " ".join(middle) or None, "lastName": last}
            answer["personName"] = parts
        answers.append(answer)
    return msgspec.json.encode({"partyNames": answers})


def main_units(question: bytes, find: Callable[[str], Unit | None]) -> bytes:
    """The unit that another belongs to; none of what is unknown or a main unit itself.

    Raises:
        UnknownError: the question names no party.
    """
    try:
        urn = _read_question(question).data
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise UnknownError("the question is no JSON with a text `data`") from None
    if not urn.startswith(_URN):
        raise UnknownError(f"the party is named by {_URN} and a number")
    unit = find(urn.removeprefix(_URN))
    main = None if unit is None or unit.main_unit is None else find(unit.main_unit)
    return msgspec.json.encode({"data": [] if main is None else [_organisation(main)]})


def identifiers(numbers: Sequence[str], find: Callable[[str], Unit | None]) -> bytes:
    """By which ids organisations are known, a party id and a UUID; nothing of those that are unknown.

    Raises:
        UnknownError: none is asked about, or too many are.
    """
    if not 1 <= len(numbers) <= MOST_IDENTIFIERS:
        raise UnknownError(f"from 1 to {MOST_IDENTIFIERS} parties can be asked about")
    units = [unit for each in numbers if (unit := find(each)) is not None]
    return msgspec.json.encode(
        [
            {"partyId": _party_id(each), "partyUuid": _party_uuid(each), "orgNumber": each.number}
            for each in units
        ]
    )


def _party_id(unit: Unit) -> int:
    # The same as the number, so that whichever is asked by finds the same grants.
    return int(unit.number)


def _party_uuid(unit: Unit) -> str:
    return str(uuid5(NAMESPACE_OID, unit.number))


def _asked(question: bytes) -> Sequence[_Party]:
    try:
        parties = _read_names(question).parties
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise UnknownError("the question is no JSON with a list `parties`") from None
    if len(parties) > MOST_PARTIES:
        raise UnknownError(f"more than {MOST_PARTIES} parties are asked about")
    return parties


def _organisation(unit: Unit) -> Mapping[str, Any]:
    return {
        "partyType": "organization",
        "partyUuid": _party_uuid(unit),
        "versionId": 1,
        "urn": f"{_URN}{unit.number}",
        "partyId": _party_id(unit),
        "displayName": unit.name,
        "organizationIdentifier": unit.number,
    }
