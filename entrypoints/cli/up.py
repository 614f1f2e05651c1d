"""`varsel up`: the whole service on one machine."""

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar
from uuid import uuid4

import aiohttp
import structlog
from cyclopts import Parameter
from rich.console import Console

from adapters.key_vault.file_key_vault import KeyFileError
from adapters.postgres import EmbeddedPostgres
from adapters.postgres.errors import PostgresError, PostgresStartError
from application.caller import CREATE
from entrypoints.cli import demo
from entrypoints.cli.app import settings_from
from entrypoints.cli.logs import log_to_stderr
from entrypoints.cli.processes import refuse
from entrypoints.cli.refusal import Refusal, RefusedSettings
from entrypoints.running import Running, announced, notes_of
from entrypoints.settings import Settings
from entrypoints.supervisor import (
    Child,
    PortInUseError,
    ProcessFailedError,
    Supervisor,
    listen,
)
from entrypoints.wiring.registries import followed, load_unfollowed_samples
from entrypoints.wiring.store import bring_schema_up_to_date, refuse_unfit_database
from entrypoints.wiring.tokens import development_issuer

log = structlog.get_logger()
T = TypeVar("T")

_PATIENCE: Final = 30.0
_TOKEN_LIFETIME: Final = 12 * 3600
_FOLLOWED_EVERY: Final = "1s"
"""How often the stand-ins for the registers are looked at, so that whoever changes somebody sees it at once."""
_STOPPING: Final = (signal.SIGINT, signal.SIGTERM)
_LOOK: Final = 0.5
"""Seconds between two looks at whether the database of our own lives."""

# What `--development` decides where the environment says nothing: everything on this machine,
# and short waits, since servers on the loopback answer at once or not at all.
_DEVELOPMENT: Final[Mapping[str, str]] = {
    "VARSEL_DEVELOPMENT_ISSUER": "1",
    "VARSEL_CATCH_ALL": "1",
    "VARSEL_SAMPLES": "1",
    "VARSEL_CONDITION_HOSTS": "localhost,127.0.0.1,::1",
    "VARSEL_WEBHOOK_HOSTS": "localhost,127.0.0.1,::1",
    "VARSEL_SMTP_REPLY_TIMEOUT": "10",
    "VARSEL_SMS_TIMEOUT": "10",
    "VARSEL_SEND_WITHIN": "5",
    "VARSEL_OUTCOME_SLACK": "5",
    "VARSEL_REPORT_WAIT": "15",
    "VARSEL_LEASE": "5",
    "VARSEL_DECISION_POINT_CACHE": "5",
    "VARSEL_AUTHORITY_WAIT": "15",
    "VARSEL_LOG_LEVEL": "warning",
}

_console = Console(highlight=False, soft_wrap=True)


def up(*, development: Annotated[bool, Parameter(negative=())] = False) -> None:
    """Start everything that the service needs, and keep it up until Ctrl-C.

    Parameters
    ----------
    development
        Also issue tokens, stand in for the registers, and start servers that catch what is sent.
    """
    environ = {**(_DEVELOPMENT if development else {}), **os.environ}
    settings = settings_from(environ)
    refuse(settings)
    log_to_stderr(settings)
    stop = Stop()
    try:
        with ExitStack() as stack:
            _start(settings, environ, stack, stop)
    except KeyFileError as problem:
        raise RefusedSettings(str(problem)) from None
    except (PostgresError, PortInUseError, ProcessFailedError) as problem:
        raise Refusal(str(problem)) from None
    except KeyboardInterrupt:
        pass
    _say_below("Everything is stopped.")


