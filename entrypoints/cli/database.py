"""Which database a command works on, and what is said when it gives no answer."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from adapters.key_vault.file_key_vault import KeyFileError
from adapters.postgres.errors import PostgresError
from adapters.registries.sealing import LostKeyError
from application.operations.recorder import ReasonMissingError
from application.ports.order_repository import SpoiltHistoryError, StoreUnavailableError
from entrypoints.cli.installation import settings_and_database
from entrypoints.cli.refusal import Refusal

T = TypeVar("T")


def database() -> str:
    """The database that the settings name, or that of the installation that runs.

    Raises:
        Refusal: neither is there, or it cannot be told which is meant.
    """
    return settings_and_database()[1]


def asked(question: Coroutine[Any, Any, T]) -> T:
    """What the database answers.

    Raises:
        Refusal: it cannot be reached, or is none that the service can use.
    """
    try:
        return asyncio.run(question)
    except ReasonMissingError:
        raise Refusal("say why with --reason; it goes on record with your name") from None
    except SpoiltHistoryError as problem:
        raise Refusal(f"the history is not what was recorded: {problem}") from None
    except (PostgresError, KeyFileError, LostKeyError, StoreUnavailableError) as problem:
        raise Refusal(str(problem) or "the database cannot be reached") from None
