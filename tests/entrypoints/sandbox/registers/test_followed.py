"""The service follows the stand-ins for the registers as it follows the registers themselves."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from adapters.decision_point.grants import GrantTable
from adapters.postgres import open_pool
from adapters.postgres.pool import Pool
from adapters.registries.importing import SAMPLES
from adapters.registries.pages import UnreadablePageError
from adapters.registries.replicas import (
    PostgresBusinessRegistry,
    PostgresPersonRegistry,
    PostgresUnitRegistry,
)
from adapters.registries.sealing import RecordSealer
from application.ports.decision_point import DecisionPoint, Question
from application.ports.key_vault import KeyVault
from application.ports.registries import RegistryUnavailableError
from domain.authority import Decision
from domain.personal import Contact
from domain.recipient import OrganisationNumber
from entrypoints.sandbox.registers import (
    ADDRESSES,
    AUTHORIZE,
    KRR,
    PARTY_REGISTER,
    Grant,
    Holdings,
    PersonChange,
    Registers,
    Trouble,
)
from entrypoints.sandbox.registers.numbers import PersonNumbers, organisation_number
from entrypoints.settings import Settings
from entrypoints.wiring.decision_point import decision_point
from entrypoints.wiring.registries import (
    load_samples,
    party_ids,
    record_sealer,
    registries,
    sync_registry,
    units_importer,
)
from entrypoints.wiring.store import key_vault
from tests.adapters.registries.local import profile_index, registry_importer
from tests.entrypoints.sandbox.registers.conftest import TOKEN

pytestmark = pytest.mark.postgres

KARI, FIRM = "15859010099", OrganisationNumber("314022009")
PERSONS = [
    each["personidentifikator"] for each in json.loads(SAMPLES["krr"][0].read_bytes())["list"]
]
ORGANISATIONS = [OrganisationNumber(f"3140{each}") for each in range(22_000, 24_000)]


@pytest.fixture
def settings(registers: Registers, tmp_path: Path) -> Settings:
    return Settings(
        data=tmp_path,
        krr_url=registers.url + KRR,
        krr_token=TOKEN,
        businesses_url=registers.url + ADDRESSES,
        businesses_token=TOKEN,
        party_register_url=registers.url + PARTY_REGISTER,
        party_register_token=TOKEN,
        decision_point_url=registers.url + AUTHORIZE,
        decision_point_timeout=1,
        decision_point_cache=0,
    )


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Pool]:
    async with await open_pool(database_url, size=2, name="test") as opened:
        yield opened


@pytest.fixture
async def vault(settings: Settings, pool: Pool) -> KeyVault:
    return await key_vault(settings, pool)


@pytest.fixture
def sealer(vault: KeyVault) -> RecordSealer:
    return record_sealer(vault)


async def test_what_was_followed_is_what_is_loaded_from_files(
    settings: Settings, database_url: str, pool: Pool, sealer: RecordSealer
) -> None:
    await load_samples(settings, database_url)
    persons, businesses = (
        PostgresPersonRegistry(pool, sealer),
        PostgresBusinessRegistry(pool, sealer),
    )
    loaded = await persons.find(PERSONS), await businesses.find(ORGANISATIONS)
    async with pool.connection() as connection:
        await connection.execute("TRUNCATE krr_person, business_address, registry_copy")
        await connection.execute("TRUNCATE registry_quarantine, business_address_removed")

    for kind in ("krr", "businesses"):
        await sync_registry(settings, kind, database_url)

    _, units = SAMPLES["businesses"]
    await registry_importer(pool, sealer).import_files("businesses", [units])
    assert (await persons.find(PERSONS), await businesses.find(ORGANISATIONS)) == loaded


async def test_everybody_comes_and_then_what_changes(
    settings: Settings, holdings: Holdings, database_url: str, pool: Pool, sealer: RecordSealer
) -> None:
    first = await sync_registry(settings, "krr", database_url)
    assert (first.pages, first.written + first.removed + first.quarantined) == (3, 2524)
    register, (generated,) = PostgresPersonRegistry(pool, sealer), PersonNumbers().of(77, 78)
    assert (await register.find([generated])).keys() == {generated}

    holdings.change_person(KARI, PersonChange(email="kari.new@post.example.no"))
    holdings.change_person(generated, PersonChange(reserved=True))
    second = await sync_registry(settings, "krr", database_url)

    assert (second.pages, second.written) == (1, 2)
    now = await register.find([KARI, generated])
    email = now[KARI].email
    assert email is not None
    assert email.address == Contact("kari.new@post.example.no")
    assert now[generated].is_reserved
    holdings.change_person(KARI, PersonChange(deleted=True))
    await sync_registry(settings, "krr", database_url)
    assert (await register.find([KARI]))[KARI].is_deleted


async def test_an_organisations_change_comes_with_the_next_look(
    settings: Settings, holdings: Holdings, database_url: str, pool: Pool, sealer: RecordSealer
) -> None:
    await sync_registry(settings, "businesses", database_url)
    register = PostgresBusinessRegistry(pool, sealer)
    generated = OrganisationNumber(organisation_number(5))

    holdings.change_organisation(FIRM, email="new@fjell.example.no")
    holdings.remove_organisation(generated)
    await sync_registry(settings, "businesses", database_url)

    found = await register.find([FIRM, generated])
    assert [each.address for each in found[FIRM].emails] == [Contact("new@fjell.example.no")]
    assert generated not in found


async def test_names_are_those_of_the_party_register(
    settings: Settings, pool: Pool, vault: KeyVault
) -> None:
    names = registries(settings, pool, vault, profile_index(pool), GrantTable(pool)).names

    (generated,) = PersonNumbers().of(0, 1)
    assert await names.find([KARI, generated], [FIRM]) == {
        KARI: "Kari Nordmann",
        generated: "Aina Aasen",
        FIRM: "FJELL OG FJORD AS",
    }


@pytest.mark.parametrize("trouble", [Trouble(status=500), Trouble(halve=True)])
async def test_a_register_in_trouble_gives_no_answer_and_the_next_look_finds_everything(
    settings: Settings, registers: Registers, database_url: str, trouble: Trouble
) -> None:
    registers.troubles.make("/", trouble)
    with pytest.raises(RegistryUnavailableError):
        await sync_registry(settings, "krr", database_url)
    registers.troubles.clear()

    assert (await sync_registry(settings, "krr", database_url)).pages == 3


async def test_persons_in_another_order_or_twice_are_the_same_persons(
    settings: Settings, registers: Registers, database_url: str, pool: Pool, sealer: RecordSealer
) -> None:
    await sync_registry(settings, "krr", database_url)
    register = PostgresPersonRegistry(pool, sealer)
    expected = await register.find(PERSONS)
    async with pool.connection() as connection:
        await connection.execute("TRUNCATE krr_person, registry_copy, registry_quarantine")

    registers.troubles.make(KRR, Trouble(shuffle=True, duplicate=True))
    await sync_registry(settings, "krr", database_url)

    assert await register.find(PERSONS) == expected


def question(user: str, organisation: OrganisationNumber = FIRM) -> Question:
    return Question(user, organisation, "tax-2026", "read")


@pytest.fixture
async def authority(settings: Settings, pool: Pool) -> AsyncIterator[DecisionPoint]:
    async with AsyncExitStack() as stack:
        yield decision_point(settings, pool, stack)


async def test_who_may_act_is_as_the_decision_point_says(
    holdings: Holdings, authority: DecisionPoint
) -> None:
    permitted, refused = question("20001111"), question("20003333")
    assert await authority.decide([permitted, refused]) == {
        permitted: Decision.PERMITTED,
        refused: Decision.REFUSED,
    }

    holdings.permit(Grant("20003333", FIRM, "tax-2026", "read"))
    holdings.permit(Grant("20001111", FIRM, "tax-2026", "read"), withdrawn=True)

    assert await authority.decide([permitted, refused]) == {
        permitted: Decision.REFUSED,
        refused: Decision.PERMITTED,
    }


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble(status=503),
        Trouble(status=500),
        Trouble(hang=5),
        Trouble(halve=True),
        Trouble(shuffle=True),
        Trouble(duplicate=True),
    ],
)
async def test_of_a_decision_point_in_trouble_nobody_is_permitted_what_is_not_theirs(
    registers: Registers, authority: DecisionPoint, trouble: Trouble
) -> None:
    right = {question(each): Decision.PERMITTED for each in ("20001111", "20002222", "20004444")}
    right |= {question(each): Decision.REFUSED for each in ("20003333", "20007777")}
    registers.troubles.make(AUTHORIZE, trouble)

    decided = await authority.decide(list(right))

    for each, decision in decided.items():
        assert decision in {right[each], Decision.NOT_ASKED}


async def test_organisations_are_known_to_the_party_register_by_ids(settings: Settings) -> None:
    register = party_ids(settings)

    assert register is not None
    assert await register.find([FIRM, OrganisationNumber("314099999")]) == {FIRM: int(FIRM)}


async def test_the_files_of_units_are_loaded_as_they_are_downloaded(
    settings: Settings, registers: Registers, database_url: str, pool: Pool, tmp_path: Path
) -> None:
    files = [tmp_path / each for each in ("enheter", "underenheter")]
    async with aiohttp.ClientSession(registers.url, auto_decompress=False) as http:
        for each in files:
            async with http.get(f"/enhetsregisteret/api/{each.name}/lastned/csv") as answer:
                each.write_bytes(await answer.read())

    async with units_importer(settings, database_url) as loading:
        await loading.import_files(files)

    sub_unit, main_unit = (OrganisationNumber(organisation_number(each)) for each in (2, 1))
    assert await PostgresUnitRegistry(pool).main_units([sub_unit, main_unit]) == {
        sub_unit: [main_unit]
    }
    whole = files[0].read_bytes()
    files[0].write_bytes(whole[: len(whole) // 2])
    async with units_importer(settings, database_url) as loading:
        with pytest.raises(UnreadablePageError):
            await loading.import_files(files[:1])
