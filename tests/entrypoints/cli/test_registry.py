"""`varsel registry`: with a token of ours, with one line for everything that goes wrong, and what it tells."""

import asyncio
import gzip
import json
import sys
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest

from tests.adapters.registries.pages import addresses, krr, person
from tests.adapters.registries.registers import Register, register
from tests.adapters.registries.test_units_file import units
from tests.adapters.tokens.granting import KEY, GrantingIssuer, granting
from tests.service.processes import bare_environ

pytestmark = pytest.mark.service

SCOPE = "register:addresses.read"


@dataclass(frozen=True, slots=True)
class Far:
    """A register and an issuer of tokens, and the settings that lead to both."""

    register: Register
    issuer: GrantingIssuer
    environ: Mapping[str, str]

    async def sync(self, kind: str) -> tuple[int, str, list[str]]:
        return await self.registry("sync", kind)

    async def registry(self, *words: str) -> tuple[int, str, list[str]]:
        """The command's code, what it says, and what it complains about."""
        return await self.varsel("registry", *words)

    async def varsel(self, *words: str) -> tuple[int, str, list[str]]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "entrypoints.cli", *words),
            env={**bare_environ(), **self.environ},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, complained = await process.communicate()
        assert process.returncode is not None
        return process.returncode, said.decode(), complained.decode().splitlines()


@pytest.fixture
async def far(database_url: str, tmp_path: Path) -> AsyncIterator[Far]:
    key = tmp_path / "client.pem"
    key.write_bytes(KEY.as_pem(private=True))
    async with register() as asked, granting() as issuer:
        issuer.now = time.time() + 30
        environ = {
            "VARSEL_DATABASE_URL": database_url,
            "VARSEL_DATA": str(tmp_path),
            "VARSEL_KRR_URL": f"{asked.base}/krr",
            "VARSEL_BUSINESSES_URL": f"{asked.base}/businesses",
            "VARSEL_BUSINESSES_SCOPE": SCOPE,
            "VARSEL_MASKINPORTEN_ISSUER": issuer.address,
            "VARSEL_MASKINPORTEN_AUDIENCE": "https://varsel.example.no",
            "VARSEL_MASKINPORTEN_CLIENT_ID": "client-1",
            "VARSEL_MASKINPORTEN_CLIENT_KEY": str(key),
        }
        yield Far(asked, issuer, environ)


async def test_both_registers_are_read_with_a_token_of_ours(far: Far) -> None:
    far.register.say(krr(end=10))
    far.register.say(addresses())

    for kind in ("krr", "businesses"):
        code, said, complained = await far.sync(kind)
        assert (code, complained) == (0, [])
        assert said.startswith(f"{kind}: 1 pages read")

    tokens = [each.headers["Authorization"] for each in far.register.asked]
    assert tokens == ["Bearer token-1", "Bearer token-2"]
    assert [each["scope"].split()[-1] for each in far.issuer.grants] == [
        "krr:global/hentendring.read",
        SCOPE,
    ]


@pytest.mark.parametrize("kind", ["krr", "businesses"])
@pytest.mark.parametrize(
    "status, body, told",
    [
        (
            400,
            {"error": "invalid_scope", "error_description": "Kari"},
            "400 invalid_scope; have it",
        ),
        (500, {}, "500; try again later"),
    ],
)
async def test_an_issuer_that_gives_no_token_is_one_line(
    far: Far, kind: str, status: int, body: Mapping[str, str], told: str
) -> None:
    far.issuer.refusal = status, json.dumps(body).encode()

    code, said, complained = await far.sync(kind)

    assert (code, said) == (1, "")
    (line,) = complained
    assert line.startswith(f"varsel: the issuer {far.issuer.address} gives us no token: ")
    assert told in line
    assert "Kari" not in line


async def test_a_register_that_refuses_is_one_line(far: Far) -> None:
    far.register.say(b"Kari", status=403)

    code, said, complained = await far.sync("krr")

    assert (code, said) == (1, "")
    (line,) = complained
    assert line.startswith("varsel: the registry krr does not let us read (403): our client ")
    assert "Kari" not in line


async def test_a_register_that_asks_us_to_wait_is_asked_again(far: Far) -> None:
    far.register.say(b"", status=429, headers={"Retry-After": "0"})
    far.register.say(krr(end=10))

    code, said, complained = await far.sync("krr")

    assert code == 0
    assert said.startswith("krr: 1 pages read")
    (line,) = complained
    assert json.loads(line)["message"] == "registry_asked_again"


