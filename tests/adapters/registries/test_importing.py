import json
from codecs import BOM_UTF8
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from adapters.postgres.pool import Pool
from adapters.registries.importing import (
    KINDS,
    SAMPLES,
    ImportSummary,
    Kind,
    RegistryImporter,
)
from adapters.registries.pages import UnreadablePageError
from adapters.registries.replicas import (
    PostgresBusinessRegistry,
    PostgresNameRegistry,
    PostgresPersonRegistry,
)
from domain.national_number import parse
from domain.personal import Contact
from domain.recipient import OrganisationNumber
from tests.adapters.registries.local import profile_registry
from tests.adapters.registries.pages import (
    addresses,
    email,
    gone,
    krr,
    mobile,
    person,
    unit,
    units,
)
from tests.adapters.registries.sealed import SEALER, opened
from tests.samples import incompressible

KARI, OLA, EVA = "15859010099", "06927530250", "01818010083"
UNIT = OrganisationNumber("314022009")
WEIGHTS = (3, 2, 7, 6, 5, 4, 3, 2)


async def take(importer: RegistryImporter, kind: Kind, page: bytes) -> ImportSummary:
    summary = ImportSummary()
    await importer.import_page(kind, page, summary)
    return summary


async def rows(pool: Pool, query: str) -> list[Any]:
    async with pool.connection() as connection:
        return await (await connection.execute(query.encode())).fetchall()


async def quarantine(pool: Pool) -> list[tuple[int, str]]:
    return await rows(pool, "SELECT entry, reason FROM registry_quarantine ORDER BY entry")


async def everything(pool: Pool) -> list[Any]:
    tables = ("business_unit", "profile_registration", "user_grant")
    plain = [await rows(pool, f"SELECT * FROM {each} ORDER BY 1, 2") for each in tables]  # noqa: S608  # names from above
    return [*plain, await opened(pool)]


SAMPLE_COUNTS: dict[Kind, ImportSummary] = {
    "krr": ImportSummary(pages=1, written=21, removed=1, quarantined=2),
    "businesses": ImportSummary(pages=2, written=25, removed=2, quarantined=3),
    "profiles": ImportSummary(pages=1, written=16, removed=0, quarantined=1),
    "names": ImportSummary(pages=1, written=14, removed=1, quarantined=0),
}
SAMPLE_REASONS = {
    ("krr", "malformed $.reservasjon"): 1,
    ("krr", "a timestamp cannot be read"): 1,
    ("businesses", "neither e-mail nor mobile"): 1,
    ("businesses", "malformed content"): 1,
    ("businesses", "an organisation number is not nine digits"): 1,
    ("profiles", "malformed $.email"): 1,
}


async def test_the_samples_are_imported_once_however_often(
    pool: Pool, importer: RegistryImporter
) -> None:
    first = {kind: await importer.import_files(kind, SAMPLES[kind]) for kind in KINDS}
    assert first == SAMPLE_COUNTS
    await profile_registry(pool).find([UNIT], "tax-2026")
    left = await everything(pool)
    again = {kind: await importer.import_files(kind, SAMPLES[kind]) for kind in KINDS}
    assert again == SAMPLE_COUNTS
    await profile_registry(pool).find([UNIT], "tax-2026")
    assert await everything(pool) == left
    found = await rows(pool, "SELECT registry, reason FROM registry_quarantine")
    assert Counter(found) == SAMPLE_REASONS
    status = {each.registry: each for each in await importer.status()}
    assert {kind: (each.cursor, each.rows, each.quarantined) for kind, each in status.items()} == {
        "krr": ("24", 22, 2),
        "businesses": ("2026-11-01T06:15:00Z", 12, 3),
        "profiles": (None, 6, 1),
        "names": (None, 14, 0),
    }


