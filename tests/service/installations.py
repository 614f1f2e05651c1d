"""A whole installation in processes of its own, on a port and a data folder of its own."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp

API = "/notifications/api/v1"
_READY = "Ctrl-C stops everything."
_PATIENCE = 60.0


class Installation:
    """`varsel up --development`, and the command beside it."""

    def __init__(self, data: Path, port: int, settings: Mapping[str, str] | None = None) -> None:
        self.data = data
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("VARSEL_")},
            "VARSEL_DATA": str(data),
            "VARSEL_PORT": str(port),
            # No other installation of this user's shall be found instead, nor this one by others.
            "XDG_STATE_HOME": str(data.parent / "state"),
            **(settings or {}),
        }
        """What its processes, and the command beside it, are started with."""
        self._process: subprocess.Popen[str] | None = None
        self._hearing: threading.Thread | None = None
        self.said = ""

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "entrypoints.cli", "up", "--development"],
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self.said = ""
        for line in self._process.stdout:
            self.said += line
            if _READY in line:
                # It must never wait for somebody to read what it says.
                self._hearing = threading.Thread(target=self._hear, daemon=True)
                self._hearing.start()
                return
        raise AssertionError(f"the service did not start:\n{self.said}")

    def signal(self, number: int) -> int:
        """Send a signal to the supervisor, and wait for its end."""
        assert self._process is not None
        self._process.send_signal(number)
        code = self._process.wait(_PATIENCE)
        if self._hearing is not None:
            self._hearing.join(_PATIENCE)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = self._hearing = None
        return code

    def _hear(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.said += line

    def stop(self) -> None:
        if self._process is not None:
            self.signal(signal.SIGINT)

    def varsel(self, *arguments: str, words: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "entrypoints.cli", *arguments],
            env=self.environ,
            input=words,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )

    def mailbox(self) -> Sequence[Mapping[str, Any]]:
        caught: Sequence[Mapping[str, Any]] = json.loads(self.varsel("mailbox", "--json").stdout)
        return caught

    def token(self) -> str:
        return self.varsel("token").stdout.splitlines()[-1]

    def processes(self, name: str) -> Sequence[int]:
        """The processes of this installation that were started by a word of the command."""
        assert self._process is not None
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
                status = (folder / "status").read_text()
            except OSError:
                continue
            parent = re.search(r"^PPid:\s+(\d+)$", status, re.MULTILINE)
            if parent and int(parent[1]) == self._process.pid and name.encode() in words:
                found.append(int(folder.name))
        return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def installation(data: Path, settings: Mapping[str, str] | None = None) -> Iterator[Installation]:
    installed = Installation(data, free_port(), settings)
    try:
        yield installed
    finally:
        installed.stop()


def until(true: Callable[[], bool], seconds: float = _PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)


async def place(
    session: aiohttp.ClientSession,
    url: str,
    key: str,
    recipient: Mapping[str, Any],
    **more: str,
) -> str:
    body = {"idempotencyId": key, "sendersReference": "many", "recipient": recipient, **more}
    async with session.post(f"{url}{API}/future/orders", json=body) as answer:
        said = await answer.json()
        assert answer.status in (200, 201), said
        shipment: str = said["notification"]["shipmentId"]
        return shipment


async def shipment(session: aiohttp.ClientSession, url: str, order_id: str) -> Mapping[str, Any]:
    async with session.get(f"{url}{API}/future/shipment/{order_id}") as answer:
        said: Mapping[str, Any] = await answer.json()
        return said


def email_to(address: str, *, body: str = "Please log in.") -> Mapping[str, Any]:
    settings = {"subject": "Case 77", "body": body}
    return {"recipientEmail": {"emailAddress": address, "emailSettings": settings}}


def sms_to(number: str) -> Mapping[str, Any]:
    settings = {"body": "Please log in.", "sendingTimePolicy": "Anytime"}
    return {"recipientSms": {"phoneNumber": number, "smsSettings": settings}}