async def test_the_state_of_the_copies_tells_how_many_are_uncertain_and_what_is_nobodys(
    far: Far, tmp_path: Path
) -> None:
    page = tmp_path / "page.json"
    unread = [person(each, reservasjon="Ja") for each in ("15859010099", "06927530250")]
    page.write_bytes(krr(person("01818010083"), *unread, None, end=4))

    code, said, logged = await far.registry("import", "krr", str(page))

    assert code == 0
    assert "Of 1 it cannot even be told whose they are." in said
    (alarm,) = [json.loads(line) for line in logged]
    assert (alarm["message"], alarm["level"]) == ("registry_entries_of_nobody", "critical")
    code, said, logged = await far.registry("status")
    assert (code, logged) == (0, [])
    said = " ".join(said.split())
    assert said.endswith(
        "3 entries could not be read; 2 uncertain; 1 of nobody "
        "changes of official addresses: 0 wait for the register"
    )
    assert "1585" not in said


async def test_an_entry_that_could_not_be_read_is_listed_shown_with_a_reason_and_tried_again(
    far: Far, tmp_path: Path
) -> None:
    page = tmp_path / "page.json"
    page.write_bytes(krr(person("15859010099", email="kari@b.no", reservasjon="Ja"), end=4))
    await far.registry("import", "krr", str(page))

    code, said, _ = await far.registry("quarantine", "list")
    assert code == 0
    entry, _, registry, part, whose, *reason = said.split()
    assert (registry, part, " ".join(reason)) == ("krr", "persons", "malformed $.reservasjon")
    assert "15859010099" not in said

    code, said, complained = await far.registry("quarantine", "show", entry)
    assert (code, said) == (1, "")
    assert complained == ["varsel: say why with --reason; it goes on record with your name"]

    code, said, _ = await far.registry("quarantine", "show", entry, "--reason", "ticket 7")
    assert code == 0
    shown, _, content = said.partition("\n")
    assert shown == "krr, malformed $.reservasjon:"
    assert json.loads(content)["personidentifikator"] == "15859010099"

    code, said, _ = await far.registry("quarantine", "retry", "krr")
    assert (code, said) == (0, "1 entries were tried again, 0 of them can be read now.\n")

    _, told, _ = await far.varsel("audit", "operators", "--reads")
    assert f"read entry {entry} of krr, which could not be read, about " in told
    assert "ticket 7" in told
    assert "15859010099" not in told
    assert whose not in told  # a hash for another purpose


async def test_an_entry_that_is_not_there_is_told_in_one_line(far: Far) -> None:
    code, said, complained = await far.registry("quarantine", "show", "7", "--reason", "why not")
    assert (code, said) == (1, "")
    assert complained == ["varsel: there is no entry 7; see `varsel registry quarantine list`"]
    code, said, _ = await far.registry("quarantine", "list")
    assert (code, said) == (0, "There is none.\n")


async def test_the_open_registers_files_are_loaded_and_one_that_is_cut_is_one_line(
    far: Far, tmp_path: Path
) -> None:
    file = tmp_path / "enheter"
    file.write_bytes(gzip.compress(units(("314022009", "FJELL AS", ""))))

    code, said, _ = await far.registry("import", "units", str(file))

    assert code == 0
    assert said.startswith("units: 1 pages read, 1 entries written, 0 removed")
    _, said, _ = await far.registry("status")
    assert "units: ready, 1 rows, position -" in said

    file.write_bytes(gzip.compress(units(("314022009", "FJELL AS", "")))[:-4])
    code, said, complained = await far.registry("import", "units", str(file))

    assert (code, said) == (1, "")
    assert complained == [f"varsel: {file}: it is cut, or was damaged: fetch it again"]


