"""What every index of recipients promises; a suite for each names its stand."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from application.envelope import SERVICE
from application.ports.order_repository import OrderRepository
from application.ports.recipient_index import RecipientIndex
from contracts.order_repository_contract import going_on, placing
from contracts.samples import BAKERY, KARI, NOON, OLA, STRANGER, TTD, placed
from domain.order.events import OrderCancelled, OrderId
from domain.personal import Identifier
from domain.recipient import (
    ExternalIdentity,
    Identity,
    Organisation,
    OrganisationNumber,
    Recipient,
    RecipientNo,
)

HOUR = timedelta(hours=1)


async def ordered(
    orders: OrderRepository, *identities: Identity, at: datetime = NOON, owner: str = "ttd"
) -> OrderId:
    change = placing(
        msgspec.structs.replace(
            placed,
            owner=owner,
            requested_send_time=at,
            recipients=tuple(
                Recipient(RecipientNo(number), each) for number, each in enumerate(identities)
            ),
        )
    )
    (order,) = await orders.append([change], by=TTD)
    await orders.append([going_on(order, OrderCancelled())], by=SERVICE)
    return order.order_id


async def found(
    index: RecipientIndex, since: datetime = NOON - HOUR, until: datetime = NOON + HOUR
) -> Sequence[OrderId]:
    return await index.orders_for(KARI, since=since, until=until)


class RecipientIndexContract:
    async def test_it_finds_every_owners_orders_for_a_person_newest_first(
        self, orders: OrderRepository, index: RecipientIndex
    ) -> None:
        first = await ordered(orders, KARI, at=NOON - HOUR)
        last = await ordered(orders, OLA, KARI, owner="skd")
        between = await ordered(orders, KARI, BAKERY, at=NOON - HOUR / 2)
        await ordered(orders, OLA)
        await ordered(orders, STRANGER)

        assert list(await found(index)) == [last, between, first]

    async def test_an_organisation_is_no_person_with_the_same_digits(
        self, orders: OrderRepository, index: RecipientIndex
    ) -> None:
        bakery = await ordered(orders, BAKERY)
        namesake = await ordered(orders, Organisation(OrganisationNumber(KARI.number.text)))

        assert list(await found(index)) == []
        assert list(await index.orders_for(BAKERY, since=NOON, until=NOON + HOUR)) == [bakery]
        assert namesake != bakery

    async def test_a_period_holds_its_beginning_and_not_its_end(
        self, orders: OrderRepository, index: RecipientIndex
    ) -> None:
        at_noon = await ordered(orders, KARI)

        assert list(await found(index, since=NOON)) == [at_noon]
        assert list(await found(index, until=NOON)) == []
        assert list(await found(index, since=NOON + timedelta(microseconds=1))) == []

    async def test_somebody_named_twice_in_one_order_is_found_in_it_once(
        self, orders: OrderRepository, index: RecipientIndex
    ) -> None:
        order_id = await ordered(orders, KARI, KARI)

        assert list(await found(index)) == [order_id]

    def test_each_has_a_hash_of_their_own_that_tells_nothing(self, index: RecipientIndex) -> None:
        sigrid = ExternalIdentity(Identifier("urn:altinn:party:username:sigrid"))
        namesake = Organisation(OrganisationNumber(KARI.number.text))

        hashes = [index.identity_hash(each) for each in (KARI, OLA, BAKERY, sigrid, namesake)]

        assert len(set(hashes)) == len(hashes)
        assert index.identity_hash(KARI) == hashes[0]
        assert all(bytes.fromhex(each) for each in hashes)
        assert KARI.number.text not in "".join(hashes)
