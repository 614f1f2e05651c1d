"""Hosts on one network of their own, made of network namespaces; whatever runs on one was started here.

this machine 10.78.0.1 ═ bridge ═ 10.78.0.11, .12, .13: etcd, Patroni and PostgreSQL on each
                               ╚═ 10.78.0.21, .22: hosts of workers
"""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from tests.failover.tools import NoTrialError

HERE: Final = "10.78.0.1"
NETWORK: Final = "10.78.0.0/24"
_BRIDGE: Final = "vsfbridge"


def told(*words: str | Path) -> str:
    """What a program says; nothing if it fails."""
    with suppress(subprocess.TimeoutExpired):
        done = subprocess.run(words, check=False, capture_output=True, text=True, timeout=30)
        return "" if done.returncode else done.stdout
    return ""


def send(number: int, *pids: int) -> None:
    """Send a signal; who has gone need not hear it."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


class Network:
    """The bridge that the hosts are joined by."""

    def __init__(self, ip: Path) -> None:
        self._tool = str(ip)

    def ip(self, *words: str, check: bool = True) -> str:
        done = subprocess.run(
            [self._tool, *words], check=False, capture_output=True, text=True, timeout=30
        )
        assert not (check and done.returncode), (words, done.stderr)
        return done.stdout

    def make(self) -> None:
        """Make it.

        Raises:
            NoTrialError: this machine lets nobody make one, or has one of another trial.
        """
        try:
            self.ip("link", "add", _BRIDGE, "type", "bridge")
        except AssertionError as refused:
            raise NoTrialError(f"no network of hosts can be made: {refused}") from refused
        self.ip("addr", "add", f"{HERE}/24", "dev", _BRIDGE)
        self.ip("link", "set", _BRIDGE, "up")

    def remove(self) -> None:
        self.ip("link", "delete", _BRIDGE, check=False)


class Host:
    """A namespace with a link to the bridge."""

    def __init__(self, network: Network, name: str, address: str) -> None:
        self.name, self.address = name, address
        self.space, self.link = f"vsf-{name}", f"vsf{name}"
        self._ip = network.ip
        self._tool = network._tool
        self._started: list[subprocess.Popen[bytes]] = []

    def make(self) -> None:
        self._ip("netns", "add", self.space)
        self._ip("-n", self.space, "link", "set", "lo", "up")
        peer = ("peer", "name", "eth0", "netns", self.space)
        self._ip("link", "add", self.link, "type", "veth", *peer)
        self._ip("link", "set", self.link, "master", _BRIDGE, "up")
        self._ip("-n", self.space, "addr", "add", f"{self.address}/24", "dev", "eth0")
        self._ip("-n", self.space, "link", "set", "eth0", "up")

    def command(self, *words: str | Path) -> Sequence[str]:
        """How to run something there."""
        return [self._tool, "netns", "exec", self.space, *map(str, words)]

    def start(self, log: Path, *words: str | Path) -> subprocess.Popen[bytes]:
        with log.open("ab") as out:
            started = subprocess.Popen(
                self.command(*words), stdout=out, stderr=out, start_new_session=True
            )
        self._started.append(started)
        return started

    def cut_off(self) -> None:
        """Let nothing through, in either direction; nobody is told."""
        self._ip("link", "set", self.link, "down")

    def join(self) -> None:
        self._ip("link", "set", self.link, "up")

    def lose(self, *addresses: str) -> None:
        """Reach some hosts no more, and all others as before."""
        for each in self._others(addresses):
            self._ip("-n", self.space, "route", "add", "blackhole", each)

    def find(self, *addresses: str) -> None:
        """Reach them again."""
        for each in self._others(addresses):
            self._ip("-n", self.space, "route", "del", "blackhole", each)

    def _others(self, addresses: Sequence[str]) -> Sequence[str]:
        return [each for each in addresses if each != self.address]

    def processes(self) -> list[int]:
        return [int(pid) for pid in self._ip("netns", "pids", self.space, check=False).split()]

    def remove(self) -> None:
        send(signal.SIGCONT, *self.processes())
        send(signal.SIGKILL, *self.processes())
        deadline = time.monotonic() + 10
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.05)
        for each in self._started:
            each.wait(10)
        self._ip("netns", "delete", self.space, check=False)
        self._ip("link", "delete", self.link, check=False)  # the namespace takes its time
