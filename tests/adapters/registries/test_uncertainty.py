"""Whom an unreadable change is about is uncertain until it is read; everybody else is not."""

import json
from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from adapters.decision_point.grants import GrantTable
from adapters.postgres.pool import Pool
from adapters.registries.importing import ImportSummary, Kind, RegistryImporter
from adapters.registries.pages import UnreadablePageError
from adapters.registries.replicas import (
    PostgresBusinessRegistry,
    PostgresExternalIdentityRegistry,
    PostgresNameRegistry,
    PostgresPersonRegistry,
)
from application.ports.decision_point import Question
from domain.authority import Decision
from domain.recipient import OrganisationNumber
from tests.adapters.registries.local import profile_registry
from tests.adapters.registries.pages import (
    Json,
    addresses,
    email,
    gone,
    krr,
    mobile,
    person,
    unit,
    units,
    unread,
)
from tests.adapters.registries.sealed import SEALER

KARI, OLA, EARLY = "15859010099", "06927530250", "01818010083"
UNIT, SUB_UNIT = OrganisationNumber("314022009"), OrganisationNumber("314022017")
CERTAIN, UNCERTAIN = person(KARI, email="kari@b.no"), person(KARI, reservasjon="Ja")


async def take(importer: RegistryImporter, kind: Kind, *pages: bytes) -> ImportSummary:
    summary = ImportSummary()
    for page in pages:
        await importer.import_page(kind, page, summary)
    return summary


async def uncertain_persons(pool: Pool, *numbers: str) -> list[str]:
    found = await PostgresPersonRegistry(pool, SEALER).find(numbers)
    return [number for number, record in found.items() if record.is_uncertain]


async def business(pool: Pool, number: OrganisationNumber) -> tuple[list[str], bool]:
    record = (await PostgresBusinessRegistry(pool, SEALER).find([number]))[number]
    told = [each.address.text for each in (*record.emails, *record.mobiles)]
    return told, record.is_uncertain


async def users(pool: Pool, resource: str = "tax") -> list[tuple[str, Decision]]:
    """The users of the unit, and what is decided of them."""
    found = await profile_registry(pool).find([UNIT], resource)
    questions = {
        each.user: Question(each.user, UNIT, resource, "read") for each in found.get(UNIT, ())
    }
    decided = await GrantTable(pool).decide(list(questions.values()))
    return [
        (each.user, Decision.UNCERTAIN if each.is_uncertain else decided[questions[each.user]])
        for each in found.get(UNIT, ())
    ]


async def unread_rows(importer: RegistryImporter, kind: Kind) -> tuple[int, int, int]:
    (status,) = [each for each in await importer.status() if each.registry == kind]
    return status.quarantined, status.uncertain, status.nobodys


# Persons


def dated(**dates: object) -> Json:
    return {**person(KARI), "kontaktinformasjon": {"epostadresse": "kari@b.no", **dates}}


@pytest.mark.parametrize(
    "change",
    [
        UNCERTAIN,
        person(KARI, reservasjon="ja"),
        {**person(KARI), "reservasjon": True},
        person(KARI, status="BORTE"),
        person(KARI, varslingsstatus="KANSKJE"),
        person(KARI, kontaktinformasjon="none"),
        person(KARI, email="a\x00@b.no"),
        {**person(KARI), "kontaktinformasjon": {"mobiltelefonnummer": 40000001}},
        dated(epostadresse_oppdatert="yesterday"),
        dated(epostadresse_sist_verifisert=20261101),
        {**UNCERTAIN, "personidentifikator": int(KARI)},
        {**UNCERTAIN, "personidentifikator": f" {KARI} "},
        {**person(KARI), "personidentifikator": f"{KARI} "},
    ],
)
async def test_a_person_is_uncertain_from_a_change_that_cannot_be_read(
    pool: Pool, importer: RegistryImporter, change: object
) -> None:
    await take(importer, "krr", krr(CERTAIN, person(OLA, mobile="40000001")))

    summary = await take(importer, "krr", krr(change, start=1, end=2))

    assert (summary.quarantined, summary.nobodys) == (1, 0)
    found = await PostgresPersonRegistry(pool, SEALER).find([KARI, OLA])
    assert [found[each].is_uncertain for each in (KARI, OLA)] == [True, False]
    assert (found[KARI].email, found[KARI].mobile) == (None, None)


