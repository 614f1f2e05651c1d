"""`varsel registry`: load pages into the local copies of the registers, and see how they stand."""

from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypedDict

from cyclopts import App
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from adapters.registries.anew import Replaced
from adapters.registries.importing import ImportSummary, RegistryStatus
from adapters.registries.pages import UnreadablePageError
from adapters.registries.units_file import UnitsSummary
from application.operations.health import ChangesHealth, CopyHealth
from application.ports.registries import RegistryUnavailableError
from application.ports.registry_copies import NotReady
from application.ports.registry_feed import UnansweredFeedError, UnreadableFeedError
from application.ports.unread_entries import OpenedEntry, RetrySummary, UnreadEntry
from application.registries.sync import Progress as SyncProgress
from application.setting import SettingError
from domain.operations.acts import RegistryImportBegun, RegistryImportEnded
from entrypoints.cli.database import asked, database
from entrypoints.cli.installation import settings_and_database
from entrypoints.cli.logs import log_to_stderr
from entrypoints.cli.operator import operator
from entrypoints.cli.refusal import Refusal, RefusedSettings
from entrypoints.cli.terminal import harmless
from entrypoints.wiring.operator_tools import act_recorder
from entrypoints.wiring.registries import (
    importer,
    registry_status,
    reload_registry,
    sync_registry,
    units_importer,
    unread_entries,
)

Registry: TypeAlias = Literal["krr", "businesses", "profiles", "names", "units"]

app = App(
    name="registry",
    help="Load pages into the local copies of the registers, and see how they stand.",
)

_console = Console(highlight=False, soft_wrap=True)


@app.command(name="import")
def import_files(
    kind: Registry,
    *files: Path,
    may_shrink: bool = False,
    reason: str | None = None,
) -> None:
    """Load pages of a register from files, in the register's own format.

    Parameters
    ----------
    kind
        Which register the pages are of; `businesses` takes pages of addresses and of units, and `units`
        the open register's whole files of units and of sub-units, in CSV, compressed or not.
    files
        One page a file.
    may_shrink
        Take a file of units though it names many fewer than the one before it.
    reason
        Why; it goes on record with your name.
    """
    if not files:
        raise Refusal(f"name the files to load: varsel registry import {kind} FILE…")
    settings, where = settings_and_database()

    async def load() -> ImportSummary:
        with Progress(
            console=_console, transient=True, disable=not _console.is_terminal
        ) as progress:
            if kind == "units":
                task = progress.add_task("loading", total=None)
                async with units_importer(settings, where) as loading_units:
                    return await loading_units.import_files(
                        files,
                        may_shrink=may_shrink,
                        progress=lambda units: progress.update(task, completed=units),
                    )
            task = progress.add_task("loading", total=len(files))
            async with importer(settings, where, by=operator(), reason=reason) as loading:
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
    if isinstance(done, UnitsSummary) and done.absent:
        _console.print(
            f"{done.absent} units were not in their file; if the next lacks them, they go."
        )


@app.command
def sync(
    kind: Literal["krr", "businesses"], *, again: bool = False, reason: str | None = None
) -> None:
    """Bring a local copy up to its register's own feed now, from where it stands.

    The workers do so by themselves in time (VARSEL_REGISTRY_INTERVAL); one that is at it is waited for.

    Parameters
    ----------
    kind
        Which register; VARSEL_KRR_URL and VARSEL_BUSINESSES_URL say where their feeds are.
    again
        Ask first for what could not be read, as after an upgrade that can read more.
    reason
        Why; it goes on record with your name.
    """
    settings, where = settings_and_database()

    async def follow() -> ImportSummary:
        with _showing(kind) as showing:
            return _summary(await sync_registry(settings, kind, where, again=again, **showing))

    log_to_stderr(settings)
    begun = RegistryImportBegun(registry=kind, source="feed")
    _tell(kind, _followed(begun, follow, reason))


