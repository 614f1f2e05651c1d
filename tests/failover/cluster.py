"""A Patroni cluster of three, as docs/operating.md asks for it."""

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import psycopg
import trustme
from psycopg.sql import SQL, Identifier

from tests.failover.network import NETWORK, Host, Network, send, told
from tests.failover.tools import ACCOUNT, Tools

ADDRESS: Final = {f"pg{number}": f"10.78.0.1{number}" for number in (1, 2, 3)}
SERVICE_ROLE: Final = "varsel"
OWNER_ROLE: Final = "varsel_owner"
TIMINGS: Final = {
    "fast": {"ttl": 20, "loop_wait": 5, "retry_timeout": 5},
    "default": {"ttl": 30, "loop_wait": 10, "retry_timeout": 10},
}
_PATIENCE: Final = 180.0


def url(role: str, authority: Path) -> str:
    """How a role reaches the service's database, whichever host leads."""
    secured = urlencode({"sslmode": "verify-full", "sslrootcert": str(authority)})
    return f"postgresql://{role}:{role}@{','.join(ADDRESS.values())}/varsel?{secured}"


def settings(timing: str, *, strict: bool) -> Mapping[str, object]:
    """Patroni's own settings for the cluster."""
    return {
        **TIMINGS[timing],
        "maximum_lag_on_failover": 1048576,
        "synchronous_mode": True,
        "synchronous_mode_strict": strict,
        "synchronous_node_count": 1,
    }


class Member(Host):
    """A host of the database: etcd, Patroni, and the PostgreSQL that Patroni starts."""

    etcd: subprocess.Popen[bytes]
    patroni: subprocess.Popen[bytes]

    def __init__(
        self,
        network: Network,
        name: str,
        folder: Path,
        tools: Tools,
        *,
        dcs: Mapping[str, object],
        authority: trustme.CA,
    ) -> None:
        super().__init__(network, name, ADDRESS[name])
        self.folder = folder / name
        self._tools = tools
        self._dcs = dcs
        self._authority = authority

    def prepare(self) -> None:
        self.make()
        self.folder.mkdir()
        settings = json.dumps(self._configuration(), indent=1)  # JSON is YAML
        (self.folder / "patroni.yml").write_text(settings)
        certificate = self._authority.issue_cert(self.address)
        for file, blob in (
            ("server.crt", certificate.cert_chain_pems[0]),
            ("server.key", certificate.private_key_pem),
        ):
            blob.write_to_path(self.folder / file)
            shutil.chown(self.folder / file, ACCOUNT)
        (self.folder / "server.key").chmod(0o600)
        shutil.chown(self.folder, ACCOUNT)
        self.start_etcd()

    def start_etcd(self) -> None:
        at = f"http://{self.address}"
        peers = ",".join(f"{name}=http://{each}:2380" for name, each in ADDRESS.items())
        words = f"""--name {self.name} --data-dir {self.folder}/etcd --logger zap
            --initial-cluster {peers} --listen-peer-urls {at}:2380
            --initial-advertise-peer-urls {at}:2380 --advertise-client-urls {at}:2379
            --listen-client-urls {at}:2379,http://127.0.0.1:2379
            --heartbeat-interval 200 --election-timeout 2000"""
        self.etcd = self.start(self.folder / "etcd.log", self._tools.etcd, *words.split())

    @property
    def leads_etcd(self) -> bool:
        asked = self.command("env", "ETCDCTL_API=3", self._tools.etcdctl, "endpoint", "status")
        return "true" in told(*asked).split(", ")[4:5]

    def start_patroni(self) -> None:
        account = (
            "setpriv",
            f"--reuid={ACCOUNT}",
            "--clear-groups",
            "env",
            "-i",
            "PATH=/usr/bin:/bin",
        )
        self.patroni = self.start(
            self.folder / "patroni.log",
            *account,
            self._tools.patroni / "patroni",
            self.folder / "patroni.yml",
        )

    @property
    def postmaster(self) -> int:
        return int((self.folder / "data" / "postmaster.pid").read_text().split()[0])

    def ctl(self, *words: str) -> str:
        """What Patroni's own command says."""
        return told(self._tools.patroni / "patronictl", "-c", self.folder / "patroni.yml", *words)

    def die(self) -> None:
        """End Patroni and PostgreSQL at once."""
        send(signal.SIGKILL, self.patroni.pid, self.postmaster)

    def _configuration(self) -> Mapping[str, object]:
        allowed = [f"hostssl {whom} all {NETWORK} scram-sha-256" for whom in ("all", "replication")]
        roles = (("superuser", "postgres"), ("replication", "copy"), ("rewind", "rewind"))
        postgres = {
            "use_pg_rewind": True,
            "use_slots": True,
            "parameters": {
                "max_connections": 200,
                "wal_log_hints": "on",
                "wal_keep_size": "512MB",
                "shared_buffers": "64MB",
                "ssl": "on",
                "dynamic_shared_memory_type": "mmap",  # what is killed leaves nothing behind
            },
        }
        return {
            "scope": "varsel",
            "name": self.name,
            "watchdog": {"mode": "off"},
            "restapi": {
                "listen": f"{self.address}:8008",
                "connect_address": f"{self.address}:8008",
            },
            "etcd3": {"hosts": [f"{at}:2379" for at in ADDRESS.values()]},
            "bootstrap": {
                "dcs": {**self._dcs, "postgresql": postgres},
                "initdb": [{"encoding": "UTF8"}, {"locale": "C"}, "data-checksums"],
                "pg_hba": ["local all all trust", "host all all 127.0.0.1/32 trust", *allowed],
            },
            "postgresql": {
                "listen": f"{self.address},127.0.0.1:5432",
                "connect_address": f"{self.address}:5432",
                "data_dir": f"{self.folder}/data",
                "bin_dir": str(self._tools.postgres),
                "pgpass": f"{self.folder}/pgpass",
                "authentication": {
                    kind: {"username": name, "password": name} for kind, name in roles
                },
                "parameters": {
                    "unix_socket_directories": str(self.folder),
                    "ssl_cert_file": f"{self.folder}/server.crt",
                    "ssl_key_file": f"{self.folder}/server.key",
                },
            },
        }


