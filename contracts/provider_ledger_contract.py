"""What every ledger of providers promises; a suite for each names its stand."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import count
from uuid import UUID

from application.ports.provider_ledger import ProviderHealthLog, RecordedWeightChange, WeightChange
from contracts.samples import NOON

ONE, OTHER = "host-a 11", "host-b 12"
SECOND = timedelta(seconds=1)
_ids = map(UUID, (f"{number:032x}" for number in count()))


def shift(
    provider: str, weight: float, seconds: float = 0.0, reason: str = "does well"
) -> WeightChange:
    return WeightChange(
        provider=provider, weight=weight, reason=reason, at=NOON + timedelta(seconds=seconds)
    )


def noted(*shifts: WeightChange) -> Mapping[UUID, WeightChange]:
    return dict(zip(_ids, shifts, strict=False))


class ProviderHealthLogContract:
    async def test_the_latest_shifts_are_told_newest_first(self, ledger: ProviderHealthLog) -> None:
        refused = shift("smtp", 0.0, 2, "refuses us: 535 5.7.8")
        await ledger.note(ONE, noted(shift("smtp", 1.0), refused), NOON)
        await ledger.note(OTHER, noted(shift("smtp", 0.5, 1)), NOON)

        latest = await ledger.latest(2)

        assert [(each.process, each.shift) for each in latest] == [
            (ONE, refused),
            (OTHER, shift("smtp", 0.5, 1)),
        ]

    async def test_of_what_shifted_at_one_moment_what_was_noted_last_is_newest(
        self, ledger: ProviderHealthLog
    ) -> None:
        await ledger.note(ONE, noted(shift("smtp", 0.9), shift("smtp", 0.8)), NOON)

        assert weights(await ledger.latest(10)) == [0.8, 0.9]

    async def test_a_shift_that_is_noted_again_is_kept_once(
        self, ledger: ProviderHealthLog
    ) -> None:
        first, both = noted(shift("smtp", 0.9)), noted(shift("smtp", 0.8))
        await ledger.note(ONE, first, NOON)
        await ledger.note(ONE, {**first, **both}, NOON)

        assert weights(await ledger.latest(10)) == [0.8, 0.9]

    async def test_providers_stand_as_was_noted_last_in_each_process(
        self, ledger: ProviderHealthLog
    ) -> None:
        await ledger.note(OTHER, noted(shift("smtp", 0.7, 1), shift("smtp", 0.8, 2)), NOON)
        await ledger.note(ONE, noted(shift("smtp", 0.5, 2)), NOON)
        # Its clock was put back meanwhile.
        await ledger.note(ONE, noted(shift("smtp", 0.6, 1), shift("kannel", 1.0)), NOON)

        standing = await ledger.standing(NOON)

        assert [(each.shift.provider, each.process, each.shift.weight) for each in standing] == [
            ("kannel", ONE, 1.0),
            ("smtp", ONE, 0.6),
            ("smtp", OTHER, 0.8),
        ]

    async def test_a_process_that_is_not_there_any_more_has_no_standing(
        self, ledger: ProviderHealthLog
    ) -> None:
        await ledger.note(ONE, noted(shift("smtp", 0.5)), NOON)
        await ledger.note(OTHER, noted(shift("smtp", 0.6)), NOON)
        await ledger.note(ONE, {}, NOON + SECOND)

        standing = await ledger.standing(NOON + SECOND)

        assert [each.process for each in standing] == [ONE]
        assert len(await ledger.latest(10)) == 2

    async def test_where_nothing_was_noted_nothing_is_told(self, ledger: ProviderHealthLog) -> None:
        assert list(await ledger.latest(10)) == []
        assert list(await ledger.standing(NOON)) == []


def weights(latest: Sequence[RecordedWeightChange]) -> list[float]:
    return [each.shift.weight for each in latest]
