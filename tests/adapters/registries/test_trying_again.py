"""What could not be read is kept as it came, and read when it can be; whatever came later stands."""

import json
from collections.abc import Callable, Mapping
from random import Random

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from adapters.postgres.pool import Pool
from adapters.registries.importing import ImportSummary, Kind, RegistryImporter
from adapters.registries.quarantine import NOBODYS
from adapters.registries.replicas import (
    PostgresBusinessRegistry,
    PostgresExternalIdentityRegistry,
    PostgresNameRegistry,
    PostgresPersonRegistry,
)
from domain.personal import Identifier
from domain.recipient import Organisation, OrganisationNumber, Person
from tests.adapters.registries.local import profile_registry, registry_importer
from tests.adapters.registries.pages import Json, addresses, email, krr, person, unit, units
from tests.adapters.registries.sealed import SEALER

KARI, OLA = "15859010099", "06927530250"
UNIT, SUB_UNIT = OrganisationNumber("314022009"), OrganisationNumber("314022017")
UNREADABLE = "a word of tomorrow"
"""Stands in an entry where these rules of reading take nothing that they do not know."""


async def take(importer: RegistryImporter, kind: Kind, *pages: bytes) -> ImportSummary:
    summary = ImportSummary()
    for page in pages:
        await importer.import_page(kind, page, summary)
    return summary


async def rules_change(pool: Pool, change: Callable[[Json], Json]) -> None:
    """From now on what stands in quarantine is such that it can be read, and was tried by older rules."""
    async with pool.connection() as connection, connection.transaction():
        sealing = await SEALER.sealing(connection)
        rows = await (
            await connection.execute(
                "SELECT entry_id, concat_ws('|', registry, page, entry), key_id, box "
                "FROM registry_quarantine"
            )
        ).fetchall()
        for entry_id, place, key_id, box in rows:
            opening = await SEALER.opening(connection, {key_id})
            content = opening.open("unread", place.encode(), key_id, box)
            changed = msgspec.json.encode(change(json.loads(content or b"")))
            (new,) = sealing.seal("unread", [place.encode()], [changed])
            await connection.execute(
                "UPDATE registry_quarantine SET tried_by = 0, box = %s, key_id = %s "
                "WHERE entry_id = %s",
                (new, sealing.key_id, entry_id),
            )


def sort_of(known: str) -> Callable[[Json], Json]:
    """What makes of the word of tomorrow one that is known."""
    return lambda entry: json.loads(json.dumps(entry).replace(UNREADABLE, known))


def change(number: str, address: str, *, is_read: bool = True) -> Json:
    return person(number, email=address, reservasjon="NEI" if is_read else UNREADABLE)


async def reached_at(pool: Pool, *numbers: str) -> Mapping[str, str | None]:
    """Where each person is reached; None for whoever is uncertain."""
    found = await PostgresPersonRegistry(pool, SEALER).find(numbers)
    return {
        number: None if record.email is None else record.email.address.text
        for number, record in found.items()
    }


async def unread(importer: RegistryImporter) -> list[str]:
    return [each.reason for each in await importer.unread(None, 100)]


async def test_an_entry_is_kept_as_it_came_and_opened_with_whom_it_is_about(
    importer: RegistryImporter,
) -> None:
    odd = {**change(KARI, "kari@b.no", is_read=False), "nytt": ["felt"]}
    await take(importer, "krr", krr(person(OLA), odd))

    (listed,) = await importer.unread("krr", 10)
    opened = await importer.unread_entry(listed.entry_id)

    assert (listed.registry, listed.part, listed.reason, listed.is_kept) == (
        *("krr", "persons", "malformed $.reservasjon"),
        True,
    )
    assert KARI not in str(listed)
    assert opened is not None
    assert json.loads(opened.content or b"") == odd
    assert opened.about == Person(number=Identifier(KARI))
    assert await importer.unread_entry(listed.entry_id + 1) is None
    assert await importer.unread("businesses", 10) == []


