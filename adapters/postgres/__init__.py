"""The one piece of infrastructure: PostgreSQL.

Here a server of our own is started when the installation names none, the schema is brought up to
date, and connections are pooled. What is kept in the database is known by the adapters that keep
it there; they may import this package, and this one imports none of them.
"""

from adapters.postgres.connection import Succession
from adapters.postgres.embedded import EmbeddedPostgres
from adapters.postgres.errors import (
    DatabaseUnreachableError,
    DataFolderInUseError,
    MigrationError,
    PostgresStartError,
    UnsafeSettingError,
)
from adapters.postgres.migrations import migrate
from adapters.postgres.pool import open_pool, refuse_unsafe

__all__ = [
    "DataFolderInUseError",
    "DatabaseUnreachableError",
    "EmbeddedPostgres",
    "MigrationError",
    "PostgresStartError",
    "Succession",
    "UnsafeSettingError",
    "migrate",
    "open_pool",
    "refuse_unsafe",
]
