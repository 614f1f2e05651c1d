"""A real Postfix as a relay, with a small mail server of our own behind it in the world's place.

The world steers by the local part of an address:

| local part | what happens                                                  |
| ---------- | ------------------------------------------------------------- |
| `nobody`   | refused at RCPT with 550 5.1.1, after Postfix has accepted it |
| `full`     | refused after the content with 552 5.2.2                      |
| `never`    | put off with 451, always                                      |
| `later`    | put off with 451 until some seconds have gone, then taken     |
| others     | taken                                                         |

What is addressed to `mailbox.example` Postfix puts into a mailbox itself.
Notifications of what became of e-mails go to the service by Postfix's own pipe and curl, as an
installation would have it.
"""

import contextlib
import itertools
import os
import pwd
import re
import shutil
import signal
import smtplib
import socketserver
import subprocess
import tempfile
import time
from base64 import b64decode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from threading import Lock, Thread
from typing import Final

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from typing_extensions import override

from tests.debian import ProgramUnavailableError, environment, program
from tests.service.installations import free_port

BOUNCES: Final = "bounces.example"
"""The domain that notifications come back to."""
MAILBOXES: Final = "mailbox.example"
"""The domain whose mailboxes Postfix keeps itself."""
REFUSED: Final = "refused@example.no"
"""An address that Postfix itself refuses."""
LATER: Final = 3.0
"""Seconds until `later` is taken."""

_PACKAGE: Final = "postfix"
_PATIENCE: Final = 20.0
_SERVICES: Final = """
127.0.0.1:{port} inet n - n - - smtpd
{submission}
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n - 0 cleanup
qmgr      unix  n - n 1 1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n - - trivial-rewrite
bounce    unix  - - n - 0 bounce
defer     unix  - - n - 0 bounce
trace     unix  - - n - 0 bounce
verify    unix  - - n - 1 verify
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n - - proxymap
smtp      unix  - - n - - smtp
relay     unix  - - n - - smtp
showq     unix  n - n - - showq
error     unix  - - n - - error
retry     unix  - - n - - error
virtual   unix  - n n - - virtual
anvil     unix  - - n - 1 anvil
scache    unix  - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
varsel    unix  - n n - 4 pipe
  flags=DORq user=nobody null_sender=
  argv=/bin/sh -c {{curl --config {folder}/report.curl --data-binary @- || exit 75}}
"""
_SETTINGS: Final = """
compatibility_level = 3.7
queue_directory = {folder}/queue
data_directory = {folder}/data
daemon_directory = {installed}/usr/lib/postfix/sbin
command_directory = {installed}/usr/sbin
shlib_directory = {installed}/usr/lib/postfix
meta_directory = {installed}/etc/postfix
maillog_file = {folder}/log/mail.log
maillog_file_prefixes = {folder}/log
mail_owner = uucp
setgid_group = list
default_privs = nobody
import_environment = MAIL_CONFIG MAIL_LOGTAG LD_LIBRARY_PATH
export_environment = LD_LIBRARY_PATH PATH
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = relay.example
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions =
  check_recipient_access inline:{{ {refused}=REJECT }}, permit_mynetworks, reject
smtpd_peername_lookup = no
smtpd_tls_security_level = {tls}
smtpd_tls_chain_files = {chain}
smtp_host_lookup = native
disable_dns_lookups = yes
relayhost = [127.0.0.1]:{world}
transport_maps = inline:{{ {bounces}=varsel: }}
varsel_destination_recipient_limit = 1
virtual_mailbox_domains = {mailboxes}
virtual_mailbox_base = {folder}/mailboxes
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 1s
transport_retry_time = 1s
maximal_queue_lifetime = {expires}s
bounce_queue_lifetime = {expires}s
delay_warning_time = 1s
confirm_delay_cleared = no
recipient_delimiter =
"""

_SUBMISSION: Final = """
127.0.0.1:{port} inet n - n - - smtpd
  -o smtpd_tls_wrappermode={wrapped}
  -o smtpd_tls_security_level=encrypt
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_sasl_type=dovecot
  -o smtpd_sasl_path=inet:127.0.0.1:{logins}
  -o smtpd_tls_auth_only=yes
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
  -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject
"""

