"""`varsel mailbox`: what the catch-all servers hold."""

import sys
from typing import Annotated

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from entrypoints.cli.installation import data_folder
from entrypoints.cli.refusal import Refusal
from entrypoints.processes import MAILBOX
from entrypoints.sandbox import CaughtMessage, MailboxUnavailableError, caught_messages


def mailbox(
    *,
    json: Annotated[bool, Parameter(negative=())] = False,
    to: str | None = None,
    limit: int = 20,
) -> None:
    """Show what the catch-all servers hold, the newest first.

    Parameters
    ----------
    json
        One JSON document with every message, for other programs.
    to
        Only what was sent to this address or number.
    limit
        At most so many messages; 0 for all of them.
    """
    folder = data_folder() / MAILBOX
    try:
        caught = list(caught_messages(folder, to=to, limit=None if json or not limit else limit))
    except MailboxUnavailableError as problem:
        raise Refusal(str(problem)) from None
    if json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(caught), indent=2).decode() + "\n")
        return
    console = Console()
    for each in reversed(caught):
        console.print(_shown(each))
    if not caught:
        console.print("The mailbox is empty. `varsel order` places an order that fills it.")


def _shown(message: CaughtMessage) -> Panel:
    lines = [message.body.rstrip()]
    if message.attachments:
        lines.append(f"attached: {', '.join(message.attachments)}")
    title = f"{message.channel} to {message.to}"
    if message.subject:
        title += f": {message.subject}"
    when = message.received_at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return Panel(
        Text("\n".join(lines)),
        title=Text(title),
        title_align="left",
        subtitle=Text(f"{when}  {message.message_id}"),
        subtitle_align="right",
    )
