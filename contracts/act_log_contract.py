"""What every record of acts promises."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from application.envelope import Actor, Role
from application.ports.act_log import ActLog, RecordedAct
from contracts.samples import NOON
from domain.operations.acts import HistoryRead, OwnerSuspended

KARI = Actor(role=Role.OPERATOR, name="kari@host-1")
TTD = Actor(role=Role.OWNER, name="ttd", client="client-1")
EVERYBODY = frozenset(Role)


def suspended(
    owner: str, *, at: datetime = NOON, by: Actor = KARI, act_id: UUID | None = None
) -> RecordedAct:
    return RecordedAct(
        act_id=act_id or uuid4(),
        recorded_at=at,
        recorded_by=by,
        reason="sends to everybody",
        act=OwnerSuspended(owner=owner),
    )


class ActLogContract:
    async def test_the_latest_comes_first_with_who_and_when_and_why(self, log: ActLog) -> None:
        first, second = suspended("ttd"), suspended("skd", at=NOON + timedelta(seconds=1))
        await log.record(first)
        await log.record(second)

        assert await log.latest(roles=EVERYBODY, since=NOON, most=10) == [second, first]

    async def test_no_more_come_than_are_asked_for(self, log: ActLog) -> None:
        for number in range(5):
            await log.record(suspended(f"owner-{number}"))

        (found,) = await log.latest(roles=EVERYBODY, since=NOON, most=1)

        assert found.act == OwnerSuspended(owner="owner-4")

    async def test_what_was_before_is_left_out(self, log: ActLog) -> None:
        await log.record(suspended("ttd", at=NOON - timedelta(seconds=1)))

        assert await log.latest(roles=EVERYBODY, since=NOON, most=10) == []

    async def test_those_are_shown_who_acted_in_the_role_that_is_asked_about(
        self, log: ActLog
    ) -> None:
        read = RecordedAct(
            act_id=uuid4(), recorded_at=NOON, recorded_by=TTD, act=HistoryRead(order_id=uuid4())
        )
        await log.record(suspended("skd"))
        await log.record(read)

        assert await log.latest(roles={Role.OWNER}, since=NOON, most=10) == [read]

    async def test_to_record_an_act_twice_is_to_record_it_once(self, log: ActLog) -> None:
        act = suspended("ttd")
        await log.record(act)
        await log.record(act)

        assert await log.latest(roles=EVERYBODY, since=NOON, most=10) == [act]
