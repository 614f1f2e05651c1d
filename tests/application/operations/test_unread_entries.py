"""Who reads what could not be read gives a reason, and is on record before anything is told."""

from collections.abc import Sequence
from uuid import uuid4

import pytest
from typing_extensions import override

from adapters.memory.act_log import InMemoryActLog
from application.envelope import Actor, Role
from application.operations.recorder import ActRecorder, ReasonMissingError
from application.operations.unread_entries import UnreadEntryService
from application.ports.act_log import ActLog, RecordedAct
from application.ports.order_repository import StoreUnavailableError
from application.ports.unread_entries import OpenedEntry, RetrySummary, UnreadEntry
from domain.operations.acts import RegistryEntryRead, RegistryRetryBegun
from tests.samples import KARI, NOON

OPERATOR = Actor(role=Role.OPERATOR, name="kari@host-1")
LISTED = UnreadEntry(7, "krr", "persons", "malformed $", NOON, "a hash", True)  # noqa: FBT003  # as it is listed


class OneEntry:
    """One entry that could not be read, and still cannot."""

    def __init__(self) -> None:
        self.tried: list[str | None] = []

    async def unread(self, registry: str | None, most: int) -> Sequence[UnreadEntry]:
        return [LISTED][:most] if registry in {None, "krr"} else []

    async def unread_entry(self, entry_id: int) -> OpenedEntry | None:
        return OpenedEntry(LISTED, b"{}", KARI) if entry_id == LISTED.entry_id else None

    async def retry_unread(self, registry: str | None) -> RetrySummary:
        self.tried.append(registry)
        return RetrySummary(tried=1)


class Away(InMemoryActLog):
    """A record that cannot be reached."""

    @override
    async def record(self, act: RecordedAct) -> None:
        raise StoreUnavailableError


def service(log: ActLog, entries: OneEntry | None = None) -> UnreadEntryService:
    return UnreadEntryService(
        entries=entries or OneEntry(),
        recorder=ActRecorder(log=log, clock=lambda: NOON, next_id=uuid4),
        identity_hash=lambda about: f"hash of a {type(about).__name__}",
    )


async def acts(log: ActLog) -> Sequence[RecordedAct]:
    return await log.latest(roles=frozenset(Role), since=NOON, most=10)


async def test_who_opens_an_entry_is_on_record_and_whom_it_is_about_by_a_keyed_hash() -> None:
    log = InMemoryActLog()

    opened = await service(log).open(7, by=OPERATOR, reason="a ticket")

    assert opened is not None
    assert opened.content == b"{}"
    (read,) = await acts(log)
    assert (read.recorded_by, read.reason) == (OPERATOR, "a ticket")
    assert read.act == RegistryEntryRead(
        registry="krr", entry_id=7, identity_hash="hash of a Person"
    )


async def test_nobody_opens_an_entry_without_a_reason_or_a_record() -> None:
    log = InMemoryActLog()
    with pytest.raises(ReasonMissingError):
        await service(log).open(7, by=OPERATOR, reason=" ")
    with pytest.raises(StoreUnavailableError):
        await service(Away()).open(7, by=OPERATOR, reason="a ticket")
    assert await acts(log) == []


async def test_to_open_what_is_not_there_or_to_list_what_is_is_no_act() -> None:
    log = InMemoryActLog()
    assert await service(log).open(8, by=OPERATOR, reason="a ticket") is None
    assert await service(log).unread(None, 5) == [LISTED]
    assert await acts(log) == []


async def test_to_have_it_tried_again_is_an_act_on_record_before() -> None:
    log, entries = InMemoryActLog(), OneEntry()
    assert (await service(log, entries).retry("krr", by=OPERATOR)).tried == 1
    assert [each.act for each in await acts(log)] == [RegistryRetryBegun(registry="krr")]
    with pytest.raises(StoreUnavailableError):
        await service(Away(), entries).retry(None, by=OPERATOR)
    assert entries.tried == ["krr"]
