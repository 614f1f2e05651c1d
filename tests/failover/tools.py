"""What the trial runs beside the service, had from where it can be had.

Patroni is from PyPI, and everything else is Debian's: Debian 12 has Patroni 3.0.2, which lets a primary
that was away take the leader's key back from its successor (mended in patroni/patroni#2689).

Patroni runs under the system's own Python, in an environment of its own. Under one that lies where its
user cannot start processes it hangs at "bootstrap in progress" without a word.
"""

import os
import pwd
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.debian import program
from tests.missing import MissingError

PATRONI: Final = "4.1.5"
_PYTHON: Final = Path("/usr/bin/python3")
_KEPT: Final = Path("/var/tmp/varsel-trial")  # noqa: S108  # root's alone to write
ACCOUNT: Final = "nobody"
"""Who runs Patroni and PostgreSQL, which do not run as root."""


class NoTrialError(MissingError):
    """The trial cannot be made on this machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """Where the programs are."""

    ip: Path
    etcd: Path
    etcdctl: Path
    socat: Path
    postgres: Path
    """The folder of PostgreSQL's programs."""
    patroni: Path
    """The folder of Patroni's programs."""


def tools() -> Tools:
    """Find everything, or have it brought here.

    Raises:
        MissingError: it is not to be had here, or this is not root's to try.
    """
    if os.geteuid() != 0:
        raise NoTrialError("networks of hosts are made by root alone")
    pwd.getpwnam(ACCOUNT)
    _KEPT.mkdir(mode=0o755, exist_ok=True)
    return Tools(
        ip=program("iproute2", "ip"),
        etcd=program("etcd-server", "etcd"),
        etcdctl=program("etcd-client", "etcdctl"),
        socat=program("socat", "socat"),
        postgres=program("postgresql", "pg_rewind").parent,
        patroni=_patroni(),
    )


def _patroni() -> Path:
    """Patroni, in an environment of the system's Python."""
    kept = _KEPT / f"patroni-{PATRONI}"
    mark = kept / "made"  # its programs name their own place, and cannot be moved
    if not mark.exists():
        shutil.rmtree(kept, ignore_errors=True)
        wanted = f"patroni[etcd3,psycopg3]=={PATRONI}"
        pip = (sys.executable, "-m", "pip", "--python", str(kept / "bin/python"))
        try:
            _run(str(_PYTHON), "-m", "venv", "--without-pip", str(kept))
            _run(*pip, "install", "--quiet", "--disable-pip-version-check", wanted)
        except (OSError, subprocess.SubprocessError) as problem:
            raise NoTrialError(f"no Patroni: {type(problem).__name__}") from problem
        mark.touch()
    return kept / "bin"


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True, timeout=300)
