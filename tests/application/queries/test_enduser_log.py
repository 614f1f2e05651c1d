"""A person sees what was sent to them and to whom they may act for, and of others not even that there is any."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from adapters.memory.decision_point import InMemoryDecisionPoint
from adapters.memory.dialogue_index import InMemoryDialogueIndex
from adapters.memory.key_vault import InMemoryKeyVault
from adapters.memory.order_repository import InMemoryOrderRepository
from application.envelope import SERVICE, Recorded
from application.ports.decision_point import AuthorityUndecidedError, Question
from application.ports.order_repository import StoreUnavailableError
from application.profiles.profile_ids import ProfileIds
from application.queries.enduser_log import (
    NOTHING_AFTER,
    DialogueLog,
    EndUserLogQueries,
    LogEntry,
    Reader,
)
from contracts.order_repository_contract import SetClock, attempted, going_on, placing, sent
from domain.channel import Channel
from domain.order.events import (
    ContactNotFound,
    ContactResolved,
    Dialogue,
    NotificationNo,
    OrderEvent,
    OrderId,
    OrderKind,
    Source,
    Target,
)
from domain.order.notification import Accepted, NotIdentified, Pending
from domain.personal import Contact, Identifier
from domain.recipient import Identity, Person, Recipient, RecipientNo
from tests.pace import longest_hold
from tests.samples import BAKERY, KARI, NOON, OLA, STRANGER, TTD, placed

DIALOGUE, TRANSMISSION = uuid4(), uuid4()
IDS = ProfileIds(InMemoryKeyVault())
KARI_READS = Reader(person=KARI, user="20001111")
OLA_READS = Reader(person=OLA)
MAY_READ = Question("20001111", BAKERY.number, "tax-2026", "read")


def target(number: int, address: str, **changes: Any) -> Target:  # noqa: ANN401  # any field of a target
    return msgspec.structs.replace(
        Target(
            notification_no=NotificationNo(number),
            channel=Channel.EMAIL,
            address=Contact(address),
            source=Source.KRR,
        ),
        **changes,
    )


def found(recipient_no: int, *targets: Target) -> ContactResolved:
    return ContactResolved(recipient_no=RecipientNo(recipient_no), targets=targets)


TO_THE_BAKERY = found(
    0,
    target(0, "post@bakery.example", source=Source.BUSINESS_REGISTER),
    target(1, "ola@bakery.example", source=Source.USER_PROFILE, user=Identifier("20002222")),
)


class House:
    """Orders in dialogues, and the log that people read of them."""

    def __init__(self, repository: type[InMemoryOrderRepository] = InMemoryOrderRepository) -> None:
        self.orders = repository(vault=InMemoryKeyVault(), clock=SetClock(), next_id=uuid4)
        self.decision_point = InMemoryDecisionPoint()
        self.waited: list[float] = []
        self.now = 100.0
        self.log = EndUserLogQueries(
            orders=self.orders,
            index=InMemoryDialogueIndex(self.orders),
            decision_point=self.decision_point,
            ids=IDS,
            wait=self._wait,
            seconds=self._seconds,
        )

    def _seconds(self) -> float:
        self.now += 0.1
        return self.now

    async def _wait(self, seconds: float) -> None:
        self.waited.append(seconds)

    async def ordered(
        self,
        *identities: Identity,
        then: Sequence[OrderEvent] = (),
        **changes: Any,  # noqa: ANN401  # any field of the event
    ) -> OrderId:
        change = placing(
            msgspec.structs.replace(
                placed,
                recipients=tuple(
                    Recipient(RecipientNo(number), each) for number, each in enumerate(identities)
                ),
                **{"dialogue": Dialogue(str(DIALOGUE))} | changes,
            )
        )
        (order,) = await self.orders.append([change], by=TTD)
        for each in then:
            (order,) = await self.orders.append([going_on(order, each)], by=SERVICE)
        return order.order_id

    async def seen(
        self, reader: Reader = KARI_READS, transmission: UUID | None = None
    ) -> Sequence[LogEntry]:
        return list((await self.log.of_dialogue(DIALOGUE, transmission, reader=reader)).entries)


@pytest.fixture
def house() -> House:
    return House()


def addresses(entries: Sequence[LogEntry]) -> list[str | None]:
    return [None if each.destination is None else each.destination.text for each in entries]


async def test_a_person_sees_what_was_sent_to_them_also_what_is_still_to_come_or_came_to_nothing(
    house: House,
) -> None:
    later = {"kind": OrderKind.REMINDER, "requested_send_time": NOON + timedelta(days=7)}
    await house.ordered(KARI, then=[found(0, target(0, "kari@example.org"))], **later)
    await house.ordered(KARI, then=[found(0, target(0, "kari@example.org")), attempted(), sent()])
    nowhere = ContactNotFound(
        recipient_no=RecipientNo(0), notifications=((NotificationNo(0), Channel.SMS),)
    )
    earlier = {"requested_send_time": NOON - timedelta(hours=1)}
    await house.ordered(KARI, then=[nowhere], **earlier)

    seen = await house.seen()

    assert [type(each.notification.delivery) for each in seen] == [NotIdentified, Accepted, Pending]
    assert addresses(seen) == [None, "kari@example.org", "kari@example.org"]
    assert seen[-1].order.placed.kind is OrderKind.REMINDER


async def test_of_an_order_for_many_a_person_sees_their_own_alone(house: House) -> None:
    await house.ordered(
        KARI,
        OLA,
        STRANGER,
        then=[
            found(0, target(0, "kari@example.org")),
            found(1, target(1, "ola@example.org")),
            found(2, target(2, "stranger@example.org", source=Source.SENDER)),
        ],
    )

    assert addresses(await house.seen(KARI_READS)) == ["kari@example.org"]
    assert addresses(await house.seen(OLA_READS)) == ["ola@example.org"]


async def test_what_was_sent_to_an_organisation_is_seen_by_whom_the_decision_point_permits(
    house: House,
) -> None:
    await house.ordered(BAKERY, then=[TO_THE_BAKERY], resource="urn:altinn:resource:tax-2026")

    assert await house.seen() == []
    house.decision_point.permitted.add(MAY_READ)
    permitted = await house.seen()

    assert [each.notification.notification_no for each in permitted] == [0, 1]
    assert house.decision_point.asked == [[MAY_READ], [MAY_READ]]


async def test_another_users_own_address_is_told_to_nobody_else(house: House) -> None:
    await house.ordered(BAKERY, then=[TO_THE_BAKERY], resource="tax-2026")
    house.decision_point.permitted.add(MAY_READ)

    assert addresses(await house.seen()) == ["post@bakery.example", None]


async def test_a_user_sees_what_went_to_the_address_they_registered_without_being_asked_about(
    house: House,
) -> None:
    await house.ordered(BAKERY, then=[TO_THE_BAKERY], resource="tax-2026")
    by_number = msgspec.structs.replace(
        TO_THE_BAKERY, targets=(target(0, "o@b.example", user=Identifier(OLA.number.text)),)
    )
    await house.ordered(BAKERY, then=[by_number], resource="tax-2026")

    profile = Identifier(str(IDS.of_person(OLA.number.text)))
    by_profile = msgspec.structs.replace(
        TO_THE_BAKERY, targets=(target(0, "ola@profile.example", user=profile),)
    )
    await house.ordered(BAKERY, then=[by_profile], resource="tax-2026")

    seen = await house.seen(Reader(person=OLA, user="20002222"))

    assert sorted(map(str, addresses(seen))) == [
        "o@b.example",
        "ola@bakery.example",
        "ola@profile.example",
    ]


async def test_only_who_has_no_users_id_is_asked_about_by_number(house: House) -> None:
    await house.ordered(BAKERY, then=[TO_THE_BAKERY], resource="tax-2026")

    await house.seen(OLA_READS)
    await house.seen(KARI_READS)

    (ola,), (kari,) = house.decision_point.asked
    assert (ola.user, ola.person) == (str(IDS.of_person(OLA.number.text)), OLA.number)
    assert kari.person is None


async def test_what_users_are_asked_for_when_they_are_told_is_asked_of_who_reads(
    house: House,
) -> None:
    about = {"resource": "tax-2026", "resource_action": "sign"}
    await house.ordered(BAKERY, then=[TO_THE_BAKERY], **about)
    house.decision_point.permitted |= {MAY_READ, Question("", BAKERY.number, "tax-2026", "sign")}

    assert await house.seen() == []
    assert house.decision_point.asked == [[MAY_READ._replace(action="sign")]]


@pytest.mark.parametrize("trouble", ["is_away", "uncertain"])
async def test_what_nobody_can_decide_is_refused_and_not_called_nothing(
    house: House, trouble: str
) -> None:
    await house.ordered(KARI, then=[found(0, target(0, "kari@example.org"))])
    await house.ordered(BAKERY, then=[TO_THE_BAKERY], resource="tax-2026")
    if trouble == "is_away":
        house.decision_point.is_away = True
    else:
        house.decision_point.uncertain.add(MAY_READ)

    with pytest.raises(AuthorityUndecidedError):
        await house.seen()


async def test_what_is_about_no_resource_is_seen_by_nobody_on_an_organisations_behalf(
    house: House,
) -> None:
    await house.ordered(BAKERY, then=[TO_THE_BAKERY], resource=None)

    assert await house.seen() == []
    assert house.decision_point.asked == []


async def test_one_transmission_can_be_asked_for(house: House) -> None:
    kari = [found(0, target(0, "kari@example.org"))]
    whole = await house.ordered(KARI, then=kari)
    written = str(TRANSMISSION).upper()
    one = await house.ordered(KARI, then=kari, dialogue=Dialogue(str(DIALOGUE), written))
    await house.ordered(KARI, then=kari, dialogue=Dialogue(str(DIALOGUE), "t-1"))

    assert [each.order.order_id for each in await house.seen(transmission=TRANSMISSION)] == [one]
    assert whole in {each.order.order_id for each in await house.seen()}
    assert len(await house.seen()) == 3


async def test_a_number_that_was_erased_is_nobodys(house: House) -> None:
    erased = Person(Identifier(None))
    await house.ordered(erased, then=[found(0, target(0, "kari@example.org"))])

    assert await house.seen() == []


async def test_an_unknown_dialogue_and_one_of_others_are_the_same_and_take_as_long(
    house: House,
) -> None:
    unknown = await house.log.of_dialogue(uuid4(), reader=KARI_READS)
    await house.ordered(OLA, then=[found(0, target(0, "ola@example.org"))])
    others = await house.log.of_dialogue(DIALOGUE, reader=KARI_READS)

    assert unknown == others == DialogueLog()
    assert house.waited == [pytest.approx(NOTHING_AFTER.total_seconds() - 0.1)] * 2


async def test_nobody_waits_for_what_there_is(house: House) -> None:
    await house.ordered(KARI, then=[found(0, target(0, "kari@example.org"))])

    assert await house.seen()
    assert house.waited == []


async def test_an_order_that_cannot_be_read_is_named_to_whom_may_see_others_of_the_dialogue(
    house: House,
) -> None:
    kari = [found(0, target(0, "kari@example.org"))]
    ill = await house.ordered(KARI, then=kari)
    house.orders.spoil(ill)
    alone = await house.log.of_dialogue(DIALOGUE, reader=KARI_READS)
    await house.ordered(KARI, then=kari)

    beside = await house.log.of_dialogue(DIALOGUE, reader=KARI_READS)

    assert alone == DialogueLog()
    assert beside.spoilt == [ill]
    assert len(beside.entries) == 1


async def test_who_read_is_in_no_log_and_that_somebody_did_is(house: House) -> None:
    await house.ordered(KARI, then=[found(0, target(0, "kari@example.org"))])

    with capture_logs() as logs:
        await house.seen()

    assert logs == [{"event": "enduser_log_read", "log_level": "info", "notifications": 1}]


async def test_a_dialogue_in_which_very_many_were_written_to_keeps_nobody_else_waiting(
    house: House,
) -> None:
    order_id = await house.ordered(
        *[OLA] * 500, then=[found(each, target(each, "ola@example.org")) for each in range(500)]
    )
    alike = Alike(await house.orders.history(order_id))
    log = EndUserLogQueries(
        orders=alike,
        index=alike,
        decision_point=house.decision_point,
        ids=IDS,
        nothing_after=timedelta(0),
    )

    assert await longest_hold(log.of_dialogue(DIALOGUE, reader=KARI_READS)) < 0.050


async def test_that_there_is_nothing_is_said_only_when_that_is_certain() -> None:
    house = House(Forgetful)

    with pytest.raises(StoreUnavailableError):
        await house.seen()


class Alike(InMemoryOrderRepository):
    """A dialogue of orders that all went in the same way."""

    def __init__(self, history: Sequence[Recorded]) -> None:
        super().__init__(vault=InMemoryKeyVault(), clock=SetClock(), next_id=uuid4)
        self._same = history

    async def orders_of(self, dialogue_id: UUID) -> Sequence[OrderId]:
        assert dialogue_id == DIALOGUE
        return [OrderId(uuid4()) for _ in range(200)]

    @override
    async def histories(self, order_ids: Sequence[OrderId]) -> Mapping[OrderId, Sequence[Recorded]]:
        return dict.fromkeys(order_ids, self._same)


class Forgetful(InMemoryOrderRepository):
    """A server that another has taken the place of."""

    @override
    async def confirm(self) -> None:
        raise StoreUnavailableError
