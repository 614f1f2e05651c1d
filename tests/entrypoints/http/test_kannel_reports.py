"""A Kannel gateway tells what became of text messages."""

from collections.abc import Sequence
from dataclasses import replace

import httpx
import pytest
from typing_extensions import override

from adapters.channels.kannel.kind import DOOR
from application.assembly import Application
from application.delivery.delivery_reports import DeliveryReportService
from application.ports.order_repository import StoreUnavailableError
from application.ports.provider_kind import Login, Reporting
from application.ports.report_inbox import Report
from tests.entrypoints.http.installation import Installation

TOKEN = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
QUERY = f"token={TOKEN}&dlr=1&at=1767261385&error=%03%00%00"
KANNEL = Reporting(door=DOOR, credentials=Login("gateway", "open"))


def door_of(application: Application) -> httpx.AsyncClient:
    return Installation().client(application=application, reporting=[KANNEL])


def kept(installation: Installation) -> list[tuple[str, str]]:
    return [(report.reference, report.code) for report in installation.inbox._kept]


@pytest.mark.parametrize("path", [DOOR.path, DOOR.path.upper()])
async def test_a_report_is_kept_and_acknowledged(installation: Installation, path: str) -> None:
    async with door_of(installation.application) as api:
        answer = await api.get(f"{path}?{QUERY}", auth=("gateway", "open"))

    assert (answer.status_code, answer.content) == (200, b"")
    assert kept(installation) == [(TOKEN, "dlr 1 error 3.0")]


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "Basic",
        "Basic ***",
        "Basic Z2F0ZXdheTpzaHV0",  # gateway:shut
        "Basic b3BlbjpnYXRld2F5",  # open:gateway
        "Bearer Z2F0ZXdheTpvcGVu",  # the right words under another scheme
    ],
)
async def test_a_gateway_that_does_not_say_who_it_is_tells_nothing(
    installation: Installation, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"authorization": authorization}

    async with door_of(installation.application) as api:
        answer = await api.get(f"{DOOR.path}?{QUERY}", headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (401, "wrong_credentials")
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert kept(installation) == []


@pytest.mark.parametrize("query", ["", "dlr=1", f"token={TOKEN}", f"{QUERY}&dlr=2"])
async def test_what_is_no_report_is_refused(installation: Installation, query: str) -> None:
    async with door_of(installation.application) as api:
        answer = await api.get(f"{DOOR.path}?{query}", auth=("gateway", "open"))

    assert answer.status_code == 400
    assert answer.json()["code"] == "unreadable_report"
    assert kept(installation) == []


async def test_a_report_that_was_not_kept_is_not_acknowledged(installation: Installation) -> None:
    class Unplugged(DeliveryReportService):
        @override
        async def keep(self, reports: Sequence[Report]) -> None:
            raise StoreUnavailableError

    reporting = Unplugged(
        inbox=installation.inbox,
        orders=installation.orders,
        unread=installation.unread,
        clock=lambda: installation.now,
    )
    async with door_of(replace(installation.application, delivery_reports=reporting)) as api:
        answer = await api.get(f"{DOOR.path}?{QUERY}", auth=("gateway", "open"))

    assert answer.status_code == 503


async def test_reports_are_not_posted_here(installation: Installation) -> None:
    async with door_of(installation.application) as api:
        answer = await api.post(f"{DOOR.path}?{QUERY}", auth=("gateway", "open"))

    assert answer.status_code == 405
    assert kept(installation) == []
