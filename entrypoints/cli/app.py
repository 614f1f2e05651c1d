"""The command itself: which words it knows, and how it tells what went wrong."""

import os
import sys
from collections.abc import Mapping
from importlib.metadata import version

from cyclopts import App

from application.setting import SettingError
from entrypoints.cli.refusal import Refusal, RefusedSettings
from entrypoints.settings import Settings, read_settings
from entrypoints.wiring.provider_kinds import kinds_with_settings

app = App(
    name="varsel",
    help="Order notifications by e-mail and SMS, and see what became of them.",
    version=lambda: version("varsel"),
    version_flags=["--version"],
)
# Each is loaded when it is called, so that no command waits for what others need.
for _name, _where, _help in (
    ("up", "up:up", "Start everything that the service needs, and keep it up until Ctrl-C."),
    ("serve", "processes:serve", "Answer HTTP, as one of any number of processes."),
    ("work", "processes:work", "Carry orders out, as one of any number of workers."),
    ("migrate", "migrate:migrate", "Bring the schema of the database up to date."),
    ("token", "token:token", "Print a token of the development issuer."),
    ("order", "order:order", "Place an order, and show what happens to it as it happens."),
    ("orders", "orders:app", "See which orders are stuck, and let them go on."),
    ("owners", "owners:app", "Suspend an owner, resume it, and import what is agreed with owners."),
    ("providers", "providers:providers", "See how providers stand now, and how that has shifted."),
    ("reports", "reports:app", "See what came as a report and tells of no notification."),
    ("mailbox", "mailbox:mailbox", "Show what the catch-all servers hold."),
    (
        "sandbox",
        "sandbox:app",
        "Stand in for the registers, change what they hold, and bring trouble to them.",
    ),
    ("registry", "registry:app", "Load pages into the local copies of the registers."),
    (
        "suppressions",
        "suppressions:app",
        "See which addresses are left alone since they bounced, and lift that.",
    ),
    ("audit", "audit:app", "See what was known of an order, when, and by whom."),
    (
        "projections",
        "projections:app",
        "See what tables made from the events could not take, and rebuild them.",
    ),
    ("settings", "show_settings:settings", "List every setting, and what it is now."),
):
    app.command(f"entrypoints.cli.{_where}", name=_name, help=_help)
app.command("entrypoints.cli.processes:catch_all", name="catch-all", show=False)


def settings_from(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings, or refuse with a line for each that is wrong.

    Raises:
        RefusedSettings: some cannot be used.
    """
    try:
        return read_settings(environ, kinds_with_settings())
    except SettingError as problem:
        raise RefusedSettings(str(problem)) from None


def main() -> None:
    """Run the command; a refusal is a line for each reason, and an exit code of its own."""
    try:
        app()
    except Refusal as refusal:
        for line in str(refusal).splitlines():
            sys.stderr.write(f"varsel: {line}\n")
        sys.exit(refusal.code)
    except KeyboardInterrupt:
        sys.exit(130)
