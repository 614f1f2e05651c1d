"""`varsel reports`: what came as a report and tells of no notification."""

import sys
from collections.abc import Sequence

from cyclopts import App
from rich.console import Console

from application.ports.unread_mail import MailId, UnreadKind, UnreadMail
from entrypoints.cli.database import asked
from entrypoints.cli.installation import settings_and_database
from entrypoints.cli.refusal import Refusal
from entrypoints.cli.terminal import harmless
from entrypoints.wiring.operator_tools import unread_mails

app = App(
    name="reports",
    help="See the mails at the report door that tell of no notification: answers, complaints, the rest.",
)


@app.command(name="list")
def list_mails(*, kind: UnreadKind | None = None, most: int = 20) -> None:
    """List the latest of them, newest first; what they say is shown by `varsel reports show`.

    Parameters
    ----------
    kind
        Of one kind only.
    most
        How many are listed.
    """

    async def ask() -> Sequence[UnreadMail]:
        async with unread_mails(*settings_and_database()) as mails:
            return await mails.latest(most, kind)

    found = asked(ask())
    console = Console(highlight=False, markup=False, soft_wrap=True)
    for each in found:
        at = each.received_at.isoformat(timespec="seconds")
        console.print(f"{each.mail_id:>8}  {at}  {each.kind:<12}  {each.size:>9} bytes")
    if not found:
        console.print("There is none.")


@app.command
def show(mail_id: int) -> None:
    """Show a mail as it was received, or its beginning where it is long."""

    async def ask() -> UnreadMail | None:
        async with unread_mails(*settings_and_database()) as mails:
            return await mails.find(MailId(mail_id))

    found = asked(ask())
    if found is None:
        raise Refusal(f"there is no mail {mail_id}; see `varsel reports list`")
    if found.content is None:
        raise Refusal(f"mail {mail_id} cannot be opened any more: its month's key was destroyed")
    sys.stdout.write(harmless(found.content.decode(errors="replace")))


@app.command
def forget(mail_id: int) -> None:
    """Delete a mail."""

    async def ask() -> bool:
        async with unread_mails(*settings_and_database()) as mails:
            return await mails.forget(MailId(mail_id))

    if not asked(ask()):
        raise Refusal(f"there is no mail {mail_id}; see `varsel reports list`")
    Console(highlight=False, soft_wrap=True).print(f"mail {mail_id} is deleted")
