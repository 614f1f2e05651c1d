"""What an operator sees of the mails that told of no notification."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.key_vault.file_key_vault import FileKeyVault
from adapters.key_vault.fingerprint import vault_of
from adapters.postgres import open_pool
from adapters.unread_mail.postgres import PostgresUnreadMails
from application.ports.unread_mail import UnreadKind
from tests.samples import NOON


@pytest.fixture
async def mails(database_url: str, tmp_path: Path) -> dict[str, str]:
    """A database in which two such mails lie, as the settings name it."""
    file = tmp_path / "keys.json"
    async with await open_pool(database_url, size=1, name="varsel tests") as pool:
        vault = await vault_of(pool, lambda is_new: FileKeyVault(file, may_be_made=is_new))
        kept = PostgresUnreadMails(pool, vault)
        await kept.keep(UnreadKind.AUTO_REPLY, b"Back on Monday.\n", at=NOON)
        await kept.keep(UnreadKind.UNCLEAR, b"\x1b[2JWho are you?\n", at=NOON)
    return {**os.environ, "VARSEL_DATABASE_URL": database_url, "VARSEL_KEY_FILE": str(file)}


def asked(environ: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "entrypoints.cli", "reports", *words],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_an_operator_sees_what_came_and_reads_and_deletes_it(mails: dict[str, str]) -> None:
    assert asked(mails, "list").stdout.splitlines() == [
        "       2  2026-09-01T10:00:00+00:00  unclear              17 bytes",
        "       1  2026-09-01T10:00:00+00:00  auto_reply           16 bytes",
    ]
    assert len(asked(mails, "list", "--kind", "auto-reply").stdout.splitlines()) == 1
    assert asked(mails, "show", "1").stdout == "Back on Monday.\n"
    assert asked(mails, "forget", "1").stdout == "mail 1 is deleted\n"
    gone = asked(mails, "show", "1")
    assert gone.stderr == "varsel: there is no mail 1; see `varsel reports list`\n"
    assert gone.returncode != 0


def test_no_mail_does_anything_to_an_operators_terminal(mails: dict[str, str]) -> None:
    assert asked(mails, "show", "2").stdout == "\N{REPLACEMENT CHARACTER}[2JWho are you?\n"
