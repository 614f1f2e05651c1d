"""What is asked for under a key has one name, which nobody else can guess; what was asked is known again."""

from itertools import product
from uuid import UUID

import msgspec
import pytest

from adapters.memory.key_vault import InMemoryKeyVault
from application.ordering.order_ids import OrderNames, receipt_of, repeated
from domain.order.events import Chain, ChainId, OrderId, ReminderLink
from domain.order.order import open_order
from domain.personal import Content
from tests.samples import NOON, ORDER_ID, placed

CHAIN = ChainId(UUID(int=1))
REMINDER = OrderId(UUID(int=2))
ASKED = {"to": "case 77", "words": Content("Please log in.")}


@pytest.fixture
def names() -> OrderNames:
    return OrderNames(InMemoryKeyVault())


def test_the_same_key_of_the_same_owner_gives_the_same_name(names: OrderNames) -> None:
    again = OrderNames(InMemoryKeyVault())

    assert names.order_id("ttd", "chain", "key", "order") == again.order_id(
        "ttd", "chain", "key", "order"
    )


def test_another_owner_kind_key_or_part_gives_another_name(names: OrderNames) -> None:
    given = [
        names.order_id(*each)
        for each in product(("ttd", "skd"), ("chain", "instant"), ("a", "b"), ("order", "chain"))
    ]

    assert len(set(given)) == len(given)


def test_words_that_run_together_are_no_other_words(names: OrderNames) -> None:
    assert names.order_id("ttd", "chain", "ab", "c") != names.order_id("ttd", "chain", "a", "bc")


def test_without_the_key_of_the_vault_nobody_can_tell_the_name(names: OrderNames) -> None:
    stranger = OrderNames(InMemoryKeyVault(b"another"))

    assert names.order_id("ttd", "chain", "a", "order") != stranger.order_id(
        "ttd", "chain", "a", "order"
    )
    assert names.digest(ASKED) != stranger.digest(ASKED)


def test_a_name_is_an_id_whose_bits_are_our_own(names: OrderNames) -> None:
    named = names.order_id("ttd", "chain", "a", "order")

    assert named.version == 8
    assert named.variant == "specified in RFC 4122"


def test_another_word_of_the_message_is_another_request(names: OrderNames) -> None:
    assert names.digest(ASKED) == names.digest(dict(ASKED))
    assert names.digest(ASKED) != names.digest({**ASKED, "words": Content("Please log out.")})


def test_what_cannot_be_written_down_has_no_digest(names: OrderNames) -> None:
    with pytest.raises(TypeError):
        names.digest(object())


def test_a_repeat_gets_the_first_receipt_and_is_told_whether_it_asks_for_the_same() -> None:
    chain = Chain(
        chain_id=CHAIN,
        reminders=(ReminderLink(order_id=REMINDER, senders_reference="again"),),
    )
    of_chain = msgspec.structs.replace(placed, chain=chain, request_digest="digest")
    order = open_order(ORDER_ID, of_chain, NOON)

    same, other = repeated(order, "digest"), repeated(order, "another")

    assert same.is_repeat
    assert same.is_same_request
    assert not other.is_same_request
    assert (same.chain_id, same.order.order_id, same.order.senders_reference) == (
        CHAIN,
        ORDER_ID,
        "case-77",
    )
    assert [(each.order_id, each.senders_reference) for each in same.reminders] == [
        (REMINDER, "again")
    ]
    assert other.order == same.order


def test_an_order_of_no_chain_has_no_such_receipt() -> None:
    with pytest.raises(ValueError, match="belongs to a chain"):
        receipt_of(open_order(ORDER_ID, placed, NOON), is_repeat=False, is_same_request=True)
