"""What a thief of the database alone learns of anybody: nothing; and what is done when a box or a key is not there."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st
from psycopg.sql import SQL, Identifier
from structlog.testing import capture_logs

from adapters.memory.key_vault import InMemoryKeyVault
from adapters.postgres import migrate, open_pool
from adapters.postgres.migrations import MIGRATIONS, read_migrations
from adapters.postgres.pool import Pool
from adapters.registries.importing import ImportSummary, Kind, RegistryImporter
from adapters.registries.replicas import (
    PostgresBusinessRegistry,
    PostgresExternalIdentityRegistry,
    PostgresNameRegistry,
    PostgresPersonRegistry,
)
from adapters.registries.sealing import ROOM, Opening, RecordSealer, Sealing
from application.ports.registries import RegistryUnavailableError
from domain.recipient import OrganisationNumber
from tests.adapters.registries.local import registry_importer
from tests.adapters.registries.pages import addresses, email, krr, mobile, person
from tests.adapters.registries.sealed import SEALER

KARI, OLA = "15859010099", "06927530250"
UNIT = OrganisationNumber("314022009")
NOVEMBER, DECEMBER, YEARS_LATER = (
    datetime(2026, 11, 30, 12, tzinfo=UTC),
    datetime(2026, 12, 1, 12, tzinfo=UTC),
    datetime(2031, 1, 1, 12, tzinfo=UTC),
)


async def take(importer: RegistryImporter, kind: Kind, *pages: bytes) -> ImportSummary:
    summary = ImportSummary()
    for page in pages:
        await importer.import_page(kind, page, summary)
    return summary


async def dump(pool: Pool) -> str:
    """All that stands in the database, and all that it has found out about it."""
    async with pool.connection() as connection:
        await connection.execute("ANALYZE")
        tables = await (
            await connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        ).fetchall()
        told = [str(await (await connection.execute("SELECT * FROM pg_stats")).fetchall())]
        for (table,) in tables:
            copy = SQL("COPY {} TO STDOUT").format(Identifier(table))
            async with connection.cursor() as cursor, cursor.copy(copy) as rows:
                told += [bytes(row).decode(errors="replace") async for row in rows]
    return "".join(told)


CANARIES = ("15859010099", "06927530250", "canary", "40000001", "Nordmann", "JA", "AKTIV", '"se"')


async def test_a_dump_of_the_database_shows_nobodys_number_address_or_reservation(
    pool: Pool, importer: RegistryImporter
) -> None:
    known = person(KARI, email="canary@post.example.no", mobile="40000001", spraak="se")
    unread = person(OLA, email="canary2@post.example.no", reservasjon="KANSKJE")
    users = {
        "selfIdentified": [
            {"username": "canary-user", "email": "canary3@post.example.no", "mobile": "40000001"},
            {"username": "canary-unread", "email": 5},
        ]
    }
    names = {"partyNames": [{"ssn": KARI, "name": "Kari Nordmann"}, {"ssn": OLA, "name": 5}]}
    await take(importer, "krr", krr(known, unread, None))
    grants = [
        {"user": KARI, "organisation": UNIT, "resource": "tax-2026"},
        {"user": OLA, "organisation": UNIT, "resource": 5},
    ]
    named = {"profiles": [], "grants": grants, "selfIdentified": []}
    await take(importer, "profiles", json.dumps(named).encode())
    await take(importer, "krr", krr(person(KARI, reservasjon="JA"), start=1, end=2))
    await take(
        importer,
        "businesses",
        addresses(email("a", UNIT, "canary4@b.no"), mobile("b", UNIT, "40000001")),
    )
    await take(importer, "profiles", json.dumps(users).encode())
    await take(importer, "names", json.dumps(names).encode())

    told = await dump(pool)

    assert "registry_quarantine" in told
    assert UNIT in told
    assert [each for each in CANARIES if each in told] == []
    # In the form of a byte string as well.
    assert [each for each in CANARIES if each.encode().hex() in told] == []


async def test_all_boxes_of_people_are_alike_in_length_whatever_is_known_of_them(
    pool: Pool, importer: RegistryImporter
) -> None:
    everything = person(KARI, email=f"{'k' * 40}@post.example.no", mobile="40000001", spraak="nb")
    await take(importer, "krr", krr(everything, person(OLA, status="SLETTET")))
    async with pool.connection() as connection:
        cursor = await connection.execute("SELECT DISTINCT length(box) FROM krr_person")
        assert len(await cursor.fetchall()) == 1


WORDS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=400)


@given(one=WORDS, other=WORDS)
def test_boxes_differ_in_length_only_where_one_needs_more_room(one: str, other: str) -> None:
    sealing = Sealing(1, AESGCM(bytes(32)), os.urandom)
    contents = [msgspec.json.encode(each) for each in (one, other)]
    boxes = sealing.seal("names", [b"one", b"other"], contents)
    rooms = [-(-len(each) // ROOM) for each in contents]
    assert (len(boxes[0]) == len(boxes[1])) == (rooms[0] == rooms[1])
    opening = Opening({1: sealing.key})
    (told, untold) = (
        opening.open("names", b"one", 1, boxes[0]),
        opening.open("users", b"one", 1, boxes[0]),
    )
    assert untold is None
    assert told is not None
    assert msgspec.json.decode(told) == one


async def test_a_language_is_known_and_of_what_is_none_nothing(
    pool: Pool, importer: RegistryImporter
) -> None:
    registry = PostgresPersonRegistry(pool, SEALER)
    for at, (written, language) in enumerate(
        [("nb", "nb"), (" NN ", "nn"), ("se", "se"), ("norsk", None), ("", None)]
    ):
        await take(importer, "krr", krr(person(KARI, spraak=written), start=at, end=at + 1))
        assert (await registry.find([KARI]))[KARI].language == language


def at(moment: datetime, vault: InMemoryKeyVault) -> RecordSealer:
    return RecordSealer(vault, clock=lambda: moment)


async def test_what_was_sealed_in_a_month_can_be_opened_though_its_key_was_destroyed_since(
    pool: Pool,
) -> None:
    vault = InMemoryKeyVault()
    await take(
        registry_importer(pool, at(NOVEMBER, vault)), "krr", krr(person(KARI, mobile="40000001"))
    )
    reader = PostgresPersonRegistry(pool, at(NOVEMBER, vault))
    before = await reader.find([KARI])
    later = registry_importer(pool, at(DECEMBER, vault))
    await take(later, "krr", krr(person(OLA), start=1, end=2))

    vault.destroy("2026-11")

    # Also for who has looked the keys up before, and for who has not.
    assert await reader.find([KARI]) == before
    assert await PostgresPersonRegistry(pool, at(DECEMBER, vault)).find([KARI]) == before


async def test_what_a_backup_held_ends_with_its_months_key(pool: Pool) -> None:
    vault = InMemoryKeyVault()
    await take(registry_importer(pool, at(NOVEMBER, vault)), "krr", krr(person(KARI)))
    async with pool.connection() as connection:
        backup = await (
            await connection.execute("SELECT month, wrapped FROM registry_key")
        ).fetchall()
    await take(
        registry_importer(pool, at(DECEMBER, vault)), "krr", krr(person(OLA), start=1, end=2)
    )

    vault.destroy("2026-11")

    ((month, wrapped),) = backup
    assert vault.unwrap(wrapped, month) is None


async def test_a_copy_whose_key_is_gone_is_one_that_cannot_be_asked(
    pool: Pool,
) -> None:
    vault = InMemoryKeyVault()
    importer = registry_importer(pool, at(NOVEMBER, vault))
    await take(importer, "krr", krr(person(KARI)))
    await take(importer, "businesses", addresses(email("a", UNIT, "a@b.no")))
    users = {"selfIdentified": [{"username": "sigrid", "mobile": "40000001"}]}
    await take(importer, "profiles", json.dumps(users).encode())
    await take(importer, "names", json.dumps({"partyNames": [{"ssn": KARI, "name": "K"}]}).encode())

    vault.destroy("2026-11")

    sealer = at(NOVEMBER, vault)
    for registry, asking in (
        ("krr", PostgresPersonRegistry(pool, sealer).find([KARI])),
        ("businesses", PostgresBusinessRegistry(pool, sealer).find([UNIT])),
        (
            "profiles",
            PostgresExternalIdentityRegistry(pool, sealer).find(["urn:altinn:username:sigrid"]),
        ),
        ("names", PostgresNameRegistry(pool, sealer).find([KARI], [])),
    ):
        with pytest.raises(RegistryUnavailableError, match=f"{registry} was sealed under a key"):
            await asking


async def test_whose_box_somebody_has_exchanged_is_uncertain_and_it_is_an_alarm(
    pool: Pool, importer: RegistryImporter
) -> None:
    await take(importer, "krr", krr(person(KARI, email="kari@b.no"), person(OLA, email="ola@b.no")))
    async with pool.connection() as connection:
        await connection.execute(
            "UPDATE krr_person a SET box = b.box FROM krr_person b WHERE a.number_hash = %s AND b.number_hash <> %s",
            [SEALER.hashed("persons", KARI)] * 2,
        )

    with capture_logs() as logs:
        found = await PostgresPersonRegistry(pool, SEALER).find([KARI, OLA])

    assert found[KARI].is_uncertain
    assert found[KARI].email is None
    assert found[OLA].email is not None
    (alarm,) = logs
    assert (alarm["event"], alarm["log_level"]) == ("registry_record_spoilt", "critical")
    assert KARI not in str(alarm)


async def test_an_address_that_somebody_has_given_to_another_organisation_is_used_for_none(
    pool: Pool, importer: RegistryImporter
) -> None:
    await take(importer, "businesses", addresses(email("a", UNIT, "a@b.no")))
    async with pool.connection() as connection:
        await connection.execute("UPDATE business_address SET organisation = '314022017'")

    other = OrganisationNumber("314022017")
    found = await PostgresBusinessRegistry(pool, SEALER).find([other])

    assert (found[other].is_uncertain, list(found[other].emails)) == (True, [])


BEFORE = """
INSERT INTO krr_person (number, is_deleted, is_reserved, can_be_notified, email, email_is_valid, mobile_is_valid)
VALUES ('15859010099', false, true, true, 'canary@post.example.no', true, false);
INSERT INTO business_address (registry_id, organisation, channel, address, is_valid)
VALUES ('a', '314022009', 'email', 'canary4@b.no', true);
INSERT INTO business_unit (number, name) VALUES ('314022009', 'FJELL AS');
INSERT INTO self_identified_user VALUES ('canary-user', NULL, '+4740000001');
INSERT INTO party_name VALUES ('15859010099', 'Kari Nordmann');
INSERT INTO registry_copy (registry, cursor) VALUES ('krr', '7'), ('businesses', '2026'), ('profiles', NULL);
INSERT INTO registry_quarantine (registry, page, entry, reason, part, whose, item)
VALUES ('krr', 'p', 0, 'malformed $', 'persons', '15859010099', NULL),
       ('profiles', 'p', 0, 'malformed $', 'profiles', '314022009', '1'),
       ('businesses', 'p', 0, 'malformed $', 'units', '314022017', NULL);
"""


async def test_an_upgrade_leaves_nothing_of_what_stood_in_clear_and_the_copies_are_loaded_anew(
    empty_database_url: str, tmp_path: Path
) -> None:
    for each in read_migrations(MIGRATIONS):
        if each.number < 310:  # the last number before records were sealed
            (tmp_path / f"{each.name}.sql").write_bytes(each.statements)
    await migrate(empty_database_url, folder=tmp_path)
    async with await open_pool(empty_database_url, size=2, name="test") as pool:
        async with pool.connection() as connection:
            await connection.execute(BEFORE.encode())
        assert [each for each in CANARIES if each in await dump(pool)]

        await migrate(empty_database_url)

        assert [each for each in CANARIES if each in await dump(pool)] == []
        importer = registry_importer(pool)
        assert await importer.cursor("krr") is None
        assert await importer.cursor("businesses") is None
        assert await PostgresNameRegistry(pool, SEALER).find([], [UNIT]) == {UNIT: "FJELL AS"}
        # Whoever is uncertain in what stays is uncertain still.
        assert [(each.part, each.whose) for each in await importer.unread(None, 10)] == [
            ("profiles", UNIT),
            ("units", "314022017"),
        ]
