"""One owner does its worst within its rights; another asks for little, and should not notice.

The other's times are told as ratios to what they are alone, in the same run on the same machine.
"""

import asyncio
import itertools
import json
import re
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import aiohttp
from aiohttp import web

from benchmarks.installations import Measured, free_port, installation

SECONDS: Final = 60.0
"""For how long the one does its worst."""
_ALONE: Final = 0.25
"""Of that time the other is measured alone before."""
_SETTLE: Final = 5.0
_PAUSE: Final = 0.05
_PATIENCE: Final = 10.0
_AGAIN: Final = 0.2
"""Seconds until the quiet owner asks again what was answered with 503."""
_OWNERS: Final = {"ttd": "991825827", "skd": "974761076"}
_API: Final = "/notifications/api/v1"
_WIDE: Final = 1000
_HTML: Final = "<p>" + "<b>bø</b> &amp; " * 19_000 + "</p>"
_RECEIVER: Final = re.compile(rb"<RCV>\+?(\d+)</RCV>")
_ANSWER: Final = (
    b"<?xml version='1.0'?><SESSION><LOGON>OK</LOGON><REASON></REASON><MSGLST><MSG><ID>1</ID>"
    b"<STATUS>OK</STATUS><INFO></INFO><REF>%b</REF></MSG></MSGLST></SESSION>"
)
_NOT_MORE_THAN: Final = 2.0


@dataclass(slots=True)
class Times:
    """What the quiet owner's doings took, in seconds, by what they were."""

    took: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def rank(self, what: str, share: float) -> float:
        """How long the quickest of this share took at most."""
        times = sorted(self.took[what])
        return times[min(len(times) - 1, int(len(times) * share))]


@dataclass(slots=True)
class Measurement:
    """The quiet owner's times alone, and beside the other."""

    alone: Times = field(default_factory=Times)
    beside: Times = field(default_factory=Times)
    done: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    """How often the other did what."""

    def ratio(self, what: str, share: float) -> float:
        """By how much it takes longer beside the other."""
        return self.beside.rank(what, share) / self.alone.rank(what, share)

    def told(self) -> Sequence[str]:
        """The figures in words."""
        lines = [
            (
                f"  {what:<22} alone p50 {self.alone.rank(what, 0.5) * 1000:6.1f} ms,"
                f" p99 {self.alone.rank(what, 0.99) * 1000:6.1f} ms;"
                f" beside p50 {self.beside.rank(what, 0.5) * 1000:6.1f} ms,"
                f" p99 {self.beside.rank(what, 0.99) * 1000:6.1f} ms:"
                f" {self.ratio(what, 0.5):.2f} and {self.ratio(what, 0.99):.2f} times"
                f" ({_NOT_MORE_THAN:.0f} asked for)"
            )
            for what in self.alone.took
        ]
        did = ", ".join(f"{count:,} {what}" for what, count in self.done.items())
        return ["two owners, of whom one does its worst", *lines, f"  the other did: {did}"]


async def measure() -> Sequence[str]:
    """Measure, and say the figures."""
    return (await measured(SECONDS)).told()


