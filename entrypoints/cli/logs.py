"""Where a command's log goes."""

import logging
import sys
from typing import Final

import structlog
from structlog.types import Processor

from entrypoints.settings import Settings

_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def log_to_stderr(settings: Settings) -> None:
    """Log lines of JSON to standard error, from the level that the settings name; of libraries, warnings."""
    level = _LEVELS[settings.log_level]
    circumstances: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    written: list[Processor] = [
        structlog.processors.EventRenamer("message"),
        structlog.processors.JSONRenderer(),
    ]
    structlog.configure(
        processors=[*circumstances, *written],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    of_libraries = logging.StreamHandler(sys.stderr)
    of_libraries.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*circumstances, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                *written,
            ],
        )
    )
    logging.basicConfig(level=max(level, _LEVELS["warning"]), handlers=[of_libraries])
