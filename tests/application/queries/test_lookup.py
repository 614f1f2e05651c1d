"""A look-up tells what an order would find, is counted as one, is on record, and changes nothing."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec
import pytest

from adapters.memory.decision_point import InMemoryDecisionPoint
from adapters.memory.registries import InMemoryProfileRegistry, registries
from application.assembly import Policy, assemble
from application.envelope import Role
from application.ordering.admission import OwnerStoppedError, QuotaExceededError
from application.ordering.commands import NewOrder, PlaceOrder
from application.ports.act_log import RecordedAct
from application.ports.decision_point import Question
from application.ports.order_repository import StoreUnavailableError
from application.ports.owner_ledger import QuotaLimit
from application.ports.registries import RegistryUnavailableError
from application.queries.explanation import LookupExplanation
from application.queries.lookup import LookUpRecipients
from application.queries.resolution_words import Outcome
from contracts.owner_records_contract import suspend
from domain.channel import ChannelChoice
from domain.contact_point import PersonRecord, ProfileRecord, RegisteredAddress
from domain.operations.acts import RecipientsLookedUp
from domain.order.events import Reason
from domain.order.order import AUTHORITY_WAIT
from domain.personal import Contact
from domain.recipient import Identity, Organisation, OrganisationNumber
from tests.pace import longest_hold
from tests.samples import AUDITOR, BAKERY, KARI, OLA, REMINDER_MAIL, STRANGER, TTD
from tests.scenarios.worlds import MemoryWorld

OFFICE = Organisation(OrganisationNumber("314023072"))
TAX = "urn:altinn:resource:tax-2026"


def about(*identities: Identity, **changes: object) -> LookUpRecipients:
    asked = LookUpRecipients(
        channel=ChannelChoice.EMAIL, recipients=identities, purpose="to see whether", by=TTD
    )
    return msgspec.structs.replace(asked, **changes)


async def found(world: MemoryWorld, asked: LookUpRecipients) -> list[LookupExplanation]:
    told = await world.lookup.find(asked)
    return [lookup for each in told.recipients for lookup in each.lookups]


async def test_each_recipient_is_told_of_in_their_order() -> None:
    kari, ola, bakery, stranger = await found(MemoryWorld(), about(KARI, OLA, BAKERY, STRANGER))

    assert [each.outcome for each in (kari, ola, bakery, stranger)] == [
        Outcome.REACHED,
        Outcome.RESERVED,
        Outcome.REACHED,
        Outcome.REACHED,
    ]
    assert [each.address for each in kari.found] == ["k***@p***.no"]


async def test_a_look_up_of_organisations_with_many_users_keeps_nobody_else_waiting() -> None:
    bakeries = [Organisation(OrganisationNumber(f"{900_000_000 + each}")) for each in range(100)]
    users = [
        ProfileRecord(
            user=f"{20_000_000 + each}",
            email=RegisteredAddress(address=Contact(f"user{each}@example.org")),
            mobile=RegisteredAddress(address=Contact(f"+47400{each:05}")),
        )
        for each in range(30)
    ]
    world = MemoryWorld()
    world.redirect(
        InMemoryDecisionPoint(
            [
                Question(user.user, each.number, "tax-2026", "read")
                for each in bakeries
                for user in users
            ]
        ),
        InMemoryProfileRegistry({(each.number, "tax-2026"): users for each in bakeries}),
    )
    asked = about(*bakeries, resource="tax-2026", channel=ChannelChoice.EMAIL_AND_SMS)

    assert await longest_hold(found(world, asked)) < 0.050


async def test_a_look_up_tells_what_the_order_finds_then() -> None:
    world = MemoryWorld()
    people = (KARI, OLA, BAKERY, KARI, STRANGER)
    tried = await found(world, about(*people))

    order = NewOrder(channel=ChannelChoice.EMAIL, recipients=people, email=REMINDER_MAIL)
    receipt = await world.ordering.place(PlaceOrder(order=order, by=TTD))
    await world.finished(receipt.order_id)
    told = await world.resolution.explain(receipt.order_id, by=AUDITOR)

    before_sending = [each.lookups[-1] for each in told.recipients]
    assert [decided(each) for each in tried] == [decided(each) for each in before_sending]


def decided(lookup: LookupExplanation) -> tuple[object, ...]:
    """What a look-up came to, whenever it was."""
    return lookup.outcome, lookup.found, lookup.left_out, lookup.missing, lookup.words


async def test_who_has_declined_is_found_where_that_is_overridden() -> None:
    (ola,) = await found(
        MemoryWorld(), about(OLA, channel=ChannelChoice.SMS, ignore_reservation=True)
    )

    assert ola.outcome is Outcome.REACHED


async def test_without_a_resource_no_users_profile_is_asked() -> None:
    (without,) = await found(MemoryWorld(), about(BAKERY))
    (with_one,) = await found(MemoryWorld(), about(BAKERY, resource="urn:altinn:resource:x"))

    assert [each.reason for each in without.left_out] == [Reason.NOT_CONSULTED]
    assert len(with_one.asked) == len(without.asked) + 1


async def test_whose_users_nobody_can_be_asked_about_is_said_to_wait_as_in_an_order() -> None:
    world = MemoryWorld()
    world.decision_point.is_away = True

    told = await world.lookup.find(about(OFFICE, resource=TAX))

    (waiting,) = told.recipients[0].lookups
    assert (waiting.outcome, waiting.missing) == (Outcome.WAITS, ())
    assert (told.at + AUTHORITY_WAIT).isoformat() in waiting.words


async def test_a_look_up_orders_nothing() -> None:
    world = MemoryWorld()

    await found(world, about(KARI))

    assert world.orders.everything() == []


async def test_who_asked_about_whom_and_what_for_is_on_record() -> None:
    world = MemoryWorld()

    await found(world, about(KARI, STRANGER, resource="urn:altinn:resource:x"))

    (act,) = await world.ports.acts.latest(
        roles=set(Role), since=world.clock() - timedelta(days=1), most=10
    )
    assert (act.recorded_by, act.reason) == (TTD, "to see whether")
    assert isinstance(act.act, RecipientsLookedUp)
    assert [(each.kind, each.identity_hash) for each in act.act.about] == [
        ("person", world.ports.recipients.identity_hash(KARI))
    ]
    assert act.act.resource == "urn:altinn:resource:x"


async def test_whoever_is_looked_up_counts_as_whoever_is_ordered_for() -> None:
    world = MemoryWorld(quota_limits={"ttd": QuotaLimit(recipients=3)})

    told = await world.lookup.find(about(KARI, OLA))
    with pytest.raises(QuotaExceededError):
        await found(world, about(KARI, OLA))

    assert told.standing is not None
    assert told.standing.used.recipients == 2


async def test_an_owner_that_is_stopped_looks_nobody_up() -> None:
    world = MemoryWorld()
    await suspend(world.owner_records, "ttd")

    with pytest.raises(OwnerStoppedError):
        await found(world, about(KARI))


class Away:
    """A register of persons that gives no answer."""

    async def find(self, numbers: Sequence[str]) -> Mapping[str, PersonRecord]:
        del numbers
        raise RegistryUnavailableError("krr")


async def test_what_no_registry_answered_is_not_counted() -> None:
    world = MemoryWorld()
    ports = replace(world.ports, registries=registries(persons=Away()))
    lookup = assemble(ports, Policy(quota_limits={"ttd": QuotaLimit(recipients=1)})).lookup

    for _ in range(2):
        with pytest.raises(RegistryUnavailableError):
            await lookup.find(about(KARI))

    assert (await lookup.find(about(STRANGER))).standing is not None


class Shut:
    """A record of acts that cannot be reached."""

    async def record(self, act: RecordedAct) -> None:
        del act
        raise StoreUnavailableError

    async def latest(
        self, *, roles: Collection[Role], since: datetime, most: int
    ) -> Sequence[RecordedAct]:
        raise NotImplementedError


async def test_nobody_is_looked_up_before_it_is_on_record() -> None:
    world = MemoryWorld()
    ports = replace(world.ports, acts=Shut(), registries=registries(persons=Away()))

    with pytest.raises(StoreUnavailableError):
        await assemble(ports, Policy()).lookup.find(about(KARI))