@pytest.mark.parametrize(
    "kind, page, about",
    [
        ("krr", krr(None), None),
        ("businesses", units(unit(SUB_UNIT, "12")), Organisation(number=SUB_UNIT)),
        (
            "names",
            json.dumps({"partyNames": [{"orgNo": UNIT, "name": 5}]}).encode(),
            Organisation(number=UNIT),
        ),
        (
            "names",
            json.dumps({"partyNames": [{"ssn": KARI, "name": 5}]}).encode(),
            Person(number=Identifier(KARI)),
        ),
        ("profiles", b'{"selfIdentified": [{"username": "15859010099", "email": 5}]}', None),
    ],
)
async def test_whom_an_entry_is_about_is_told_where_it_has_a_number(
    importer: RegistryImporter, kind: Kind, page: bytes, about: Person | Organisation | None
) -> None:
    await take(importer, kind, page)
    (listed,) = await importer.unread(None, 10)
    opened = await importer.unread_entry(listed.entry_id)
    assert opened is not None
    assert opened.about == about


async def test_what_can_be_read_now_counts_from_now_on(
    pool: Pool, importer: RegistryImporter
) -> None:
    await take(importer, "krr", krr(change(KARI, "old@b.no"), change(OLA, "ola@b.no")))
    await take(importer, "krr", krr(change(KARI, "new@b.no", is_read=False), start=1, end=2))
    assert await reached_at(pool, KARI, OLA) == {KARI: None, OLA: "ola@b.no"}
    await rules_change(pool, sort_of("NEI"))

    done = await importer.retry_unread("krr")

    assert (done.tried, done.read) == (1, 1)
    assert await reached_at(pool, KARI, OLA) == {KARI: "new@b.no", OLA: "ola@b.no"}
    assert await unread(importer) == []


async def test_what_can_still_not_be_read_stays_with_when_it_was_found(
    pool: Pool, importer: RegistryImporter
) -> None:
    await take(importer, "krr", krr(change(KARI, "new@b.no", is_read=False), None))
    before = await importer.unread(None, 10)

    done = await importer.retry_unread(None)

    assert (done.tried, done.read) == (2, 0)
    assert await importer.unread(None, 10) == before
    assert await reached_at(pool, KARI) == {KARI: None}


async def test_newer_rules_try_by_themselves_with_the_next_page_and_once(
    pool: Pool, importer: RegistryImporter
) -> None:
    page = krr(change(KARI, "new@b.no", is_read=False))
    await take(importer, "krr", page)
    await rules_change(pool, sort_of("NEI"))

    with capture_logs() as logs:
        newer = registry_importer(pool)
        await take(newer, "krr", krr(start=1, end=2), krr(start=2, end=3))

    assert await reached_at(pool, KARI) == {KARI: "new@b.no"}
    (told,) = logs
    assert (told["event"], told["tried"], told["read"]) == ("registry_retried", 1, 1)
    with capture_logs() as logs:
        await take(registry_importer(pool), "krr", krr(start=3, end=4))
    assert logs == []


async def test_the_same_rules_do_not_try_again_by_themselves(
    pool: Pool, importer: RegistryImporter
) -> None:
    await take(importer, "krr", krr(change(KARI, "new@b.no", is_read=False)))
    with capture_logs() as logs:
        await take(registry_importer(pool), "krr", krr(start=1, end=2))
    assert logs == []


CHANGES = st.lists(
    st.lists(st.tuples(st.sampled_from([KARI, OLA]), st.booleans()), max_size=4), max_size=4
)


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(pages=CHANGES, order=st.randoms(use_true_random=False), when=st.integers(0, 4))
async def test_whenever_an_entry_is_read_the_last_change_of_each_counts(
    pool: Pool,
    importer: RegistryImporter,
    pages: list[list[tuple[str, bool]]],
    order: Random,
    when: int,
) -> None:
    async with pool.connection() as connection:
        for table in ("krr_person", "registry_quarantine", "registry_copy"):
            await connection.execute(f"TRUNCATE {table}".encode())
    told = [
        [(number, f"{at}-{place}@b.no", is_read) for place, (number, is_read) in enumerate(changes)]
        for at, changes in enumerate(pages)
    ]
    made = [
        krr(
            *(change(number, address, is_read=is_read) for number, address, is_read in changes),
            start=at,
            end=at + 1,
        )
        for at, changes in enumerate(told)
    ]
    order.shuffle(made)

    # Newer rules come while some pages are still to be loaded.
    await take(importer, "krr", *made[:when])
    await rules_change(pool, sort_of("NEI"))
    await importer.retry_unread("krr")
    await take(importer, "krr", *made[when:])
    await rules_change(pool, sort_of("NEI"))
    await importer.retry_unread("krr")

    last = {number: address for changes in told for number, address, _ in changes}
    assert await reached_at(pool, KARI, OLA) == last
    assert await unread(importer) == []


