"""How fast the copy of KRR is loaded, and how fast it is asked, each beside a bare yardstick.

Pages are loaded as the register delivers them, and people are asked about a thousand at a time. The
yardsticks do on the same server what no copy can do without: bring rows of the same size into a table
with the same key, page by page, and find a thousand of them by that key.
VARSEL_BENCH_PERSONS says how many people there are.
"""

import os
import resource
import secrets
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, LiteralString

import msgspec

from adapters.key_vault.file_key_vault import FileKeyVault
from adapters.postgres import EmbeddedPostgres, migrate
from adapters.postgres.pool import Pool, open_pool
from adapters.registries.importing import ImportSummary, RegistryImporter
from adapters.registries.replicas import PostgresPersonRegistry
from adapters.registries.sealing import RecordSealer
from application.profiles.handed_in import HandedIn

PERSONS: Final = int(os.environ.get("VARSEL_BENCH_PERSONS", "200000"))
PAGE: Final = 1000
"""Persons; as many as KRR delivers at once."""
ASKED: Final = 1000
ROUNDS: Final = 15
SETTINGS: Final = {"shared_buffers": "2GB"}
"""Into which goes the copy of all of KRR; so an operator sets it on a machine for that."""
_BOX: Final = 188

_YARDSTICK: Final[LiteralString] = """
CREATE TABLE yardstick (name bytea PRIMARY KEY, change bigint NOT NULL, key bigint NOT NULL, box bytea NOT NULL)
"""
_WRITE: Final[LiteralString] = """
INSERT INTO yardstick SELECT name, 1, 1, box FROM unnest(%b::bytea[], %b::bytea[]) AS new (name, box)
ON CONFLICT (name) DO UPDATE SET change = excluded.change, box = excluded.box
"""
_FIND: Final[LiteralString] = "SELECT name, key, box FROM yardstick WHERE name = ANY(%b::bytea[])"


async def measure() -> Sequence[str]:
    """Persons a second that are loaded, and milliseconds to find a thousand of them."""
    with tempfile.TemporaryDirectory(prefix="varsel-bench-") as name:
        folder = Path(name)
        os.chmod(name, 0o711)  # noqa: PTH101, S103  # the server has an account of its own
        with EmbeddedPostgres(folder / "postgres", settings=SETTINGS) as database:
            await migrate(database)
            async with await open_pool(database, size=1, name="benchmark") as pool:
                return await _measure(pool, FileKeyVault(folder / "keys.json"))


async def _measure(pool: Pool, vault: FileKeyVault) -> Sequence[str]:
    sealer = RecordSealer(vault, clock=lambda: datetime.now(UTC))
    importer = RegistryImporter(pool, sealer, _nothing_to_hand_in)
    await _import(importer, 0, 5)  # what is looked up once has been
    loading, pages = 0.0, PERSONS // PAGE
    for first in range(0, pages, 50):
        loading += await _import(importer, first, min(first + 50, pages))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    finding = await _seconds(PostgresPersonRegistry(pool, sealer).find, _numbers)
    bare_loading, bare_finding = await _bare(pool)
    rate, bare_rate = PERSONS / loading, PERSONS / bare_loading
    took, bare_took = finding * 1000, bare_finding * 1000
    return [
        f"loading persons, sealed: {rate:.0f} a second within {memory} MiB (bare: {bare_rate:.0f})",
        f"finding {ASKED} of {PERSONS} persons: {took:.1f} ms (bare rows: {bare_took:.1f} ms)",
    ]


async def _import(importer: RegistryImporter, first: int, last: int) -> float:
    """Seconds in which pages are loaded; to make them is not counted."""
    pages = [_page(each) for each in range(first, last)]
    begun, summary = time.perf_counter(), ImportSummary()
    for page in pages:
        await importer.import_page("krr", page, summary)
    return time.perf_counter() - begun


def _page(at: int) -> bytes:
    first = at * PAGE
    persons = [
        {
            "personidentifikator": f"{number:011}",
            "reservasjon": "NEI",
            "status": "AKTIV",
            "varslingsstatus": "KAN_VARSLES",
            "spraak": "nb",
            "spraak_oppdatert": "2025-11-02T08:30:00+01",
            "kontaktinformasjon": {
                "epostadresse": f"kari.nordmann.{number}@post.example.no",
                "epostadresse_oppdatert": "2025-11-02T08:30:00+01",
                "epostadresse_sist_verifisert": "2026-06-10T21:00:01+02",
                "epostadresse_duplisert": "NEI",
                "mobiltelefonnummer": f"+479{number % 10_000_000:07}",
                "mobiltelefonnummer_oppdatert": "2024-01-15T10:00:00+01",
                "mobiltelefonnummer_sist_verifisert": "2026-06-10T21:00:01+02",
                "mobiltelefonnummer_duplisert": "NEI",
            },
        }
        for number in range(first, first + PAGE)
    ]
    changes = {"fraEndringsId": first, "tilEndringsId": first + PAGE, "sisteEndringsId": PERSONS}
    return msgspec.json.encode({"list": persons, **changes})


def _numbers() -> Sequence[str]:
    drawn = secrets.SystemRandom().sample(range(PERSONS), ASKED)
    return [f"{each:011}" for each in drawn]


async def _seconds(
    find: Callable[[Sequence[Any]], Awaitable[object]], asked: Callable[[], Sequence[Any]]
) -> float:
    """Seconds to find some of them, as a rule: each time others, of whom none has just been read."""
    took = []
    for _ in range(ROUNDS):
        names = asked()
        begun = time.perf_counter()
        await find(names)
        took.append(time.perf_counter() - begun)
    return statistics.median(took)


async def _bare(pool: Pool) -> tuple[float, float]:
    """Seconds to bring as many rows in, and to find some of them."""
    loading, names = 0.0, list[bytes]()
    async with pool.connection() as connection:
        await connection.execute(_YARDSTICK)
        for _ in range(0, PERSONS, PAGE):
            drawn, boxes = secrets.token_bytes(32 * PAGE), secrets.token_bytes(_BOX * PAGE)
            new = [drawn[at : at + 32] for at in range(0, len(drawn), 32)]
            rows = [new, [boxes[at : at + _BOX] for at in range(0, len(boxes), _BOX)]]
            begun = time.perf_counter()
            async with connection.transaction():
                await connection.execute(_WRITE, rows)
            loading += time.perf_counter() - begun
            names += new

        async def find(asked: Sequence[bytes]) -> object:
            cursor = await connection.execute(_FIND, [list(asked)], binary=True)
            return await cursor.fetchall()

        finding = await _seconds(find, lambda: secrets.SystemRandom().sample(names, ASKED))
    return loading, finding


async def _nothing_to_hand_in(_: Sequence[HandedIn]) -> object:
    return None
