"""`varsel owners`: what an operator decides of an owner, and what was decided before."""

from collections.abc import Sequence
from pathlib import Path

from cyclopts import App
from rich.console import Console

from adapters.tokens.owners_file import OwnersFileError, read_owners
from application.envelope import RecordedOfOwner
from application.operations.owners import in_words
from entrypoints.cli.database import asked, database
from entrypoints.cli.installation import settings_and_database
from entrypoints.cli.operator import operator
from entrypoints.cli.refusal import Refusal
from entrypoints.settings import Settings
from entrypoints.wiring.operator_tools import owners, owners_and_marks

app = App(name="owners", help="Suspend an owner, resume it, and see what was decided of it.")


@app.command
def suspend(owner: str, *, reason: str) -> None:
    """Take nothing more of an owner in, and hand nothing of it over, until it is resumed.

    What is just being handed over still leaves; what waits for too long expires.

    Parameters
    ----------
    owner
        The owner's short name, as its tokens say it; large letters and small ones are the same.
    reason
        Why; it goes on record with your name.
    """
    owner = owner.strip()
    if not owner:
        raise Refusal("name the owner, as its tokens say it")

    async def write() -> None:
        async with owners(database()) as service:
            await service.suspend(owner, by=operator(), reason=reason)

    asked(write())
    _say(
        f"{owner} is suspended, on every machine within a second. "
        f"Again: varsel owners resume {owner} --reason WHY"
    )
    if not _may_be_known(owner, settings_and_database()[0]):
        _say(
            f"VARSEL_OWNERS_FILE names no {owner}: see that it is spelt as the owner's tokens say it."
        )


@app.command
def resume(owner: str, *, reason: str) -> None:
    """Let an owner go on; what had become due is carried out.

    Parameters
    ----------
    owner
        The owner's short name, as it was suspended.
    reason
        Why; it goes on record with your name.
    """

    async def write() -> bool:
        async with owners(database()) as service:
            return await service.resume(owner, by=operator(), reason=reason)

    if not asked(write()):
        raise Refusal(f"{owner} is not suspended; see `varsel owners suspended`")
    _say(f"{owner} is resumed")


@app.command
def suspended() -> None:
    """List the owners that are suspended, and why."""

    async def ask() -> dict[str, str]:
        async with owners(database()) as service:
            return dict(await service.suspended())

    for owner, reason in (found := asked(ask())).items():
        _say(f"{owner}: {reason}")
    if not found:
        _say("No owner is suspended.")


@app.command
def show(owner: str) -> None:
    """Tell what was decided of an owner, by whom, and why, oldest first; the last word holds.

    Parameters
    ----------
    owner
        The owner's short name, in large or small letters.
    """

    async def ask() -> list[RecordedOfOwner]:
        async with owners(database()) as service:
            return list(await service.history(owner))

    for each in (found := asked(ask())):
        by = each.recorded_by
        _say(
            f"{each.version:>3}  {each.recorded_at:%Y-%m-%d %H:%M:%S} UTC  {by.name} ({by.role})  "
            f"{in_words(each.event)}  because: {each.event.reason}"
        )
    if not found:
        _say(f"Nothing is recorded of {owner}.")


@app.command(name="import")
def import_(file: Path, *, reason: str) -> None:
    """Let the owners that a file names order here, on the terms that it says, and no others.

    Who is not in it is registered no more; what it says as the records do is left alone. Let
    VARSEL_OWNERS_FILE name the same file: what that says is imported at each start.

    Parameters
    ----------
    file
        JSON, as docs/operating.md describes it.
    reason
        Why; it goes on record with your name.
    """
    try:
        entries = read_owners(file)
    except OwnersFileError as problem:
        raise Refusal(str(problem)) from None

    async def write() -> Sequence[str]:
        settings, where = settings_and_database()
        async with owners_and_marks(settings, where) as (service, mark):
            return await service.import_all(entries, mark=mark, by=operator(), reason=reason)

    differed = asked(write())
    _say(f"Imported: {', '.join(differed)}" if differed else "Nothing differs.")


# As they were called before.
app.command(suspend, name="stop", show=False)
app.command(resume, name="let", show=False)
app.command(suspended, name="stopped", show=False)


def _may_be_known(owner: str, settings: Settings) -> bool:
    """Whether somebody of that name can order here, as far as the settings tell."""
    if settings.owners_file is None or settings.owner_is_organisation:
        return True
    try:
        known = [each.name for each in read_owners(settings.owners_file)]
    except OwnersFileError:
        return True  # nobody can tell, and a suspension must not wait for that
    names = {each.lower() for each in (*known, settings.internal_owner)}
    return owner.lower() in names


def _say(words: str) -> None:
    Console(highlight=False, markup=False, soft_wrap=True).print(words)
