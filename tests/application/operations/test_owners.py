"""What an operator decides of an owner is an event of the owner's record, with who and why."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from uuid import uuid4

import pytest
from eventsourcing.popo import POPOApplicationRecorder
from typing_extensions import override

from adapters.memory.act_log import InMemoryActLog
from adapters.memory.owner_records import InMemoryOwnerRecords
from application.envelope import SERVICE, Actor
from application.operations.owners import OwnerEntry, OwnerService, in_words
from application.operations.recorder import ActRecorder
from application.ports.owner_records import evolved
from contracts.owner_records_contract import KARI
from domain.owner.events import (
    DailyLimits,
    OwnerDeregistered,
    OwnerEvent,
    OwnerRegistered,
    OwnerResumed,
    OwnerSuspended,
    TermsAgreed,
)
from domain.owner.record import OwnerRecord
from tests.samples import AUDITOR, NOON


class Records(InMemoryOwnerRecords):
    """Lets others decide between the reading of a record and the recording of what was decided."""

    def __init__(self) -> None:
        super().__init__(POPOApplicationRecorder(), clock=lambda: NOON, next_id=uuid4)

    @override
    async def append(
        self, record: OwnerRecord, events: Sequence[OwnerEvent], *, by: Actor
    ) -> OwnerRecord:
        await asyncio.sleep(0)
        return await super().append(record, events, by=by)


@pytest.fixture
def records() -> Records:
    return Records()


@pytest.fixture
def owners(records: Records) -> OwnerService:
    recorder = ActRecorder(log=InMemoryActLog(), clock=lambda: NOON, next_id=uuid4)
    return OwnerService(records=records, recorder=recorder)


async def test_who_suspends_an_owner_and_who_resumes_it_stand_in_its_history(
    owners: OwnerService,
) -> None:
    await owners.suspend("TTD", by=KARI, reason="sends\nto  everybody")
    assert await owners.resume("ttd", by=AUDITOR, reason="mended")

    suspended, resumed = await owners.history("ttd")

    assert (suspended.event, suspended.recorded_by) == (
        OwnerSuspended(reason="sends to everybody"),
        KARI,
    )
    assert (resumed.event, resumed.recorded_by) == (OwnerResumed(reason="mended"), AUDITOR)


async def test_the_suspended_are_told_with_the_reasons_and_those_resumed_are_not(
    owners: OwnerService,
) -> None:
    for owner in ("ttd", "skd", "nav"):
        await owners.suspend(owner, by=KARI, reason=f"because of {owner}")
    await owners.resume("skd", by=KARI, reason="mended")

    assert await owners.suspended() == {"nav": "because of nav", "ttd": "because of ttd"}


async def test_who_is_not_suspended_is_not_resumed(owners: OwnerService) -> None:
    assert not await owners.resume("ttd", by=KARI, reason="mended")
    assert await owners.history("ttd") == []


async def test_two_operators_who_decide_at_once_are_both_heard(owners: OwnerService) -> None:
    await asyncio.gather(
        owners.suspend("ttd", by=KARI, reason="sends to everybody"),
        owners.suspend("ttd", by=AUDITOR, reason="a complaint"),
    )

    by = [each.recorded_by for each in await owners.history("ttd")]
    assert sorted(each.name for each in by) == sorted([KARI.name, AUDITOR.name])


async def test_what_was_decided_before_there_were_records_says_so(owners: OwnerService) -> None:
    await owners.carry_over("ttd", "sends to everybody", by=SERVICE)

    assert await owners.suspended() == {"ttd": "sends to everybody (carried over)"}


TTD = OwnerEntry(
    name="TTD",
    organisations=("991825827",),
    senders=frozenset({"ttd", "ttd.example"}),
    test_recipients=frozenset({"4799999999"}),
    limits=DailyLimits(recipients=1000),
)
SKD = OwnerEntry(name="skd", organisations=("974761076",))


async def imported(owners: OwnerService, *entries: OwnerEntry) -> Sequence[str]:
    return await owners.import_all(
        entries, mark=lambda key: f"mark of {key}", by=KARI, reason="asked for it"
    )


async def test_who_is_imported_is_registered_on_its_terms_with_who_and_why(
    owners: OwnerService,
) -> None:
    assert await imported(owners, TTD, SKD) == ["TTD", "skd"]

    registered, agreed = await owners.history("ttd")
    assert registered.event == OwnerRegistered(
        name="TTD", organisations=("991825827",), reason="asked for it"
    )
    assert agreed.event == TermsAgreed(
        senders=("ttd", "ttd.example"),
        reply_to=None,
        test_recipients=("mark of 4799999999",),
        limits=DailyLimits(recipients=1000),
        reason="asked for it",
    )
    assert registered.recorded_by == agreed.recorded_by == KARI
    assert len(await owners.history("skd")) == 1


async def test_where_nothing_differs_nothing_is_recorded(
    owners: OwnerService, records: Records
) -> None:
    await imported(owners, TTD, SKD)
    before = await records.after(0)

    assert await imported(owners, SKD, TTD) == []
    assert await records.after(0) == before


async def test_who_is_left_out_may_order_no_more_and_stays_suspended(owners: OwnerService) -> None:
    await imported(owners, TTD, SKD)
    await owners.suspend("ttd", by=KARI, reason="sends to everybody")

    assert await imported(owners, SKD) == ["TTD"]

    assert (await owners.history("ttd"))[-1].event == OwnerDeregistered(reason="asked for it")
    assert await owners.suspended() == {"ttd": "sends to everybody"}
    assert await imported(owners, SKD) == []


async def test_a_number_that_changes_hands_is_never_two_owners(
    owners: OwnerService, records: Records
) -> None:
    await imported(owners, TTD, SKD)
    heir = OwnerEntry(name="acn", organisations=("974761076", "310000000"))
    begun = len(await records.after(0))

    await imported(owners, heir, replace(SKD, organisations=("310000001",)), TTD)

    entries = await records.after(0)
    for count in range(begun, len(entries) + 1):
        known = evolved({}, entries[:count])
        numbers = [
            number
            for record in known.values()
            if record.registration is not None
            for number in record.registration.organisations
        ]
        assert len(numbers) == len(set(numbers))


async def test_several_processes_that_import_the_same_record_it_once(
    owners: OwnerService, records: Records
) -> None:
    await asyncio.gather(*(imported(owners, TTD, SKD) for _ in range(3)))

    assert len(await records.after(0)) == 3


@pytest.mark.parametrize(
    "event, words",
    [
        (
            OwnerRegistered(name="TTD", organisations=("314022009", "991825827"), reason="begins"),
            "registered TTD by 314022009, 991825827",
        ),
        (OwnerDeregistered(reason="has left"), "registered no more"),
        (OwnerSuspended(reason="sends to everybody"), "suspended"),
        (OwnerResumed(reason="mended"), "resumed"),
        (
            TermsAgreed(
                senders=("ttd", "ttd.example"),
                reply_to="post@ttd.example",
                test_recipients=("9f86", "d081"),
                limits=DailyLimits(recipients=1000, sms_segments=200),
                reason="asked for it",
            ),
            (
                "agreed on terms; senders ttd, ttd.example; answers go to post@ttd.example; "
                "2 test recipients; 1000 recipients a day; 200 segments of text messages a day"
            ),
        ),
        (
            TermsAgreed(
                senders=None,
                reply_to=None,
                test_recipients=(),
                limits=DailyLimits(),
                reason="asked for it",
            ),
            "agreed on terms",
        ),
    ],
)
def test_what_was_decided_is_told_in_words(event: OwnerEvent, words: str) -> None:
    assert in_words(event) == words