def test_every_number_in_the_samples_is_synthetic_and_has_its_control_digits() -> None:
    persons = json.loads(SAMPLES["krr"][0].read_bytes())["list"]
    numbers = [each["personidentifikator"] for each in persons]
    numbers += [
        each["ssn"]
        for each in json.loads(SAMPLES["names"][0].read_bytes())["partyNames"]
        if "ssn" in each
    ]
    well_formed = [parse(each) for each in numbers]
    assert all(each is not None and each.is_synthetic for each in well_formed)
    registered = json.loads(SAMPLES["businesses"][1].read_bytes())["_embedded"]
    for each in (*registered["enheter"], *registered["underenheter"]):
        digits = [int(digit) for digit in each["organisasjonsnummer"]]
        if len(digits) == 9:
            control = sum(d * w for d, w in zip(digits, WEIGHTS, strict=False)) % 11
            assert digits[-1] == (11 - control) % 11


async def test_a_later_entry_for_a_person_replaces_an_earlier_one(
    pool: Pool, importer: RegistryImporter
) -> None:
    first, second = (person(KARI, email=f"{each}@post.example.no") for each in ("a", "b"))
    assert (await take(importer, "krr", krr(first, second))).written == 1
    registry = PostgresPersonRegistry(pool, SEALER)
    found = (await registry.find([KARI]))[KARI].email
    assert found is not None
    assert found.address == Contact("b@post.example.no")
    await take(importer, "krr", krr(person(KARI, mobile="40000001"), start=1, end=2))
    record = (await registry.find([KARI]))[KARI]
    assert record.email is None
    assert record.mobile is not None
    assert record.mobile.address == Contact("+4740000001")


async def test_a_deleted_person_stays_as_a_tombstone_without_contact_data(
    pool: Pool, importer: RegistryImporter
) -> None:
    await take(importer, "krr", krr(person(KARI, email="kari@post.example.no", mobile="40000001")))
    deleted = person(KARI, email="kari@post.example.no", status="SLETTET")
    summary = await take(importer, "krr", krr(deleted, start=1, end=2))
    assert (summary.written, summary.removed) == (0, 1)
    record = (await PostgresPersonRegistry(pool, SEALER).find([KARI]))[KARI]
    assert record.is_deleted
    assert record.email is None
    assert record.mobile is None


@pytest.mark.parametrize(
    "updated, verified, confirmed",
    [
        ("2026-06-10T21:00:01+02", None, "2026-06-10T19:00:01Z"),
        ("2026-06-10T21:00:01-03", None, "2026-06-11T00:00:01Z"),
        ("2026-06-10T21:00:01+02:00", None, "2026-06-10T19:00:01Z"),
        ("2026-06-10T21:00:01Z", None, "2026-06-10T21:00:01Z"),
        ("2024-01-01T00:00:00+01", "2026-06-10T21:00:01+02", "2026-06-10T19:00:01Z"),
        ("2026-06-10T21:00:01+02", "2024-01-01T00:00:00+01", "2026-06-10T19:00:01Z"),
        (None, "2026-06-10T21:00:01+02", "2026-06-10T19:00:01Z"),
        (None, None, None),
    ],
)
async def test_an_address_is_as_old_as_its_last_confirmation(
    pool: Pool,
    importer: RegistryImporter,
    updated: str | None,
    verified: str | None,
    confirmed: str | None,
) -> None:
    entry = person(KARI)
    entry["kontaktinformasjon"] = {
        "epostadresse": "kari@post.example.no",
        "epostadresse_oppdatert": updated,
        "epostadresse_sist_verifisert": verified,
    }
    await take(importer, "krr", krr(entry))
    known = (await PostgresPersonRegistry(pool, SEALER).find([KARI]))[KARI].email
    assert known is not None
    expected = None if confirmed is None else datetime.fromisoformat(confirmed)
    assert known.confirmed_at == expected


