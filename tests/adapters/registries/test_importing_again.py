"""What is newer stays, whatever is loaded again and in whatever order."""

import json
from itertools import permutations
from typing import Any

import pytest

from adapters.decision_point.grants import GrantTable
from adapters.postgres.pool import Pool
from adapters.registries.importing import ImportSummary, Kind, RegistryImporter
from adapters.registries.replicas import (
    PostgresBusinessRegistry,
    PostgresNameRegistry,
    PostgresPersonRegistry,
)
from application.ports.decision_point import Question
from domain.authority import Decision
from domain.recipient import OrganisationNumber
from tests.adapters.registries.local import profile_registry
from tests.adapters.registries.pages import addresses, email, gone, krr, person, unit, units
from tests.adapters.registries.sealed import SEALER

KARI = "15859010099"
UNIT = OrganisationNumber("314022009")


async def take(importer: RegistryImporter, kind: Kind, *pages: bytes) -> ImportSummary:
    summary = ImportSummary()
    for page in pages:
        await importer.import_page(kind, page, summary)
    return summary


async def emails(pool: Pool) -> list[str]:
    found = await PostgresBusinessRegistry(pool, SEALER).find([UNIT])
    return [each.address.text for each in found[UNIT].emails] if UNIT in found else []


KRR_PAGES = [
    krr(person(KARI, email="first@post.example.no"), start=0, end=1),
    krr(person(KARI, email="second@post.example.no"), start=1, end=2),
    krr(person(KARI, reservasjon="JA"), start=2, end=3),
]


@pytest.mark.parametrize("order", [*permutations(range(3))])
async def test_an_older_page_of_persons_undoes_nothing(
    pool: Pool, importer: RegistryImporter, order: tuple[int, ...]
) -> None:
    await take(importer, "krr", *(KRR_PAGES[each] for each in order))
    record = (await PostgresPersonRegistry(pool, SEALER).find([KARI]))[KARI]
    assert record.is_reserved
    assert record.email is None
    assert await importer.cursor("krr") == "3"


async def test_a_page_that_undoes_nothing_wrote_nothing(importer: RegistryImporter) -> None:
    assert (await take(importer, "krr", *KRR_PAGES)).written == 3
    assert (await take(importer, "krr", KRR_PAGES[0])).written == 0
    assert (await take(importer, "krr", KRR_PAGES[2])).written == 1


async def test_a_deleted_person_does_not_come_back_with_an_older_page(
    pool: Pool, importer: RegistryImporter
) -> None:
    deleted = krr(person(KARI, email="a@b.no", status="SLETTET"), start=3, end=4)
    await take(importer, "krr", KRR_PAGES[0], deleted, KRR_PAGES[0])
    record = (await PostgresPersonRegistry(pool, SEALER).find([KARI]))[KARI]
    assert record.is_deleted
    assert record.email is None


ADDRESS_PAGES = [
    addresses(email("a", UNIT, "first@b.no", "01")),
    addresses(email("a", UNIT, "second@b.no", "02")),
    addresses(gone("a", "03")),
]


@pytest.mark.parametrize("order", [*permutations(range(3))])
async def test_an_address_that_was_removed_does_not_come_back_with_an_older_page(
    pool: Pool, importer: RegistryImporter, order: tuple[int, ...]
) -> None:
    await take(importer, "businesses", *(ADDRESS_PAGES[each] for each in order))
    assert await emails(pool) == []
    assert await importer.cursor("businesses") == "2026-11-01T06:03:00.1234567Z"


async def test_the_latest_removal_counts(pool: Pool, importer: RegistryImporter) -> None:
    early, late = addresses(gone("a", "01")), addresses(gone("a", "05"))
    await take(importer, "businesses", late, early, ADDRESS_PAGES[1])
    assert await emails(pool) == []


async def test_an_address_that_is_registered_anew_comes_back(
    pool: Pool, importer: RegistryImporter
) -> None:
    anew = addresses(email("a", UNIT, "third@b.no", "04"))
    await take(importer, "businesses", *ADDRESS_PAGES, anew, ADDRESS_PAGES[2])
    assert await emails(pool) == ["third@b.no"]


async def test_an_older_page_of_addresses_undoes_nothing(
    pool: Pool, importer: RegistryImporter
) -> None:
    await take(importer, "businesses", ADDRESS_PAGES[1], ADDRESS_PAGES[0])
    assert await emails(pool) == ["second@b.no"]