class Stop:
    """How the command is told to stop, by Ctrl-C or SIGTERM: once, and nothing interrupts what follows.

    It is noted when it comes, and acted on where nothing is half done.
    """

    def __init__(self) -> None:
        self._is_asked = False
        self._tell: Callable[[], None] | None = None
        for number in _STOPPING:
            signal.signal(number, self._heard)

    def heed(self) -> None:
        """Go no further if the command is to stop.

        Raises:
            KeyboardInterrupt: it is.
        """
        if self._is_asked:
            raise KeyboardInterrupt

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Do a piece of work, or break it off when the command is to stop.

        Raises:
            KeyboardInterrupt: it is broken off.
        """

        async def whole() -> T:
            doing = asyncio.create_task(work)
            self._when_asked(doing.cancel)
            return await doing

        try:
            return asyncio.run(whole())
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None

    async def asked(self) -> None:
        """Return when the command is to stop."""
        told = asyncio.Event()
        self._when_asked(told.set)
        await told.wait()

    def _when_asked(self, then: Callable[[], object]) -> None:
        loop = asyncio.get_running_loop()

        def tell() -> None:
            with contextlib.suppress(RuntimeError):  # all has come to its end by itself
                loop.call_soon_threadsafe(then)

        self._tell = tell
        if self._is_asked:
            tell()

    def _heard(self, number: int, frame: object) -> None:
        # Once is enough; but not SIG_IGN from then on: what is being started at this very moment would
        # inherit that through exec (POSIX), and would not heed the supervisor that tells it to stop.
        del number, frame
        if self._is_asked:
            return
        self._is_asked = True
        if self._tell is not None:
            self._tell()


def _start(settings: Settings, environ: Mapping[str, str], stack: ExitStack, stop: Stop) -> None:
    listener = stack.enter_context(contextlib.closing(listen(settings.host, settings.port)))
    stop.heed()
    _folder(settings.data)
    database, server = settings.database_url, None
    if database is None:
        server = EmbeddedPostgres(
            settings.data / "postgres", settings={"max_connections": "200"}, heed=stop.heed
        )
        database = stack.enter_context(server)
        _console.print(f"PostgreSQL runs, with its data in {settings.data / 'postgres'}")
    applied = stop.do(bring_schema_up_to_date(database))
    _console.print(f"The schema is up to date ({len(applied)} migrations applied)")
    stop.do(refuse_unfit_database(settings, database))
    environ = {
        **environ,
        "VARSEL_DATA": str(settings.data),
        "VARSEL_DATABASE_URL": database,
        **(_catch_all(settings) if settings.catch_all else {}),
    }
    registers, following = None, dict[str, str]()
    if settings.samples:
        stop.do(load_unfollowed_samples(settings, database))
        registers = stack.enter_context(contextlib.closing(listen("127.0.0.1", 0)))
        url = f"http://127.0.0.1:{registers.getsockname()[1]}"
        following |= followed(settings, url)
        environ = {"VARSEL_REGISTRY_INTERVAL": _FOLLOWED_EVERY, **environ, **following}
        _console.print(f"Stand-ins for the registers, with invented people, answer at {url}")
    running = Running(
        data=settings.data.resolve(),
        base_url=settings.base_url,
        database=database,
        issues_tokens=settings.development_issuer,
        key_file=settings.key_file and settings.key_file.resolve(),
        owners_file=settings.owners_file and settings.owners_file.resolve(),
        followed=following,
    )
    stack.enter_context(announced(running, notes_of(environ)))
    asyncio.run(_keep_up(settings, environ, Listening(listener, registers), server, stop))


def _say_below(words: str) -> None:
    """Say something below the line on which a terminal shows the keys that were pressed."""
    _console.print(f"\n{words}" if _console.is_terminal else words)


def _folder(data: Path) -> None:
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise Refusal(
            f"the data folder {data} cannot be made ({problem.strerror}); "
            "name another with VARSEL_DATA"
        ) from None


def _catch_all(settings: Settings) -> Mapping[str, str]:
    """Settings by which the service sends to the catch-all servers, and they report back."""
    chosen = {
        "VARSEL_SMTP_URL": settings.smtp_url or f"smtp://127.0.0.1:{_free_port()}",
        "VARSEL_SMTP_STARTTLS": "0",
        "VARSEL_SMS_URL": settings.sms_url or f"http://127.0.0.1:{_free_port()}",
    }
    for name, value in (
        ("VARSEL_SMS_PASSWORD", settings.sms_password),
        ("VARSEL_SMS_REPORT_PASSWORD", settings.sms_report_password),
        ("VARSEL_EMAIL_REPORT_SECRET", settings.email_report_secret),
    ):
        chosen[name] = value or secrets.token_urlsafe(24)
    return chosen


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Listening:
    """The sockets that listen already when the processes start."""

    api: socket.socket
    registers: socket.socket | None
    """None where there are no stand-ins for the registers."""


def _children(settings: Settings, listening: Listening) -> Iterator[Child]:
    for number in range(settings.api_processes):
        yield Child(
            name=f"API {number + 1}",
            arguments=["serve", "--fd", str(listening.api.fileno())],
            pass_fds=(listening.api.fileno(),),
        )
    for number in range(settings.workers):
        yield Child(name=f"worker {number + 1}", arguments=["work"])
    if settings.catch_all:
        yield Child(name="catch-all", arguments=["catch-all"], stops_last=True)
    if listening.registers is not None:
        fd = listening.registers.fileno()
        yield Child(
            name="registers",
            arguments=["sandbox", "registers", "--fd", str(fd)],
            pass_fds=(fd,),
            stops_last=True,
        )


async def _keep_up(
    settings: Settings,
    environ: Mapping[str, str],
    listening: Listening,
    server: EmbeddedPostgres | None,
    stop: Stop,
) -> None:
    asked = asyncio.create_task(stop.asked())
    supervisor = Supervisor(list(_children(settings, listening)), environ)
    async with (
        supervisor.running() as keeping,
        _reviving(server),
    ):
        ends = {keeping, asked}
        answering = asyncio.create_task(_answers(settings, listening))
        await asyncio.wait({answering, *ends}, return_when=asyncio.FIRST_COMPLETED)
        if answering.done():
            await answering
            _tell(settings)
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        answering.cancel()
        if asked.done():
            _say_below("It stops, when what is in hand is done.")
        if keeping.done():
            await keeping


@contextlib.asynccontextmanager
async def _reviving(server: EmbeddedPostgres | None) -> AsyncIterator[None]:
    """Start the server of our own again whenever it has died, however often it takes."""

    async def look() -> None:
        while server is not None:
            await asyncio.sleep(_LOOK)
            try:
                await asyncio.to_thread(server.revive)
            except PostgresStartError as problem:
                log.critical("database_not_started", because=str(problem), does="tries again")

    task = asyncio.create_task(look())
    try:
        yield
    finally:
        task.cancel()


async def _answers(settings: Settings, listening: Listening) -> None:
    """Wait until the service answers, knows whom to reach where, and can do its work."""
    host = "127.0.0.1" if settings.host == "0.0.0.0" else settings.host  # noqa: S104  # compared, not bound
    url = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}/health/ready"
    deadline = asyncio.get_running_loop().time() + _PATIENCE
    is_followed, is_up = listening.registers is not None and settings.workers > 0, False
    async with aiohttp.ClientSession() as session:
        while True:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with session.get(url, timeout=aiohttp.ClientTimeout(total=2)) as answer:
                    is_up = answer.ok
                    if is_up and (not is_followed or _are_loaded(await answer.json())):
                        return
            if asyncio.get_running_loop().time() > deadline:
                if is_up:
                    return  # the registers may be others', which take their time
                raise ProcessFailedError(f"the service does not answer at {url}")
            await asyncio.sleep(0.05)


def _are_loaded(readiness: Mapping[str, Any]) -> bool:
    """Whether the copies of the registers can be relied on."""
    return all(each["isReady"] for each in readiness.get("registries", []))


def _tell(settings: Settings) -> None:
    """Tell where the service is, and what to do next."""
    url = settings.base_url
    _console.print(f"\nvarsel is ready: {url}\nThe API is described at {url}/docs\n")
    if settings.development_issuer:
        issuer = development_issuer(settings.data, url)
        token = issuer.issue("ttd", "991825827", CREATE, lifetime=_TOKEN_LIFETIME)
        key = f"try-{uuid4()}"
        varsel = Path(sys.executable).parent / "varsel"
        with contextlib.suppress(ValueError):
            varsel = varsel.relative_to(Path.cwd())
        _console.print(f"A token of the owner ttd, for twelve hours:\n{token}\n")
        _console.print("Paste this into a second terminal; it orders an e-mail to Kari:")
        _console.print(demo.curl(url, token, idempotency_id=key) + "\n")
        _console.print("Or let the command place an order and show what happens to it:")
        _console.print(f"{varsel} order\n{varsel} mailbox\n")
    _console.print("Ctrl-C stops everything.")