class Cluster:
    """The three members."""

    def __init__(
        self, network: Network, folder: Path, tools: Tools, dcs: Mapping[str, object]
    ) -> None:
        authority = trustme.CA()
        self.trusted = folder / "authority.pem"
        """Who has issued the members' certificates."""
        authority.cert_pem.write_to_path(self.trusted)
        self.members = {
            name: Member(network, name, folder, tools, dcs=dcs, authority=authority)
            for name in ADDRESS
        }

    def start(self, stack: ExitStack) -> None:
        """Start all three, and make the service's database and its roles."""
        for each in self.members.values():
            stack.callback(each.remove)
            each.prepare()
        deadline = time.monotonic() + _PATIENCE
        while self.etcd_leader is None:
            assert time.monotonic() < deadline, "etcd has chosen no leader"
            time.sleep(0.2)
        for each in self.members.values():
            each.start_patroni()
        self.wait_whole()
        address = self.find("Leader").address
        administrator = f"postgresql://postgres:postgres@{address}/postgres"
        with psycopg.connect(administrator, autocommit=True) as connection:
            for role in (OWNER_ROLE, SERVICE_ROLE):
                named = Identifier(role)
                connection.execute(SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(named, role))
            connection.execute(
                SQL("CREATE DATABASE varsel OWNER {}").format(Identifier(OWNER_ROLE))
            )

    @property
    def etcd_leader(self) -> Member | None:
        """Who leads etcd, if anybody does."""
        return next((each for each in self.members.values() if each.leads_etcd), None)

    def _said(self) -> str:
        """The last words of each Patroni."""
        logs = {name: each.folder / "patroni.log" for name, each in self.members.items()}
        return "\n".join(f"{name}: {log.read_text()[-1000:]}" for name, log in logs.items())

    def listed(self) -> list[dict[str, Any]]:
        """The members, as Patroni tells of them."""
        for each in self.members.values():
            if (said := each.ctl("list", "-f", "json")).startswith("["):
                return list(json.loads(said))
        return []

    def find(self, role: str) -> Member:
        """Whoever has a role: `Leader`, `Sync Standby`, `Replica`."""
        return next(self.members[each["Member"]] for each in self.listed() if each["Role"] == role)

    def wait_whole(self) -> None:
        """Wait until there are a leader, a synchronous standby, and another one, on one timeline."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            found = self.listed()
            roles = {each["Role"] for each in found}
            running = {
                (each["State"] in {"running", "streaming"}, each.get("TL")) for each in found
            }
            if roles == {"Leader", "Replica", "Sync Standby"} and len(running) == 1:
                return
            assert time.monotonic() < deadline, f"not whole: {found}\n{self._said()}"
            time.sleep(0.5)
