"""What an installation knows of mail relays: one, or two alike."""

from collections.abc import Sequence
from typing import Final, Protocol, TypeVar
from urllib.parse import unquote, urlsplit

from adapters.channels.several import named
from adapters.channels.smtp.provider import SmtpProvider
from adapters.channels.smtp.report_reader import MailReader
from adapters.channels.smtp.session import SmtpTimeouts, Tls
from application.ports.provider_kind import MailDoor, ProviderKind, Secret, Surroundings

_NAME: Final = "smtp"

DOOR: Final = MailDoor(
    path="/notifications/email/api/v1/reports",
    operation="takeEmailReports",
    summary="Delivery status notifications of mail servers",
    words=(
        "One message as it was received (RFC 3464). What is answered has been kept, also what tells "
        "nothing of a notification, so that nobody has to hand it in again. Of a message that is "
        "longer than any body may be, the beginning is enough."
    ),
    open_reader=lambda: MailReader(_NAME).read,
)


class SmtpSettings(Protocol):
    """What the service's own settings say of these relays, since `varsel up` sets it, too."""

    @property
    def smtp_url(self) -> str | None: ...
    @property
    def smtp_url_2(self) -> str | None: ...
    @property
    def smtp_starttls(self) -> bool: ...
    @property
    def smtp_connections(self) -> int: ...
    @property
    def smtp_reply_timeout(self) -> int: ...
    @property
    def mail_domain(self) -> str: ...
    @property
    def email_report_secret(self) -> str | None: ...


SettingsT = TypeVar("SettingsT", bound=SmtpSettings)


def smtp(settings: type[SettingsT]) -> ProviderKind[SettingsT]:
    """The kind, by settings that say so much."""
    return ProviderKind(
        name=_NAME, settings=settings, make=_make, door=DOOR, credentials=_credentials
    )


def _make(settings: SmtpSettings, around: Surroundings) -> Sequence[SmtpProvider]:
    relays = [settings.smtp_url, settings.smtp_url_2]
    return [_relay(settings, around, name, url) for name, url in named(_NAME, relays)]


def _credentials(settings: SmtpSettings) -> Secret | None:
    return None if settings.email_report_secret is None else Secret(settings.email_report_secret)


def _relay(settings: SmtpSettings, around: Surroundings, name: str, url: str) -> SmtpProvider:
    parts = urlsplit(url)
    is_implicit = parts.scheme == "smtps"
    tls = Tls.STARTTLS if settings.smtp_starttls else Tls.NONE
    return SmtpProvider(
        name,
        parts.hostname or "",
        parts.port or (465 if is_implicit else 587),
        mail_domain=settings.mail_domain,
        bounce_address=f"bounce@{settings.mail_domain}",
        clock=around.clock,
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
        attachments=around.attachments,
    )
