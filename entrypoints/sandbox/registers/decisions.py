"""The policy decision point: who may do what on behalf of whom, asked in XACML's JSON.

Several questions in one request get a decision each, in their order; what cannot be understood gets a
single Indeterminate, as there. So does what names a person by national number where that may not be,
and what names one by a number and an id at once.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, Final, NamedTuple

import msgspec

MOST_QUESTIONS: Final = 10_000

_STATUS: Final = "urn:oasis:names:tc:xacml:1.0:status:"
_SUBJECT: Final = "urn:oasis:names:tc:xacml:1.0:subject-category:access-subject"
_RESOURCE_CATEGORY: Final = "urn:oasis:names:tc:xacml:3.0:attribute-category:resource"
_ACTION_CATEGORY: Final = "urn:oasis:names:tc:xacml:3.0:attribute-category:action"
_USERS: Final = ("urn:altinn:userid", "urn:altinn:person:uuid")
_RESOURCE: Final = "urn:altinn:resource"
_OWNER, _APP = "urn:altinn:org", "urn:altinn:app"
_WHOSE: Final = (
    "urn:altinn:partyid",
    "urn:altinn:organization:identifier-no",
    "urn:altinn:organizationnumber",
)
_NATIONAL_NUMBER: Final = ("urn:altinn:person:identifier-no", "urn:altinn:ssn")
_ACTION: Final = "urn:oasis:names:tc:xacml:1.0:action:action-id"
_XML_SCHEMA: Final = "http://www.w3.org/2001/XMLSchema#"
_TYPES: Final = {None, "", "string", "anyuri"} | {
    f"{_XML_SCHEMA}{each}".lower() for each in ("string", "anyURI", "integer")
}
_OBLIGATIONS: Final = [
    {
        "id": "urn:varsel:obligation:authentication-level",
        "attributeAssignment": [
            {
                "attributeId": "urn:varsel:authentication-level",
                "value": "3",
                "category": "urn:altinn:minimum-authenticationlevel",
                "dataType": f"{_XML_SCHEMA}integer",
            }
        ],
    }
]


class Grant(NamedTuple):
    """What a user may do on behalf of a party, who is named by organisation number or party id."""

    user: str
    party: str
    resource: str
    action: str


class Grants:
    """The table by which is decided.

    An organisation's party id is its number here, so that whichever a question names finds the same.
    """

    def __init__(self, samples: bytes) -> None:
        """Take the grants of the samples."""
        granted = msgspec.json.decode(samples).get("grants", ())
        self._granted = {
            Grant(each["user"], each["organisation"], _bare(each["resource"]), each["action"])
            for each in granted
        }

    def permit(self, grant: Grant) -> None:
        """Permit something from now on."""
        self._granted.add(grant._replace(resource=_bare(grant.resource)))

    def withdraw(self, grant: Grant) -> None:
        """Permit something no more."""
        self._granted.discard(grant._replace(resource=_bare(grant.resource)))

    def permits(self, grant: Grant) -> bool:
        """Whether something is permitted."""
        return grant in self._granted


class _UnclearError(Exception):
    """A request cannot be understood."""


class _Category(NamedTuple):
    category_id: str | None
    attributes: Sequence[Mapping[str, Any]]

    def values(self, *names: str) -> Iterator[str]:
        for each in self.attributes:
            if each.get("attributeid") in names:
                yield str(each.get("value"))


def decide(request: bytes, grants: Grants, *, takes_numbers: bool) -> bytes:
    """The answer to a request, which may name persons by their national numbers, or may not."""
    try:
        questions = _questions(request)
        for each in questions:
            _refuse_misnamed(each, takes_numbers=takes_numbers)
        results = [_decision(each, grants) for each in questions]
    except (_UnclearError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        code = f"{_STATUS}syntax-error"
        results = [{"decision": "Indeterminate", "status": {"statusCode": {"value": code}}}]
    return msgspec.json.encode({"response": results})


def _questions(request: bytes) -> Sequence[Sequence[_Category]]:
    """What is asked, a list of categories for each question."""
    asked = _lowered(msgspec.json.decode(request))
    inner = asked.get("request") if isinstance(asked, dict) else None
    if not isinstance(inner, dict):
        raise _UnclearError
    every: list[_Category] = []
    by_id: dict[str, _Category] = {}
    for name, category_id in (
        ("accesssubject", _SUBJECT),
        ("resource", _RESOURCE_CATEGORY),
        ("action", _ACTION_CATEGORY),
        ("environment", None),
        ("category", None),
    ):
        for each in _dicts(inner.get(name)):
            attributes = _dicts(each.get("attribute"))
            _refuse_odd(attributes)
            category = _Category(category_id or each.get("categoryid"), attributes)
            every.append(category)
            by_id[str(each.get("id"))] = category
    references = _dicts((inner.get("multirequests") or {}).get("requestreference"))
    if len(references) > MOST_QUESTIONS:
        raise _UnclearError
    if len(references) <= 1:
        return [every]
    try:
        return [[by_id[each] for each in one["referenceid"]] for one in references]
    except (KeyError, TypeError):
        raise _UnclearError from None


def _decision(categories: Sequence[_Category], grants: Grants) -> Mapping[str, Any]:
    permitted = any(grants.permits(each) for each in _grants_asked_for(categories))
    result: dict[str, Any] = {
        "decision": "Permit" if permitted else "NotApplicable",
        "status": {"statusCode": {"value": f"{_STATUS}ok"}},
    }
    if permitted:
        result["obligations"] = _OBLIGATIONS
    echoed = [_echoed(each) for each in categories]
    return {**result, "category": [each for each in echoed if each["attribute"]]}


def _grants_asked_for(categories: Sequence[_Category]) -> Iterator[Grant]:
    """What is asked for; of every part there is one in a question that is well put."""

    def values(*names: str) -> list[str]:
        return [value for each in categories for value in each.values(*names)]

    apps = (f"app_{owner}_{app}" for owner in values(_OWNER) for app in values(_APP))
    resources = [*map(_bare, values(_RESOURCE)), *apps]
    return (
        Grant(*each)
        for each in product(
            values(*_USERS, *_NATIONAL_NUMBER), values(*_WHOSE), resources, values(_ACTION)
        )
    )


def _echoed(category: _Category) -> Mapping[str, Any]:
    attributes = [
        {
            "attributeId": each.get("attributeid"),
            "value": each.get("value"),
            **({"dataType": each["datatype"]} if each.get("datatype") else {}),
        }
        for each in category.attributes
        if each.get("includeinresult")
    ]
    return {"categoryId": category.category_id, "attribute": attributes}


def _refuse_misnamed(categories: Sequence[_Category], *, takes_numbers: bool) -> None:
    """Refuse a question that names somebody by a number where none may stand, or by an id as well."""
    has_number, has_id = (
        any(True for category in categories for _ in category.values(*names))
        for names in (_NATIONAL_NUMBER, _USERS)
    )
    if has_number and (has_id or not takes_numbers):
        raise _UnclearError


def _refuse_odd(attributes: Sequence[Mapping[str, Any]]) -> None:
    for each in attributes:
        kind = each.get("datatype")
        if (kind.lower() if isinstance(kind, str) else kind) not in _TYPES:
            raise _UnclearError


def _dicts(value: object) -> Sequence[Mapping[str, Any]]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise _UnclearError
    return value


def _lowered(value: Any) -> Any:  # noqa: ANN401  # raw JSON
    """The same with its names in small letters: they are read in whichever letters they come."""
    match value:
        case dict():
            return {str(name).lower(): _lowered(each) for name, each in value.items()}
        case list():
            return [_lowered(each) for each in value]
        case _:
            return value


def _bare(resource: str) -> str:
    return resource.removeprefix(f"{_RESOURCE}:")