async def measured(seconds: float) -> Measurement:
    """Measure for so long."""
    async with AsyncExitStack() as stack:
        came: dict[str, float] = {}
        gateway = await stack.enter_async_context(_gateway(came))
        silent = await stack.enter_async_context(_silence())
        sink_port = free_port()
        sink = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.smtp_sink", str(sink_port))
        )
        stack.push_async_callback(sink.wait)
        stack.callback(sink.terminate)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        owners = folder / "owners.json"
        owners.write_text(json.dumps({number: owner for owner, number in _OWNERS.items()}))
        service = stack.enter_context(
            installation(
                VARSEL_SMTP_URL=f"smtp://127.0.0.1:{sink_port}",
                VARSEL_SMTP_STARTTLS="0",
                VARSEL_OWNERS_FILE=str(owners),
                VARSEL_SMS_URL=f"http://127.0.0.1:{gateway}/",
                VARSEL_SMS_PASSWORD="secret of the gateway",  # noqa: S106  # nobody checks it
                VARSEL_CONDITION_HOSTS="127.0.0.1",
            )
        )
        quiet = await _session(stack, service, "ttd")
        loud = await _session(stack, service, "skd")
        result = Measurement()
        await _live(quiet, came, result.alone, until=time.monotonic() + _SETTLE)
        result.alone.took.clear()
        await _live(quiet, came, result.alone, until=time.monotonic() + _ALONE * seconds)
        worst = asyncio.create_task(_do_the_worst(loud, silent, result.done))
        try:
            await asyncio.sleep(_SETTLE)
            await _live(quiet, came, result.beside, until=time.monotonic() + seconds)
        finally:
            worst.cancel()
            await asyncio.wait({worst})
    return result


@asynccontextmanager
async def _gateway(came: dict[str, float]) -> AsyncIterator[int]:
    """An SMS gateway that takes everything at once; gives its port."""

    async def take(request: web.Request) -> web.Response:
        found = _RECEIVER.search(await request.read())
        number = found[1] if found else b""
        came[number.decode()] = time.monotonic()
        return web.Response(body=_ANSWER % number, content_type="application/xml")

    application = web.Application()
    application.router.add_post("/", take)
    runner = web.AppRunner(application)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield port
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _silence() -> AsyncIterator[int]:
    """Somebody who is called and says nothing; gives the port."""
    callers: list[asyncio.StreamWriter] = []

    def say_nothing(_: asyncio.StreamReader, caller: asyncio.StreamWriter) -> None:
        """Not even good-bye, before all is over."""
        callers.append(caller)

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for caller in callers:
            caller.close()
        await asyncio.gather(*(each.wait_closed() for each in callers), return_exceptions=True)


@dataclass(frozen=True, slots=True)
class _Session:
    """An owner's way to the API."""

    http: aiohttp.ClientSession
    url: str
    token: str

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        """Ask; the status, and all that is answered."""
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if data is not None else {}
        async with self.http.request(
            method, f"{self.url}{_API}{path}", data=data, headers=headers
        ) as answer:
            return answer.status, await answer.read()


async def _session(stack: AsyncExitStack, service: Measured, owner: str) -> _Session:
    said = service.varsel("token", "--org", owner, "--org-number", _OWNERS[owner])
    token = said.splitlines()[-1]
    http = await stack.enter_async_context(
        aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {token}"},
            timeout=aiohttp.ClientTimeout(total=120),
            connector=aiohttp.TCPConnector(limit=0),
        )
    )
    return _Session(http, service.url, token)


# The quiet one

_numbers = itertools.count()


async def _live(owner: _Session, came: Mapping[str, float], times: Times, *, until: float) -> None:
    """Ask for little, one thing after another, and take down how long each takes."""
    while time.monotonic() < until:
        to = f"+474{next(_numbers):07}"
        began = time.monotonic()
        placed = await _well(owner, "POST", "/future/orders", _small())
        times.took["to place an order"].append(time.monotonic() - began)
        shipment = json.loads(placed).get("notification", {}).get("shipmentId", uuid4())
        for what, path in (
            ("to read its state", f"/future/shipment/{shipment}"),
            ("to read the feed", "/future/shipment/feed"),
        ):
            began = time.monotonic()
            await _well(owner, "GET", path)
            times.took[what].append(time.monotonic() - began)
        began = time.monotonic()
        await _well(owner, "POST", "/future/orders/instant/sms", _instant(to))
        arrived = came.get(to.removeprefix("+"), time.monotonic())
        times.took["an instant message"].append(arrived - began)
        times.took["a message that is due"].append(await _arrival(owner, came))
        await asyncio.sleep(_PAUSE)


