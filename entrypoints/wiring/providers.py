"""The providers, by the names that they have in histories, and how each reports."""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Final
from urllib.parse import unquote, urlsplit

from adapters.attachments.http_attachments import HttpAttachments
from adapters.channels.kannel.delivery_reports import read_kannel_report
from adapters.channels.kannel.provider import KannelProvider
from adapters.channels.link_mobility.delivery_reports import acknowledgement, read_link_reports
from adapters.channels.link_mobility.provider import LinkMobilityProvider
from adapters.channels.smtp.provider import SmtpProvider
from adapters.channels.smtp.report_reader import MailReader
from adapters.channels.smtp.session import SmtpTimeouts, Tls
from application.ports.attachments import Attachments
from application.ports.provider import Provider
from domain.channel import Channel
from entrypoints.http.delivery_reports.kannel import KANNEL_REPORTS, KannelReports
from entrypoints.http.delivery_reports.routes import EmailReports, SmsReports
from entrypoints.settings import Settings
from entrypoints.wiring.clock import utc_now

SMTP: Final = "smtp"
LINK: Final = "link_mobility"
KANNEL: Final = "kannel"


def providers(settings: Settings, stack: AsyncExitStack) -> Mapping[Channel, Sequence[Provider]]:
    """Every provider that the settings name, by its channel; what it opens is closed in the end."""
    emails = _relays(settings, stack)
    texts: Sequence[LinkMobilityProvider | KannelProvider] = [
        *_link_gateways(settings),
        *_kannel(settings),
    ]
    for each in (*emails, *texts):
        stack.push_async_callback(each.aclose)
    by_channel: Mapping[Channel, Sequence[Provider]] = {Channel.EMAIL: emails, Channel.SMS: texts}
    return {channel: several for channel, several in by_channel.items() if several}


def _relays(settings: Settings, stack: AsyncExitStack) -> Sequence[SmtpProvider]:
    if settings.smtp_url is None:
        return []
    attachments = HttpAttachments(
        hosts=settings.attachment_hosts,
        permitted=settings.attachment_local_hosts,
        max_file=settings.attachment_file_size,
        max_total=settings.attachments_size,
        seconds=settings.attachments_timeout,
    )
    stack.push_async_callback(attachments.aclose)
    relays = [settings.smtp_url, settings.smtp_url_2]
    return [_smtp(settings, name, url, attachments) for name, url in _named(SMTP, relays)]


def _link_gateways(settings: Settings) -> Sequence[LinkMobilityProvider]:
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
            clock=utc_now,
            timeout=settings.sms_timeout,
        )
        for (name, url), (username, password) in zip(_named(LINK, gateways), logins, strict=False)
    ]


def _kannel(settings: Settings) -> Sequence[KannelProvider]:
    if settings.kannel_url is None:
        return []
    return [
        KannelProvider(
            KANNEL,
            settings.kannel_url,
            username=settings.kannel_user,
            password=settings.kannel_password or "",
            report_url=f"{settings.base_url.rstrip('/')}{KANNEL_REPORTS}",
            report_username=settings.kannel_report_user,
            report_password=settings.kannel_report_password or "",
            clock=utc_now,
            timeout=settings.sms_timeout,
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


def sms_reports(settings: Settings) -> SmsReports | None:
    """How an SMS gateway that speaks LINK Mobility's XML reports, if it does."""
    if settings.sms_report_password is None:
        return None
    return SmsReports(
        user=settings.sms_report_user,
        password=settings.sms_report_password,
        read=partial(read_link_reports, provider=LINK),
        acknowledge=acknowledgement,
    )


def kannel_reports(settings: Settings) -> KannelReports | None:
    """How a Kannel gateway reports, if it does."""
    if settings.kannel_report_password is None:
        return None
    return KannelReports(
        user=settings.kannel_report_user,
        password=settings.kannel_report_password,
        read=partial(read_kannel_report, provider=KANNEL),
    )


def email_reports(settings: Settings) -> EmailReports | None:
    """How delivery status messages are handed in, if they are."""
    if settings.email_report_secret is None:
        return None
    return EmailReports(secret=settings.email_report_secret, read=MailReader(SMTP).read)
