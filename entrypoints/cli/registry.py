"""`varsel registry`: load pages into the local copies of the registers, and see how they stand."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

from cyclopts import App
from rich.console import Console
from rich.progress import Progress

from adapters.postgres.errors import PostgresError
from adapters.registries.importing import ImportSummary, RegistryStatus
from adapters.registries.pages import UnreadablePageError
from adapters.tokens.maskinporten import NoTokenError
from application.ports.registries import RegistryUnavailableError
from application.setting import SettingError
from domain.operations.acts import RegistryImportBegun, RegistryImportEnded
from entrypoints.cli.app import settings_from
from entrypoints.cli.database import asked, database
from entrypoints.cli.installation import settings_and_database
from entrypoints.cli.logs import log_to_stderr
from entrypoints.cli.operator import operator
from entrypoints.cli.refusal import Refusal, RefusedSettings
from entrypoints.wiring.operator_tools import act_recorder
from entrypoints.wiring.registries import importer, sync_registry

app = App(
    name="registry",
    help="Load pages into the local copies of the registers, and see how they stand.",
)

_console = Console(highlight=False, soft_wrap=True)


@app.command(name="import")
def import_files(
    kind: Literal["krr", "businesses", "profiles", "names"],
    *files: Path,
    reason: str | None = None,
) -> None:
    """Load pages of a register from files, in the register's own format.

    Parameters
    ----------
    kind
        Which register the pages are of; `businesses` takes addresses and units.
    files
        One page a file.
    reason
        Why; it goes on record with your name.
    """
    if not files:
        raise Refusal(f"name the files to load: varsel registry import {kind} FILE…")

    settings, where = settings_and_database()

    async def load() -> ImportSummary:
        async with importer(settings, where, by=operator(), reason=reason) as loading:
            with Progress(console=_console, transient=True) as progress:
                task = progress.add_task("loading", total=len(files))
                return await loading.import_files(
                    kind, files, progress=lambda _: progress.advance(task)
                )

    log_to_stderr(settings)
    begun = RegistryImportBegun(registry=kind, source="files", files=len(files))
    try:
        done = asked(_on_record(begun, load, reason))
    except UnreadablePageError as problem:
        raise Refusal(str(problem)) from None
    _tell(kind, done)


@app.command
def sync(
    kind: Literal["krr", "businesses"], *, again: bool = False, reason: str | None = None
) -> None:
    """Bring a local copy up to its register's own feed, from where it stands.

    Parameters
    ----------
    kind
        Which register; VARSEL_KRR_URL and VARSEL_BUSINESSES_URL say where their feeds are.
    again
        Ask first for what could not be read, as after an upgrade that can read more.
    reason
        Why; it goes on record with your name.
    """
    settings = settings_from()
    log_to_stderr(settings)
    try:
        where, begun = database(), RegistryImportBegun(registry=kind, source="feed")
        done = asked(
            _on_record(begun, lambda: sync_registry(settings, kind, where, again=again), reason)
        )
    except SettingError as problem:
        raise RefusedSettings(str(problem)) from None
    except (UnreadablePageError, RegistryUnavailableError, NoTokenError) as problem:
        raise Refusal(str(problem)) from None
    _tell(kind, done)


@app.command
def status() -> None:
    """See how each local copy stands: its rows, its position, its age, what could not be read.

    Whoever a change is about that could not be read is uncertain, and not notified by what was known
    before, until a later change can be read. Of an entry of nobody it could not even be told whose it is.
    """

    async def read() -> list[RegistryStatus]:
        async with importer(*settings_and_database()) as loading:
            return list(await loading.status())

    try:
        copies = asyncio.run(read())
    except PostgresError as problem:
        raise Refusal(str(problem)) from None
    for each in copies:
        _console.print(
            f"{each.registry}: {each.rows} rows, position {each.cursor or '-'}, "
            f"moved {each.moved_at.isoformat(timespec='seconds')}, "
            f"{each.quarantined} entries could not be read"
            f"{_whose(each.uncertain, each.nobodys)}"
        )
    if not copies:
        _console.print("Nothing has been loaded yet.")


def _tell(kind: str, done: ImportSummary) -> None:
    _console.print(
        f"{kind}: {done.pages} pages read, {done.written} entries written, "
        f"{done.removed} removed, {done.quarantined} could not be read"
    )
    if done.quarantined:
        _console.print("Why they could not be read stands in the table registry_quarantine.")
    if done.nobodys:
        _console.print(f"Of {done.nobodys} it cannot even be told whose they are.")


def _whose(uncertain: int, nobodys: int) -> str:
    people = f"; {uncertain} uncertain" if uncertain else ""
    return people + (f"; {nobodys} of nobody" if nobodys else "")


async def _on_record(
    begun: RegistryImportBegun,
    load: Callable[[], Awaitable[ImportSummary]],
    reason: str | None,
) -> ImportSummary:
    """Load pages, with what was asked for on record before, and what came of it after."""
    async with act_recorder(database()) as recorder:
        await recorder.record(begun, by=operator(), reason=reason)
        done = await load()
        ended = RegistryImportEnded(
            registry=begun.registry,
            source=begun.source,
            pages=done.pages,
            written=done.written,
            removed=done.removed,
            quarantined=done.quarantined,
        )
        await recorder.record(ended, by=operator())
        return done
