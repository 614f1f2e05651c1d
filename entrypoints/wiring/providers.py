"""The providers: which kinds there are, and those that the settings name, by their names in histories."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Final
from urllib.parse import unquote, urlsplit

from adapters.attachments.http_attachments import HttpAttachments
from adapters.channels.link_mobility import door as link
from adapters.channels.link_mobility.provider import LinkMobilityProvider
from adapters.channels.smtp import door as smtp
from adapters.channels.smtp.provider import SmtpProvider
from adapters.channels.smtp.session import SmtpTimeouts, Tls
from application.ports.attachments import Attachments
from application.ports.provider import Provider
from application.ports.provider_kind import (
    AnyProviderKind,
    Login,
    ProviderKind,
    Reporting,
    Secret,
    Surroundings,
)
from domain.channel import Channel
from entrypoints.settings import Settings
from entrypoints.wiring.clock import utc_now
from entrypoints.wiring.provider_kinds import GATEWAYS, registered_kinds


def providers(
    settings: Settings, stack: AsyncExitStack, kinds: Sequence[AnyProviderKind] | None = None
) -> Mapping[Channel, Sequence[Provider]]:
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
    for kind in provider_kinds() if kinds is None else kinds:
        around = Surroundings(
            clock=utc_now,
            report_url=settings.base_url.rstrip("/") + (kind.door.path if kind.door else ""),
            timeout=settings.sms_timeout,
            attachments=attachments,
        )
        for each in kind.make(settings.of(kind), around):
            stack.push_async_callback(each.aclose)
            by_channel[each.channel].append(each)
    return dict(by_channel)


def reporting(
    settings: Settings, kinds: Sequence[AnyProviderKind] | None = None
) -> Sequence[Reporting]:
    """Where providers report, and by what they come in."""
    return [
        Reporting(door=kind.door, credentials=kind.credentials(settings.of(kind)))
        for kind in (provider_kinds() if kinds is None else kinds)
        if kind.door is not None
    ]


# The two that are also what the catch-all servers stand in for: the service's own settings name them.


def _relays(settings: Settings, around: Surroundings) -> Sequence[SmtpProvider]:
    relays = [settings.smtp_url, settings.smtp_url_2]
    return [
        _smtp(settings, name, url, around.attachments) for name, url in _named(smtp.SMTP, relays)
    ]


def _link_gateways(settings: Settings, around: Surroundings) -> Sequence[LinkMobilityProvider]:
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
        for (name, url), (username, password) in zip(
            _named(link.LINK, gateways), logins, strict=False
        )
    ]


def _named(kind: str, addresses: Sequence[str | None]) -> Sequence[tuple[str, str]]:
    """Providers of one kind by the names in histories: `smtp`, `smtp:2`."""
    return [
        (kind if number == 1 else f"{kind}:{number}", address)
        for number, address in enumerate(addresses, start=1)
        if address is not None
    ]


def _smtp(settings: Settings, name: str, url: str, attachments: Attachments) -> SmtpProvider:
    parts = urlsplit(url)
    is_implicit = parts.scheme == "smtps"
    tls = Tls.STARTTLS if settings.smtp_starttls else Tls.NONE
    return SmtpProvider(
        name,
        parts.hostname or "",
        parts.port or (465 if is_implicit else 587),
        mail_domain=settings.mail_domain,
        bounce_address=f"bounce@{settings.mail_domain}",
        clock=utc_now,
        tls=Tls.IMPLICIT if is_implicit else tls,
        username=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
        connections=settings.smtp_connections,
        timeouts=SmtpTimeouts(
            final=settings.smtp_reply_timeout,
            content=min(180, settings.smtp_reply_timeout),
            command=min(30, settings.smtp_reply_timeout),
            connect=min(10, settings.smtp_reply_timeout),
        ),
        attachments=attachments,
    )


def _link_login(settings: Settings) -> Login | None:
    if settings.sms_report_password is None:
        return None
    return Login(settings.sms_report_user, settings.sms_report_password)


def _mail_secret(settings: Settings) -> Secret | None:
    return None if settings.email_report_secret is None else Secret(settings.email_report_secret)


OURS: Final[Sequence[AnyProviderKind]] = (
    ProviderKind(
        name=link.LINK,
        settings=Settings,
        make=_link_gateways,
        door=link.DOOR,
        credentials=_link_login,
    ),
    ProviderKind(
        name=smtp.SMTP, settings=Settings, make=_relays, door=smtp.DOOR, credentials=_mail_secret
    ),
    *GATEWAYS,
)
"""The kinds of provider that come with the service."""

LINK_REPORTS: Final = link.DOOR.path
MAIL_REPORTS: Final = smtp.DOOR.path


def provider_kinds() -> Sequence[AnyProviderKind]:
    """Every kind of provider: ours, and those that installed packages register.

    Raises:
        SettingError: one that is registered cannot be used; the line says which, and why.
    """
    return (*OURS, *registered_kinds(OURS))