async def test_a_number_keeps_its_leading_zeros(pool: Pool, importer: RegistryImporter) -> None:
    await take(importer, "krr", krr({**UNCERTAIN, "personidentifikator": int(EARLY)}))
    assert await uncertain_persons(pool, EARLY) == [EARLY]


async def test_somebody_of_whom_nothing_else_is_known_is_uncertain(
    pool: Pool, importer: RegistryImporter
) -> None:
    await take(importer, "krr", krr(UNCERTAIN))
    assert await uncertain_persons(pool, KARI) == [KARI]


@pytest.mark.parametrize(
    "change",
    [
        {**CERTAIN, "nytt": {"felt": [None, "\x00"]}},
        {**CERTAIN, "spraak": 5, "spraak_oppdatert": "yesterday", "sertifikat": []},
        person(KARI, email="not an address"),
        {**person(KARI), "kontaktinformasjon": {"epostadresse_oppdatert": "yesterday"}},
        {
            **person(KARI),
            "kontaktinformasjon": {"epostadresse": " ", "epostadresse_sist_verifisert": 5},
        },
        person(KARI, status="SLETTET", kontaktinformasjon="none", reservasjon="Ja"),
        {**person(KARI, status="SLETTET"), "varslingsstatus": 5},
    ],
)
async def test_what_decides_nothing_makes_nobody_uncertain(
    pool: Pool, importer: RegistryImporter, change: object
) -> None:
    assert await take(importer, "krr", krr(change)) == ImportSummary(
        pages=1, **{"removed" if "SLETTET" in str(change) else "written": 1}
    )
    assert await uncertain_persons(pool, KARI) == []


@pytest.mark.parametrize(
    "later",
    [CERTAIN, person(KARI, reservasjon="JA"), person(KARI, status="SLETTET")],
)
async def test_a_later_change_that_can_be_read_ends_the_uncertainty(
    pool: Pool, importer: RegistryImporter, later: object
) -> None:
    await take(importer, "krr", krr(CERTAIN), krr(UNCERTAIN, start=1, end=2))
    await take(importer, "krr", krr(person(OLA), start=2, end=3))
    assert await uncertain_persons(pool, KARI) == [KARI]

    await take(importer, "krr", krr(later, start=3, end=4))

    assert await uncertain_persons(pool, KARI) == []
    assert await unread_rows(importer, "krr") == (0, 0, 0)


async def test_an_older_page_neither_ends_nor_brings_back_an_uncertainty(
    pool: Pool, importer: RegistryImporter
) -> None:
    first, second, third = (
        krr(CERTAIN),
        krr(UNCERTAIN, start=1, end=2),
        krr(CERTAIN, start=2, end=3),
    )
    await take(importer, "krr", second, first)
    assert await uncertain_persons(pool, KARI) == [KARI]

    await take(importer, "krr", third, second)

    assert await uncertain_persons(pool, KARI) == []


async def test_on_one_page_the_last_word_counts(pool: Pool, importer: RegistryImporter) -> None:
    await take(importer, "krr", krr(UNCERTAIN, CERTAIN))
    assert await uncertain_persons(pool, KARI) == []
    await take(importer, "krr", krr(CERTAIN, UNCERTAIN, start=1, end=2))
    assert await uncertain_persons(pool, KARI) == [KARI]


async def test_the_same_page_ends_it_when_an_importer_can_read_it(
    pool: Pool, importer: RegistryImporter
) -> None:
    page = krr(CERTAIN, start=1, end=2)
    await take(importer, "krr", page)
    # As an importer left it that could not read the entry.
    await execute(pool, "DELETE FROM krr_person")
    async with pool.connection() as connection:
        await connection.execute(
            "INSERT INTO registry_quarantine (registry, page, entry, reason, part, whose, change_id)"
            " VALUES ('krr', %s, 0, 'malformed $', 'persons', %s, 2)",
            (SEALER.hashing("unread")(page).hex()[:16], SEALER.hashed("persons", KARI).hex()),
        )
    assert await uncertain_persons(pool, KARI) == [KARI]

    await take(importer, "krr", page)

    assert await uncertain_persons(pool, KARI) == []
    assert await unread_rows(importer, "krr") == (0, 0, 0)


