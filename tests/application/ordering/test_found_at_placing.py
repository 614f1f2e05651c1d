"""What is found out about a chain's recipients is told to its sender, or is why it is refused."""

from uuid import uuid4

from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.order_repository import InMemoryOrderRepository
from adapters.memory.recipient_index import InMemoryRecipientIndex
from application.ordering.found_at_placing import (
    FoundAtPlacing,
    missing_contacts,
    order_refused,
)
from contracts.order_repository_contract import SetClock
from domain.channel import ChannelChoice
from domain.contact_point import PersonRecord
from domain.operations.acts import NotUsed
from domain.order.events import Considered, Reason, Source
from domain.personal import Identifier
from domain.recipient import Person, RecipientNo
from domain.resolution import PersonFinding, Policy, resolve
from tests.samples import KARI, NOON, OLA

FIRST, SECOND = RecipientNo(0), RecipientNo(1)
UNKNOWN = PersonFinding(record=None)
DECLINED = PersonFinding(record=PersonRecord(is_reserved=True, can_be_notified=False))


def found(*people: tuple[Person, PersonFinding], ignoring: bool = False) -> FoundAtPlacing:
    policy = Policy(choice=ChannelChoice.EMAIL, now=NOON, ignore_reservation=ignoring)
    return FoundAtPlacing(
        identities={RecipientNo(n): person for n, (person, _) in enumerate(people)},
        findings={RecipientNo(n): finding for n, (_, finding) in enumerate(people)},
        resolutions={RecipientNo(n): resolve(each, policy) for n, (_, each) in enumerate(people)},
    )


def test_who_has_declined_is_told_of_as_such_whether_or_not_that_is_overridden() -> None:
    for ignoring in (False, True):
        told = found((KARI, UNKNOWN), (OLA, DECLINED), ignoring=ignoring).told

        assert told is not None
        assert told.looked_up == 2
        assert (told.reserved, told.missing) == ((OLA.number.text,), (KARI.number.text,))


def test_where_nobody_was_looked_up_nothing_is_told() -> None:
    assert FoundAtPlacing().told is None


def test_each_who_is_missing_is_told_of_with_the_reminder_and_why() -> None:
    missing = [
        *missing_contacts([found((OLA, DECLINED)), FoundAtPlacing(), found((KARI, UNKNOWN))])
    ]

    (only,) = missing
    assert (only.reminder, only.recipient_no) == (1, FIRST)
    assert only.considered == (Considered(source=Source.KRR, reason=Reason.NO_RECORD),)


def test_everybody_who_was_looked_up_for_a_refused_order_is_on_record_without_a_number() -> None:
    orders = InMemoryOrderRepository(vault=InMemoryKeyVault(), clock=SetClock(), next_id=uuid4)
    index = InMemoryRecipientIndex(orders)

    act = order_refused(
        [found((OLA, DECLINED)), found((KARI, UNKNOWN))], resource="urn:x", index=index
    )

    ola, kari = act.about
    assert (ola.identity_hash, ola.reminder, ola.is_missing) == (
        index.identity_hash(OLA),
        None,
        False,
    )
    assert (kari.identity_hash, kari.reminder, kari.is_missing) == (
        index.identity_hash(KARI),
        0,
        True,
    )
    assert kari.not_used == (NotUsed(source=Source.KRR, reason=Reason.NO_RECORD),)
    assert act.resource == "urn:x"
    assert Identifier(KARI.number.text).text not in str(act)