async def test_the_state_of_the_copies_tells_whether_they_can_be_relied_on_and_why_not(
    far: Far,
) -> None:
    code, said, complained = await far.registry("status")
    assert (code, complained) == (0, [])
    assert [line.partition(",")[0] for line in said.splitlines()] == [
        "businesses: NOT READY",
        "krr: NOT READY",
        "changes of official addresses: 0 wait for the register",
    ]

    far.register.say(krr(person("01818010083"), end=10))
    await far.sync("krr")
    far.register.say(b"", status=503)
    await far.sync("krr")

    _, said, _ = await far.registry("status")
    _, of_krr, _ = said.splitlines()
    assert of_krr.startswith("krr: ready, 1 rows, position 10, at its end 0:00:0")
    assert "asked in vain 1 times: the registry krr is closed for now (503)" in of_krr

    await asyncio.sleep(1)
    old = replace(far, environ={**far.environ, "VARSEL_REGISTRY_MAX_AGE": "1s"})
    _, said, _ = await old.registry("status")
    assert "krr: NOT READY, too old, 1 rows" in said


async def test_how_far_changes_of_official_addresses_are_stands_below_the_copies(far: Far) -> None:
    await far.registry("status")
    async with await psycopg.AsyncConnection.connect(
        far.environ["VARSEL_DATABASE_URL"], autocommit=True
    ) as connection:
        await connection.execute(
            "INSERT INTO address_change (version, organisation, kind, state, requested_at, due_at)"
            " SELECT 1, '314022009', 'add', state, now() - interval '3 days', now()"
            " FROM unnest(ARRAY['told', 'taken', 'refused', 'held']) state"
        )

    _, said, _ = await far.registry("status")

    *_, of_changes = said.splitlines()
    assert of_changes.startswith(
        "changes of official addresses: 2 wait for the register, the oldest for 3 days, 0:00:0"
    )
    assert of_changes.endswith(", 1 were refused by it")


async def test_a_copy_that_a_worker_is_at_is_followed_when_it_has_done(far: Far) -> None:
    far.register.say(krr(end=10))
    async with await psycopg.AsyncConnection.connect(
        far.environ["VARSEL_DATABASE_URL"], autocommit=True
    ) as connection:
        await connection.execute(
            "INSERT INTO registry_sync (registry, due_at, holder, leased_until)"
            " VALUES ('krr', now(), 'a worker', now() + interval '4 s')"
        )
        began = time.monotonic()
        code, said, _ = await far.sync("krr")

    assert (code, said.startswith("krr: 1 pages read")) == (0, True)
    assert time.monotonic() - began > 3


async def test_orders_that_wait_for_a_register_of_which_there_is_no_copy_are_told_of_as_well(
    far: Far,
) -> None:
    await far.registry("status")
    async with await psycopg.AsyncConnection.connect(
        far.environ["VARSEL_DATABASE_URL"], autocommit=True
    ) as connection:
        await connection.execute(
            "INSERT INTO agenda (order_id, owner, lane, due_at, waits_for, waits_until)"
            " SELECT gen_random_uuid(), 'ttd', 1, now(), name, now()"
            " FROM unnest(ARRAY['krr', 'party_register']) name"
        )

    _, said, _ = await far.registry("status")

    of_copies, of_krr, of_parties, _ = said.splitlines()
    assert "orders wait" not in of_copies
    assert "1 orders wait for it" in of_krr
    assert of_parties == "party_register: 1 orders wait for it"


async def test_a_copy_that_is_loaded_anew_goes_on_where_it_broke_off_and_who_did_it_is_on_record(
    far: Far,
) -> None:
    far.register.say(krr(person("01818010083"), person("06927530250"), end=9000))
    await far.sync("krr")
    code, _, complained = await far.registry("reload", "krr")
    assert (code, "--reason" in " ".join(complained)) == (2, True)

    far.register.say(krr(person("15859010099"), end=1, newest=2))
    far.register.say(b"", status=503)
    code, _, complained = await far.registry("reload", "krr", "--reason", "it was restored")
    assert (code, "the registry krr is closed for now (503)" in complained[0]) == (1, True)
    _, said, _ = await far.registry("status")
    assert "krr: ready, 2 rows, position 9000" in said
    assert "krr: is being loaded anew, and has come to 1" in said

    far.register.say(krr(person("01818010083"), start=1, end=2))
    code, said, _ = await far.registry("reload", "krr", "--reason", "it was restored")

    assert (code, said) == (
        0,
        "krr: 1 pages read, 1 entries written, 1 removed, 0 could not be read\n",
    )
    _, said, _ = await far.registry("status")
    assert "krr: ready, 2 rows, position 2" in said
    assert "anew" not in said
    _, said, _ = await far.varsel("audit", "operators")
    assert said.count("began to load the local copy of krr anew") == 2
    assert "it was restored" in said