@app.command
def reload(kind: Literal["krr", "businesses"], *, reason: str, start_over: bool = False) -> None:
    """Load a local copy anew, from its register's first change on, as when the register has gone back.

    The copy that there is is asked meanwhile, as old as it is; at the register's end the other takes its
    place whole, and whom the register does not tell of any more is gone. What is broken off goes on from
    there when the command is given again. Nobody follows the register meanwhile.

    Parameters
    ----------
    kind
        Which register; VARSEL_KRR_URL and VARSEL_BUSINESSES_URL say where their feeds are.
    reason
        Why; it goes on record with your name.
    start_over
        Throw away what one that was broken off has loaded.
    """
    settings, where = settings_and_database()
    untold = Replaced(0, 0)

    async def load() -> ImportSummary:
        nonlocal untold
        with _showing(kind) as showing:
            done, untold = await reload_registry(
                settings, kind, where, starts_over=start_over, **showing
            )
        summary = _summary(done)
        summary.removed += untold.gone
        return summary

    log_to_stderr(settings)
    begun = RegistryImportBegun(registry=kind, source="anew")
    _tell(kind, _followed(begun, load, reason))
    if untold.kept:
        _console.print(
            f"{untold.kept} of which the register did not tell are kept: what could not be read, and is of "
            "nobody, may be about them."
        )


class _Showing(TypedDict):
    told: Callable[[SyncProgress], None]
    waits: Callable[[], None]