async def execute(pool: Pool, statement: str) -> None:
    async with pool.connection() as connection:
        await connection.execute(statement.encode())


CHANGES = st.lists(st.lists(st.tuples(st.sampled_from([KARI, OLA]), st.booleans()), max_size=4))


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(pages=CHANGES, order=st.randoms(use_true_random=False))
async def test_whoever_had_the_last_change_unread_is_uncertain_whatever_the_order_of_the_pages(
    pool: Pool, importer: RegistryImporter, pages: list[list[tuple[str, bool]]], order: Random
) -> None:
    for table in ("krr_person", "registry_quarantine", "registry_copy"):
        await execute(pool, f"TRUNCATE {table}")
    made = [
        krr(
            *(
                person(number, email=f"{number}@b.no", reservasjon="NEI" if is_read else "Ja")
                for number, is_read in changes
            ),
            start=at,
            end=at + 1,
        )
        for at, changes in enumerate(pages)
    ]
    order.shuffle(made)

    await take(importer, "krr", *made)

    last = {number: is_read for changes in pages for number, is_read in changes}
    unread = {number for number, is_read in last.items() if not is_read}
    assert {*await uncertain_persons(pool, KARI, OLA)} == unread


# Those whose number cannot be read


@pytest.mark.parametrize(
    "kind, page, entries",
    [
        ("krr", krr(None, {}, person("1585901009x"), {**CERTAIN, "personidentifikator": True}), 4),
        ("businesses", addresses(None, {"id": "a", "updated": "x", "content": "{"}), 2),
        ("businesses", units({"navn": "X"}), 1),
        ("profiles", json.dumps({"profiles": [{"user": "1"}], "grants": [None]}).encode(), 2),
        ("profiles", json.dumps({"selfIdentified": [{"email": "a@b.no"}]}).encode(), 1),
    ],
)
async def test_an_entry_that_does_not_even_tell_whose_it_is_is_an_alarm(
    importer: RegistryImporter, kind: Kind, page: bytes, entries: int
) -> None:
    with capture_logs() as logs:
        summary = await take(importer, kind, page)

    assert summary.nobodys == entries
    (alarm,) = logs
    assert (alarm["event"], alarm["log_level"]) == ("registry_entries_of_nobody", "critical")
    assert (alarm["registry"], alarm["entries"]) == (kind, entries)
    assert await unread_rows(importer, kind) == (entries, 0, entries)


async def test_whoever_can_be_told_is_no_alarm_and_neither_is_a_name(
    importer: RegistryImporter,
) -> None:
    with capture_logs() as logs:
        await take(importer, "krr", krr(UNCERTAIN))
        await take(importer, "names", b'{"partyNames": [null]}')

    assert logs == []
    assert await unread_rows(importer, "krr") == (1, 1, 0)
    assert await unread_rows(importer, "names") == (1, 0, 0)


ODD = "ODD"
"""Stands for whatever stands where somebody is named."""
OUT_OF_RANGE = ("1e400", "1" + "0" * 30, "1" + "0" * 5000)
WHATEVER = [
    *(r'"a\u0000b"', r'"\u0000"', '""', f'"{"x" * 5000}"', f'"{"å" * 1500}"', "[]", "{}"),
    *("null", "true", "-1", "1.5", *OUT_OF_RANGE),
]


