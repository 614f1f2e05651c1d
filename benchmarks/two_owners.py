"""One owner does its worst within its rights; another asks for little, and should not notice.

The other's times are told as ratios to what they are alone, in the same run on the same machine.
"""

import asyncio
import itertools
import json
import os
import re
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from aiohttp import web

from benchmarks import loud_owner
from benchmarks.asking import Session, session, to
from benchmarks.figures import ROUNDS, Figure, rank
from benchmarks.installations import Measured, free_port, installation

SECONDS: Final = 60.0
"""For how long the one does its worst in all rounds together."""
_ALONE: Final = 0.25
"""Of that time the other is measured alone before."""
_SETTLE: Final = 5.0
_PAUSE: Final = 0.05
_PATIENCE: Final = 10.0
_AGAIN: Final = 0.2
"""Seconds until the quiet owner asks again what was answered with 503."""
_OWNERS: Final = {"ttd": "991825827", "skd": "974761076"}
_MAIL_SECRET: Final = "secret of the mail server"  # noqa: S105  # of one installation for a minute
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
        return rank(self.took[what], share)


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


async def measure() -> Sequence[Figure]:
    """Measure some times, each with an installation of its own."""
    rounds = [await measured(SECONDS / ROUNDS) for _ in range(ROUNDS)]
    return [
        Figure(
            name=f"{what}, beside an owner that does its worst: {word}",
            unit="ms",
            rounds=[each.beside.rank(what, share) * 1000 for each in rounds],
            beside=[each.alone.rank(what, share) * 1000 for each in rounds],
            yardstick="alone",
            to_reach=f"ratio ≤ {_NOT_MORE_THAN:.0f}",
        )
        for what in rounds[0].alone.took
        for word, share in (("p50", 0.5), ("p99", 0.99))
    ]


async def measured(seconds: float) -> Measurement:
    """Measure for so long."""
    async with AsyncExitStack() as stack:
        came: dict[str, float] = {}
        gateway = await stack.enter_async_context(_gateway(came))
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
                VARSEL_EMAIL_REPORT_SECRET=_MAIL_SECRET,
            )
        )
        quiet = await session(stack, service.url, _token(service, "ttd"))
        result = Measurement()
        await _live(quiet, came, result.alone, until=time.monotonic() + _SETTLE)
        result.alone.took.clear()
        await _live(quiet, came, result.alone, until=time.monotonic() + _ALONE * seconds)
        async with _loud_owner(service, result.done):
            await asyncio.sleep(_SETTLE)
            await _live(quiet, came, result.beside, until=time.monotonic() + seconds)
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


def _token(service: Measured, owner: str) -> str:
    said = service.varsel("token", "--org", owner, "--org-number", _OWNERS[owner])
    return said.splitlines()[-1]


@asynccontextmanager
async def _loud_owner(service: Measured, done: dict[str, int]) -> AsyncIterator[None]:
    """Another owner, on what stands for a machine of its own, that does its worst meanwhile."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.loud_owner", service.url),
        env={
            **os.environ,
            loud_owner.TOKEN: _token(service, "skd"),
            loud_owner.MAIL_SECRET: _MAIL_SECRET,
        },
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield
    finally:
        process.terminate()
        said, _ = await process.communicate()
        done.update(json.loads(said))


# The quiet one

_numbers = itertools.count()


async def _live(owner: Session, came: Mapping[str, float], times: Times, *, until: float) -> None:
    """Ask for little, one thing after another, and take down how long each takes."""
    position = 0
    while time.monotonic() < until:
        number = f"+474{next(_numbers):07}"
        began = time.monotonic()
        placed = await _well(owner, "POST", "/future/orders", _small())
        times.took["to place an order"].append(time.monotonic() - began)
        shipment = json.loads(placed).get("notification", {}).get("shipmentId", uuid4())
        began = time.monotonic()
        await _well(owner, "GET", f"/future/shipment/{shipment}")
        times.took["to read its state"].append(time.monotonic() - began)
        began = time.monotonic()
        page = json.loads(await _well(owner, "GET", f"/future/shipment/feed?seq={position}"))
        times.took["to read the feed"].append(time.monotonic() - began)
        position = page[-1]["sequenceNumber"] if page else position
        began = time.monotonic()
        await _well(owner, "POST", "/future/orders/instant/sms", _instant(number))
        arrived = came.get(number.removeprefix("+"), time.monotonic())
        times.took["an instant message"].append(arrived - began)
        times.took["a message that is due"].append(await _arrival(owner, came))
        await asyncio.sleep(_PAUSE)


async def _arrival(owner: Session, came: Mapping[str, float]) -> float:
    """How long an ordinary text message takes from its order to the gateway."""
    number = f"+474{next(_numbers):07}"
    settings = {"body": "Log in.", "sendingTimePolicy": "Anytime"}
    body = {
        "idempotencyId": uuid4().hex,
        "recipient": {"recipientSms": {"phoneNumber": number, "smsSettings": settings}},
    }
    began = time.monotonic()
    await _well(owner, "POST", "/future/orders", body)
    while number.removeprefix("+") not in came:  # noqa: ASYNC110  # the gateway's handler fills it
        await asyncio.sleep(0.002)
    return came[number.removeprefix("+")] - began


async def _well(owner: Session, method: str, path: str, body: object = None) -> bytes:
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
    return {"idempotencyId": uuid4().hex, "recipient": to("somebody@example.org")}


def _instant(number: str) -> Mapping[str, Any]:
    settings = {"phoneNumber": number, "timeToLiveInSeconds": 600, "smsSettings": {"body": "4711"}}
    return {"idempotencyId": uuid4().hex, "recipientSms": settings}