async def _arrival(owner: _Session, came: Mapping[str, float]) -> float:
    """How long an ordinary text message takes from its order to the gateway."""
    to = f"+474{next(_numbers):07}"
    settings = {"body": "Log in.", "sendingTimePolicy": "Anytime"}
    body = {
        "idempotencyId": uuid4().hex,
        "recipient": {"recipientSms": {"phoneNumber": to, "smsSettings": settings}},
    }
    began = time.monotonic()
    await _well(owner, "POST", "/future/orders", body)
    while to.removeprefix("+") not in came:  # noqa: ASYNC110  # the gateway's handler fills it
        await asyncio.sleep(0.002)
    return came[to.removeprefix("+")] - began


async def _well(owner: _Session, method: str, path: str, body: object = None) -> bytes:
    """Ask until there is an answer, or for ten seconds: to be told to come again is to wait."""
    give_up_at = time.monotonic() + _PATIENCE
    while True:
        status, answer = await owner.ask(method, path, body)
        if status in {200, 201}:
            return answer
        if status != HTTPStatus.SERVICE_UNAVAILABLE:
            raise RuntimeError(f"the quiet owner was answered {status}: {answer[:300]!r}")
        if time.monotonic() >= give_up_at:
            return answer
        await asyncio.sleep(_AGAIN)


def _small() -> Mapping[str, Any]:
    return {"idempotencyId": uuid4().hex, "recipient": _to("somebody@example.org")}


def _to(address: str) -> Mapping[str, Any]:
    settings = {"subject": "A letter", "body": "Log in. " * 40}
    return {"recipientEmail": {"emailAddress": address, "emailSettings": settings}}


def _instant(to: str) -> Mapping[str, Any]:
    settings = {"phoneNumber": to, "timeToLiveInSeconds": 600, "smsSettings": {"body": "4711"}}
    return {"idempotencyId": uuid4().hex, "recipientSms": settings}


# The loud one


async def _do_the_worst(owner: _Session, silent: int, done: dict[str, int]) -> None:
    """Do everything at once that an owner has a right to, again and again."""

    async def again(what: str, do: Callable[[], Awaitable[object]]) -> None:
        while True:
            try:
                await do()
            except (aiohttp.ClientError, TimeoutError):
                await asyncio.sleep(0.1)
            done[what] += 1

    recipients = [{"emailAddress": f"r{n}@example.org"} for n in range(_WIDE)]
    wide = json.dumps({"subject": "A letter", "body": "Log in.", "recipients": recipients}).encode()
    html = json.dumps(
        {"subject": "s", "body": _HTML, "contentType": "Html", "recipients": recipients[:40]}
    ).encode()
    wrong = b'{"recipients":[' + b",".join([b"1"] * 500_000) + b"]}"
    condition = {"conditionEndpoint": f"http://127.0.0.1:{silent}/"}

    def held_up() -> object:
        return {"idempotencyId": uuid4().hex, **condition, "recipient": _to("a@example.org")}

    asks: Mapping[str, tuple[int, Callable[[], Awaitable[object]]]] = {
        "wide orders": (2, lambda: owner.ask("POST", "/orders/email", wide)),
        "orders of long HTML": (1, lambda: owner.ask("POST", "/orders/email", html)),
        "bodies that are wrong": (2, lambda: owner.ask("POST", "/orders/email", wrong)),
        "conditions without answer": (1, lambda: owner.ask("POST", "/future/orders", held_up())),
        "pages of the feed": (2, lambda: owner.ask("GET", "/future/shipment/feed?transitions=all")),
        "slow readers": (5, lambda: _read_slowly(owner)),
    }
    await asyncio.gather(
        *(again(what, do) for what, (at_once, do) in asks.items() for _ in range(at_once))
    )


async def _read_slowly(owner: _Session) -> None:
    """Ask for the widest page there is, and take it a little at a time."""
    path = f"{owner.url}{_API}/future/shipment/feed?transitions=all"
    async with owner.http.get(path) as answer:
        for _ in range(20):
            await answer.content.read(1024)
            await asyncio.sleep(0.25)