@contextmanager
def _showing(kind: str) -> Iterator[_Showing]:
    """Show how far a register has been followed."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        console=_console,
        transient=True,
        disable=not _console.is_terminal,
    ) as shown:
        task = shown.add_task(kind, total=None)
        yield {
            "told": lambda each: shown.update(task, **_shown(kind, each)),
            "waits": lambda: shown.update(
                task, description=f"{kind}: another process is at it, and is waited for"
            ),
        }


def _summary(done: SyncProgress) -> ImportSummary:
    return ImportSummary(done.pages, done.written, done.removed, done.quarantined, done.nobodys)


def _followed(
    begun: RegistryImportBegun,
    follow: Callable[[], Coroutine[Any, Any, ImportSummary]],
    reason: str | None,
) -> ImportSummary:
    """Follow a register on record; what goes wrong is told in a line."""
    try:
        return asked(_on_record(begun, follow, reason))
    except SettingError as problem:
        raise RefusedSettings(str(problem)) from None
    except (UnreadableFeedError, RegistryUnavailableError, UnansweredFeedError) as problem:
        raise Refusal(str(problem)) from None


def _shown(kind: str, done: SyncProgress) -> dict[str, Any]:
    """How far it has come, as the bar shows it; without a number of changes it only goes on."""
    if done.position is None or done.newest is None:
        return {"description": f"{kind}: page {done.pages}, up to {done.position or '-'}"}
    return {
        "description": f"{kind}: page {done.pages}, change {done.position} of {done.newest}",
        "completed": int(done.position),
        "total": max(int(done.newest), 1),
    }


@app.command
def status() -> None:
    """See how each local copy stands: its rows, its position, its age, what could not be read.

    Whoever a change is about that could not be read is uncertain, and not notified by what was known
    before, until a later change can be read. Of an entry of nobody it could not even be told whose it is.
    A copy that is not ready was never loaded to its register's end, or is older than
    VARSEL_REGISTRY_MAX_AGE: orders that need it are refused, and those that are due wait. So do those
    that need a register of which there is no copy, while it gives no answer.
    """
    report = asked(registry_status(*settings_and_database()))
    for each in report.health:
        waiting = report.waiting.get(each.registry, 0)
        _console.print(_told(each, report.counted.get(each.registry), waiting))
        if each.registry in report.anew:
            position = report.anew[each.registry]
            _console.print(
                f"{each.registry}: is being loaded anew, and has come to {position or '-'}"
            )
    known = {each.registry for each in report.health}
    for registry, waiting in sorted(report.waiting.items()):
        if registry not in known:
            _console.print(f"{registry}: {waiting} orders wait for it")
    _console.print(_told_of_changes(report.changes))


def _told(copy: CopyHealth, counted: RegistryStatus | None, waiting: int) -> str:
    """How a copy stands, in a line."""
    state = {
        None: "ready",
        NotReady.NEVER_LOADED: "NOT READY, never loaded to its end",
        NotReady.TOO_OLD: "NOT READY, too old",
    }[copy.not_ready]
    age = None if copy.age_seconds is None else timedelta(seconds=round(copy.age_seconds))
    parts = [
        f"{copy.registry}: {state}",
        f"{0 if counted is None else counted.rows} rows",
        f"position {copy.position or '-'}",
        *([] if not copy.changes_behind else [f"{copy.changes_behind} changes behind"]),
        *([] if age is None else [f"at its end {age} ago"]),
        *([] if not copy.failure else [f"asked in vain {copy.failures} times: {copy.failure}"]),
    ]
    if waiting:
        parts.append(f"{waiting} orders wait for it")
    if counted is not None:
        unread = f"{counted.quarantined} entries could not be read"
        parts.append(unread + _whose(counted.uncertain, counted.nobodys))
    return ", ".join(parts)


def _told_of_changes(changes: ChangesHealth) -> str:
    """How far changes of official addresses are, in a line."""
    parts = [f"changes of official addresses: {changes.waiting} wait for the register"]
    if changes.waiting:
        parts.append(f"the oldest for {timedelta(seconds=round(changes.seconds))}")
    if changes.refused:
        parts.append(f"{changes.refused} were refused by it")
    return ", ".join(parts)


def _tell(kind: str, done: ImportSummary) -> None:
    _console.print(
        f"{kind}: {done.pages} pages read, {done.written} entries written, "
        f"{done.removed} removed, {done.quarantined} could not be read"
    )
    if done.quarantined:
        _console.print("Why they could not be read: varsel registry quarantine list")
    if done.nobodys:
        _console.print(f"Of {done.nobodys} it cannot even be told whose they are.")


_quarantine = App(
    name="quarantine",
    help="See what of the registers could not be read, read it yourself, and have it tried again.",
)
app.command(_quarantine)


@_quarantine.command(name="list")
def list_unread(*, kind: Registry | None = None, most: int = 50) -> None:
    """List what could not be read, and why, those first that have stood there for longest.

    Nothing is told of what an entry says. Whose it is is told for organisations; a person is a hash.

    Parameters
    ----------
    kind
        Of one register only.
    most
        How many are listed.
    """

    async def ask() -> Sequence[UnreadEntry]:
        async with unread_entries(*settings_and_database()) as entries:
            return await entries.unread(kind, most)

    found = asked(ask())
    for each in found:
        found_at = each.found_at.isoformat(timespec="seconds")
        whose = "nobody's" if each.whose is None else each.whose[:12]
        _console.print(
            f"{each.entry_id:>8}  {found_at}  {each.registry:<10}  {each.part or '-':<9}  "
            f"{whose:<12}  {each.reason}{'' if each.is_kept else '  (not kept)'}",
            markup=False,
        )
    if not found:
        _console.print("There is none.")


@_quarantine.command
def show(entry_id: int, *, reason: str = "") -> None:
    """Show an entry as it came: it may be about a person, and that you read it goes on record.

    Parameters
    ----------
    entry_id
        Its number, as `varsel registry quarantine list` tells it.
    reason
        Why; it goes on record with your name, and with a hash of whom the entry is about.
    """

    async def ask() -> OpenedEntry | None:
        async with unread_entries(*settings_and_database()) as entries:
            return await entries.open(entry_id, by=operator(), reason=reason)

    found = asked(ask())
    if found is None:
        raise Refusal(f"there is no entry {entry_id}; see `varsel registry quarantine list`")
    if found.content is None:
        raise Refusal(
            f"entry {entry_id} was not kept as it came: it is from before entries were, or somebody has "
            "changed it; ask the register what it was"
        )
    _console.print(f"{found.entry.registry}, {found.entry.reason}:", markup=False)
    _console.print(harmless(found.content.decode(errors="replace")).strip(), markup=False)


@_quarantine.command
def retry(kind: Registry | None = None, *, reason: str | None = None) -> None:
    """Try again to read what could not be read; what can be read now counts from then on.

    An upgrade that can read more does so by itself, with the next page.

    Parameters
    ----------
    kind
        Of one register only.
    reason
        Why; it goes on record with your name.
    """

    async def ask() -> RetrySummary:
        settings, where = settings_and_database()
        async with unread_entries(settings, where, by=operator(), reason=reason) as entries:
            return await entries.retry(kind, by=operator(), reason=reason)

    done = asked(ask())
    _console.print(f"{done.tried} entries were tried again, {done.read} of them can be read now.")


def _whose(uncertain: int, nobodys: int) -> str:
    people = f"; {uncertain} uncertain" if uncertain else ""
    return people + (f"; {nobodys} of nobody" if nobodys else "")


async def _on_record(
    begun: RegistryImportBegun,
    load: Callable[[], Coroutine[Any, Any, ImportSummary]],
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
