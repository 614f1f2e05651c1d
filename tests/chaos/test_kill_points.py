"""A worker is killed at each system call by which it speaks to the world, while it hands messages over.

`strace` counts the calls and kills at the chosen one; the next worker goes on where it stood.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import aiohttp
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

CALLS = "sendto,sendmsg,write,writev"
STEP = int(os.environ.get("VARSEL_TEST_KILL_STEP", "5"))
"""Every so many calls is a point; 1 for each of them."""
MOST = 400


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


def killed_at(number: int, process: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
    """Let a process be killed at its so-manieth call from now on."""
    program = shutil.which("strace")
    assert program, "strace is missing: apt-get install strace"
    tracer = subprocess.Popen(
        [
            *(program, "-f", "-qq", "-o", "/dev/null", "-p", str(process.pid)),
            *("-e", f"trace={CALLS}", "-e", f"inject={CALLS}:signal=SIGKILL:when={number}"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until(lambda: _is_traced(process.pid) or process.poll() is not None)
    return tracer


def _is_traced(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    return "TracerPid:\t0\n" not in status


async def order_two(url: str, token: str, number: int, ordered: Ordered) -> None:
    """Order an e-mail and a text message, each to somebody of its own."""
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        address, phone = f"point{number}@example.org", f"+479{number:07}"
        ordered.emails[address] = await place(session, url, f"mail {number}", email_to(address))
        ordered.text_messages[phone] = await place(session, url, f"sms {number}", sms_to(phone))


@pytest.mark.service
@pytest.mark.timeout(600)
def test_a_worker_that_is_killed_at_any_call_of_a_hand_over_loses_and_doubles_nothing(
    installed: Installation,
) -> None:
    token, ordered, points = installed.token(), Ordered(), 0
    for number in range(1, MOST, STEP):
        with worker(installed) as process:
            # What the killed ones left is done first; then everything that is counted is the new one's.
            time.sleep(1.2)
            tracer = killed_at(number, process)
            asyncio.run(order_two(installed.url, token, number, ordered))
            is_dead = _dies(process, installed, f"point{number}@example.org")
            tracer.kill()
            tracer.wait()
        points += is_dead
        if not is_dead:
            break
    with worker(installed):
        accounts = asyncio.run(accounts_of(installed, token, ordered))

    assert points >= 5
    assert list(findings(accounts, held(installed.data / "mailbox"))) == []


def _dies(process: subprocess.Popen[bytes], installed: Installation, address: str) -> bool:
    """Whether the process dies before its message has long been handed over."""
    deadline = time.monotonic() + 8
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return True
        if address in held(installed.data / "mailbox"):
            deadline = min(deadline, time.monotonic() + 1.5)
        time.sleep(0.05)
    return False
