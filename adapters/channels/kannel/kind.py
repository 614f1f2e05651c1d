"""What an installation knows of Kannel.

Kannel makes a GET for each report, by the address that came with the message. It says who it is by
HTTP Basic; nothing in the query is a secret or tells of a person. It takes 200 for an
acknowledgement, and with `http-request-retry` comes again after anything else.
"""

from collections.abc import Sequence
from functools import partial
from typing import Final

from adapters.channels.kannel.delivery_reports import read_kannel_report
from adapters.channels.kannel.settings import KannelSettings
from application.ports.provider_kind import (
    Login,
    OpenProvider,
    ProviderKind,
    QueryField,
    ReportDoor,
    Surroundings,
)

_NAME: Final = "kannel"

DOOR: Final = ReportDoor(
    path="/notifications/sms/api/v1/kannel/reports",
    method="GET",
    operation="takeKannelReport",
    summary="Delivery reports of a Kannel gateway",
    words="One report, as the gateway's `dlr-url` asks for. What is acknowledged has been kept.",
    query=(
        QueryField(
            name="token",
            words="The attempt that it is about.",
            example="0f1e2d3c4b5a69788796a5b4c3d2e1f0",
        ),
        QueryField(
            name="dlr",
            words="What has happened, by Kannel's number (`%d`).",
            kind="integer",
            example=1,
        ),
        QueryField(
            name="at",
            words="When the gateway heard of it, in seconds since 1970 (`%T`).",
            kind="integer",
            is_required=False,
            example=1767261385,
        ),
        QueryField(
            name="error",
            words="The carrier's error code: three bytes.",
            is_required=False,
            example="",
        ),
    ),
    read=partial(read_kannel_report, provider=_NAME),
)


def _make(settings: KannelSettings, around: Surroundings) -> Sequence[OpenProvider]:
    # Its client is large, and commands that only read settings need none.
    from adapters.channels.kannel.provider import KannelProvider  # noqa: PLC0415

    if settings.url is None:
        return []
    return [
        KannelProvider(
            _NAME,
            settings.url,
            username=settings.user,
            password=settings.password or "",
            report_url=around.report_url,
            report_username=settings.report_user,
            report_password=settings.report_password or "",
            clock=around.clock,
            timeout=around.timeout,
        )
    ]


def _credentials(settings: KannelSettings) -> Login | None:
    if settings.report_password is None:
        return None
    return Login(settings.report_user, settings.report_password)


KANNEL: Final = ProviderKind(
    name=_NAME, settings=KannelSettings, make=_make, door=DOOR, credentials=_credentials
)
