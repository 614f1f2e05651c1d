"""The providers: which kinds there are, and those that the settings name, by their names in histories."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Final

from adapters.attachments.http_attachments import HttpAttachments
from adapters.channels.link_mobility.kind import DOOR as LINK_DOOR
from adapters.channels.link_mobility.kind import link_mobility
from adapters.channels.smtp.kind import DOOR as MAIL_DOOR
from adapters.channels.smtp.kind import smtp
from application.ports.provider import Provider
from application.ports.provider_kind import (
    AnyProviderKind,
    Reporting,
    Surroundings,
)
from application.ports.report_inbox import reporting_name
from application.setting import SettingError
from domain.channel import Channel
from entrypoints.settings import Settings
from entrypoints.wiring.clock import utc_now
from entrypoints.wiring.provider_kinds import GATEWAYS, registered_kinds


def providers(settings: Settings, stack: AsyncExitStack) -> Mapping[Channel, Sequence[Provider]]:
    """Every provider that the settings name, by its channel; what it opens is closed in the end."""
    attachments = HttpAttachments(
        hosts=settings.attachment_hosts,
        permitted=settings.attachment_local_hosts,
        max_file=settings.attachment_file_size,
        max_total=settings.attachments_size,
        seconds=settings.attachments_timeout,
    )
    stack.push_async_callback(attachments.aclose)
    by_channel: defaultdict[Channel, list[Provider]] = defaultdict(list)
    names: set[str] = set()
    for kind in provider_kinds():
        around = Surroundings(
            clock=utc_now,
            report_url=settings.base_url.rstrip("/") + (kind.door.path if kind.door else ""),
            timeout=settings.sms_timeout,
            attachments=attachments,
        )
        for each in kind.make(settings.of(kind), around):
            if reporting_name(each.name) != kind.name or each.name in names:
                raise SettingError(
                    f"the provider {kind.name} cannot be used: it makes one that calls itself {each.name}"
                )
            names.add(each.name)
            stack.push_async_callback(each.aclose)
            by_channel[each.channel].append(each)
    return dict(by_channel)


def reporting(settings: Settings) -> Sequence[Reporting]:
    """Where providers report, and by what they come in."""
    return [
        Reporting(door=kind.door, credentials=kind.credentials(settings.of(kind)))
        for kind in provider_kinds()
        if kind.door is not None
    ]


OURS: Final[Sequence[AnyProviderKind]] = (
    # The two that the catch-all servers stand in for are set by the service's own settings.
    link_mobility(Settings),
    smtp(Settings),
    *GATEWAYS,
)
"""The kinds of provider that come with the service."""

LINK_REPORTS: Final = LINK_DOOR.path
MAIL_REPORTS: Final = MAIL_DOOR.path


def provider_kinds() -> Sequence[AnyProviderKind]:
    """Every kind of provider: ours, and those that installed packages register.

    Raises:
        SettingError: one that is registered cannot be used; the line says which, and why.
    """
    return (*OURS, *registered_kinds(OURS))
