"""The command itself: which words it knows, and how it tells what went wrong."""

import os
import sys
from collections.abc import Mapping

from cyclopts import App

from entrypoints.cli.refusal import Refusal
from entrypoints.settings import SettingError, Settings, read_settings

app = App(
    name="varsel",
    help="Order notifications by e-mail and SMS, and see what became of them.",
    version_flags=["--version"],
)
app.command("entrypoints.cli.up:up")
app.command("entrypoints.cli.processes:serve")
app.command("entrypoints.cli.processes:work")
app.command("entrypoints.cli.processes:catch_all", name="catch-all", show=False)
app.command("entrypoints.cli.migrate:migrate")
app.command("entrypoints.cli.token:token")
app.command("entrypoints.cli.order:order")
app.command("entrypoints.cli.mailbox:mailbox")
app.command("entrypoints.cli.registry:app", name="registry")
app.command("entrypoints.cli.audit:app", name="audit")
app.command("entrypoints.cli.projections:app", name="projections")
app.command("entrypoints.cli.show_settings:settings")


def settings_from(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings, or refuse with the one line that says what is wrong with them.

    Raises:
        Refusal: a setting cannot be used.
    """
    try:
        return read_settings(environ)
    except SettingError as problem:
        raise Refusal(str(problem)) from None


def main() -> None:
    """Run the command; a refusal is one line and exit code 1."""
    try:
        app()
    except Refusal as refusal:
        sys.stderr.write(f"varsel: {refusal}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