async def test_whoever_is_told_only_now_is_uncertain_until_it_is_known_what_came_after(
    pool: Pool, importer: RegistryImporter
) -> None:
    await take(importer, "krr", krr(change(KARI, "old@b.no")))
    nobodys = {**change(KARI, "new@b.no"), "personidentifikator": UNREADABLE}
    again = krr(nobodys, start=1, end=2)
    await take(importer, "krr", again)
    assert await reached_at(pool, KARI) == {KARI: "old@b.no"}
    await rules_change(pool, sort_of(KARI))

    for _ in range(2):
        assert (await importer.retry_unread("krr")).read == 0
        assert await unread(importer) == [NOBODYS]
        assert await reached_at(pool, KARI) == {KARI: None}

    # What the register says again settles it.
    await take(importer, "krr", krr(change(KARI, "new@b.no"), start=1, end=2))
    assert await reached_at(pool, KARI) == {KARI: "new@b.no"}
    assert await unread(importer) == []


async def test_an_address_that_can_be_read_now_is_used(
    pool: Pool, importer: RegistryImporter
) -> None:
    odd = email("a", UNIT, "new@b.no", "02")
    odd["content"] = odd["content"].replace("epostadresse", UNREADABLE)
    await take(importer, "businesses", addresses(email("a", UNIT, "old@b.no"), odd))
    await take(importer, "businesses", units(unit(SUB_UNIT, UNREADABLE)))
    await rules_change(
        pool,
        lambda entry: sort_of(UNIT if "organisasjonsnummer" in entry else "epostadresse")(entry),
    )

    assert (await importer.retry_unread("businesses")).read == 2

    found = await PostgresBusinessRegistry(pool, SEALER).find([UNIT, SUB_UNIT])
    for number in (UNIT, SUB_UNIT):
        assert [each.address.text for each in found[number].emails] == ["new@b.no"]
        assert found[number].origin == UNIT


async def test_what_registered_users_and_names_are_can_be_read_later_as_well(
    pool: Pool, importer: RegistryImporter
) -> None:
    users = {"selfIdentified": [{"username": "Sigrid", "email": ["sigrid@b.no"]}]}
    names = {"partyNames": [{"ssn": KARI, "name": ["Kari"]}]}
    await take(importer, "profiles", json.dumps(users).encode())
    await take(importer, "names", json.dumps(names).encode())
    await rules_change(
        pool,
        lambda entry: {
            name: each[0] if isinstance(each, list) else each for name, each in entry.items()
        },
    )

    assert (await importer.retry_unread(None)).read == 2

    urn = "urn:altinn:username:sigrid"
    user = (await PostgresExternalIdentityRegistry(pool, SEALER).find([urn]))[urn].email
    assert user is not None
    assert user.address.text == "sigrid@b.no"
    assert await PostgresNameRegistry(pool, SEALER).find([KARI], []) == {KARI: "Kari"}


async def test_what_a_user_registered_stands_in_the_profile_when_it_can_be_read(
    pool: Pool, importer: RegistryImporter
) -> None:
    user = {"user": "1", "organisation": UNIT, "email": "one@b.no", "emailVerified": True}
    page = {
        "profiles": [{**user, "withdrawn": "nei"}],
        "grants": [{"user": "1", "organisation": UNIT, "resource": "tax", "withdrawn": "nei"}],
    }
    await take(importer, "profiles", json.dumps(page).encode())
    assert (await importer.retry_unread("profiles")).read == 0
    await rules_change(pool, lambda entry: {**entry, "withdrawn": False})

    assert (await importer.retry_unread("profiles")).read == 2

    ((registered,),) = (await profile_registry(pool).find([UNIT], "tax")).values()
    assert registered.email is not None
    assert registered.email.address.text == "one@b.no"
