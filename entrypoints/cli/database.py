"""Which database a command works on, and what is said when it gives no answer."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from adapters.key_vault.file_key_vault import KeyFileError
from adapters.postgres.errors import PostgresError
from application.operations.recorder import ReasonMissingError
from application.ports.order_repository import StoreUnavailableError
from entrypoints.cli.app import settings_from
from entrypoints.cli.refusal import Refusal
from entrypoints.running import find

T = TypeVar("T")


def database() -> str:
    """The database that the settings name, or that of the service that runs on the data folder.

    Raises:
        Refusal: neither is there.
    """
    settings = settings_from()
    if settings.database_url is not None:
        return settings.database_url
    running = find(settings.data)
    if running is None:
        raise Refusal(
            f"nothing runs on the data folder {settings.data}: start it with `make run`, "
            "or name a database with VARSEL_DATABASE_URL"
        )
    return running.database


def asked(question: Coroutine[Any, Any, T]) -> T:
    """What the database answers.

    Raises:
        Refusal: it cannot be reached, or is none that the service can use.
    """
    try:
        return asyncio.run(question)
    except ReasonMissingError:
        raise Refusal("say why with --reason; it goes on record with your name") from None
    except (PostgresError, KeyFileError, StoreUnavailableError) as problem:
        raise Refusal(str(problem) or "the database cannot be reached") from None


def base_url() -> str:
    """Where the running service answers.

    Raises:
        Refusal: nothing runs here.
    """
    settings = settings_from()
    running = find(settings.data)
    if running is None:
        raise Refusal(f"nothing runs on the data folder {settings.data}: start it with `make run`")
    return running.base_url
