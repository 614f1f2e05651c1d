"""An installation as the guide sets it up, with all that is around it.

owner ──TLS──▶ nginx ──▶ two `varsel serve` ──┐                   ┌─▶ Postfix, by TLS and login ─▶ the world
                 ▲                            ├─TLS─▶ PostgreSQL ─┤
                 │ delivery reports           │                   ├─▶ Kannel ─▶ an operator's centre
                 └──────────────────── two `varsel work` ─────────┴─▶ two gateways that speak LINK's XML
                                              │
                         issuers, registers, conditions, attachments and receivers, by TLS
"""

import asyncio
import os
import random
import shlex
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
import trustme
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from entrypoints.sandbox import caught_messages
from entrypoints.wiring.providers import MAIL_REPORTS
from tests.adapters.channels.kannel_server import Gateway, running_kannel
from tests.adapters.channels.postfix_server import (
    Login,
    Relay,
    World,
    running_postfix,
    running_world,
)
from tests.adapters.tokens import forging
from tests.debian import environment, program
from tests.production.database import Database
from tests.production.guide import Guide, environ_of
from tests.production.hosts import Host, Issuers, Registers, Senders
from tests.service.installations import free_port
from tests.service.processes import Process

SOON: Final = {
    "VARSEL_LEASE=30": "VARSEL_LEASE=5",
    "VARSEL_SEND_WITHIN=30": "VARSEL_SEND_WITHIN=5",
    "VARSEL_OUTCOME_SLACK=60": "VARSEL_OUTCOME_SLACK=5",
    "VARSEL_REPORT_WAIT=900": "VARSEL_REPORT_WAIT=15",
    "VARSEL_AUTHORITY_WAIT=600": "VARSEL_AUTHORITY_WAIT=5",
    "VARSEL_SMTP_REPLY_TIMEOUT=600": "VARSEL_SMTP_REPLY_TIMEOUT=10",
    "VARSEL_SMS_TIMEOUT=30": "VARSEL_SMS_TIMEOUT=10",
}
"""Waits of the guide that a trial has no time for."""