@pytest.mark.parametrize(
    "kind, page",
    [
        ("krr", krr({**UNCERTAIN, "personidentifikator": ODD})),
        ("businesses", addresses({**unread("a", UNIT), "id": ODD, "updated": ODD})),
        ("businesses", addresses({**unread("a", UNIT), "content": ODD})),
        ("businesses", units({**unit(SUB_UNIT, "12"), "organisasjonsnummer": ODD})),
        ("profiles", b'{"profiles": [{"user": "ODD", "organisation": "ODD", "withdrawn": 5}]}'),
        (
            "profiles",
            b'{"grants": [{"user": "1", "organisation": "1", "resource": "ODD", "withdrawn": 5}]}',
        ),
        (
            "profiles",
            (
                b'{"grants": [{"user": "1", "organisation": "1", "resource": "tax", "action": "ODD",'
                b' "withdrawn": 5}]}'
            ),
        ),
        ("profiles", b'{"selfIdentified": [{"username": "ODD", "email": 5}]}'),
        ("names", b'{"partyNames": [{"ssn": "ODD", "name": 5}]}'),
    ],
)
async def test_whatever_stands_where_somebody_is_named_no_page_fails_of_it(
    importer: RegistryImporter, kind: Kind, page: bytes
) -> None:
    for whatever in WHATEVER:
        odd_page = page.replace(b'"ODD"', whatever.encode())
        try:
            summary = await take(importer, kind, odd_page)
        except UnreadablePageError:
            # A number that nobody can read is no JSON.
            assert whatever in OUT_OF_RANGE, whatever
        else:
            assert summary.quarantined == 1, whatever


# Businesses


async def test_an_address_whose_change_cannot_be_read_is_not_used_and_the_others_are(
    pool: Pool, importer: RegistryImporter
) -> None:
    await take(
        importer, "businesses", addresses(email("a", UNIT, "a@b.no"), mobile("b", UNIT, "40000010"))
    )

    await take(importer, "businesses", addresses(unread("a", UNIT)))

    assert await business(pool, UNIT) == (["+4740000010"], True)
    await take(importer, "businesses", addresses(email("a", UNIT, "new@b.no", "03")))
    assert await business(pool, UNIT) == (["new@b.no", "+4740000010"], False)
    assert await unread_rows(importer, "businesses") == (0, 0, 0)


@pytest.mark.parametrize(
    "change",
    [
        unread("a", UNIT),
        {**unread("a", UNIT), "content": unread("a", UNIT)["content"][:-20]},
        {**unread("a", UNIT), "content": json.loads(unread("a", UNIT)["content"])},
        {**email("a", UNIT, "new@b.no"), "updated": "yesterday"},
        {**gone("a"), "isdeleted": "true"},
        email("a", "31402200", "new@b.no", "02"),
        # Which of its addresses that is cannot be told.
        {**unread("a", UNIT), "id": None},
    ],
)
async def test_an_address_is_uncertain_from_a_change_that_cannot_be_read(
    pool: Pool, importer: RegistryImporter, change: object
) -> None:
    await take(importer, "businesses", units(unit(SUB_UNIT, UNIT)))
    await take(importer, "businesses", addresses(email("a", UNIT, "a@b.no")))

    summary = await take(importer, "businesses", addresses(change, gone("z", "04")))

    assert summary.quarantined == 1
    assert await business(pool, UNIT) == ([], True)
    # Whoever shares the address of a main unit shares its uncertainty.
    assert await business(pool, SUB_UNIT) == ([], True)
    await take(importer, "businesses", addresses(email("a", UNIT, "new@b.no", "05")))
    assert await business(pool, UNIT) == (["new@b.no"], False)


@pytest.mark.parametrize("later", [gone("a", "03"), email("a", SUB_UNIT, "new@b.no", "03")])
async def test_an_address_that_went_or_became_anothers_is_not_uncertain_any_more(
    pool: Pool, importer: RegistryImporter, later: object
) -> None:
    await take(importer, "businesses", addresses(email("a", UNIT, "a@b.no")))
    await take(importer, "businesses", addresses(unread("a", UNIT)))

    await take(importer, "businesses", addresses(later))

    assert not await PostgresBusinessRegistry(pool, SEALER).find([UNIT])
    assert await unread_rows(importer, "businesses") == (0, 0, 0)


