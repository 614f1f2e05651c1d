"""A worker is killed at each system call by which it speaks to the world, while it hands messages over.

`strace` kills before the chosen call: the first of its kind in the first round, the second in the
second, until a round has no more of them. The next worker goes on where the dead one stood.
"""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final

import aiohttp
import psycopg
import pytest

from tests.chaos.checker import findings, held
from tests.chaos.load import Ordered
from tests.chaos.playing import SETTINGS, accounts_of
from tests.service.installations import (
    Installation,
    email_to,
    installation,
    place,
    sms_to,
    until,
)

CALLS: Final = os.environ.get("VARSEL_TEST_KILL_CALLS", "sendto,sendmsg,write,writev").split(",")
"""By these a process speaks; `strace` counts each for itself. `recvfrom,read` are those by which it
listens, where there is time for twice as many."""
ENDED_WELL = 0
FEWEST = 20
"""So many calls a hand-over makes at least: claims, loads, appends, SMTP's dialogue, a request."""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation without a worker of its own."""
    settings = {**SETTINGS, "VARSEL_WORKERS": "0"}
    with installation(tmp_path_factory.mktemp("kill-points"), settings) as running:
        running.start()
        yield running


def settings_of(installed: Installation) -> Mapping[str, str]:
    """The environment that the installation gave its own processes."""
    (serving, *_) = installed.processes("serve")
    words = Path(f"/proc/{serving}/environ").read_bytes().decode().split("\0")
    return dict(word.split("=", 1) for word in words if "=" in word)


@contextmanager
def worker(installed: Installation) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that is up and has nothing to do."""
    process = subprocess.Popen(
        [sys.executable, "-m", "entrypoints.cli", "work"],
        env=settings_of(installed),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def end_leases(installed: Installation) -> None:
    """Let an hour pass for the agenda."""
    database = json.loads((installed.data / "running.json").read_text())["database"]
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("UPDATE agenda SET leased_until = now() WHERE leased_until > now()")


class Senders:
    """Gives birth to senders, each of which is killed at a call, if it makes so many."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._parent = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.sender"],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def killed_at(self, call: str, number: int, order: Callable[[], None]) -> bool:
        """Let one carry out what is ordered; whether it came to its so-manieth call, and died of it."""
        self._write()
        pid = self._read()
        order()
        tracer = killed_at(call, number, pid)
        with suppress(ProcessLookupError):  # it may have died of what it does while it waits
            os.kill(pid, signal.SIGUSR1)
        ended = self._read()
        tracer.kill()
        tracer.wait()
        assert ended in {ENDED_WELL, -signal.SIGKILL}
        return ended != ENDED_WELL

    def close(self) -> None:
        self._parent.communicate()

    def _write(self) -> None:
        assert self._parent.stdin is not None
        self._parent.stdin.write("one\n")
        self._parent.stdin.flush()

    def _read(self) -> int:
        assert self._parent.stdout is not None
        return int(self._parent.stdout.readline())


def killed_at(call: str, number: int, pid: int) -> subprocess.Popen[bytes]:
    """Let a process be killed at its so-manieth call from now on."""
    program = shutil.which("strace")
    assert program, "strace is missing: apt-get install strace"
    tracer = subprocess.Popen(
        [
            *(program, "-f", "-qq", "-o", "/dev/null", "-p", str(pid)),
            *("-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={number}"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until(lambda: _is_traced(pid))
    return tracer


def _is_traced(pid: int) -> bool:
    """Whether it is, or has died of it."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return "TracerPid:\t0\n" not in Path(f"/proc/{pid}/status").read_text()
    return True


async def order_two(url: str, token: str, number: int, ordered: Ordered) -> None:
    """Order an e-mail and a text message, each to somebody of its own."""
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        address, phone = f"point{number}@example.org", f"+479{number:07}"
        ordered.emails[address] = await place(session, url, f"mail {number}", email_to(address))
        ordered.text_messages[phone] = await place(session, url, f"sms {number}", sms_to(phone))


@pytest.mark.service
@pytest.mark.soak
@pytest.mark.timeout(600)
def test_a_worker_that_is_killed_at_any_call_of_a_hand_over_loses_and_doubles_nothing(
    installed: Installation,
) -> None:
    token, ordered, points = installed.token(), Ordered(), Counter[str]()

    def order() -> None:
        asyncio.run(order_two(installed.url, token, ordered.count, ordered))

    # What a dead one had in hand must not be found by the next, which counts its own calls.
    environ = {**settings_of(installed), "VARSEL_LEASE": "3600"}
    with closing(Senders(environ)) as senders:
        for call in CALLS:
            while senders.killed_at(call, points[call] + 1, order):
                points[call] += 1
    end_leases(installed)
    with worker(installed):
        accounts = asyncio.run(accounts_of(installed.url, token, ordered))

    assert points.total() >= FEWEST, points
    assert list(findings(accounts, held(installed.data / "mailbox"))) == []
    assert {"order.notification_outcome_unknown", "order.notification_sent"} <= {
        event for each in accounts for event in each.events
    }
