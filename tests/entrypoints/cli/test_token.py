"""`varsel token` issues for whomever it is asked for, and the service takes it."""

import json
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from adapters.memory.installation import InMemoryInstallation
from application.known_owners import KnownOwners
from application.operations.owners import OwnerService
from application.operations.recorder import ActRecorder
from application.ports.token_verifier import NoOwnerError
from entrypoints.settings import Settings
from entrypoints.wiring.agreements import import_owners_file
from entrypoints.wiring.clock import utc_now
from entrypoints.wiring.tokens import development_issuer, organisation_of, verifier


def settings(folder: Path, owners: dict[str, str] | None = None) -> Settings:
    file = None
    if owners is not None:
        file = folder / "owners.json"
        file.write_text(json.dumps(owners))
    return Settings(data=folder, development_issuer=True, owners_file=file)


async def known_by(installed: Settings) -> KnownOwners:
    """The owners that the service knows after its start."""
    memory = InMemoryInstallation(clock=utc_now)
    recorder = ActRecorder(log=memory.acts, clock=utc_now, next_id=uuid4)
    owners = OwnerService(records=memory.owner_records, recorder=recorder)
    await import_owners_file(installed, owners, memory.vault)
    await memory.ports.known_owners.look()
    return memory.ports.known_owners


async def owner_of(installed: Settings, owner: str, number: str | None = None) -> str:
    """Whom the service takes the bearer of a token for."""
    issuer = development_issuer(installed.data, installed.base_url)
    token = issuer.issue(owner, organisation_of(installed, owner, number), "scope")
    async with AsyncExitStack() as stack:
        judge = await verifier(installed, stack, await known_by(installed))
        caller = await judge.verify(authorization=[f"Bearer {token}"], platform_access_token=[])
    return caller.owner


@pytest.mark.parametrize("owner", ["ttd", "nav", "skd", "digdir", "a", "stor-etat_2"])
async def test_a_token_of_any_owner_is_taken_in_development(tmp_path: Path, owner: str) -> None:
    assert await owner_of(settings(tmp_path), owner) == owner


async def test_owners_have_organisation_numbers_of_their_own(tmp_path: Path) -> None:
    installed = settings(tmp_path)
    numbers = {organisation_of(installed, f"o{each}") for each in range(200)}

    assert len(numbers) == 200
    assert organisation_of(installed, "ttd") == "991825827"


async def test_with_an_owners_file_the_numbers_are_those_of_the_file(tmp_path: Path) -> None:
    installed = settings(tmp_path, {"889640782": "nav"})

    assert await owner_of(installed, "nav") == "nav"
    assert organisation_of(installed, "nav") == "889640782"


@pytest.mark.parametrize(
    "owners, owner, number, told",
    [
        (None, "nav", "991825827", "991825827 is ttd's, and not nav's"),
        (None, "nav", "991825828", "no organisation number"),
        (None, "NAV", None, "NAV is no short name"),
        ({"889640782": "nav"}, "ttd", None, "ttd is no owner"),
        ({"889640782": "nav"}, "nav", "974761076", "974761076 is nobody's, and not nav's"),
    ],
)
def test_a_token_that_the_service_would_refuse_is_not_issued(
    tmp_path: Path, owners: dict[str, str] | None, owner: str, number: str | None, told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        organisation_of(settings(tmp_path, owners), owner, number)


async def test_beside_a_real_issuer_an_owner_that_nobody_named_is_none(tmp_path: Path) -> None:
    beside = replace(settings(tmp_path), altinn_issuer="http://127.0.0.1:1/")

    assert await owner_of(beside, "ttd") == "ttd"
    with pytest.raises(NoOwnerError):
        await owner_of(beside, "nav")


@pytest.mark.parametrize("user", [None, "20001111"])
async def test_a_token_of_somebody_invented_is_taken_for_theirs(
    tmp_path: Path, user: str | None
) -> None:
    installed = settings(tmp_path)
    issuer = development_issuer(installed.data, installed.base_url)
    token = issuer.issue_person("15859010099", "a b", audience=installed.base_url, user=user)
    async with AsyncExitStack() as stack:
        judge = await verifier(installed, stack, await known_by(installed))
        kari = await judge.verify_person(authorization=[f"Bearer {token}"])

    assert kari.person.text == "15859010099"
    assert (kari.user and kari.user.text) == user


@pytest.mark.parametrize("number", ["15059000060", "15859010098", "1585901009", "kari"])
def test_a_token_of_somebody_who_may_be_real_is_not_issued(tmp_path: Path, number: str) -> None:
    installed = settings(tmp_path)
    issuer = development_issuer(installed.data, installed.base_url)
    with pytest.raises(ValueError, match="invented"):
        issuer.issue_person(number, "a", audience=installed.base_url)
