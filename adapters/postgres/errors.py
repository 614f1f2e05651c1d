"""What may go wrong with the database before any work is done.

Each error's text is one line that tells an operator what to do, and is fit to be printed as it is.
"""


class PostgresError(Exception):
    """The database cannot be used as things are."""


class PostgresStartError(PostgresError):
    """The PostgreSQL server of our own could not be started."""


class DataFolderInUseError(PostgresStartError):
    """Another process holds the data folder."""


class MigrationError(PostgresError):
    """The database's schema and this version of the service do not fit each other."""


class DatabaseUnreachableError(PostgresError):
    """The database does not answer, does not let us in, or takes no writes."""


class UnsafeSettingError(PostgresError):
    """The environment asks for something that would lose events."""


class UnsafeRoleError(PostgresError):
    """The role by which the service logs in to the database may do more than it must, or less."""
