"""What the guide tells people to call is there."""

import ast
import re
from pathlib import Path

from domain import limits
from entrypoints.http.placing.national_numbers import IN_A_TEXT
from entrypoints.http.transport.problem_types import Empty
from entrypoints.http.transport.problems import (
    REFUSALS,
    SHIPMENT_NOT_FOUND,
    TOKEN_REFUSALS,
    UNEXPECTED,
)
from entrypoints.http.validation.errors import INVALID
from tests.entrypoints.http.described import ROUTES

GUIDE = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
BASE = "/notifications/api/v1"


def test_every_path_in_the_guide_is_a_route() -> None:
    named = {
        BASE + path.replace("SHIPMENT_ID", "{id}").replace("case-system", "{name}")
        for path in re.findall(r"(?:\$API|\{api\})(/[A-Za-z0-9_/-]+)", GUIDE)
    }

    assert len(named) >= 5
    assert named <= {route.path for route in ROUTES}


def test_every_python_example_of_the_guide_can_be_read() -> None:
    examples = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)

    assert examples
    for example in examples:
        ast.parse(example)


def test_the_guide_says_what_to_do_about_every_refusal_that_an_owner_can_meet() -> None:
    of_others = {
        *("wrong_credentials", "not_taken_over", "unreadable_report", "reader_unavailable"),
        # What is told to people who log in.
        *("not_a_person", "level_too_low", "authority_undecided", "profile_changed_too_often"),
        *("not_permitted", "address_not_found", "last_address"),
        *(
            "change_under_way",
            "address_refused",
            "no_address_register",
            "addresses_are_busy",
        ),
        "NOT-00002",  # whoever has hung up is told nothing
    }
    told = {
        each.code
        for each in (*REFUSALS.values(), *TOKEN_REFUSALS.values(), SHIPMENT_NOT_FOUND, UNEXPECTED)
        if not isinstance(each, Empty)
    }

    missing = {code for code in told | {INVALID, IN_A_TEXT} if f"`{code}`" not in GUIDE}

    assert missing == of_others


def test_the_guide_tells_every_limit_of_a_text() -> None:
    exact = {"NATIONAL_NUMBER", "ORGANISATION_NUMBER"}
    lengths = {
        name: most
        for name, most in vars(limits).items()
        if isinstance(most, int) and name not in exact
    }
    told = GUIDE.partition("## 9. How much")[2].partition("\n## ")[0]

    assert len(lengths) > 10
    assert {name for name, most in lengths.items() if f"{most:,}" not in told} == set()
