"""What is agreed with an owner is what its record says, and for the rest what the installation grants."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from typing_extensions import override

from adapters.memory.installation import InMemoryInstallation
from adapters.memory.key_vault import InMemoryKeyVault
from application.known_owners import KnownOwners
from application.operations.owners import OwnerEntry, OwnerService
from application.operations.recorder import ActRecorder
from application.ports.owner_agreements import OwnerAgreements
from application.recorded_agreements import RecordedAgreements, marks_of_test_recipients
from contracts.order_repository_contract import SetClock
from contracts.owner_agreements_contract import (
    AGREED_WITH_ALL,
    AGREED_WITH_TTD,
    OwnerAgreementsContract,
)
from contracts.owner_records_contract import KARI
from domain.agreement import Agreement
from domain.channel import Channel
from domain.personal import Contact

TTD = OwnerEntry(
    name="ttd",
    organisations=("991825827",),
    senders=AGREED_WITH_TTD.senders,
    reply_to=AGREED_WITH_TTD.reply_to,
    test_recipients=AGREED_WITH_TTD.test_recipients,
)
SKD = OwnerEntry(name="skd", organisations=("974761076",))


async def knowing(*entries: OwnerEntry, mark: Callable[[str], str] = str) -> KnownOwners:
    memory = InMemoryInstallation(clock=SetClock())
    await agreed(memory, *entries, mark=mark)
    return memory.ports.known_owners


async def agreed(
    memory: InMemoryInstallation, *entries: OwnerEntry, mark: Callable[[str], str] = str
) -> None:
    recorder = ActRecorder(log=memory.acts, clock=SetClock(), next_id=uuid4)
    owners = OwnerService(records=memory.owner_records, recorder=recorder)
    await owners.import_all(entries, mark=mark, by=KARI, reason="begins")
    await memory.ports.known_owners.read()


class TestRecordedAgreements(OwnerAgreementsContract):
    @override
    @pytest.fixture
    async def agreements(self) -> OwnerAgreements:
        known = await knowing(TTD, SKD)
        return RecordedAgreements(
            known, usual=AGREED_WITH_ALL, senders_of_all=frozenset(), mark=str
        )


async def test_the_senders_of_all_are_added_to_every_list_and_an_empty_one_is_a_list() -> None:
    nav = OwnerEntry(name="nav", organisations=("123456785",), senders=frozenset())
    agreements = RecordedAgreements(
        await knowing(TTD, SKD, nav),
        usual=Agreement(senders=frozenset({"*"})),
        senders_of_all=AGREED_WITH_ALL.senders,
        mark=str,
    )

    assert (await agreements.of("ttd")).senders == AGREED_WITH_TTD.senders | AGREED_WITH_ALL.senders
    assert (await agreements.of("nav")).senders == AGREED_WITH_ALL.senders
    assert (await agreements.of("skd")).senders == {"*"}


async def test_test_recipients_are_known_again_by_marks_that_tell_nothing_of_them() -> None:
    mark = marks_of_test_recipients(InMemoryKeyVault())
    known = await knowing(TTD, mark=mark)
    agreements = RecordedAgreements(
        known, usual=AGREED_WITH_ALL, senders_of_all=frozenset(), mark=mark
    )

    agreed = await agreements.of("ttd")

    assert agreed.only_tries(Contact("+47 99 99 99 99"), Channel.SMS)
    assert not agreed.only_tries(Contact("+4799999998"), Channel.SMS)
    assert "99999999" not in str(known.now("ttd"))


async def test_what_is_agreed_anew_holds_from_when_it_is_known() -> None:
    memory = InMemoryInstallation(clock=SetClock())
    agreements = RecordedAgreements(
        memory.ports.known_owners, usual=AGREED_WITH_ALL, senders_of_all=frozenset(), mark=str
    )
    await agreed(memory, OwnerEntry(name="ttd", organisations=("991825827",)))
    before = await agreements.of("ttd")

    await agreed(memory, TTD)

    assert before.senders == AGREED_WITH_ALL.senders
    assert (await agreements.of("ttd")).senders == AGREED_WITH_TTD.senders