_QUEUE_ID: Final = re.compile(r"\bid ([0-9A-Za-z]+)")
_REPORT: Final = """
silent
show-error
fail
url = "{url}"
header = "Authorization: Bearer {secret}"
header = "Content-Type: message/rfc822"
output = /dev/null
"""
_QUEUES: Final = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming")
_FOLDERS: Final = {
    "log": "root",
    "queue": "root",
    "queue/pid": "root",
    **{
        f"queue/{each}": "uucp"
        for each in (*_QUEUES, "private", "public", "maildrop", "saved", "trace")
    },
    "data": "uucp",
    "mailboxes": "nobody",
}
"""What Postfix expects to be there, and whose it is."""


@dataclass(frozen=True, slots=True)
class Came:
    """A message as it came to the world."""

    body: str
    queue_id: str
    """What Postfix calls it: one name for each hand-over to it, however often it hands it on."""


@dataclass(frozen=True, slots=True)
class World:
    """What took mail over from a relay."""

    port: int
    came: list[Came]

    @property
    def bodies(self) -> list[str]:
        """The bodies, each once for each time it came."""
        return [each.body for each in self.came]


class _House:
    """Takes mail in as the local part says."""

    def __init__(self) -> None:
        self.came: list[Came] = []
        self._began: dict[str, float] = {}
        self._lock = Lock()

    async def handle_RCPT(  # noqa: N802  # aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session, options
        match address.partition("@")[0].partition("+")[0]:
            case "nobody":
                return "550 5.1.1 no such mailbox"
            case "never":
                return "451 4.2.0 not now"
            case "later" if time.monotonic() < self._first(address) + LATER:
                return "451 4.2.0 not yet"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(  # noqa: N802  # likewise
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        del server, session
        if any(to.startswith("full") for to in envelope.rcpt_tos):
            return "552 5.2.2 mailbox full"
        content = envelope.original_content or b""
        message = message_from_bytes(content)
        payload = message.get_payload(decode=True)
        received = _QUEUE_ID.search(str(message["Received"]))
        assert isinstance(payload, bytes)
        assert received
        with self._lock:
            self.came.append(Came(payload.decode(), received[1]))
        return "250 2.0.0 taken"

    def _first(self, address: str) -> float:
        with self._lock:
            return self._began.setdefault(address, time.monotonic())


@contextmanager
def running_world() -> Iterator[World]:
    """Run the mail server behind the relays."""
    house = _House()
    controller = Controller(house, hostname="127.0.0.1", port=free_port(), enable_SMTPUTF8=True)
    controller.start()
    try:
        yield World(controller.port, house.came)
    finally:
        controller.stop()


class _Logins(socketserver.StreamRequestHandler):
    """Knows one user, and tells Postfix so as Dovecot would (its authentication protocol 1.1)."""

    server: "_LoginServer"

    @override
    def handle(self) -> None:
        me = f"SPID\t{os.getpid()}\nCUID\t{next(self.server.numbers)}\nCOOKIE\t{'0' * 32}"
        self._say(f"VERSION\t1\t1\nMECH\tPLAIN\tplaintext\n{me}\nDONE")
        for line in self.rfile:
            command, *fields = line.decode().rstrip("\n").split("\t")
            if command != "AUTH":
                continue
            number = fields[0]
            shown = next(each for each in fields if each.startswith("resp="))
            _, user, password = b64decode(shown.removeprefix("resp=")).decode().split("\0")
            is_right = (user, password) == (self.server.user, self.server.password)
            self._say(f"OK\t{number}\tuser={user}" if is_right else f"FAIL\t{number}\tuser={user}")

    def _say(self, words: str) -> None:
        self.wfile.write(f"{words}\n".encode())


class _LoginServer(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, login: "Login") -> None:
        super().__init__(("127.0.0.1", 0), _Logins)
        self.user, self.password = login.user, login.password
        self.numbers = itertools.count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Who may hand mail in at ports that take nobody else, by TLS alone."""

    user: str
    password: str
    implicit: int
    """The port where TLS is spoken from the first octet on."""
    upgraded: int
    """The port where STARTTLS leads to it."""


@contextmanager
def _taking(login: Login | None) -> Iterator[str]:
    """Let whoever has the login hand mail in; the services of Postfix for it."""
    if login is None:
        yield ""
        return
    with _LoginServer(login) as server:
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        port: int = server.server_address[1]
        yield "".join(
            _SUBMISSION.format(port=each, wrapped=wrapped, logins=port)
            for each, wrapped in ((login.implicit, "yes"), (login.upgraded, "no"))
        )
        server.shutdown()


class Relay:
    """A Postfix, which can be killed and started again with its queue as it was."""

    def __init__(self, folder: Path, programs: Path, port: int) -> None:
        self.port = port
        self.folder = folder
        self._programs = programs
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self.folder / "log" / "said").open("ab") as said:
            self._process = subprocess.Popen(
                [self._programs.parent / "lib/postfix/sbin/master", "-d", "-c", self.folder],
                env={**environment(_PACKAGE), "MAIL_CONFIG": str(self.folder)},
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                with smtplib.SMTP("127.0.0.1", self.port, timeout=_PATIENCE) as session:
                    session.ehlo()
            except OSError:
                assert time.monotonic() < deadline, f"Postfix does not answer:\n{self.log}"
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        """Kill it at once, with all its processes."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(_PATIENCE)
            self._process = None

    @property
    def log(self) -> str:
        """What Postfix says of its work."""
        path = self.folder / "log" / "mail.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def handed_on(self) -> None:
        """Wait until all that was accepted has been tried."""
        deadline = time.monotonic() + _PATIENCE
        waiting = ("incoming", "active")
        while any(any((self.folder / "queue" / each).iterdir()) for each in waiting):
            assert time.monotonic() < deadline, f"Postfix still has something:\n{self.log}"
            time.sleep(0.02)

    def emptied(self) -> None:
        """Wait until nothing is left to be handed on, or to be tried again."""
        deadline = time.monotonic() + _PATIENCE
        while any(
            each.is_file()
            for name in ("maildrop", "incoming", "active", "deferred")
            for each in (self.folder / "queue" / name).rglob("*")
        ):
            assert time.monotonic() < deadline, f"Postfix still has something:\n{self.log}"
            time.sleep(0.02)

    def mailboxes(self) -> Sequence[bytes]:
        """The messages in the mailboxes that it keeps."""
        return [each.read_bytes() for each in self.folder.glob("mailboxes/all/new/*")]


@contextmanager
def running_postfix(
    world: World,
    *,
    report_url: str,
    secret: str,
    chain: Path | None = None,
    authority: Path | None = None,
    login: Login | None = None,
    bounces: str = BOUNCES,
    expires: int = 3600,
) -> Iterator[Relay]:
    """Run a Postfix that hands everything on to the world, and reports to the service.

    `chain` is a key with its certificates, by which it offers TLS, also where a `login` is needed;
    `authority` has signed the certificate of the service; after `expires` seconds it gives up what
    it could not hand on.

    Raises:
        ProgramUnavailableError: it is not to be had, or this is not the administrator: Postfix
            starts for nobody else.
    """
    if os.geteuid() != 0:
        raise ProgramUnavailableError("Postfix is only started by the administrator")
    programs = program(_PACKAGE, "postconf").parent
    # Its processes give their rights away, and so cannot enter a folder of the administrator's.
    folder = Path(tempfile.mkdtemp(prefix="varsel-postfix-"))
    relay = Relay(folder, programs, free_port())
    settings = _SETTINGS.format(
        folder=folder,
        installed=str(programs.parents[1]).rstrip("/"),
        world=world.port,
        bounces=bounces,
        mailboxes=MAILBOXES,
        refused=REFUSED,
        uid=pwd.getpwnam("nobody").pw_uid,
        gid=pwd.getpwnam("nobody").pw_gid,
        expires=expires,
        tls="may" if chain else "none",
        chain=chain or "",
    )
    try:
        folder.chmod(0o755)
        (folder / "main.cf").write_text(settings)
        trusted = "" if authority is None else f'cacert = "{authority}"\n'
        (folder / "report.curl").write_text(_REPORT.format(url=report_url, secret=secret) + trusted)
        for name, owner in _FOLDERS.items():
            (folder / name).mkdir(parents=True, exist_ok=True)
            os.chown(folder / name, pwd.getpwnam(owner).pw_uid, -1)
        with _taking(login) as submission:
            services = _SERVICES.format(port=relay.port, folder=folder, submission=submission)
            (folder / "master.cf").write_text(services)
            try:
                relay.start()
                yield relay
            finally:
                relay.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
