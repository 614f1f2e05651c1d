"""`varsel serve`, `varsel work` and `varsel catch-all`: one process each, for whoever runs several."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeAlias

import uvloop
from cyclopts import Parameter

from adapters.key_vault.file_key_vault import KeyFileError
from adapters.postgres.errors import PostgresError
from adapters.tokens.development import DevelopmentIssuerRefusedError
from adapters.tokens.owners_file import OwnersFileError
from application.ports.order_repository import SpoiltHistoryError, StoreUnavailableError
from application.setting import SettingError
from entrypoints import processes
from entrypoints.bootstrap import refuse_unsafe_start
from entrypoints.cli.app import settings_from
from entrypoints.cli.logs import log_to_stderr
from entrypoints.cli.refusal import Refusal, RefusedSettings
from entrypoints.settings import Settings
from entrypoints.supervisor import PortInUseError, listen

Descriptor: TypeAlias = Annotated[int | None, Parameter(show=False)]
"""The number of something open, as `varsel up` hands it down."""


def serve(*, fd: Descriptor = None, lifeline: Descriptor = None) -> None:
    """Answer HTTP, on the address that the settings name."""
    settings = _checked()
    listener = listener_of(fd, settings.host, settings.port)
    run(settings, lambda: processes.answer(settings, listener, lifeline=lifeline))


def work(*, lifeline: Descriptor = None) -> None:
    """Carry orders out, as one of any number of workers."""
    settings = _checked()
    run(settings, lambda: processes.work(settings, lifeline=lifeline))


def catch_all(*, lifeline: Descriptor = None) -> None:
    """Stand in for a mail server and an SMS gateway."""
    settings = _checked()
    run(settings, lambda: processes.catch(settings, lifeline=lifeline))


def _checked() -> Settings:
    settings = settings_from()
    refuse(settings)
    return settings


def refuse(settings: Settings) -> None:
    """Refuse settings under which the service must not start.

    Raises:
        RefusedSettings: says which, and what to do.
    """
    try:
        refuse_unsafe_start(settings)
    except (PostgresError, DevelopmentIssuerRefusedError, SettingError) as problem:
        raise RefusedSettings(str(problem)) from None


def listener_of(
    fd: int | None, host: str, port: int, *, setting: str = "VARSEL_PORT"
) -> socket.socket:
    """A socket that listens: the one that was handed down, or one of our own.

    Raises:
        Refusal: the port cannot be had.
    """
    try:
        return listen(host, port, setting=setting) if fd is None else socket.socket(fileno=fd)
    except PortInUseError as problem:
        raise Refusal(str(problem)) from None


def run(settings: Settings, process: Callable[[], Awaitable[None]]) -> None:
    """Run a process to its end.

    Raises:
        Refusal: it cannot be run; says why.
    """
    log_to_stderr(settings)

    async def whole() -> None:
        await process()

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(whole())
    except (PostgresError, StoreUnavailableError) as problem:
        raise Refusal(str(problem) or "the database cannot be reached") from None
    except SpoiltHistoryError as problem:
        raise Refusal(f"what is recorded of an owner is not what was recorded: {problem}") from None
    except (KeyFileError, OwnersFileError, SettingError) as problem:
        raise RefusedSettings(str(problem)) from None
