"""Where every connection of the service leads, whoever makes it.

It leads to the server that takes writes: of several hosts to that one, to a standby never. So nobody
reads what is behind the writes, and a fail-over is followed without a word.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

_NETWORK: Final[Mapping[str, int]] = {
    "connect_timeout": 3,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
_WRITES: Final = {"target_session_attrs": "read-write"}
_ANY: Final = {"target_session_attrs": "any"}


def to_primary(conninfo: str, **more: str) -> str:
    """Say how to connect to the server that takes writes, by what the operator's URL says.

    The URL may set other limits to a silent network; which server is meant is not its to say.
    """
    given = conninfo_to_dict(conninfo)
    return make_conninfo(conninfo, **{**_NETWORK, **given, **more, **_WRITES})


def each_host(conninfo: str) -> Sequence[str]:
    """How to connect to each of the hosts that a connection string names."""
    given = conninfo_to_dict(conninfo)
    named = {
        name: str(given[name]).split(",")
        for name in ("host", "hostaddr", "port")
        if given.get(name) is not None
    }
    count = max((len(named[name]) for name in ("host", "hostaddr") if name in named), default=1)
    if count == 1:
        return [conninfo]
    return [
        make_conninfo(conninfo, **{name: each[number % len(each)] for name, each in named.items()})
        for number in range(count)
    ]


def once_more(conninfo: str, connection: psycopg.AsyncConnection[Any]) -> str:
    """How to connect once more, and by another driver, to the very server that a connection leads to."""
    return make_conninfo(conninfo, **connection.info.get_parameters())


async def refusal(conninfo: str) -> str | None:
    """Tell an operator why there is no connection, by one more try; None if there is one now."""
    try:
        async with await psycopg.AsyncConnection.connect(
            make_conninfo(to_primary(conninfo), **_ANY)
        ) as connection:
            cursor = await connection.execute("SHOW transaction_read_only")
            if await cursor.fetchone() == ("off",):
                return None
    except psycopg.OperationalError as error:
        return f"The database in VARSEL_DATABASE_URL lets nobody in: {first_line(error)}."
    return (
        "The database that answers takes no writes, as a standby does, and so nothing is read from "
        "it either: name the primary in VARSEL_DATABASE_URL, or all hosts, or promote this one."
    )


def first_line(error: psycopg.Error) -> str:
    """What the server, or the way to it, has said first; it holds no password."""
    first, *_ = str(error).splitlines() or ["it gave no reason"]
    return first.removeprefix("connection failed: ").strip().rstrip(".:")
