"""As whom owners may write where nothing is agreed with them: by what the settings say."""

from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

import pytest
from structlog.testing import capture_logs
from typing_extensions import override

from adapters.memory.installation import InMemoryInstallation
from adapters.memory.owner_records import InMemoryOwnerRecords
from application.envelope import Actor
from application.operations.owners import OwnerService
from application.operations.recorder import ActRecorder
from application.ports.order_repository import SpoiltHistoryError, StoreUnavailableError
from application.ports.owner_agreements import OwnerAgreements
from domain.agreement import ANY_SENDER_GOES
from domain.owner.events import OwnerEvent
from domain.owner.record import OwnerRecord
from entrypoints.settings import Settings
from entrypoints.wiring.agreements import agreements, import_owners_file
from entrypoints.wiring.clock import utc_now


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "owners.json"
    path.write_text('{"991825827": "ttd", "974761076": {"name": "skd", "senders": ["SKD"]}}')
    return path


def leave_ttd_out(file: Path) -> None:
    file.write_text('{"974761076": "skd"}')


class StandsStill(InMemoryOwnerRecords):
    """Can be read, and takes nothing."""

    @override
    async def append(
        self, record: OwnerRecord, events: Sequence[OwnerEvent], *, by: Actor
    ) -> OwnerRecord:
        raise StoreUnavailableError


async def test_where_nothing_can_be_recorded_at_start_what_was_recorded_before_holds(
    file: Path,
) -> None:
    """A start that has nothing to import must not wait for a store that takes nothing either."""
    memory = InMemoryInstallation(clock=utc_now)
    recorder = ActRecorder(log=memory.acts, clock=utc_now, next_id=uuid4)
    settings = Settings(owners_file=file)
    before = OwnerService(records=memory.owner_records, recorder=recorder)
    await import_owners_file(settings, before, memory.vault)
    records = StandsStill(memory.orders.log, clock=utc_now, next_id=uuid4)
    owners = OwnerService(records=records, recorder=recorder)

    with capture_logs() as nothing_differs:
        await import_owners_file(settings, owners, memory.vault)
    leave_ttd_out(file)
    with capture_logs() as ttd_is_left_out:
        await import_owners_file(settings, owners, memory.vault)

    assert nothing_differs == []
    assert [each["event"] for each in ttd_is_left_out] == ["owners_file_not_imported"]
    assert (await records.load("ttd")).registration is not None


async def test_where_an_owner_could_never_be_recorded_the_service_does_not_start_without_its_terms(
    file: Path,
) -> None:
    memory = InMemoryInstallation(clock=utc_now)
    recorder = ActRecorder(log=memory.acts, clock=utc_now, next_id=uuid4)
    records = StandsStill(memory.orders.log, clock=utc_now, next_id=uuid4)
    owners = OwnerService(records=records, recorder=recorder)

    with pytest.raises(StoreUnavailableError):
        await import_owners_file(Settings(owners_file=file), owners, memory.vault)


class SpoiltForTtd(InMemoryOwnerRecords):
    """Somebody has changed what was recorded of one owner."""

    @override
    async def load(self, owner: str) -> OwnerRecord:
        if owner == "ttd":
            raise SpoiltHistoryError("it has been changed")
        return await super().load(owner)


async def test_a_record_that_somebody_has_changed_keeps_no_other_owner_from_its_terms(
    file: Path,
) -> None:
    memory = InMemoryInstallation(clock=utc_now)
    recorder = ActRecorder(log=memory.acts, clock=utc_now, next_id=uuid4)
    records = SpoiltForTtd(memory.orders.log, clock=utc_now, next_id=uuid4)
    owners = OwnerService(records=records, recorder=recorder)

    with capture_logs() as told:
        await import_owners_file(Settings(owners_file=file), owners, memory.vault)

    assert {"event": "owner_record_spoilt", "owner": "ttd"}.items() <= told[0].items()
    assert (await records.load("skd")).registration is not None


async def agreed_by(settings: Settings) -> OwnerAgreements:
    """What is agreed after a start with these settings."""
    memory = InMemoryInstallation(clock=utc_now)
    recorder = ActRecorder(log=memory.acts, clock=utc_now, next_id=uuid4)
    owners = OwnerService(records=memory.owner_records, recorder=recorder)
    await import_owners_file(settings, owners, memory.vault)
    await memory.ports.known_owners.look()
    return agreements(settings, memory.ports.known_owners, memory.vault)


@pytest.mark.parametrize("owner", ["ttd", "nobody"])
async def test_in_production_who_has_no_list_writes_as_the_installation_alone(
    file: Path, owner: str
) -> None:
    for owners_file in (None, file):
        settings = Settings(
            owners_file=owners_file, email_sender="An Agency <No@x.example>", sms_sender="Agency"
        )
        agreed = await (await agreed_by(settings)).of(owner)
        assert agreed.lets_emails_come_from("no@x.example")
        assert agreed.lets_text_messages_come_from("Agency")
        assert not agreed.lets_emails_come_from("noreply@skatteetaten.no")
        assert not agreed.lets_text_messages_come_from("Politiet")


@pytest.mark.parametrize("owner", ["ttd", "nobody"])
async def test_in_development_who_has_no_list_writes_as_anybody(file: Path, owner: str) -> None:
    for owners_file in (None, file):
        settings = Settings(owners_file=owners_file, development_issuer=True)
        assert await (await agreed_by(settings)).of(owner) == ANY_SENDER_GOES


@pytest.mark.parametrize("is_development", [True, False])
async def test_who_has_a_list_writes_as_it_says_and_as_the_installation(
    file: Path, *, is_development: bool
) -> None:
    settings = Settings(owners_file=file, development_issuer=is_development, sms_sender="Agency")
    agreed = await (await agreed_by(settings)).of("skd")
    assert agreed.lets_text_messages_come_from("SKD")
    assert agreed.lets_text_messages_come_from("Agency")
    assert not agreed.lets_text_messages_come_from("Politiet")
    assert not agreed.lets_emails_come_from("noreply@skatteetaten.no")
