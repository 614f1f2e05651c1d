"""What a sender wants where nobody can tell whether a message left."""

from dataclasses import replace

import pytest

from domain.order.events import DeliveryPolicy
from entrypoints.http.placing.chains import read_chain
from entrypoints.http.placing.composed import read_composed
from entrypoints.http.placing.orders import read_email_order
from tests.entrypoints.http.requests.reading import (
    CHAIN,
    COMPOSED,
    EMAIL_ORDER,
    RULES,
    chain,
    one,
    places,
    reminded,
)

ONCE = DeliveryPolicy.AT_MOST_ONCE
OF_OWNER = replace(RULES, delivery_policy=ONCE)


@pytest.mark.parametrize("written", ["AtMostOnce", "atmostonce", 0, "0"])
def test_an_order_and_its_reminders_have_the_policy_that_is_asked_for(written: object) -> None:
    asked = chain({**reminded(), "deliveryPolicy": written})

    assert asked.order.delivery_policy is ONCE
    assert [each.delivery_policy for each in asked.reminders] == [ONCE]


def test_without_a_word_the_owners_policy_holds_or_what_is_usual() -> None:
    assert chain(CHAIN).order.delivery_policy is None
    assert chain(CHAIN, OF_OWNER).order.delivery_policy is ONCE
    assert one(EMAIL_ORDER, read_email_order, OF_OWNER).delivery_policy is ONCE
    asked = chain({**CHAIN, "deliveryPolicy": "AtLeastOnce"}, OF_OWNER)
    assert asked.order.delivery_policy is DeliveryPolicy.AT_LEAST_ONCE


@pytest.mark.parametrize(
    "written, place",
    [("Twice", "$.deliveryPolicy"), (2, "DeliveryPolicy"), (True, "$.deliveryPolicy")],
)
def test_what_is_no_policy_is_refused(written: object, place: str) -> None:
    assert place in places(read_chain, {**CHAIN, "deliveryPolicy": written})
    assert place in places(read_composed, {**COMPOSED, "deliveryPolicy": written})
