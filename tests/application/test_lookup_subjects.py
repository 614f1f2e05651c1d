"""Whoever was looked up stands on record by a keyed hash, and once."""

from uuid import uuid4

from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.order_repository import InMemoryOrderRepository
from adapters.memory.recipient_index import InMemoryRecipientIndex
from application.lookup_subjects import subjects
from contracts.order_repository_contract import SetClock
from domain.personal import Identifier
from domain.recipient import ExternalIdentity
from tests.samples import BAKERY, KARI, STRANGER

SIGRID = ExternalIdentity(Identifier("urn:altinn:party:username:sigrid"))


def index() -> InMemoryRecipientIndex:
    return InMemoryRecipientIndex(
        InMemoryOrderRepository(vault=InMemoryKeyVault(), clock=SetClock(), next_id=uuid4)
    )


def test_each_is_named_once_by_the_hash_under_which_support_finds_them() -> None:
    known = index()

    named = subjects([KARI, BAKERY, KARI, SIGRID], known)

    assert [(each.kind, each.identity_hash) for each in named] == [
        ("person", known.identity_hash(KARI)),
        ("organisation", known.identity_hash(BAKERY)),
        ("external_identity", known.identity_hash(SIGRID)),
    ]
    assert KARI.number.text not in str(named)


def test_whose_address_was_given_is_not_looked_up() -> None:
    assert subjects([STRANGER], index()) == ()
