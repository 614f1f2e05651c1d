"""What each process of the service does: answer HTTP, carry orders out, or stand in for providers."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import structlog
import uvicorn
from typing_extensions import override

from entrypoints.bootstrap import Running, api, wired
from entrypoints.http.transport.uvicorn_protocol import PatientProtocol
from entrypoints.sandbox import CatchAll, Credentials, ReportTarget
from entrypoints.sandbox.registers import Holdings, Registers, announced
from entrypoints.settings import Settings
from entrypoints.wiring.providers import LINK_REPORTS, MAIL_REPORTS

log = structlog.get_logger()

REGISTERS: Final = "registers"
"""The folder below the data folder where the stand-ins for the registers keep what is changed."""
MAILBOX: Final = "mailbox"
"""The folder below the data folder where the catch-all servers keep what they are sent."""
_GRACE: Final = 5
_YIELDING: Final = 10
"""How far the work behind stands back for who is waiting for an answer (nice), on one machine."""


@contextlib.asynccontextmanager
async def _until_stopped(lifeline: int | None) -> AsyncIterator[asyncio.Event]:
    """Give an event that is set by SIGTERM, by SIGINT, or when whoever holds the lifeline is gone."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)

    def let_go(held: int) -> None:
        loop.remove_reader(held)
        stopped.set()

    if lifeline is not None:
        loop.add_reader(lifeline, let_go, lifeline)
    try:
        yield stopped
    finally:
        if lifeline is not None:
            loop.remove_reader(lifeline)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def _work_until(stopped: asyncio.Event, *work: Awaitable[Any]) -> None:
    """Do the work until told to stop; work that ends by itself has failed, and ends the process."""
    tasks = [asyncio.ensure_future(each) for each in work]
    stop = asyncio.create_task(stopped.wait())
    await asyncio.wait({stop, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    for task in (stop, *tasks):
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome


class _Server(uvicorn.Server):
    """uvicorn's server, stopped by us and not by signals of its own."""

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def freeze() -> None:
    """Take what was made at start out of the collector's rounds; it halves the slowest answers."""
    gc.collect()
    gc.freeze()
    # Its smallest round goes through so many new objects, which takes a few milliseconds.
    gc.set_threshold(10_000, 5, 1_000)
    # Long work in another thread lets the loop go on after so many seconds; ten times as often as usual.
    sys.setswitchinterval(0.0005)


async def answer(
    settings: Settings, listener: socket.socket, *, lifeline: int | None = None
) -> None:
    """Answer HTTP on a listening socket until told to stop."""
    async with _until_stopped(lifeline) as stopped, wired(settings) as running:
        config = uvicorn.Config(
            api(settings, running),
            loop="uvloop",
            http=PatientProtocol,
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,  # nothing here asks from where a request came
            server_header=False,
            date_header=True,
            timeout_keep_alive=60,
            timeout_graceful_shutdown=_GRACE,
        )
        server = _Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        noting = asyncio.create_task(running.application.provider_health.run())
        freeze()
        await asyncio.wait(
            {asyncio.create_task(stopped.wait()), serving}, return_when=asyncio.FIRST_COMPLETED
        )
        server.should_exit = True
        await serving
        noting.cancel()
        await asyncio.wait({noting})


async def work(settings: Settings, *, lifeline: int | None = None) -> None:
    """Carry orders out, take reports down, keep projections and copies up, tell receivers; until told to stop."""
    os.nice(_YIELDING)
    async with _until_stopped(lifeline) as stopped, wired(settings) as running:
        freeze()
        await _work_until(stopped, *_tasks(running))


def _tasks(running: Running) -> list[Awaitable[None]]:
    application = running.application
    return [
        application.dispatcher.run(),
        application.delivery_reports.run(),
        running.projecting.run(),
        application.provider_health.run(),
        application.webhook_publisher.run(),
        application.registry_sync.run(),
        *([] if application.address_writer is None else [application.address_writer.run()]),
    ]


async def catch(settings: Settings, *, lifeline: int | None = None) -> None:
    """Stand in for a mail server and an SMS gateway until told to stop."""
    os.nice(_YIELDING)
    smtp, sms = urlsplit(settings.smtp_url or ""), urlsplit(settings.sms_url or "")
    catch_all = CatchAll(
        settings.data / MAILBOX,
        smtp_port=smtp.port or 0,
        sms_port=sms.port or 0,
        mail_reports=ReportTarget.raw_mail(
            url=settings.base_url + MAIL_REPORTS, secret=settings.email_report_secret or ""
        ),
        sms_reports=ReportTarget.xml(
            url=settings.base_url + LINK_REPORTS,
            user=settings.sms_report_user,
            password=settings.sms_report_password or "",
        ),
        sms_credentials=Credentials(user=settings.sms_user, password=settings.sms_password or ""),
    )
    async with _until_stopped(lifeline) as stopped, catch_all:
        await stopped.wait()


async def stand_in(
    settings: Settings,
    holdings: Callable[[Path], Holdings],
    listener: socket.socket,
    *,
    client_key: bytes | None = None,
    told: Callable[[str], None] = lambda _: None,
    lifeline: int | None = None,
) -> None:
    """Stand in for the registers on a listening socket until told to stop.

    Args:
        settings: whose tokens for registers are good here.
        holdings: makes what they hold, kept in a folder.
        listener: where they listen.
        client_key: the public key by which grants for tokens must be signed, if that is judged.
        told: hears where they are, when they answer.
        lifeline: what somebody holds for as long as they are needed.

    Raises:
        RegistersInUseError: others keep what is changed in the same folder.
        ValueError: the client's key is no RSA key.
    """
    os.nice(_YIELDING)
    tokens = (settings.krr_token, settings.businesses_token, settings.party_register_token)
    folder = settings.data / REGISTERS
    registers = Registers(
        holdings(folder),
        listener=listener,
        tokens=[each for each in tokens if each is not None],
        client_key=client_key,
    )
    async with _until_stopped(lifeline) as stopped, registers:
        with announced(folder, registers.url):
            told(registers.url)
            await stopped.wait()
