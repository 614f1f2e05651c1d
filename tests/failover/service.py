"""The service on the cluster: two processes that answer here, and two that work on hosts of their own."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from application.caller import CREATE
from entrypoints.wiring.tokens import development_issuer
from tests.chaos.playing import SETTINGS
from tests.debian import environment
from tests.failover.cluster import OWNER_ROLE, SERVICE_ROLE, url
from tests.failover.network import HERE, Host, Network
from tests.failover.tools import Tools
from tests.service.installations import free_port

_CLI: Final = (sys.executable, "-m", "entrypoints.cli")
_ROOT: Final = Path(__file__).parents[2]
_OWNER, _ORGANISATION = "ttd", "991825827"
_LIFETIME: Final = 12 * 3600
_SETTLES: Final = 0.3
"""Seconds within which a program ends that cannot run here."""


@dataclass(slots=True)
class Part:
    """A process of the service, and how it is started again."""

    words: Sequence[str]
    environ: Mapping[str, str]
    log: Path
    read: int = 0
    """So many bytes of its log have been looked at."""
    running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as out:
            self.running = subprocess.Popen(
                self.words, env=self.environ, stdout=out, stderr=out, start_new_session=True
            )

    def stop(self) -> None:
        if self.running is not None:
            self.running.terminate()
            self.running.wait(60)

    @property
    def has_ended(self) -> bool:
        return self.running is not None and self.running.poll() is not None

    def new_lines(self) -> Sequence[Mapping[str, str]]:
        """What it has logged since the last look, beyond information."""
        new = self.log.read_bytes()[self.read :]
        self.read += len(new)
        lines = [json.loads(line) for line in new.splitlines() if line.startswith(b"{")]
        return [each for each in lines if each["level"] != "info"]


@dataclass(slots=True)
class Logged:
    """What was logged, and by which processes that have ended or record nothing more."""

    said: Counter[str] = field(default_factory=Counter)
    given_up: list[str] = field(default_factory=list)


class Service:
    """All its processes, with the servers that catch what is sent."""

    def __init__(
        self, data: Path, network: Network, tools: Tools, trusted: Path, stack: ExitStack
    ) -> None:
        """Bring the schema up to date and start everything; the stack stops it."""
        (data / "logs").mkdir(parents=True)
        self.data = data
        ports = {name: free_port() for name in ("serve1", "serve2", "smtp", "sms")}
        self.urls = [f"http://127.0.0.1:{ports[name]}" for name in ("serve1", "serve2")]
        self._environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("VARSEL_")},
            **SETTINGS,
            "PYTHONPATH": str(_ROOT),
            "VARSEL_DATA": str(data),
            "VARSEL_DATABASE_URL": url(SERVICE_ROLE, trusted),
            "VARSEL_PUBLIC_URL": self.urls[0],
            "VARSEL_DEVELOPMENT_ISSUER": "1",
            "VARSEL_DEVELOPMENT_ISSUER_ANYWHERE": "1",
            "VARSEL_SMTP_URL": f"smtp://127.0.0.1:{ports['smtp']}",
            "VARSEL_SMTP_STARTTLS": "0",
            "VARSEL_SMS_URL": f"http://127.0.0.1:{ports['sms']}",
            "VARSEL_SMS_PASSWORD": "the-gateways-own-password",
            "VARSEL_SMS_REPORT_PASSWORD": "the-gateways-own-password",
            "VARSEL_EMAIL_REPORT_SECRET": "a-secret-of-the-relay-alone",
        }
        self.hosts = [Host(network, f"w{number}", f"10.78.0.2{number}") for number in (1, 2)]
        self.parts: dict[str, Part] = {}
        self._migrate(trusted)
        for name, at in zip(("serve1", "serve2"), self.urls, strict=True):
            self._start(stack, name, ("serve",), VARSEL_PORT=str(ports[name]))
            _wait_ready(at)  # the first makes the keys
        self._start(stack, "catch-all", ("catch-all",))
        for number, host in enumerate(self.hosts, start=1):
            stack.callback(host.remove)
            host.make()
            # On its own loopback each finds the servers that are on this machine's.
            for kind in ("smtp", "sms"):
                listen = f"TCP-LISTEN:{ports[kind]},fork,reuseaddr,bind="
                inside = host.command(
                    tools.socat, f"{listen}127.0.0.1", f"TCP:{HERE}:{ports[kind]}"
                )
                _run(stack, inside)
                if host is self.hosts[0]:
                    here = (tools.socat, f"{listen}{HERE}", f"TCP:127.0.0.1:{ports[kind]}")
                    _run(stack, here)
            self._start(stack, f"work{number}", ("work",), host=host)

    def token(self) -> str:
        """A token that lasts as long as the trial."""
        issuer = development_issuer(self.data, self.urls[0])
        return issuer.issue(_OWNER, _ORGANISATION, CREATE, lifetime=_LIFETIME)

    def logged(self) -> Logged:
        """What was logged since the last look; what does nothing more is started again."""
        logged = Logged()
        for name, part in self.parts.items():
            lines = part.new_lines()
            logged.said.update(
                f"{each['message']} {each.get('because', '')}".strip() for each in lines
            )
            if part.has_ended or any(each["message"] == "history_went_back" for each in lines):
                logged.given_up.append(name)
                part.stop()
                part.start()
        return logged

    def _migrate(self, trusted: Path) -> None:
        environ = self._environ | {"VARSEL_DATABASE_URL": url(OWNER_ROLE, trusted)}
        words = (*_CLI, "migrate", "--service-role", SERVICE_ROLE)
        subprocess.run(words, env=environ, check=True, stdout=subprocess.DEVNULL)

    def _start(
        self,
        stack: ExitStack,
        name: str,
        words: Sequence[str],
        host: Host | None = None,
        **more: str,
    ) -> None:
        words = (*_CLI, *words)
        self.parts[name] = part = Part(
            words=words if host is None else host.command(*words),
            environ=self._environ | more,
            log=self.data / "logs" / name,
        )
        part.start()
        stack.callback(part.stop)


def _run(stack: ExitStack, words: Sequence[str | Path]) -> None:
    """Run something beside the service until the stack is left."""
    running = subprocess.Popen(words, start_new_session=True, env=environment("socat"))
    stack.callback(running.wait, 30)
    stack.callback(running.terminate)
    with suppress(subprocess.TimeoutExpired):
        running.wait(_SETTLES)
        raise AssertionError(f"{words[0]} has ended with {running.returncode}")


def _wait_ready(url: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        with suppress(httpx.TransportError):
            if httpx.get(f"{url}/health/ready").status_code == httpx.codes.OK:
                return
        assert time.monotonic() < deadline, f"{url} is not ready"
        time.sleep(0.1)