@pytest.mark.parametrize(
    "entry, reason",
    [
        (None, "malformed $"),
        ("text", "malformed $"),
        ({}, "malformed $"),
        ({"personidentifikator": 15859010099}, "malformed $.personidentifikator"),
        ({"personidentifikator": "1585901009"}, "personidentifikator is not eleven digits"),
        (person("1585901009x"), "personidentifikator is not eleven digits"),
        (person(KARI, email="a\x00@b.no"), "odd characters"),
        (person(KARI, mobile="4000\x00001"), "odd characters"),
        (person(KARI, kontaktinformasjon="none"), "malformed $.kontaktinformasjon"),
        (person(KARI, reservasjon="KANSKJE"), "malformed $.reservasjon"),
        (
            {
                **person(KARI),
                "kontaktinformasjon": {
                    "epostadresse": "a@b.no",
                    "epostadresse_oppdatert": "2026-06-10T21:00:01",
                },
            },
            "a timestamp has no offset",
        ),
        (
            {
                **person(KARI),
                "kontaktinformasjon": {
                    "epostadresse": "a@b.no",
                    "epostadresse_oppdatert": "0001-01-01T00:00:00+01",
                },
            },
            "a timestamp cannot be read",
        ),
    ],
)
async def test_an_entry_that_cannot_be_read_does_not_stop_the_others(
    pool: Pool, importer: RegistryImporter, entry: object, reason: str
) -> None:
    page = krr(person(OLA, mobile="40000001"), entry, person(EVA, mobile="40000002"), end=7)
    summary = await take(importer, "krr", page)
    assert (summary.written, summary.quarantined) == (2, 1)
    assert [(at, why) for at, why in await quarantine(pool)] == [(1, reason)]
    assert await importer.cursor("krr") == "7"


async def test_a_quarantine_keeps_no_personal_data(pool: Pool, importer: RegistryImporter) -> None:
    odd = {**person(KARI), "reservasjon": ["CANARY"], "personidentifikator": "CANARY"}
    await take(importer, "krr", krr(odd, {"personidentifikator": "CANARY"}))
    assert "CANARY" not in str(await rows(pool, "SELECT * FROM registry_quarantine"))


@pytest.mark.parametrize(
    "kind, page",
    [
        (kind, page)
        for kind in KINDS
        for page in (b"", b"nonsense", b"[]", b"null", b"{}", b'"x"', b"\xff", b"[" * 100_000)
    ]
    + [
        ("krr", b'{"list": {}, "fraEndringsId": 0, "tilEndringsId": 1, "sisteEndringsId": 1}'),
        ("krr", b'{"list": [], "fraEndringsId": 0, "tilEndringsId": 1}'),
        ("krr", b'{"list": [], "fraEndringsId": 0, "tilEndringsId": true, "sisteEndringsId": 1}'),
        ("krr", b'{"list": [], "fraEndringsId": "0", "tilEndringsId": 1, "sisteEndringsId": 1}'),
        ("businesses", b'{"entries": null}'),
        ("businesses", b'{"_embedded": {}}'),
        ("businesses", b'{"_embedded": {"enheter": {}}}'),
        ("profiles", b'{"profiles": {}}'),
        ("names", b'{"partyNames": "none"}'),
    ],
)
async def test_what_is_no_page_is_refused_and_nothing_moves(
    pool: Pool, importer: RegistryImporter, kind: Kind, page: bytes
) -> None:
    with pytest.raises(UnreadablePageError):
        await take(importer, kind, page)
    assert await importer.cursor(kind) is None
    assert not await rows(pool, "SELECT FROM registry_copy")


async def test_a_page_that_fails_leaves_neither_rows_nor_a_position(
    pool: Pool, importer: RegistryImporter
) -> None:
    await take(importer, "krr", krr(person(KARI, mobile="40000001"), end=3))
    async with pool.connection() as connection:
        await connection.execute("ALTER TABLE registry_quarantine ADD CHECK (entry < 0) NOT VALID")
    with pytest.raises(psycopg.errors.CheckViolation):
        await take(importer, "krr", krr(person(OLA, mobile="40000002"), None, start=3, end=9))
    assert [*await PostgresPersonRegistry(pool, SEALER).find([KARI, OLA])] == [KARI]
    assert await importer.cursor("krr") == "3"


async def test_an_empty_page_moves_the_position(importer: RegistryImporter) -> None:
    summary = await take(importer, "krr", krr(end=9))
    assert summary == ImportSummary(pages=1)
    assert await importer.cursor("krr") == "9"


