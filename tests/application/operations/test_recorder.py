"""Acts are on record with who, when and why, in one line that does nothing to whoever reads it."""

from uuid import UUID

import pytest

from adapters.memory.act_log import InMemoryActLog
from application.envelope import Role
from application.operations.recorder import (
    MOST_OF_A_REASON,
    ActRecorder,
    ReasonMissingError,
    reason_in_a_line,
)
from domain.operations.acts import OwnerSuspended
from tests.samples import AUDITOR, NOON

SUSPENDED = OwnerSuspended(owner="ttd")


@pytest.fixture
def log() -> InMemoryActLog:
    return InMemoryActLog()


@pytest.fixture
def recorder(log: InMemoryActLog) -> ActRecorder:
    return ActRecorder(log=log, clock=lambda: NOON, next_id=lambda: UUID(int=1))


async def test_an_act_is_kept_with_who_and_when_and_why(
    log: InMemoryActLog, recorder: ActRecorder
) -> None:
    await recorder.record(SUSPENDED, by=AUDITOR, reason="sends to everybody")

    (kept,) = await log.latest(roles=frozenset(Role), since=NOON, most=10)
    assert (kept.act, kept.recorded_by, kept.recorded_at) == (SUSPENDED, AUDITOR, NOON)
    assert (kept.act_id, kept.reason) == (UUID(int=1), "sends to everybody")


async def test_where_nobody_has_to_say_why_there_is_no_reason(
    log: InMemoryActLog, recorder: ActRecorder
) -> None:
    await recorder.record(SUSPENDED, by=AUDITOR)

    (kept,) = await log.latest(roles=frozenset(Role), since=NOON, most=10)
    assert kept.reason is None


@pytest.mark.parametrize("reason", ["", " ", "\n\t", "\x1b\x07"])
async def test_a_reason_that_says_nothing_is_none_and_nothing_is_recorded(
    reason: str, log: InMemoryActLog, recorder: ActRecorder
) -> None:
    with pytest.raises(ReasonMissingError):
        await recorder.record(SUSPENDED, by=AUDITOR, reason=reason)

    assert await log.latest(roles=frozenset(Role), since=NOON, most=10) == []


def test_a_reason_is_one_line_without_what_a_terminal_would_obey() -> None:
    assert reason_in_a_line(" sends\nto \x1b[2J everybody\x07 ") == "sends to [2J everybody"


def test_of_a_long_reason_so_much_is_kept() -> None:
    assert reason_in_a_line("æ" * 501) == "æ" * MOST_OF_A_REASON
