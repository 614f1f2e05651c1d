"""Orders accepted over HTTP, durable before the answer, against the same rows written bare.

The worker runs, and follows the log; what is ordered is for a year that is far away. Orders to persons
look the persons up in a copy of their register, and stand beside those to an address.
"""

import asyncio
import os
import re
import tempfile
import time
from collections.abc import Sequence
from typing import Final, NamedTuple
from uuid import uuid4

import psycopg

from benchmarks.figures import ROUNDS, Figure
from benchmarks.installations import Measured, installation, settled, wrk
from benchmarks.registries import PAGE, page
from entrypoints.sandbox.registers.numbers import PersonNumbers

_SECONDS: Final = 8
_FEW, _MANY = 8, 16
"""Clients."""
_MILLISECONDS: Final = {"us": 0.001, "ms": 1.0, "s": 1000.0}

_TO_ADDRESS: Final = """
local function recipient(n)
  return string.format([["recipientEmail":{"emailAddress":"somebody.%d@example.org",]], n)
end
"""
_TO_PERSON: Final = """
local numbers = {%(numbers)s}
local function recipient(n)
  return string.format([["recipientPerson":{"nationalIdentityNumber":"%%s","channelSchema":"Email",]],
    numbers[n %% #numbers + 1])
end
"""
_LUA: Final = """
local n = 0
local thread_no = 0
function setup(thread) thread:set("id", thread_no); thread_no = thread_no + 1 end
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer %(token)s"
function request()
  n = n + 1
  return wrk.format(nil, nil, nil, string.format([[{"idempotencyId":"%(run)s-%%d-%%d",
"sendersReference":"bench","requestedSendTime":"2099-01-01T00:00:00Z","recipient":{%%s
"emailSettings":{"subject":"A new letter in your inbox","body":"%(body)s"}}}}]], id, n, recipient(n)))
end
"""


class Accepted(NamedTuple):
    """What was accepted in some seconds."""

    rate: float
    """Orders a second."""
    p99: float
    """Milliseconds."""


async def measure() -> Sequence[Figure]:
    """Measure by turns, round after round."""
    many, few, persons = list[Accepted](), list[Accepted](), list[Accepted]()
    bare_many, bare_few = list[float](), list[float]()
    with installation() as service:
        to_persons = _TO_PERSON % {"numbers": _known_persons(service)}
        await settled()
        await _accepted(service, _MANY, _TO_ADDRESS)  # what is made once has been
        for _ in range(ROUNDS):
            many.append(await _accepted(service, _MANY, _TO_ADDRESS))
            bare_many.append(await _bare(service, _MANY))
            persons.append(await _accepted(service, _MANY, to_persons))
            few.append(await _accepted(service, _FEW, _TO_ADDRESS))
            bare_few.append(await _bare(service, _FEW))
    return [
        Figure(
            name=f"accepted e-mail orders, {_MANY} clients, worker running",
            unit="/s",
            rounds=[each.rate for each in many],
            beside=bare_many,
            yardstick="bare rows in the same batches",
            to_reach="≥ 4,500/s, ratio ≥ 0.5",
        ),
        Figure(
            name=f"accepted e-mail orders, {_MANY} clients, worker running: p99",
            unit="ms",
            rounds=[each.p99 for each in many],
            to_reach="≤ 15 ms",
        ),
        Figure(
            name=f"accepted e-mail orders, {_FEW} clients, worker running",
            unit="/s",
            rounds=[each.rate for each in few],
            beside=bare_few,
            yardstick="bare rows in the same batches",
            to_reach="ratio ≥ 0.5",
        ),
        Figure(
            name=f"accepted orders to persons, {_MANY} clients, worker running",
            unit="/s",
            rounds=[each.rate for each in persons],
            beside=[each.rate for each in many],
            yardstick="orders to addresses",
            to_reach="ratio ≥ 0.8",
        ),
        Figure(
            name=f"accepted orders to persons, {_MANY} clients, worker running: p99",
            unit="ms",
            rounds=[each.p99 for each in persons],
        ),
    ]


def _known_persons(service: Measured) -> str:
    """Let the copy of the register know some persons; their numbers, as Lua lists them."""
    numbers = PersonNumbers().of(0, PAGE)
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(page(numbers, 0, PAGE))
        file.flush()
        service.varsel("registry", "import", "krr", file.name)
    return ",".join(f'"{each}"' for each in numbers)