async def test_what_was_removed_leaves_no_address(pool: Pool, importer: RegistryImporter) -> None:
    await take(importer, "businesses", *ADDRESS_PAGES)
    async with pool.connection() as connection:
        cursor = await connection.execute("SELECT * FROM business_address_removed")
        assert "@" not in str(await cursor.fetchall())


async def test_an_address_that_no_longer_belongs_to_an_organisation_goes(
    pool: Pool, importer: RegistryImporter
) -> None:
    foreign: dict[str, Any] = email("a", UNIT, "first@b.no", "02")
    foreign["content"] = foreign["content"].replace("ORGANISASJONSNUMMER", "UTENLANDSK")
    summary = await take(importer, "businesses", ADDRESS_PAGES[0], addresses(foreign))
    assert (summary.removed, summary.quarantined) == (1, 0)
    assert await emails(pool) == []


def profiles(*registrations: object, grants: tuple[object, ...] = ()) -> bytes:
    return json.dumps({"profiles": registrations, "grants": grants}).encode()


def registered(resources: list[str], address: str = "a@b.no", **more: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON
    known = {"user": "1", "organisation": UNIT, "resources": resources}
    return {**known, "email": address, "emailVerified": True, **more}


async def test_another_choice_of_resources_replaces_the_first(
    pool: Pool, importer: RegistryImporter
) -> None:
    await take(importer, "profiles", profiles(registered([])), profiles(registered(["tax"])))
    registry = profile_registry(pool)
    for resource, is_about_another in (("vat", True), ("tax", False)):
        (user,) = (await registry.find([UNIT], resource))[UNIT]
        assert user.is_about_another is is_about_another


async def test_what_is_withdrawn_goes(pool: Pool, importer: RegistryImporter) -> None:
    grant = {"user": "1", "organisation": UNIT, "resource": "tax"}
    await take(importer, "profiles", profiles(registered([]), grants=(grant,)))
    registry = profile_registry(pool)
    grants, asked = GrantTable(pool), Question("1", UNIT, "tax", "read")
    assert await grants.decide([asked]) == {asked: Decision.PERMITTED}
    summary = await take(importer, "profiles", profiles(grants=({**grant, "withdrawn": True},)))
    assert (summary.written, summary.removed) == (0, 1)
    assert await grants.decide([asked]) == {asked: Decision.REFUSED}
    assert len((await registry.find([UNIT], "tax"))[UNIT]) == 1
    await take(importer, "profiles", profiles(registered([], withdrawn=True)))
    assert not await registry.find([UNIT], "tax")


async def test_the_party_registers_name_comes_before_the_units(
    pool: Pool, importer: RegistryImporter
) -> None:
    names = {"partyNames": [{"orgNo": UNIT, "name": "Fjell og fjord AS"}]}
    await take(importer, "names", json.dumps(names).encode())
    await take(importer, "businesses", units(unit(UNIT, name="FJELL OG FJORD AS")))
    registry = PostgresNameRegistry(pool, SEALER)
    assert await registry.find([], [UNIT]) == {UNIT: "Fjell og fjord AS"}
    forgotten = {"partyNames": [{"orgNo": UNIT, "name": None}]}
    await take(importer, "names", json.dumps(forgotten).encode())
    assert await registry.find([], [UNIT]) == {UNIT: "FJELL OG FJORD AS"}


async def test_a_sub_units_removed_address_gives_way_to_its_main_units(
    pool: Pool, importer: RegistryImporter
) -> None:
    sub_unit = OrganisationNumber("314022017")
    own, main = email("s", sub_unit, "own@b.no"), email("m", UNIT, "main@b.no")
    await take(importer, "businesses", units(unit(UNIT), unit(sub_unit, UNIT)))
    await take(importer, "businesses", addresses(own, main))
    registry = PostgresBusinessRegistry(pool, SEALER)
    assert (await registry.find([sub_unit]))[sub_unit].origin == sub_unit
    await take(importer, "businesses", addresses(gone("s")))
    record = (await registry.find([sub_unit]))[sub_unit]
    assert record.origin == UNIT
    assert [each.address.text for each in record.emails] == ["main@b.no"]
