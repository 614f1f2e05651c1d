"""XACML's JSON profile, as the decision point of Altinn reads and writes it.

Several pairs of a user and an organisation go in one question, all about one resource and one action.
Results come in the order of the pairs. A permit also repeats what is marked for it, so that it can be
held against the pair whose place it has: where it names another, or too little to be told from the
others, nothing of the answer counts. Obligations are passed over: they are for somebody who is logged
in, and nobody is.

Who has no user's id is named by a national identity number, which is never asked to be repeated. So
that a permit can be held against its pair all the same, such a person stands alone in a question.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import Struct

from adapters.foreign_json import in_utf8
from application.ports.decision_point import Question
from domain.authority import Decision
from domain.national_number import parse
from domain.personal import Identifier

_TEXT: Final = "http://www.w3.org/2001/XMLSchema#string"
_ISSUER: Final = "Altinn"
_ACTION: Final = "urn:oasis:names:tc:xacml:1.0:action:action-id"
_RESOURCE: Final = "urn:altinn:resource"
_OWNER, _APP = "urn:altinn:org", "urn:altinn:app"
_WHOSE: Final = "urn:altinn:organization:identifier-no"
_USER: Final = "urn:altinn:userid"
_PERSON: Final = "urn:altinn:person:uuid"
_NUMBER: Final = "urn:altinn:person:identifier-no"
_USER_ID: Final = re.compile(r"[0-9]{1,10}", re.ASCII)
"""Shorter than a national number, which is named as such or not at all."""
_OUR_OWN: Final = 8
"""The version of the ids that are made here."""
_APPLICATION: Final = re.compile(r"app_([^_]+)_(.+)")
"""An app by its owner and its name, which may have more underscores."""
_PERMIT, _INDETERMINATE = "Permit", "Indeterminate"


class _Attribute(Struct, frozen=True, rename="camel", omit_defaults=True):
    attribute_id: str
    value: str
    data_type: str = msgspec.field(default_factory=lambda: _TEXT)
    issuer: str = msgspec.field(default_factory=lambda: _ISSUER)
    include_in_result: bool = False


class _Part(Struct, frozen=True):
    id: str
    attribute: Sequence[_Attribute]


class _Pair(Struct, frozen=True, rename="camel"):
    reference_id: tuple[str, str, str]


class _Pairs(Struct, frozen=True, rename="camel"):
    request_reference: Sequence[_Pair]


class _Request(Struct, frozen=True, rename="camel"):
    access_subject: Sequence[_Part]
    action: Sequence[_Part]
    resource: Sequence[_Part]
    multi_requests: _Pairs


class _Asked(Struct, frozen=True):
    request: _Request


class _Repeated(Struct, frozen=True, rename="camel"):
    attribute_id: str
    value: Any = None


class _Category(Struct, frozen=True):
    attribute: list[_Repeated] | None = None


class _Result(Struct, frozen=True):
    decision: str
    category: list[_Category] | None = None


class _Answer(Struct, frozen=True):
    response: list[_Result]


_read = msgspec.json.Decoder(_Answer).decode


class NoAnswerError(Exception):
    """What was answered decides nothing of what was asked."""

    def __init__(self, *, is_readable: bool, is_indeterminate: bool = False) -> None:
        super().__init__("an answer that decides nothing")
        self.is_readable = is_readable
        """Whether it is at least an answer of a decision point."""
        self.is_indeterminate = is_indeterminate
        """Whether it says in one word that there is no answer."""


class AwayError(Exception):
    """The decision point cannot be reached, or answers nobody; the text is one line for operators."""


def alike(question: Question) -> tuple[str, str, Identifier | None]:
    """What those have in common that can be asked about at once."""
    return question.resource, question.action, question.person


def can_be_asked(question: Question) -> bool:
    """Whether the decision point can know a user by what the user is called here."""
    return _subject(question) is not None


def written(questions: Sequence[Question]) -> bytes:
    """One question about all of them, which are `alike`."""
    subjects = {each.user: f"user{n}" for n, each in enumerate(questions)}
    owners = {each.organisation: f"organisation{n}" for n, each in enumerate(questions)}
    first = questions[0]
    return msgspec.json.encode(
        _Asked(
            _Request(
                access_subject=[
                    _Part(name, [subject])
                    for name, each in {subjects[each.user]: each for each in questions}.items()
                    if (subject := _subject(each)) is not None
                ],
                action=[_Part("action", [_attribute(_ACTION, first.action)])],
                resource=[
                    _Part(
                        name,
                        [
                            *_resource(first.resource),
                            _attribute(_WHOSE, organisation, is_repeated=True),
                        ],
                    )
                    for organisation, name in owners.items()
                ],
                multi_requests=_Pairs(
                    [
                        _Pair((subjects[each.user], "action", owners[each.organisation]))
                        for each in questions
                    ]
                ),
            )
        )
    )


def judged(questions: Sequence[Question], answer: bytes) -> Mapping[Question, Decision]:
    """What an answer decides of each question: yes where it says so, and else no.

    Raises:
        NoAnswerError: it decides nothing: it cannot be read, is about more or fewer, or others, or is
            the one word that there is no answer.
    """
    try:
        results = _read(in_utf8(answer)).response
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise NoAnswerError(is_readable=False) from None
    if [each.decision for each in results] == [_INDETERMINATE]:
        raise NoAnswerError(is_readable=True, is_indeterminate=True)
    if len(results) != len(questions):
        raise NoAnswerError(is_readable=True)
    several = _what_tells_apart(questions)
    for question, result in zip(questions, results, strict=True):
        asked, said = _named(question), _repeated(result)
        is_anothers = any(said.get(name, value) != value for name, value in asked.items())
        is_anybodys = result.decision == _PERMIT and not several <= said.keys()
        if is_anothers or is_anybodys:
            raise NoAnswerError(is_readable=True)
    return {
        question: Decision.PERMITTED if result.decision == _PERMIT else Decision.REFUSED
        for question, result in zip(questions, results, strict=True)
    }


def _subject(question: Question) -> _Attribute | None:
    if question.person is not None:
        number = question.person.text
        return _attribute(_NUMBER, number) if parse(number) is not None else None
    user = question.user
    if _USER_ID.fullmatch(user):
        return _attribute(_USER, user, is_repeated=True)
    try:
        person = UUID(user)
    except ValueError:
        return None
    return (
        None if person.version == _OUR_OWN else _attribute(_PERSON, str(person), is_repeated=True)
    )


def _resource(resource: str) -> Sequence[_Attribute]:
    if (app := _APPLICATION.fullmatch(resource)) is not None:
        return [_attribute(_OWNER, app[1]), _attribute(_APP, app[2])]
    return [_attribute(_RESOURCE, resource)]


def _attribute(name: str, value: str, *, is_repeated: bool = False) -> _Attribute:
    return _Attribute(attribute_id=name, value=value, include_in_result=is_repeated)


def _named(question: Question) -> Mapping[str, str]:
    """By which attributes a pair is known, and what they are."""
    subject = _subject(question)
    user = {} if subject is None else {subject.attribute_id: subject.value}
    return {**user, _WHOSE: question.organisation}


def _what_tells_apart(questions: Sequence[Question]) -> frozenset[str]:
    """The attributes in which the pairs differ."""
    named = [_named(each) for each in questions]
    names = {name for each in named for name in each}
    return frozenset(name for name in names if len({each.get(name) for each in named}) > 1)


def _repeated(result: _Result) -> Mapping[str, str]:
    return {
        each.attribute_id: str(each.value)
        for category in result.category or ()
        for each in category.attribute or ()
    }
