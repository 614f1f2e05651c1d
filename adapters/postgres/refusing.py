"""Tell a database that refuses what it is given from one that cannot be reached."""

from typing import Final

import psycopg

_OF_DATA: Final = {
    "22",  # data exception
    "23",  # integrity constraint violation
    "54",  # program limit exceeded, as when a row is too large for its index
}
"""Classes of SQLSTATE: the same is refused again, on whichever connection it is tried."""


def is_of_data(error: BaseException) -> bool:
    """Whether the database refuses what it was given, however often it is tried.

    The driver calls some of these operational errors, as it calls a connection that is lost.
    """
    if isinstance(error, psycopg.DataError | psycopg.IntegrityError):
        return True  # the driver may have refused it itself, and then gives no SQLSTATE
    return isinstance(error, psycopg.Error) and (error.sqlstate or "")[:2] in _OF_DATA
