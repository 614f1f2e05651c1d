"""What whoever keeps the aggregates of one kind promises."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from application.ports.order_repository import ConcurrentUpdateError
from application.ports.streams import Streams
from contracts.order_repository_contract import SetClock
from contracts.owner_records_contract import KARI
from contracts.samples import NOON
from domain.retention.holds import HeldOwner, HoldEvent, HoldPlaced, HoldReleased

PLACED = HoldPlaced(held=HeldOwner(owner="ttd"), reason="a case is before the court")
RELEASED = HoldReleased(reason="it was decided")


class StreamsContract:
    """Kept to by legal holds, as by every other kind."""

    @pytest.fixture
    def stream(self) -> UUID:
        return uuid4()

    async def test_of_what_nothing_is_recorded_there_is_nothing(
        self, streams: Streams[HoldEvent], stream: UUID
    ) -> None:
        assert list(await streams.history(stream)) == []
        assert list(await streams.after(0)) == []

    async def test_a_history_tells_what_was_done_when_and_by_whom(
        self, streams: Streams[HoldEvent], stream: UUID, clock: SetClock
    ) -> None:
        told = await streams.append(stream, 0, [PLACED], by=KARI)
        clock.now += timedelta(minutes=1)
        await streams.append(stream, 1, [RELEASED], by=KARI)

        first, second = await streams.history(stream)

        assert [first] == list(told)
        assert [first.event, second.event] == [PLACED, RELEASED]
        assert [first.version, second.version] == [1, 2]
        assert [first.recorded_by, second.recorded_by] == [KARI, KARI]
        assert [first.recorded_at, second.recorded_at] == [NOON, NOON + timedelta(minutes=1)]
        assert first.stream_id == stream

    async def test_of_two_decisions_on_the_same_history_one_is_recorded(
        self, streams: Streams[HoldEvent], stream: UUID
    ) -> None:
        await streams.append(stream, 0, [PLACED], by=KARI)

        with pytest.raises(ConcurrentUpdateError):
            await streams.append(stream, 0, [PLACED], by=KARI)

        assert len(await streams.history(stream)) == 1

    async def test_a_decision_for_nothing_records_nothing(
        self, streams: Streams[HoldEvent], stream: UUID
    ) -> None:
        assert list(await streams.append(stream, 0, [], by=KARI)) == []
        assert list(await streams.after(0)) == []

    async def test_all_of_the_kind_are_followed_in_one_order(
        self, streams: Streams[HoldEvent], stream: UUID
    ) -> None:
        other = uuid4()
        await streams.append(stream, 0, [PLACED], by=KARI)
        await streams.append(other, 0, [PLACED], by=KARI)
        first, second = await streams.after(0)
        await streams.append(stream, 1, [RELEASED], by=KARI)

        (third,) = await streams.after(second.position)

        assert first.position < second.position < third.position
        assert [each.recorded.stream for each in (first, second, third)] == [stream, other, stream]
        assert third.recorded.event == RELEASED
        assert list(await streams.after(third.position)) == []
