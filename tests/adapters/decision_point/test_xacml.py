import json
from typing import Any

import pytest

from adapters.decision_point.xacml import NoAnswerError, alike, can_be_asked, judged, written
from application.ports.decision_point import Question
from contracts.decision_point_contract import (
    KARI_ALONE,
    PERMITTED,
    SUB_UNIT,
    UNIT,
    of_person,
    question,
)
from domain.authority import Decision
from domain.personal import Identifier
from tests.adapters.decision_point.pdp import (
    INDETERMINATE,
    MANGLED,
    answer,
    asked_of,
    response,
    without_names,
)

ONE, TWO, THREE = question("20001111"), question("20002222"), question("20001111", SUB_UNIT)
TEXT = "http://www.w3.org/2001/XMLSchema#string"


def resource_of(asked: Question) -> list[dict[str, Any]]:
    (resource,) = json.loads(written([asked]))["request"]["resource"]
    return [
        {each["attributeId"]: each["value"]}
        for each in resource["attribute"]
        if not each.get("includeInResult")
    ]


def test_pairs_are_asked_about_as_the_profile_writes_it() -> None:
    request = json.loads(written([ONE, TWO, THREE]))["request"]

    assert [each["attribute"] for each in request["accessSubject"]] == [
        [
            {
                "attributeId": "urn:altinn:userid",
                "value": user,
                "dataType": TEXT,
                "issuer": "Altinn",
                "includeInResult": True,
            }
        ]
        for user in ("20001111", "20002222")
    ]
    (action,) = request["action"]
    assert action["attribute"] == [
        {
            "attributeId": "urn:oasis:names:tc:xacml:1.0:action:action-id",
            "value": "read",
            "dataType": TEXT,
            "issuer": "Altinn",
        }
    ]
    assert [each["attribute"][-1]["value"] for each in request["resource"]] == [UNIT, SUB_UNIT]
    assert asked_of(written([ONE, TWO, THREE])) == [ONE, TWO, THREE]


def test_a_national_number_stands_as_one_and_is_not_to_be_repeated() -> None:
    (subject,) = json.loads(written([KARI_ALONE]))["request"]["accessSubject"]

    assert subject["attribute"] == [
        {
            "attributeId": "urn:altinn:person:identifier-no",
            "value": "15859010099",
            "dataType": TEXT,
            "issuer": "Altinn",
        }
    ]
    assert "15859010099" not in repr(KARI_ALONE)


def test_persons_who_are_named_by_number_are_told_apart_by_nothing_but_the_question() -> None:
    asked = [KARI_ALONE, of_person("06927530250")]
    with pytest.raises(NoAnswerError):
        judged(asked, response(answer(written(asked), PERMITTED)))
    assert len({alike(each) for each in asked}) == 2


@pytest.mark.parametrize(
    "number, is_known", [("15859010099", True), ("15859010098", False), ("20001111", False)]
)
def test_only_a_national_number_is_named_as_one(number: str, *, is_known: bool) -> None:
    assert can_be_asked(KARI_ALONE._replace(person=Identifier(number))) is is_known


@pytest.mark.parametrize(
    "resource, told",
    [
        ("tax-2026", [{"urn:altinn:resource": "tax-2026"}]),
        ("app_ttd_my_app", [{"urn:altinn:org": "ttd"}, {"urn:altinn:app": "my_app"}]),
        ("app_ttd_a__b_", [{"urn:altinn:org": "ttd"}, {"urn:altinn:app": "a__b_"}]),
        ("app_ttd", [{"urn:altinn:resource": "app_ttd"}]),
        ("app__app", [{"urn:altinn:resource": "app__app"}]),
        ("application_a_b", [{"urn:altinn:resource": "application_a_b"}]),
    ],
)
def test_an_app_is_told_by_its_owner_and_its_name(
    resource: str, told: list[dict[str, Any]]
) -> None:
    assert resource_of(question("1", resource=resource)) == told


@pytest.mark.parametrize(
    "user, is_known",
    [
        ("1", True),
        ("20001111", True),
        ("6f1f5f0e-0000-4000-8000-000000000001", True),
        # A national number is no user's id, and nobody there can know one that is made up.
        ("15859010099", False),
        ("kari", False),
        # An id that was made here.
        ("6f1f5f0e-0000-8000-8000-000000000001", False),
        ("२०००", False),
        ("", False),
    ],
)
def test_only_whom_the_decision_point_can_know_is_named_to_it(user: str, *, is_known: bool) -> None:
    assert can_be_asked(question(user)) is is_known


def test_only_a_permit_is_a_yes() -> None:
    asked = [ONE, TWO]
    for word in ("Deny", "NotApplicable", "Indeterminate", "permit", "", "Permit "):
        results = [{**each, "decision": word} for each in answer(written(asked), ())]
        assert judged(asked, response(results)) == dict.fromkeys(asked, Decision.REFUSED)
    assert judged([ONE], response(answer(written([ONE]), PERMITTED))) == {ONE: Decision.PERMITTED}


@pytest.mark.parametrize(
    "told",
    [
        [INDETERMINATE],
        [],
        answer(written([ONE, TWO, THREE]), PERMITTED),
        answer(written([TWO, ONE]), PERMITTED),
        # A permit that says nothing of whom it is for.
        [{"decision": "Permit"}, {"decision": "NotApplicable"}],
        None,
        "Permit",
    ],
)
def test_what_is_not_certainly_about_each_decides_nothing(told: object) -> None:
    with pytest.raises(NoAnswerError):
        judged([ONE, TWO], response(told))


def test_one_word_for_one_pair_that_there_is_no_answer_decides_nothing() -> None:
    with pytest.raises(NoAnswerError) as no_answer:
        judged([ONE], response([INDETERMINATE]))
    assert no_answer.value.is_indeterminate


def test_of_one_pair_a_permit_needs_not_say_whom_it_is_for_but_may_not_name_another() -> None:
    assert judged([ONE], response([{"decision": "Permit"}])) == {ONE: Decision.PERMITTED}
    with pytest.raises(NoAnswerError):
        judged([TWO], response(answer(written([ONE]), PERMITTED)))


def test_a_permit_that_names_the_user_is_enough_where_all_are_of_one_organisation() -> None:
    asked = [ONE, TWO]
    results = without_names(answer(written(asked), PERMITTED))
    results[0]["category"] = results[0]["category"][:1]
    assert judged(asked, response(results))[ONE] is Decision.PERMITTED


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b"\xff\xfe", b"null", b"<html>", b'{"response": ' + b"[" * 100_000]
)
def test_what_cannot_be_read_decides_nothing(body: bytes) -> None:
    with pytest.raises(NoAnswerError) as no_answer:
        judged([ONE], body)
    assert not no_answer.value.is_readable


@pytest.mark.parametrize("how", MANGLED)
def test_whatever_is_answered_nobody_is_let_in_for_another(how: str) -> None:
    asked = [ONE, TWO, THREE]
    try:
        decided = judged(asked, response(MANGLED[how](answer(written(asked), PERMITTED))))
    except NoAnswerError:
        return
    permitted = {each for each, decision in decided.items() if decision is Decision.PERMITTED}
    assert permitted <= set(PERMITTED)