async def test_a_change_that_does_not_tell_its_time_is_as_old_as_its_page(
    pool: Pool, importer: RegistryImporter
) -> None:
    timeless = {**unread("a", UNIT), "updated": "yesterday"}
    await take(importer, "businesses", addresses(timeless, gone("z", "04")))

    await take(importer, "businesses", addresses(email("a", UNIT, "a@b.no", "03")))
    assert await business(pool, UNIT) == ([], True)

    await take(importer, "businesses", addresses(email("a", UNIT, "new@b.no", "05")))
    assert await business(pool, UNIT) == (["new@b.no"], False)


@pytest.mark.parametrize(
    "change, told",
    [
        ({**email("a", UNIT, "new@b.no", "02"), "title": 5, "nytt": [None]}, ["new@b.no"]),
        ({**gone("a"), "content": 5}, []),
        (
            {
                **unread("a", UNIT),
                "content": unread("a", UNIT)["content"].replace("ORGANISASJONSNUMMER", "ANNET"),
            },
            [],
        ),
    ],
)
async def test_what_decides_nothing_makes_no_address_uncertain(
    pool: Pool, importer: RegistryImporter, change: object, told: Sequence[str]
) -> None:
    await take(importer, "businesses", addresses(email("a", UNIT, "a@b.no")))
    assert (await take(importer, "businesses", addresses(change))).quarantined == 0
    found = await PostgresBusinessRegistry(pool, SEALER).find([UNIT])
    assert [each.address.text for each in found[UNIT].emails] == told if told else not found


async def test_an_older_page_of_addresses_neither_ends_nor_brings_back_an_uncertainty(
    pool: Pool, importer: RegistryImporter
) -> None:
    first, second, third = (
        addresses(email("a", UNIT, "a@b.no")),
        addresses(unread("a", UNIT)),
        addresses(email("a", UNIT, "new@b.no", "03")),
    )
    await take(importer, "businesses", second, first)
    assert await business(pool, UNIT) == ([], True)
    await take(importer, "businesses", third, second)
    assert await business(pool, UNIT) == (["new@b.no"], False)
    await take(importer, "businesses", addresses(gone("a", "04")), second)
    assert not await PostgresBusinessRegistry(pool, SEALER).find([UNIT])


async def test_whose_addresses_a_unit_shares_is_uncertain_while_its_main_unit_cannot_be_read(
    pool: Pool, importer: RegistryImporter
) -> None:
    await take(importer, "businesses", addresses(email("a", UNIT, "a@b.no")))
    await take(importer, "businesses", units(unit(SUB_UNIT, UNIT)))

    await take(importer, "businesses", units(unit(SUB_UNIT, "12")))

    assert await business(pool, SUB_UNIT) == ([], True)
    assert await business(pool, UNIT) == (["a@b.no"], False)
    await take(importer, "businesses", units(unit(SUB_UNIT, UNIT, "FIRMA")))
    assert await business(pool, SUB_UNIT) == (["a@b.no"], False)


async def test_a_unit_whose_name_cannot_be_read_keeps_its_name_and_is_not_uncertain(
    pool: Pool, importer: RegistryImporter
) -> None:
    await take(importer, "businesses", addresses(email("a", UNIT, "a@b.no")))
    await take(importer, "businesses", units(unit(UNIT, name="FJELL AS")))

    await take(
        importer,
        "businesses",
        units({**unit(UNIT), "navn": 5}, {**unit(SUB_UNIT, UNIT), "navn": "\x00"}),
    )

    assert await PostgresNameRegistry(pool, SEALER).find([], [UNIT, SUB_UNIT]) == {UNIT: "FJELL AS"}
    assert await business(pool, SUB_UNIT) == (["a@b.no"], False)


# Users


def profile(user: str, **more: object) -> Json:
    return {
        "user": user,
        "organisation": UNIT,
        "email": f"{user}@b.no",
        "emailVerified": True,
        **more,
    }


def grant(user: str, resource: str = "tax", **more: object) -> Json:
    return {"user": user, "organisation": UNIT, "resource": resource, **more}


def profiles(*registrations: object, grants: Sequence[object] = ()) -> bytes:
    return json.dumps({"profiles": registrations, "grants": grants}).encode()


