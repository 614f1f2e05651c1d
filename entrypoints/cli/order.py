"""`varsel order`: place an order, and see what happens to it as it happens."""

import asyncio
import sys
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal
from uuid import uuid4

import aiohttp
from cyclopts import Parameter
from rich.console import Console

from entrypoints.cli import demo
from entrypoints.cli.installation import running
from entrypoints.cli.refusal import Refusal
from entrypoints.cli.token import CREATE, issue

_API: Final = "/notifications/api/v1"
_OVER: Final = {"order.completed", "order.cancelled"}
_POLL: Final = 0.1

Choice = Literal["Email", "Sms", "EmailPreferred", "SmsPreferred", "EmailAndSms"]


def order(
    *,
    channel: Choice = "Email",
    text: str | None = None,
    number_from_stdin: Annotated[bool, Parameter(negative=())] = False,
    wait: float = 120.0,
) -> None:
    """Order a notification to a person by national number, and show what happens to it.

    It goes to Kari, who is invented and known to the sample registers.

    Parameters
    ----------
    channel
        Which channel to use, or to prefer.
    text
        What to say; $recipientName$ stands for the recipient's name.
    number_from_stdin
        Read another national number from standard input, where no list of commands shows it.
    wait
        Seconds to follow the order for.
    """
    number = sys.stdin.readline().strip() if number_from_stdin else demo.KARI
    body = demo.body(idempotency_id=str(uuid4()), number=number, channel=channel, text=text)
    token = issue(owner="ttd", scope=CREATE)
    try:
        asyncio.run(_follow(running().base_url, token, body, wait))
    except aiohttp.ClientError as problem:
        raise Refusal(f"the service does not answer ({type(problem).__name__})") from None


def _in_words(status: int, problem: Mapping[str, Any]) -> str:
    """What the service said, as its operator reads it."""
    lines = [f"the order was refused with status {status} ({problem.get('code')})"]
    if detail := problem.get("detail"):
        lines.append(detail)
    lines += [
        f"{where}: {what}" for where, each in problem.get("errors", {}).items() for what in each
    ]
    lines += [
        f"{each['pointer']}: {reason['words']}"
        for each in problem.get("recipients", [])
        for reason in each["reasons"]
    ]
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        lines.append(f"In the log it stands by {problem.get('traceId')}.")
    return "\n".join(lines)


async def _follow(url: str, token: str, body: Mapping[str, Any], wait: float) -> None:
    console = Console(soft_wrap=True)
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.post(url + demo.ORDERS, json=body) as answer:
            said = await answer.json(content_type=None)
            if answer.status != HTTPStatus.CREATED:
                raise Refusal(_in_words(answer.status, said))
        order_id = said["notification"]["shipmentId"]
        console.print(f"order {order_id}", highlight=False)
        shown = 0
        until = time.monotonic() + wait
        while time.monotonic() < until:
            async with session.get(f"{url}{_API}/orders/{order_id}/history") as answer:
                events = (await answer.json(content_type=None))["history"]
            for event in events[shown:]:
                clock = event["recordedAt"][11:23]
                console.print(f"  {clock}  {event['words']}", highlight=False)
            shown = len(events)
            if events and events[-1]["event"] in _OVER:
                console.print("See what arrived: .venv/bin/varsel mailbox")
                return
            await asyncio.sleep(_POLL)
        console.print(f"Not finished yet; read on with: varsel audit history {order_id}")
