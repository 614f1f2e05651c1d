"""As whom owners may write where nothing is agreed with them: by what the settings say."""

from pathlib import Path

import pytest

from domain.agreement import ANY_SENDER_GOES
from entrypoints.settings import Settings
from entrypoints.wiring.agreements import agreements


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "owners.json"
    path.write_text('{"991825827": "ttd", "974761076": {"name": "skd", "senders": ["SKD"]}}')
    return path


@pytest.mark.parametrize("owner", ["ttd", "nobody"])
async def test_in_production_who_has_no_list_writes_as_the_installation_alone(
    file: Path, owner: str
) -> None:
    for owners_file in (None, file):
        settings = Settings(
            owners_file=owners_file, email_sender="An Agency <No@x.example>", sms_sender="Agency"
        )
        agreed = await agreements(settings).of(owner)
        assert agreed.lets_emails_come_from("no@x.example")
        assert agreed.lets_text_messages_come_from("Agency")
        assert not agreed.lets_emails_come_from("noreply@skatteetaten.no")
        assert not agreed.lets_text_messages_come_from("Politiet")


@pytest.mark.parametrize("owner", ["ttd", "nobody"])
async def test_in_development_who_has_no_list_writes_as_anybody(file: Path, owner: str) -> None:
    for owners_file in (None, file):
        settings = Settings(owners_file=owners_file, development_issuer=True)
        assert await agreements(settings).of(owner) == ANY_SENDER_GOES


@pytest.mark.parametrize("is_development", [True, False])
async def test_who_has_a_list_writes_as_it_says_and_as_the_installation(
    file: Path, *, is_development: bool
) -> None:
    agreed = await agreements(
        Settings(owners_file=file, development_issuer=is_development, sms_sender="Agency")
    ).of("skd")
    assert agreed.lets_text_messages_come_from("SKD")
    assert agreed.lets_text_messages_come_from("Agency")
    assert not agreed.lets_text_messages_come_from("Politiet")
    assert not agreed.lets_emails_come_from("noreply@skatteetaten.no")