async def test_a_position_in_krr_never_goes_back(importer: RegistryImporter) -> None:
    await take(importer, "krr", krr(end=9))
    await take(importer, "krr", krr(end=4))
    assert await importer.cursor("krr") == "9"


async def test_a_position_among_businesses_is_the_last_entrys_time(
    importer: RegistryImporter,
) -> None:
    page = addresses(email("a", UNIT, "a@b.no", "01"), gone("b", "03"), {"updated": "\x00"}, None)
    await take(importer, "businesses", page)
    assert await importer.cursor("businesses") == "2026-11-01T06:03:00.1234567Z"
    await take(importer, "businesses", addresses())
    await take(importer, "businesses", units(unit(UNIT)))
    assert await importer.cursor("businesses") == "2026-11-01T06:03:00.1234567Z"


async def test_an_address_that_is_deleted_goes(pool: Pool, importer: RegistryImporter) -> None:
    await take(importer, "businesses", addresses(email("a", UNIT, "a@b.no")))
    summary = await take(importer, "businesses", addresses(gone("a"), gone("unknown")))
    assert summary.removed == 2
    assert not await PostgresBusinessRegistry(pool, SEALER).find([UNIT])


async def test_the_last_word_of_a_page_on_an_address_counts(
    pool: Pool, importer: RegistryImporter
) -> None:
    page = addresses(
        email("a", UNIT, "first@b.no"),
        email("a", UNIT, "second@b.no", "02"),
        email("b", UNIT, "third@b.no"),
        gone("b"),
    )
    await take(importer, "businesses", page)
    found = await PostgresBusinessRegistry(pool, SEALER).find([UNIT])
    assert [each.address.text for each in found[UNIT].emails] == ["second@b.no"]


async def test_an_address_may_change_its_organisation(
    pool: Pool, importer: RegistryImporter
) -> None:
    await take(importer, "businesses", addresses(email("a", UNIT, "a@b.no")))
    await take(importer, "businesses", addresses(email("a", "314022017", "a@b.no")))
    assert await rows(pool, "SELECT organisation FROM business_address") == [("314022017",)]


@pytest.mark.parametrize(
    "prefix, number, address, is_valid",
    [
        ("47", "40000010", "+4740000010", True),
        ("0047", "40000010", "+4740000010", True),
        ("+47", "40000010", "+4740000010", True),
        (" 47 ", " 40000010 ", "+4740000010", True),
        ("46", "701234567", "+46701234567", True),
        ("", "40000010", "+4740000010", True),
        (None, "400 00 010", "+4740000010", True),
        ("47", "123", "+47123", False),
    ],
)
async def test_a_mobile_number_gets_its_country_code(
    pool: Pool,
    importer: RegistryImporter,
    prefix: str | None,
    number: str,
    *,
    address: str,
    is_valid: bool,
) -> None:
    await take(importer, "businesses", addresses(mobile("a", UNIT, number, prefix)))
    found = await PostgresBusinessRegistry(pool, SEALER).find([UNIT])
    (known,) = found[UNIT].mobiles
    assert (known.address.text, known.is_valid) == (address, is_valid)


@pytest.mark.parametrize(
    "entry, reason",
    [
        (None, "malformed $"),
        ({"id": "a", "updated": "x", "content": None}, "no content"),
        ({"id": "a", "updated": "x", "content": "{"}, "malformed content"),
        ({"id": "a", "updated": "x", "content": "[" * 100_000}, "malformed content"),
        ({"id": "a\x00", "updated": "x", "isdeleted": True}, "odd characters"),
        ({"id": incompressible(2700), "updated": "x", "isdeleted": True}, "a key is too long"),
        ({"id": "a", "updated": "x", "content": "{}"}, "malformed content"),
        ({**email("a", UNIT, "a@b.no"), "updated": "yesterday"}, "a timestamp cannot be read"),
        (email("a", "31402200", "a@b.no"), "no organisation number"),
        (email("a", UNIT, "a\x00@b.no"), "odd characters"),
    ],
)
async def test_a_poisoned_entry_among_businesses_does_not_stop_the_others(
    pool: Pool, importer: RegistryImporter, entry: object, reason: str
) -> None:
    page = addresses(email("a", UNIT, "a@b.no"), entry, email("b", UNIT, "c@b.no"))
    summary = await take(importer, "businesses", page)
    assert (summary.written, summary.quarantined) == (2, 1)
    assert [(at, why) for at, why in await quarantine(pool)] == [(1, reason)]