_FIXED: Final = range(15_000, 30_000)
"""Below those that the system gives to whoever asks for any."""
_BOUNCES: Final = "bounces.example.org"
_CLIENT: Final = "9c0a3b5e-1f0e-4c53-9a27-d3b1c6f1f8b2"
_VARSEL: Final = Path(sys.executable).parent / "varsel"
_PATIENCE: Final = 60.0
_NGINX: Final = """
worker_processes 1;
pid {folder}/nginx.pid;
events {{ }}
http {{
  access_log off;
  client_body_temp_path {folder}/temp;
  proxy_temp_path {folder}/temp;
  fastcgi_temp_path {folder}/temp;
  uwsgi_temp_path {folder}/temp;
  scgi_temp_path {folder}/temp;
  include {folder}/varsel.conf;
  ssl_certificate {etc}/proxy.pem;
  ssl_certificate_key {etc}/proxy.key;
  {gateways}
}}
"""
_GATEWAY: Final = (
    "server {{ listen 127.0.0.1:{outside} ssl; "
    "location / {{ proxy_pass http://127.0.0.1:{inside}; }} }}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where everything listens."""

    database: int
    proxy: int
    serves: tuple[int, int]
    relays: tuple[int, int]
    links: tuple[int, int]
    links_inside: tuple[int, int]
    issuers: int
    registers: int
    conditions: int
    files: int
    receiver: int


class Installation:
    """An installation by the guide; each part can be taken away and brought back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.guide = Guide()
        self.ports = _ports()
        self.url = f"https://localhost:{self.ports.proxy}"
        self._authority = trustme.CA()
        self.ca_file = folder / "etc" / "ca.pem"
        self.senders = Senders()
        self.issuers = Issuers(
            f"https://localhost:{self.ports.issuers}",
            audience=self.url,
            client=_CLIENT,
            key_id="varsel-1",
        )
        self.environ: Mapping[str, str] = {}
        self.database: Database
        self.world: World
        self.relay: Relay
        self.kannel: Gateway
        self.serves: Sequence[Process] = ()
        self.works: Sequence[Process] = ()
        self.links: Sequence[Process] = ()
        self.hosts: Mapping[str, Host] = {}

    @property
    def text_messages(self) -> Sequence[tuple[str, str]]:
        """The numbers and texts of all that left by any gateway."""
        links = (self.folder / f"link{number}" / "mailbox" for number in (1, 2))
        return [
            *((each.to, each.body) for folder in links for each in caught_messages(folder)),
            *((each.number, each.text) for each in self.kannel.centre.caught()),
        ]

    @property
    def logs(self) -> Mapping[str, str]:
        """What the processes of the service that run on have said, by their names."""
        kinds = ("serve", "work")
        files = [file for kind in kinds for file in self.folder.glob(f"varsel-{kind}-*.log")]
        return {file.stem: file.read_text() for file in files}

    @property
    def condition(self) -> str:
        """Where the sender's condition is asked."""
        return f"https://localhost:{self.ports.conditions}/condition"

    async def followed(self, register: str) -> str:
        """Have a register followed to its end now, whatever the workers are at; what is said of that."""
        return await asyncio.to_thread(self.varsel, "registry", "sync", register)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Set everything up by the guide's steps, and take it down again.

        Raises:
            ProgramUnavailableError: a program that has to be there cannot be had.
        """
        async with AsyncExitStack() as stack:
            self._write_files()
            self._start_database(stack)
            await self._start_what_is_around(stack)
            self._write_settings()
            self.run("migrate")
            await self._start_proxy(stack)
            self.serves = [
                await stack.enter_async_context(self._unit("varsel-serve@.service", str(port)))
                for port in self.ports.serves
            ]
            self.works = [
                await stack.enter_async_context(self._unit("varsel-work@.service", number))
                for number in ("1", "2")
            ]
            for process, port in zip(self.serves, self.ports.serves, strict=True):
                await process.answers(f"http://127.0.0.1:{port}")
            yield

    def run(self, block: str, **environ: str) -> str:
        """Run the commands of a block of the guide, and tell what they say."""
        told = subprocess.run(
            ["/bin/sh", "-euc", self.guide.block(block)],
            env={"PATH": os.environ["PATH"], **self.environ, **environ},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
        assert told.returncode == 0, (block, told.stdout, told.stderr)
        return told.stdout

    def varsel(self, *words: str) -> str:
        """Call the command, as an operator does who has read the settings."""
        told = subprocess.run(
            [_VARSEL, *words],
            env={"PATH": os.environ["PATH"], **self.environ},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
        assert told.returncode == 0, (words, told.stdout, told.stderr)
        return told.stdout

    def session(self, headers: Mapping[str, str]) -> aiohttp.ClientSession:
        """How an owner's system speaks to the service."""
        trusting = ssl.create_default_context(cafile=self.ca_file)
        return aiohttp.ClientSession(
            self.url, headers=headers, connector=aiohttp.TCPConnector(ssl=trusting)
        )

    async def history(self, order_id: str) -> str:
        """What an operator is told of an order."""
        return await asyncio.to_thread(self.run, "history", ORDER=order_id)

    # Setting up

    def _write_files(self) -> None:
        etc = self.folder / "etc"
        etc.mkdir()
        (self.folder / "var").mkdir(mode=0o700)
        self._authority.cert_pem.write_to_path(self.ca_file)
        certificate = self._authority.issue_cert("localhost", "127.0.0.1")
        certificate.private_key_pem.write_to_path(etc / "proxy.key")
        for chained in certificate.cert_chain_pems:
            chained.write_to_path(etc / "proxy.pem", append=True)
        certificate.private_key_and_cert_chain_pem.write_to_path(etc / "postfix.pem")
        client = forging.key("our client").private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        (etc / "client.pem").write_bytes(client)
        (etc / "owners.json").write_text(self.guide.block("owners.json"))
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        certificate.configure_cert(self._context)
        ports = self.ports
        self.guide.replaced |= {
            **SOON,
            str(Path("/opt/varsel/bin/varsel")): str(_VARSEL),
            "/etc/varsel": str(etc),
            "/var/lib/varsel": str(self.folder / "var"),
            "/etc/varsel/varsel.example.org": str(etc / "proxy"),
            "listen 443 ssl": f"listen 127.0.0.1:{ports.proxy} ssl",
            "https://varsel.example.org": self.url,
            "127.0.0.1:8081": f"127.0.0.1:{ports.serves[0]}",
            "127.0.0.1:8082": f"127.0.0.1:{ports.serves[1]}",
            "db.example.org": f"localhost:{ports.database}",
            "https://maskinporten.no/": self.issuers.maskinporten,
            "https://platform.altinn.no/authentication/api/v1/openid/": self.issuers.altinn,
            "https://apps.example.org/": self.issuers.platform,
            "https://idporten.no": self.issuers.idporten,
            "krr.example.org": f"localhost:{ports.registers}",
            "addresses.example.org": f"localhost:{ports.registers}",
            "names.example.org": f"localhost:{ports.registers}",
            "decisions.example.org": f"localhost:{ports.registers}",
            "relay1.example.org:465": f"localhost:{ports.relays[0]}",
            "relay2.example.org:587": f"localhost:{ports.relays[1]}",
            "link1.example.org": f"localhost:{ports.links[0]}",
            "link2.example.org": f"localhost:{ports.links[1]}",
            "conditions.example.org": "localhost",
            "receiver.example.org": "localhost",
            ",files.example.org": ",localhost",
            "=files.example.org": "=localhost",
        }

    def _start_database(self, stack: AsyncExitStack) -> None:
        self.database = Database(
            self.folder / "postgres", self.ports.database, authority=self.ca_file
        )
        etc = self.folder / "etc"
        self.database.make(
            hba=self.guide.block("pg_hba.conf"),
            chain=(etc / "proxy.pem").read_bytes(),
            key=(etc / "proxy.key").read_bytes(),
        )
        stack.callback(self.database.stop)
        self.database.start()
        for statement in self.guide.block("roles").split(";\n"):
            if statement.strip():
                self.database.ask(statement)

    async def _start_what_is_around(self, stack: AsyncExitStack) -> None:
        secret = self.guide.secret
        registers = Registers(
            krr_token=secret("<krr-token>"),
            party_token=secret("<party-register-token>"),
            scope="register:addresses.read",
            decision_point_key=secret("<decision-point-key>"),
        )
        senders = self.senders
        self.hosts = {
            name: Host(self._context, port, routes)
            for name, port, routes in (
                ("issuers", self.ports.issuers, self.issuers.routes),
                ("registers", self.ports.registers, registers.routes),
                ("conditions", self.ports.conditions, {"/condition": senders.condition}),
                ("files", self.ports.files, {"/decision.pdf": senders.file}),
                ("receiver", self.ports.receiver, {"/hook": senders.receive}),
            )
        }
        for host in self.hosts.values():
            await host.start()
            stack.push_async_callback(host.stop)
        self.world = stack.enter_context(running_world())
        self.relay = stack.enter_context(
            running_postfix(
                self.world,
                report_url=self.url + MAIL_REPORTS,
                secret=secret("<email-report-secret>"),
                chain=self.folder / "etc" / "postfix.pem",
                authority=self.ca_file,
                login=Login(
                    user="varsel",
                    password=secret("<relay-password>"),
                    implicit=self.ports.relays[0],
                    upgraded=self.ports.relays[1],
                ),
                bounces=_BOUNCES,
            )
        )
        kannel = self.folder / "kannel"
        kannel.mkdir()
        self.kannel = stack.enter_context(
            running_kannel(kannel, password=secret("<kannel-password>"))
        )
        self.guide.replaced["http://127.0.0.1:13013/cgi-bin/sendsms"] = self.kannel.url
        self.links = [
            await stack.enter_async_context(self._gateway(number))
            for number in range(len(self.ports.links))
        ]

    def _gateway(self, number: int) -> Process:
        """A gateway that speaks LINK's XML; nginx speaks TLS for it."""
        second = "" if number == 0 else "-2"
        data = self.folder / f"link{number + 1}"
        environ = {
            "VARSEL_DATA": str(data),
            "VARSEL_SMTP_URL": f"smtp://127.0.0.1:{free_port()}",
            "VARSEL_SMS_URL": f"http://127.0.0.1:{self.ports.links_inside[number]}",
            "VARSEL_SMS_USER": f"varsel{second}",
            "VARSEL_SMS_PASSWORD": self.guide.secret(f"<sms-password{second}>"),
            "VARSEL_SMS_REPORT_USER": "link",
            "VARSEL_SMS_REPORT_PASSWORD": self.guide.secret("<sms-report-password>"),
            "VARSEL_PUBLIC_URL": self.url,
            "SSL_CERT_FILE": str(self.ca_file),
        }
        return Process("catch-all", environ=environ, log=self.folder / f"link{number + 1}.log")

    def _write_settings(self) -> None:
        file = self.folder / "etc" / "varsel.env"
        file.touch(mode=0o640)
        file.write_text(self.guide.block("varsel.env"))
        self.environ = environ_of(file)

    async def _start_proxy(self, stack: AsyncExitStack) -> None:
        folder = self.folder / "nginx"
        folder.mkdir()
        (folder / "temp").mkdir()
        (folder / "varsel.conf").write_text(self.guide.block("varsel.conf"))
        gateways = (
            _GATEWAY.format(outside=outside, inside=inside)
            for outside, inside in zip(self.ports.links, self.ports.links_inside, strict=True)
        )
        configuration = folder / "nginx.conf"
        configuration.write_text(
            _NGINX.format(folder=folder, etc=self.folder / "etc", gateways="\n".join(gateways))
        )
        words = ["-e", str(folder / "error.log"), "-p", str(folder), "-c", str(configuration)]
        proxy = Process(
            *words,
            "-g",
            "daemon off;",
            program=[str(program("nginx", "nginx"))],
            environ=environment("nginx"),
            log=folder / "said",
        )
        await stack.enter_async_context(proxy)

    def _unit(self, name: str, instance: str) -> Process:
        """A process as systemd would start it by its unit."""
        lines = [
            line.partition("=")
            for line in self.guide.unit(name, instance).splitlines()
            if "=" in line
        ]
        said: dict[str, list[str]] = {}
        for key, _, value in lines:
            said.setdefault(key, []).append(value)
        environ: dict[str, str] = {}
        for file in said["EnvironmentFile"]:
            environ |= environ_of(Path(file))
        environ |= dict(each.split("=", 1) for each in said.get("Environment", []))
        (command,) = said["ExecStart"]
        first, *rest = shlex.split(command)
        log = self.folder / f"{name.partition('@')[0]}-{instance}.log"
        return Process(*rest, program=[first], environ=environ, log=log)


async def killed(process: Process) -> None:
    """Take a process away at once, with all that it has in hand."""
    await process.end(signal.SIGKILL)


def _ports() -> Ports:
    """Ports that nobody has, and that no connection that goes out is given meanwhile."""
    drawn = (port for port in random.sample(_FIXED, len(_FIXED)) if _is_free(port))
    return Ports(
        database=next(drawn),
        proxy=next(drawn),
        serves=(next(drawn), next(drawn)),
        relays=(next(drawn), next(drawn)),
        links=(next(drawn), next(drawn)),
        links_inside=(next(drawn), next(drawn)),
        issuers=next(drawn),
        registers=next(drawn),
        conditions=next(drawn),
        files=next(drawn),
        receiver=next(drawn),
    )


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
