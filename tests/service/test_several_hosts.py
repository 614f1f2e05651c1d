"""Workers on several hosts, of which one is cut off in the middle of its work and comes back."""

import asyncio
import json
import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from random import Random
from typing import Final

import pytest
import trustme
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.chaos.checker import findings, held
from tests.chaos.load import order_many
from tests.chaos.playing import SETTINGS, accounts_of
from tests.missing import skipped_where_missing
from tests.service.hosts import Host, hosts, reachable
from tests.service.installations import Installation, free_port, installation

ORDERS: Final = 2000
AWAY: Final = 20.0
"""Seconds for which a host is away: longer than its leases last."""


@pytest.fixture
def installed(tmp_path: Path) -> Iterator[tuple[Installation, list[Host]]]:
    smtp, sms = free_port(), free_port()
    settings = {
        **SETTINGS,
        # The host that is away is joined again when its own system, too, has given up its connections.
        "VARSEL_SMTP_REPLY_TIMEOUT": "10",
        "VARSEL_WORKERS": "0",
        "VARSEL_SMTP_URL": f"smtp://127.0.0.1:{smtp}",
        "VARSEL_SMS_URL": f"http://127.0.0.1:{sms}",
        "VARSEL_SMS_PASSWORD": "gateway",
    }
    with ExitStack() as stack:
        with skipped_where_missing():
            both = stack.enter_context(hosts(1, 2))
        served = stack.enter_context(installation(tmp_path, settings))
        served.start()
        for host in both:
            host.work(_environ(stack, served, host, smtp=smtp, sms=sms))
        yield served, both


def _environ(
    stack: ExitStack, served: Installation, host: Host, *, smtp: int, sms: int
) -> dict[str, str]:
    """The settings of a worker that has everything from another machine."""
    running = json.loads((served.data / "running.json").read_text())
    database = conninfo_to_dict(running["database"])
    socket = Path(str(database["host"])) / f".s.PGSQL.{database['port']}"
    authority = trustme.CA()
    trusted = served.data / f"{host.name}.pem"
    authority.cert_pem.write_to_path(trusted)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host.here).configure_cert(tls)
    at = {
        name: stack.enter_context(reachable(host.here, inside, tls=secured))
        for name, inside, secured in (
            ("database", socket, None),
            ("smtp", ("127.0.0.1", smtp), None),
            ("sms", ("127.0.0.1", sms), tls),
        )
    }
    return {
        **served.environ,
        "VARSEL_DATABASE_URL": make_conninfo(
            running["database"], host=host.here, port=at["database"]
        ),
        "VARSEL_SMTP_URL": f"smtp://{host.here}:{at['smtp']}",
        "VARSEL_SMTP_STARTTLS": "0",
        "VARSEL_SMS_URL": f"https://{host.here}:{at['sms']}",
        "SSL_CERT_FILE": str(trusted),
    }


@pytest.mark.service
@pytest.mark.soak
@pytest.mark.timeout(300)
def test_a_host_that_is_cut_off_and_comes_back_sends_nothing_twice_and_nothing_stale(
    installed: tuple[Installation, list[Host]],
) -> None:
    asyncio.run(_through_the_cut(*installed))


async def _through_the_cut(served: Installation, both: list[Host]) -> None:
    token = served.token()
    ordering = asyncio.create_task(
        order_many(served.url, token, ORDERS, dice=Random(7))  # noqa: S311  # told again
    )
    await _until(lambda: sum(_held(served).values()) > ORDERS // 10)
    both[0].cut_off()
    cut_at = time.monotonic()
    ordered = await ordering
    without = await accounts_of(served.url, token, ordered)
    # Everything has come to its end without it: what it had in hand has come back to the other.
    assert not list(findings(without, _held(served)))
    await asyncio.sleep(max(0.0, AWAY - (time.monotonic() - cut_at)))
    before = _held(served)

    both[0].join()
    await asyncio.sleep(10)

    assert all(each.is_working for each in both)
    assert _held(served) == before
    assert not list(findings(await accounts_of(served.url, token, ordered), _held(served)))
    # What is ordered now, the one that was away can carry out, too.
    both[1].cut_off()
    again = await order_many(served.url, token, 100, first=ORDERS, dice=Random(8))  # noqa: S311
    assert not list(findings(await accounts_of(served.url, token, again), _held(served)))


def _held(served: Installation) -> Counter[str]:
    return Counter(held(served.data / "mailbox"))


async def _until(so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not so():  # noqa: ASYNC110  # what it waits for is in another process
            await asyncio.sleep(0.05)
