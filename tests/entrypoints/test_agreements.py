"""As whom owners may write where nothing is agreed with them: by what the settings say."""

from pathlib import Path
from uuid import uuid4

import pytest

from adapters.memory.installation import InMemoryInstallation
from application.operations.owners import OwnerService
from application.operations.recorder import ActRecorder
from application.ports.owner_agreements import OwnerAgreements
from domain.agreement import ANY_SENDER_GOES
from entrypoints.settings import Settings
from entrypoints.wiring.agreements import agreements, import_owners_file
from entrypoints.wiring.clock import utc_now


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "owners.json"
    path.write_text('{"991825827": "ttd", "974761076": {"name": "skd", "senders": ["SKD"]}}')
    return path


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