async def test_every_list_of_a_page_of_profiles_has_a_quarantine_of_its_own(
    pool: Pool, importer: RegistryImporter
) -> None:
    page = {"profiles": [None], "grants": [None], "selfIdentified": [None]}
    summary = await take(importer, "profiles", json.dumps(page).encode())
    assert summary.quarantined == 3
    assert [entry for entry, _ in await quarantine(pool)] == [0, 1, 2]


async def test_an_entry_with_a_key_that_no_index_takes_keeps_no_other_out(
    pool: Pool, importer: RegistryImporter
) -> None:
    long = incompressible(2700)
    grant = {"user": "u", "organisation": UNIT, "resource": "r"}
    profiles = {
        "profiles": [{"user": long, "organisation": UNIT}, {"user": "u", "organisation": UNIT}],
        "grants": [{**grant, "resource": long}, grant],
        "selfIdentified": [{"username": long}, {"username": "u"}],
    }
    names = {"partyNames": [{"orgNo": long, "name": "X"}, {"orgNo": UNIT, "name": "Y"}]}

    done = [
        await take(importer, "profiles", json.dumps(profiles).encode()),
        await take(importer, "names", json.dumps(names).encode()),
    ]

    assert [(each.written, each.quarantined) for each in done] == [(3, 3), (1, 1)]
    assert {reason for _, reason in await quarantine(pool)} == {"a key is too long"}


async def test_names_of_units_come_from_their_register(
    pool: Pool, importer: RegistryImporter
) -> None:
    await take(importer, "businesses", units(unit(UNIT, name="FJELL OG FJORD AS")))
    page = {"partyNames": [{"ssn": KARI, "name": "Kari"}, {"orgNo": "314023102", "name": "X"}]}
    await take(importer, "names", json.dumps(page).encode())
    found = await PostgresNameRegistry(pool, SEALER).find(
        [KARI], [UNIT, OrganisationNumber("314023102")]
    )
    assert found == {KARI: "Kari", UNIT: "FJELL OG FJORD AS", "314023102": "X"}


async def test_a_hundred_thousand_entries_are_one_page(
    pool: Pool, importer: RegistryImporter
) -> None:
    page = krr(*({"personidentifikator": f"{each:011}"} for each in range(100_000)))
    assert (await take(importer, "krr", page)).written == 100_000
    assert await rows(pool, "SELECT count(*) FROM krr_person") == [(100_000,)]


async def test_a_file_that_is_no_page_is_named_and_those_before_it_stay(
    importer: RegistryImporter, tmp_path: Path
) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_bytes(krr(person(KARI, mobile="40000001"), end=4))
    bad.write_bytes(b"{}")
    seen: list[int] = []
    with pytest.raises(UnreadablePageError, match=r"bad\.json: the page has no list `list`"):
        await importer.import_files(
            "krr", [good, bad], progress=lambda so_far: seen.append(so_far.pages)
        )
    assert seen == [1]
    assert await importer.cursor("krr") == "4"


async def test_a_file_may_begin_with_a_byte_order_mark_and_one_that_is_no_text_is_named(
    importer: RegistryImporter, tmp_path: Path
) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_bytes(BOM_UTF8 + krr(person(KARI, mobile="40000001"), end=4))
    bad.write_bytes("{}".encode("utf-16")[:-1])

    with pytest.raises(UnreadablePageError, match=r"bad\.json: "):
        await importer.import_files("krr", [good, bad])

    assert await importer.cursor("krr") == "4"


async def test_a_file_that_is_not_there_is_named(
    importer: RegistryImporter, tmp_path: Path
) -> None:
    with pytest.raises(UnreadablePageError, match=r"none\.json: No such file"):
        await importer.import_files("krr", [tmp_path / "none.json"])
