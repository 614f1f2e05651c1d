"""What an installation knows of gateways that speak LINK Mobility's XML: one, or two alike."""

from collections.abc import Sequence
from functools import partial
from typing import Final, Protocol, TypeVar

from adapters.channels.link_mobility.delivery_reports import acknowledgement, read_link_reports
from adapters.channels.link_mobility.provider import LinkMobilityProvider
from adapters.channels.several import named
from application.ports.provider_kind import (
    Acknowledgement,
    Login,
    ProviderKind,
    ReportDoor,
    Surroundings,
)

_NAME: Final = "link_mobility"

DOOR: Final = ReportDoor(
    path="/notifications/sms/api/v1/reports",
    operation="takeSmsReports",
    summary="Delivery reports of the SMS gateway",
    words="In LINK Mobility's XML. What is acknowledged has been kept.",
    media_types=("application/xml", "text/plain"),
    also_read=("text/xml",),
    example=(
        '<?xml version="1.0"?><MSGLST><MSG><ID>1</ID><REF>2C4D1A</REF>'
        "<RCV>4799999999</RCV><STATE>DELIVRD</STATE></MSG></MSGLST>"
    ),
    read=partial(read_link_reports, provider=_NAME),
    acknowledgement=Acknowledgement(
        write=acknowledgement,
        media_type="application/xml",
        words="An acknowledgement of each report.",
    ),
)


class LinkSettings(Protocol):
    """What the service's own settings say of these gateways, since `varsel up` sets it, too."""

    @property
    def sms_url(self) -> str | None: ...
    @property
    def sms_user(self) -> str: ...
    @property
    def sms_password(self) -> str | None: ...
    @property
    def sms_url_2(self) -> str | None: ...
    @property
    def sms_user_2(self) -> str: ...
    @property
    def sms_password_2(self) -> str | None: ...
    @property
    def sms_report_user(self) -> str: ...
    @property
    def sms_report_password(self) -> str | None: ...


SettingsT = TypeVar("SettingsT", bound=LinkSettings)


def link_mobility(settings: type[SettingsT]) -> ProviderKind[SettingsT]:
    """The kind, by settings that say so much."""
    return ProviderKind(
        name=_NAME, settings=settings, make=_make, door=DOOR, credentials=_credentials
    )


def _make(settings: LinkSettings, around: Surroundings) -> Sequence[LinkMobilityProvider]:
    gateways = [settings.sms_url, settings.sms_url_2]
    logins = [
        (settings.sms_user, settings.sms_password),
        (settings.sms_user_2, settings.sms_password_2),
    ]
    return [
        LinkMobilityProvider(
            name,
            url,
            username=username,
            password=password or "",
            clock=around.clock,
            timeout=around.timeout,
        )
        for (name, url), (username, password) in zip(named(_NAME, gateways), logins, strict=False)
    ]


def _credentials(settings: LinkSettings) -> Login | None:
    if settings.sms_report_password is None:
        return None
    return Login(settings.sms_report_user, settings.sms_report_password)
