"""A decision point as Altinn's is, and the ways in which it goes wrong."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from application.ports.decision_point import Question
from contracts.decision_point_contract import PROFILES
from domain.personal import Identifier
from domain.recipient import OrganisationNumber

Json = dict[str, Any]
SUBJECT = "urn:oasis:names:tc:xacml:1.0:subject-category:access-subject"
WHAT = "urn:oasis:names:tc:xacml:3.0:attribute-category:resource"
STATUS = "urn:oasis:names:tc:xacml:1.0:status"
INDETERMINATE: Json = {
    "decision": "Indeterminate",
    "status": {"statusCode": {"value": f"{STATUS}:syntax-error"}},
    "obligations": None,
    "category": None,
}


def asked_of(question: bytes) -> list[Question]:
    """The questions that stand in a request, in their order."""
    return [each for each, _ in _read(question)]


def answer(question: bytes, permitted: Collection[Question]) -> list[Json]:
    """What a decision point answers that errs in nothing: one result for each pair, in order."""
    return [_result(asked, parts, permitted) for asked, parts in _read(question)]


def response(results: object) -> bytes:
    """An answer that has these results."""
    return json.dumps({"response": results}).encode()


def _read(question: bytes) -> list[tuple[Question, Mapping[str, Json]]]:
    request = json.loads(question)["request"]
    parts = {
        each["id"]: each
        for category in ("accessSubject", "action", "resource")
        for each in request[category]
    }
    assert len(parts) == sum(len(request[name]) for name in ("accessSubject", "action", "resource"))
    return [
        (_question(*(parts[name] for name in pair["referenceId"])), parts_of(pair, parts))
        for pair in request["multiRequests"]["requestReference"]
    ]


def parts_of(pair: Json, parts: Mapping[str, Json]) -> Mapping[str, Json]:
    subject, _, resource = pair["referenceId"]
    return {SUBJECT: parts[subject], WHAT: parts[resource]}


def _question(subject: Json, action: Json, resource: Json) -> Question:
    user, what, which = (_values(each) for each in (subject, action, resource))
    app = f"app_{which.get('urn:altinn:org')}_{which.get('urn:altinn:app')}"
    number = user.get("urn:altinn:person:identifier-no")
    assert number is None or len(user) == 1, "a number and an id at once is an error"
    return Question(
        PROFILES[number]
        if number is not None
        else user.get("urn:altinn:userid") or user["urn:altinn:person:uuid"],
        OrganisationNumber(which["urn:altinn:organization:identifier-no"]),
        which.get("urn:altinn:resource", app),
        what["urn:oasis:names:tc:xacml:1.0:action:action-id"],
        None if number is None else Identifier(number),
    )


def _values(part: Json) -> dict[str, str]:
    return {each["attributeId"]: each["value"] for each in part["attribute"]}


def _result(asked: Question, parts: Mapping[str, Json], permitted: Collection[Question]) -> Json:
    is_permitted = asked in permitted
    obligation = {"id": "urn:demo:obligation1", "attributeAssignment": []}
    return {
        "decision": "Permit" if is_permitted else "NotApplicable",
        "status": {"statusCode": {"value": f"{STATUS}:ok"}},
        "obligations": [obligation] if is_permitted else None,
        "category": [
            {
                "id": None,
                "categoryId": category,
                "attribute": [
                    {name: each[name] for name in ("attributeId", "value", "dataType")}
                    for each in part["attribute"]
                    if each.get("includeInResult")
                ],
            }
            for category, part in parts.items()
        ],
    }


def without_names(results: Sequence[Json]) -> list[Json]:
    """The results, of which only permits say whom they are about."""
    return [
        each if each["decision"] == "Permit" else {**each, "category": None} for each in results
    ]


Mangle = Callable[[list[Json]], object]

MANGLED: Mapping[str, Mangle] = {
    "in another order": lambda results: results[::-1],
    "of which only permits say about whom": without_names,
    "in another order and of which only permits say about whom": lambda results: without_names(
        results[::-1]
    ),
    "of which half is missing": lambda results: results[: len(results) // 2],
    "of which the last is missing": lambda results: results[:-1],
    "with one twice": lambda results: [results[0], *results],
    "with one in another's place": lambda results: [*results[:-1], results[0]],
    "with one word for all": lambda results: [INDETERMINATE] if len(results) > 1 else results,
    "that is one permit for all": lambda results: (
        [{**results[0], "decision": "Permit"}] if len(results) > 1 else results
    ),
    "that is empty": lambda _: [],
    "that is nothing": lambda _: None,
    "that is no list": lambda results: results[0],
    "of words that nobody knows": lambda results: [
        {**each, "decision": f"{each['decision']}!"} for each in results
    ],
    "without decisions": lambda results: [{"status": each["status"]} for each in results],
}
"""Answers that are not as they should be, however whatever was asked."""
