"""Orders accepted over HTTP, durable before the answer, against the same rows written bare."""

import asyncio
import os
import re
import tempfile
import time
from collections.abc import Sequence
from typing import Final
from uuid import uuid4

import psycopg

from benchmarks.installations import Measured, installation, settled, wrk

_SECONDS: Final = 8
_CLIENTS: Final = (8, 16, 64)
_GOVUK: Final = 317
"""Orders/s that GOV.UK Notify's own code accepts on two cores of the like."""

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
"sendersReference":"bench","requestedSendTime":"2099-01-01T00:00:00Z","recipient":{"recipientEmail":
{"emailAddress":"somebody.%%d@example.org","emailSettings":{"subject":"A new letter in your inbox",
"body":"%(body)s"}}}}]], id, n, n))
end
"""


async def measure() -> Sequence[str]:
    """Measure, and say the figures."""
    lines = ["accepted orders/s (2 API processes, PostgreSQL with fsync, wrk on the same machine)"]
    with installation(VARSEL_API_PROCESSES="2", VARSEL_WORKERS="0") as service:
        await settled()
        for clients in _CLIENTS:
            rate, p99, errors = await _accepted(service, clients)
            bare = await _bare(service, clients)
            lines.append(
                f"  {clients:>3} clients: {rate:>7.0f}/s, p99 {p99}, {errors} errors; "
                f"bare rows {bare:.0f}/s, ratio {rate / bare:.2f}; "
                f"{rate / _GOVUK:.1f} times GOV.UK Notify's {_GOVUK}/s"
            )
    return lines


async def _accepted(service: Measured, clients: int) -> tuple[float, str, int]:
    words = {"token": service.token, "run": uuid4().hex, "body": "Please log in. " * 40}
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_LUA % words)
        script.flush()
        process = await asyncio.create_subprocess_exec(
            wrk(),
            *("-t1", f"-c{clients}", f"-d{_SECONDS}s", "--latency", "-s", script.name),
            f"{service.url}/notifications/api/v1/future/orders",
            stdout=asyncio.subprocess.PIPE,
        )
        said = (await process.communicate())[0].decode()
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    p99 = re.search(r"99%\s+(\S+)", said)
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    if rate is None or p99 is None:
        raise RuntimeError(said)
    return float(rate[1]), p99[1], int(errors[1]) if errors else 0


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