KNOWN = profiles(
    profile("1"),
    profile("2"),
    grants=[grant("1"), grant("1", "vat"), grant("2"), grant("2", "vat")],
)


@pytest.mark.parametrize(
    "change, ending, uncertain, elsewhere",
    [
        (profiles(profile("1", withdrawn="yes")), profiles(profile("1")), ["1"], ["1"]),
        (profiles(profile("1", email=5)), profiles(profile("1")), ["1"], ["1"]),
        (profiles({**profile("1"), "user": None}), profiles(profile("1")), ["1", "2"], ["1", "2"]),
        (profiles(profile("1", organisation=None)), profiles(profile("1")), ["1"], ["1"]),
        (profiles(grants=[grant("1", withdrawn="ja")]), profiles(grants=[grant("1")]), ["1"], []),
        (
            profiles(grants=[grant("1", action=5)]),
            profiles(grants=[grant("1", "vat")]),
            ["1"],
            ["1"],
        ),
    ],
)
async def test_a_user_is_uncertain_from_a_change_that_cannot_be_read(
    pool: Pool,
    importer: RegistryImporter,
    change: bytes,
    ending: bytes,
    *,
    uncertain: Sequence[str],
    elsewhere: Sequence[str],
) -> None:
    await take(importer, "profiles", KNOWN)
    assert await users(pool) == [("1", Decision.PERMITTED), ("2", Decision.PERMITTED)]

    await take(importer, "profiles", change)

    for resource, expected in (("tax", uncertain), ("vat", elsewhere)):
        assert await users(pool, resource) == [
            (each, Decision.UNCERTAIN if each in expected else Decision.PERMITTED)
            for each in ("1", "2")
        ]
    await take(importer, "profiles", ending)
    assert await users(pool) == [(each, Decision.PERMITTED) for each in ("1", "2")]


async def test_a_change_of_another_user_or_for_another_resource_ends_nothing(
    pool: Pool, importer: RegistryImporter
) -> None:
    unread = profiles(profile("1", email=5), grants=[grant("2", withdrawn="ja")])
    await take(importer, "profiles", KNOWN, unread)

    await take(importer, "profiles", profiles(profile("2"), grants=[grant("2", "vat")]))

    assert await users(pool) == [("1", Decision.UNCERTAIN), ("2", Decision.UNCERTAIN)]


async def test_a_user_who_is_new_is_uncertain_as_well(
    pool: Pool, importer: RegistryImporter
) -> None:
    await take(importer, "profiles", profiles(profile("9", mobile=5, mobileVerified=True)))
    assert await users(pool) == [("9", Decision.UNCERTAIN)]


@pytest.mark.parametrize(
    "change, left",
    [
        (profile("1", mobile=5), ["1", "2"]),
        (profile("1", mobile=5, mobileVerified=False, note=[None]), ["1", "2"]),
        (profile("1", email=5, withdrawn=True), ["2"]),
    ],
)
async def test_what_decides_nothing_makes_no_user_uncertain(
    pool: Pool, importer: RegistryImporter, change: object, left: Sequence[str]
) -> None:
    await take(importer, "profiles", KNOWN)
    assert (await take(importer, "profiles", profiles(change))).quarantined == 0
    assert await users(pool) == [(each, Decision.PERMITTED) for each in left]


async def test_a_self_identified_user_is_uncertain_until_a_change_can_be_read(
    pool: Pool, importer: RegistryImporter
) -> None:
    def users_page(**user: object) -> bytes:
        return json.dumps({"selfIdentified": [{"username": "Sigrid", **user}]}).encode()

    urn = "urn:altinn:username:sigrid"
    registry = PostgresExternalIdentityRegistry(pool, SEALER)
    await take(importer, "profiles", users_page(email="a@b.no"))

    await take(importer, "profiles", users_page(email=5))

    record = (await registry.find([urn]))[urn]
    assert (record.is_uncertain, record.email) == (True, None)
    await take(importer, "profiles", users_page(email="new@b.no"))
    assert not (await registry.find([urn]))[urn].is_uncertain
