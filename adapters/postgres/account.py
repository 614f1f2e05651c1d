"""The operating system's account that the server of our own runs under.

PostgreSQL refuses to run as root. When we are root, an existing account without privileges takes
its place; it may be unable to reach what root can, so everything it needs is tried out as that
account. When we are an ordinary user, the server is run by the same user.
"""

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from adapters.postgres.errors import PostgresStartError

# Nothing of our own environment is handed on: it holds secrets, and PG… variables mislead a server.
_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who runs the server; without a uid, whoever runs us."""

    uid: int | None = None
    gid: int | None = None

    @property
    def _groups(self) -> Sequence[int] | None:
        return None if self.uid is None else ()

    def spawn(
        self, command: Sequence[str | Path], *, stdin: int = subprocess.DEVNULL, output: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        """Start a process that a Ctrl-C at our terminal does not reach."""
        return subprocess.Popen(  # noqa: S603  # the command is ours, and no shell reads it
            command,
            stdin=stdin,
            stdout=output,
            stderr=output,
            cwd="/",
            env=_ENVIRONMENT,
            umask=0o077,
            start_new_session=True,
            user=self.uid,
            group=self.gid,
            extra_groups=self._groups,
        )

    def run(self, command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
        """Run a command to its end and keep what it says."""
        return subprocess.run(  # noqa: S603  # the command is ours, and no shell reads it
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            cwd="/",
            env=_ENVIRONMENT,
            umask=0o077,
            start_new_session=True,
            user=self.uid,
            group=self.gid,
            extra_groups=self._groups,
        )

    def can_enter(self, folder: Path) -> bool:
        """Try whether the folder and everything above it lets this account through."""
        return self.run(["/bin/sh", "-c", 'cd -- "$1"', "sh", folder]).returncode == 0

    def own(self, path: Path) -> None:
        """Give a file or folder that we made to this account."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


def account_for(cluster: Path, *, substitute: str) -> Account:
    """Choose the account: root gives way to the cluster's owner, or else to `substitute`."""
    owner = cluster.stat() if cluster.exists() else None
    if os.geteuid() != 0:
        if owner is not None and owner.st_uid != os.geteuid():
            raise PostgresStartError(
                f"The database in {cluster} belongs to another user (uid {owner.st_uid}): "
                "start as that user or as root, as before, or name another data folder."
            )
        return Account()
    if owner is not None and owner.st_uid != 0:
        return Account(uid=owner.st_uid, gid=owner.st_gid)
    try:
        entry = pwd.getpwnam(substitute)
    except KeyError:
        raise PostgresStartError(
            f"PostgreSQL does not run as root, and there is no user {substitute!r} to run it: "
            "start as an ordinary user, or set VARSEL_DATABASE_URL to a server of your own."
        ) from None
    return Account(uid=entry.pw_uid, gid=entry.pw_gid)
