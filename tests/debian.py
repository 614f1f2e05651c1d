"""Programs of Debian packages for tests, installed or not.

What is installed is taken as it is. What is not is downloaded by apt, with the packages that it
depends on and that are missing, and unpacked under `var/tools`: nobody has to be root, nothing is
configured or started, and the next test finds it there.
"""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.missing import MissingError

_TOOLS: Final = Path(__file__).parents[1] / "var" / "tools"
_PROGRAMS: Final = (
    "usr/sbin",
    "usr/bin",
    "sbin",
    "bin",
    "usr/lib/*/sbin",
    "usr/lib/postgresql/*/bin",
)
_LIBRARIES: Final = ("usr/lib", "lib", "usr/lib/*", "lib/*")
_PATIENCE: Final = 120.0


class ProgramUnavailableError(MissingError):
    """The program is not installed, and its package cannot be had."""


def program(package: str, name: str) -> Path:
    """Tell where a program is, which may have to be downloaded first; run it in `environment`.

    Raises:
        ProgramUnavailableError: it is not to be had here.
    """
    installed_in = [str(found) for place in _PROGRAMS for found in Path("/").glob(place)]
    places = os.pathsep.join([os.environ.get("PATH", ""), *installed_in])
    if installed := shutil.which(name, path=places):
        return Path(installed)
    for place in _PROGRAMS:
        for found in _unpacked(package).glob(f"{place}/{name}"):
            return found
    raise ProgramUnavailableError(f"the package {package} has no {name}")


def environment(package: str) -> Mapping[str, str]:
    """The variables with which programs of a package find each other and their libraries."""
    folder = _TOOLS / package
    if not folder.is_dir():
        return dict(os.environ)
    libraries = {
        library.parent for place in _LIBRARIES for library in folder.glob(f"{place}/*.so*")
    }
    programs = [found for place in _PROGRAMS for found in folder.glob(place)]
    return {
        **os.environ,
        "PATH": os.pathsep.join([*map(str, programs), os.environ.get("PATH", "")]),
        "LD_LIBRARY_PATH": os.pathsep.join(sorted(map(str, libraries))),
    }


def _unpacked(package: str) -> Path:
    folder = _TOOLS / package
    if folder.is_dir():
        return folder
    _TOOLS.mkdir(parents=True, exist_ok=True)
    with _alone(_TOOLS / f"{package}.lock"):
        if not folder.is_dir():
            _unpack(package, folder)
    return folder


def _unpack(package: str, folder: Path) -> None:
    new, packages = folder.with_suffix(".new"), folder.with_suffix(".debs")
    for each in (new, packages):
        shutil.rmtree(each, ignore_errors=True)
        each.mkdir()
    simulated = _run(["apt-get", "install", "--simulate", "--no-install-recommends", package])
    missing = [line.split()[1] for line in simulated.splitlines() if line.startswith("Inst ")] or [
        package
    ]
    _run(["apt-get", "download", *missing], folder=packages)
    for each in sorted(packages.glob("*.deb")):
        _run(["dpkg-deb", "--extract", str(each), str(new)])
    shutil.rmtree(packages)
    new.rename(folder)


def _run(command: Sequence[str], *, folder: Path | None = None) -> str:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "LC_ALL": "C"},
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ProgramUnavailableError(f"{command[0]} fails: {type(error).__name__}") from error
    return done.stdout


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Let one process at a time in."""
    with lock.open("w") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
