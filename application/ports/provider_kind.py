"""What an installation knows of a kind of provider: how it is set up, how one is made, where it reports.

An adapter for a gateway describes itself by one `ProviderKind`, and needs to be named nowhere else.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, Literal, Protocol, TypeAlias, TypeVar

from application.ports.attachments import Attachments
from application.ports.provider import Provider
from application.ports.report_inbox import Report
from application.ports.unread_mail import MailRead
from application.setting import SettingError

SettingsT = TypeVar("SettingsT")

ReportReader: TypeAlias = Callable[[bytes], Sequence[Report]]
"""Reads what a provider sent, be it a body or a query; raises a `ValueError` for what is no report."""

MailReader: TypeAlias = Callable[[bytes], Awaitable[MailRead]]
"""Reads a mail as it was received; raises `ReaderUnavailableError` where that cannot be done now."""


@dataclass(frozen=True, slots=True)
class Login:
    """By which user and password a provider comes in, as HTTP Basic has them."""

    user: str
    password: str = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what anybody could say."""
        if not self.user or not self.password:
            raise SettingError("a user and a password by which reports come in must not be empty")


@dataclass(frozen=True, slots=True)
class Secret:
    """By which secret somebody comes in who bears it."""

    text: str = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse what anybody could say."""
        if not self.text:
            raise SettingError("a secret by which reports come in must not be empty")


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryField:
    """Something that a report has in its query, for readers of the OpenAPI document."""

    name: str
    words: str
    kind: Literal["string", "integer"] = "string"
    is_required: bool = True
    example: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """What makes a provider forget the reports that it has brought."""

    write: Callable[[bytes], bytes]
    """Makes it of a body that was read."""
    media_type: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReportDoor:
    """Where a provider brings delivery reports, by a user and a password, and how they are read.

    What it brings is the query of a GET or the body of a POST. 200 says that it has been kept.
    """

    path: str
    method: Literal["GET", "POST"] = "POST"
    operation: str
    """The operation's name in the OpenAPI document: `takeAcmeReports`. Never changed once published."""
    summary: str
    words: str
    query: Sequence[QueryField] = ()
    media_types: Sequence[str] = ()
    """What a body may be; one that does not say what it is, is taken for it."""
    also_read: Sequence[str] = ()
    """Other names under which the same is taken."""
    example: object = None
    """A body."""
    read: ReportReader
    acknowledgement: Acknowledgement | None = None
    """None where 200 is enough."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MailDoor:
    """Where a mail server hands in what came to the address for bounces, by a secret."""

    path: str
    operation: str
    summary: str
    words: str
    open_reader: Callable[[], MailReader]


Door: TypeAlias = ReportDoor | MailDoor


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    """A door, and by what one comes in; with nothing it is described, and nobody can."""

    door: Door
    credentials: Login | Secret | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What an installation has for every provider, of whatever kind."""

    clock: Callable[[], datetime]
    report_url: str
    """The whole address of the provider's own door; that of the service, if it has none."""
    timeout: float
    """Seconds to wait for a gateway's answer."""
    attachments: Attachments


class OpenProvider(Provider, Protocol):
    """A provider that may have opened something."""

    async def aclose(self) -> None:
        """Close what was opened."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderKind(Generic[SettingsT]):
    """A kind of provider.

    Its settings are a frozen dataclass of `application.setting.setting`s, each with a default, by whose
    defaults there is no such provider; the one called `url` of the kind `acme` is `VARSEL_ACME_URL`.
    """

    name: str
    """In small letters, digits and underscores; a provider's name in histories is this or begins `name:`."""
    settings: type[SettingsT]
    make: Callable[[SettingsT, Surroundings], Sequence[OpenProvider]]
    """Makes every provider of this kind that the settings name, perhaps none."""
    door: Door | None = None
    credentials: Callable[[SettingsT], Login | Secret | None] = lambda _: None
    """By what one comes in at the door: a login at a `ReportDoor`, a secret at a `MailDoor`."""


AnyProviderKind: TypeAlias = ProviderKind[Any]
