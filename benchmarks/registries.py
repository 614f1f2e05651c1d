"""How fast the copy of KRR is loaded, and how fast it is asked, each beside a bare yardstick.

Pages are loaded from files, as the register delivers them, and people are asked about a thousand at a time. The
yardsticks do on the same server what no copy can do without: bring rows of the same size into a table
with the same key, page by page, and find a thousand of them by that key.
VARSEL_BENCH_PERSONS says how many people there are.
"""

import os
import secrets
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
from adapters.registries.importing import RegistryImporter
from adapters.registries.replicas import PostgresPersonRegistry
from adapters.registries.sealing import RecordSealer
from application.profiles.handed_in import HandedIn
from benchmarks.figures import ROUNDS, Figure

PERSONS: Final = int(os.environ.get("VARSEL_BENCH_PERSONS", "200000"))
PAGE: Final = 1000
"""Persons; as many as KRR delivers at once."""
ASKED: Final = 1000
LOOK_UPS: Final = 15
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


async def measure() -> Sequence[Figure]:
    """Persons a second that are loaded, and milliseconds to find a thousand of them."""
    with tempfile.TemporaryDirectory(prefix="varsel-bench-") as name:
        folder = Path(name)
        os.chmod(name, 0o711)  # noqa: PTH101, S103  # the server has an account of its own
        with EmbeddedPostgres(folder / "postgres", settings=SETTINGS) as database:
            await migrate(database)
            async with await open_pool(database, size=2, name="benchmark") as pool:
                return await _measure(pool, FileKeyVault(folder / "keys.json"), folder)


async def _measure(pool: Pool, vault: FileKeyVault, folder: Path) -> Sequence[Figure]:
    sealer = RecordSealer(vault, clock=lambda: datetime.now(UTC))
    importer = RegistryImporter(pool, sealer, _nothing_to_hand_in)
    yardstick = await _Yardstick.made(pool)
    await _import(importer, folder, 0, 5)  # what is looked up once has been
    loading, bare_loading, pages = list[float](), list[float](), PERSONS // PAGE // ROUNDS
    for number in range(ROUNDS):
        first = number * pages
        loading.append(pages * PAGE / await _import(importer, folder, first, first + pages))
        bare_loading.append(pages * PAGE / await yardstick.load(pages))
    find = PostgresPersonRegistry(pool, sealer).find
    await find(_numbers())
    finding, bare_finding = list[float](), list[float]()
    for _ in range(LOOK_UPS):
        finding.append(await _milliseconds(find, _numbers()))
        bare_finding.append(await _milliseconds(yardstick.find, yardstick.some()))
    return [
        Figure(
            name=f"registry import of {PERSONS:,} persons, sealed",
            unit="/s",
            rounds=loading,
            beside=bare_loading,
            yardstick="bare rows in the same pages",
            to_reach="≥ 40,000/s",
        ),
        Figure(
            name=f"look-up of {ASKED:,} persons of {PERSONS:,}",
            unit="ms",
            rounds=finding,
            beside=bare_finding,
            yardstick="bare rows by the same key",
            to_reach="≤ 10 ms",
        ),
    ]


async def _import(importer: RegistryImporter, folder: Path, first: int, last: int) -> float:
    """Seconds in which pages are loaded from files; to write these is not counted."""
    files = [folder / f"{each}.json" for each in range(first, last)]
    for number, file in enumerate(files, first):
        at = number * PAGE
        names = [f"{each:011}" for each in range(at, at + PAGE)]
        file.write_bytes(page(names, at, PERSONS))
    begun = time.perf_counter()
    await importer.import_files("krr", files)
    took = time.perf_counter() - begun
    for file in files:
        file.unlink()
    return took


def page(numbers: Sequence[str], after: int, newest: int) -> bytes:
    """A page of the register, after some change of it: persons who can all be reached."""
    persons = [
        {
            "personidentifikator": number,
            "reservasjon": "NEI",
            "status": "AKTIV",
            "varslingsstatus": "KAN_VARSLES",
            "spraak": "nb",
            "spraak_oppdatert": "2025-11-02T08:30:00+01",
            "kontaktinformasjon": {
                "epostadresse": f"kari.nordmann.{after + place}@post.example.no",
                "epostadresse_oppdatert": "2025-11-02T08:30:00+01",
                "epostadresse_sist_verifisert": "2026-06-10T21:00:01+02",
                "epostadresse_duplisert": "NEI",
                "mobiltelefonnummer": f"+479{(after + place) % 10_000_000:07}",
                "mobiltelefonnummer_oppdatert": "2024-01-15T10:00:00+01",
                "mobiltelefonnummer_sist_verifisert": "2026-06-10T21:00:01+02",
                "mobiltelefonnummer_duplisert": "NEI",
            },
        }
        for place, number in enumerate(numbers)
    ]
    changes = {
        "fraEndringsId": after,
        "tilEndringsId": after + len(numbers),
        "sisteEndringsId": newest,
    }
    return msgspec.json.encode({"list": persons, **changes})


def _numbers() -> Sequence[str]:
    drawn = secrets.SystemRandom().sample(range(PERSONS), ASKED)
    return [f"{each:011}" for each in drawn]


async def _milliseconds(
    find: Callable[[Sequence[Any]], Awaitable[object]], asked: Sequence[Any]
) -> float:
    begun = time.perf_counter()
    await find(asked)
    return (time.perf_counter() - begun) * 1000


class _Yardstick:
    """Rows of the same size, brought in and found by the same key."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._names: list[bytes] = []

    @classmethod
    async def made(cls, pool: Pool) -> "_Yardstick":
        async with pool.connection() as connection:
            await connection.execute(_YARDSTICK)
        return cls(pool)

    async def load(self, pages: int) -> float:
        """Seconds in which some pages come in."""
        loading = 0.0
        async with self._pool.connection() as connection:
            for _ in range(pages):
                drawn, boxes = secrets.token_bytes(32 * PAGE), secrets.token_bytes(_BOX * PAGE)
                new = [drawn[at : at + 32] for at in range(0, len(drawn), 32)]
                rows = [new, [boxes[at : at + _BOX] for at in range(0, len(boxes), _BOX)]]
                begun = time.perf_counter()
                async with connection.transaction():
                    await connection.execute(_WRITE, rows)
                loading += time.perf_counter() - begun
                self._names += new
        return loading

    def some(self) -> Sequence[bytes]:
        """Others each time, of whom none has just been read."""
        return secrets.SystemRandom().sample(self._names, ASKED)

    async def find(self, names: Sequence[bytes]) -> object:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_FIND, [list(names)], binary=True)
            return await cursor.fetchall()


async def _nothing_to_hand_in(_: Sequence[HandedIn]) -> object:
    return None