def compared(
    name: str, rounds: Sequence[Accepted], beside: Sequence[Accepted], yardstick: str
) -> Sequence[Figure]:
    """The rate of what was accepted, and its p99, each beside what the yardstick came to."""
    return [
        Figure(
            name=name,
            unit="/s",
            rounds=[each.rate for each in rounds],
            beside=[each.rate for each in beside],
            yardstick=yardstick,
        ),
        Figure(
            name=f"{name}: p99",
            unit="ms",
            rounds=[each.p99 for each in rounds],
            beside=[each.p99 for each in beside],
            yardstick=yardstick,
        ),
    ]


async def accept_for(service: Measured, clients: int, seconds: int) -> Accepted:
    """Let clients place e-mail orders for so long."""
    return await _accepted(service, clients, _TO_ADDRESS, seconds)


async def _accepted(
    service: Measured, clients: int, recipient: str, seconds: int = _SECONDS
) -> Accepted:
    words = {"token": service.token, "run": uuid4().hex, "body": "Please log in. " * 40}
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(recipient + _LUA % words)
        script.flush()
        process = await asyncio.create_subprocess_exec(
            wrk(),
            *("-t1", f"-c{clients}", f"-d{seconds}s", "--latency", "-s", script.name),
            f"{service.url}/notifications/api/v1/future/orders",
            stdout=asyncio.subprocess.PIPE,
        )
        said = (await process.communicate())[0].decode()
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", said)
    if rate is None or p99 is None or "Non-2xx" in said:
        raise RuntimeError(said)
    return Accepted(float(rate[1]), float(p99[1]) * _MILLISECONDS[p99[2]])


async def _bare(service: Measured, batch: int) -> float:
    """The same rows, written by a bare loop in batches as large as there are clients."""
    connection = await psycopg.AsyncConnection.connect(service.database, autocommit=True)
    async with connection:
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS bare_events (LIKE orders_events INCLUDING ALL);"
            "CREATE TABLE IF NOT EXISTS bare_sealed (LIKE sealed INCLUDING ALL);"
            "CREATE TABLE IF NOT EXISTS bare_key (LIKE data_key INCLUDING ALL);"
            "CREATE TABLE IF NOT EXISTS bare_agenda (LIKE agenda INCLUDING ALL)"
        )
        written, until = 0, time.monotonic() + _SECONDS / 2
        began = time.monotonic()
        while time.monotonic() < until:
            await _write(connection, batch)
            written += batch
        return written / (time.monotonic() - began)


async def _write(connection: psycopg.AsyncConnection[psycopg.rows.TupleRow], batch: int) -> None:
    ids = [uuid4() for _ in range(batch)]
    states = [os.urandom(900) for _ in ids]
    boxes = [each for each in ids for _ in range(2)]
    classes = ["content", "contact"] * batch
    texts = [os.urandom(680 if each == "content" else 60) for each in classes]
    keys = [os.urandom(40) for _ in classes]
    async with connection.transaction():
        await connection.execute(
            "INSERT INTO bare_events (originator_id, originator_version, topic, state)"
            " SELECT id, 1, 'order.placed', state FROM unnest(%b::uuid[], %b::bytea[]) e(id, state)",
            (ids, states),
        )
        await connection.execute(
            "INSERT INTO bare_sealed (order_id, version, class, recipient_no, ciphertext)"
            " SELECT id, 1, class, 0, text"
            " FROM unnest(%b::uuid[], %b::text[], %b::bytea[]) s(id, class, text)",
            (boxes, classes, texts),
        )
        await connection.execute(
            "INSERT INTO bare_key (order_id, version, class, recipient_no, month, wrapped)"
            " SELECT id, 1, class, 0, '2026-11', key"
            " FROM unnest(%b::uuid[], %b::text[], %b::bytea[]) k(id, class, key)",
            (boxes, classes, keys),
        )
        await connection.execute(
            "INSERT INTO bare_agenda (order_id, owner, lane, due_at)"
            " SELECT id, 'ttd', 1, now() FROM unnest(%b::uuid[]) a(id)",
            (ids,),
        )
