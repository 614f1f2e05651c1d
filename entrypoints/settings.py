"""Every setting of the service: read from the environment, here and nowhere else, and checked at start.

Each is a variable `VARSEL_…`; `varsel settings` lists them with what they mean and what they are.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from application.loopback import is_loopback
from application.mail_address import AddressError, read_sender
from application.ports.provider_kind import AnyProviderKind, ProviderKind, SettingsT
from application.profiles.profile_service import PROFILE_RESOURCE
from application.setting import (
    SettingError,
    as_duration,
    as_flag,
    as_names,
    as_own_secret,
    as_text,
    as_url,
    as_whole,
    setting,
    travels_in_clear,
)
from domain.message import SMS_SENDER_RULE, is_sms_sender
from domain.order.events import DeliveryPolicy
from domain.sms_segments import MOST_SEGMENTS
from domain.suppression import SUPPRESS_FOR

PREFIX: Final = "VARSEL_"
REFUSED: Final = 78
"""The exit code of a process that refuses its settings: to start it again changes nothing (EX_CONFIG)."""


_SURE_TLS: Final = {"require", "verify-ca", "verify-full"}


def _issuer(value: str) -> str:
    """An issuer's name, kept as it is written: tokens bear exactly that, slash and all."""
    as_url("https", "http")(value)
    return value.strip()


def _level(value: str) -> str:
    """How surely somebody must have logged in, by ID-porten's word for it."""
    level = value.strip().lower()
    if level not in {"substantial", "high"}:
        raise ValueError("write substantial or high")
    return level


def _conninfo(value: str) -> str:
    """How to connect to a PostgreSQL; what is wrong with it is not repeated, since it may hold a password."""
    try:
        conninfo_to_dict(as_text(value))
    except ProgrammingError:
        raise ValueError("write an address such as postgresql://user@host/database") from None
    return value.strip()


def _email_sender(value: str) -> str:
    try:
        read_sender(value)
    except AddressError:
        raise ValueError(
            "write an address, as in post@example.org, or a name with it: An Agency <post@example.org>"
        ) from None
    return value.strip()


def _sms_sender(value: str) -> str:
    if not is_sms_sender(value):
        raise ValueError(SMS_SENDER_RULE)
    return value


def _name(value: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9.-]{1,32}", value) is None:
        raise ValueError("write letters, digits, dots and dashes, 32 at most")
    return value


def _amounts(value: str) -> tuple[tuple[str, int], ...]:
    """`*=100000,skd=5000000`, by owners' short names in any letters; `*` is everybody else."""
    amounts: dict[str, int] = {}
    for each in as_names(value):
        owner, _, amount = (part.strip().lower() for part in each.partition("="))
        if not owner or not (amount.isascii() and amount.isdecimal()):
            raise ValueError("write *=100000 for everybody, and owner=1000 for one")
        amounts[owner] = int(amount)
    return tuple(amounts.items())


def _policies(value: str) -> tuple[tuple[str, DeliveryPolicy], ...]:
    """`ttd=at_most_once,skd=at_least_once`, by owners' short names in any letters."""
    policies: dict[str, DeliveryPolicy] = {}
    for each in as_names(value):
        owner, _, policy = (part.strip().lower() for part in each.partition("="))
        if not owner or policy not in tuple(DeliveryPolicy):
            raise ValueError(f"write owner={' or owner='.join(DeliveryPolicy)}")
        policies[owner] = DeliveryPolicy(policy)
    return tuple(policies.items())


def _path(value: str) -> Path:
    return Path(as_text(value)).expanduser().absolute()


def _default_data() -> Path:
    """`var` in the checkout that the service runs from, wherever its commands are called."""
    checkout = Path(__file__).resolve().parents[1]
    return (checkout if (checkout / "pyproject.toml").exists() else Path.cwd()) / "var"


def _is_password_in_clear(conninfo: str) -> bool:
    """Whether a password of this address may reach another machine without TLS."""
    parts = conninfo_to_dict(conninfo)
    hosts = [*str(parts.get("hostaddr") or parts.get("host") or "").split(",")]
    is_here = all(not each or each.startswith(("/", "@")) or is_loopback(each) for each in hosts)
    return bool(parts.get("password")) and not is_here and parts.get("sslmode") not in _SURE_TLS


# ruff: noqa: RUF009  # `setting` is `dataclasses.field` with words
@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How this installation is set up."""

    host: str = setting(as_text, "127.0.0.1", "the address to listen on")
    port: int = setting(as_whole(1, 65535), 8080, "the port to listen on")
    public_url: str | None = setting(
        as_url("http", "https"), None, "the address by which clients reach the service, for links"
    )
    data: Path = setting(_path, _default_data(), "the folder for everything that is kept")
    database_url: str | None = setting(
        _conninfo,
        None,
        "a PostgreSQL to use; without it one is started in the data folder",
        secret=True,
    )
    api_processes: int = setting(as_whole(1, 64), 1, "how many processes answer HTTP")
    workers: int = setting(as_whole(0, 64), 1, "how many processes carry orders out")
    key_file: Path | None = setting(
        _path, None, "the file of the keys that seal personal data; made on first start"
    )
    owners_file: Path | None = setting(
        _path,
        None,
        "a JSON file of owners that is imported at start: numbers, short names, what is agreed",
    )

    maskinporten_issuer: str | None = setting(
        _issuer, None, "the issuer of tokens for organisations, found by discovery"
    )
    maskinporten_audience: str | None = setting(
        as_text, None, "the audience that such a token must be for"
    )
    maskinporten_delegation_sources: tuple[str, ...] = setting(
        as_names,
        ("https://www.altinn.no",),
        "where suppliers may have been given an owner's scopes",
    )
    maskinporten_client_id: str | None = setting(
        as_text, None, "our own client at that issuer, for tokens that others expect of us"
    )
    maskinporten_client_key: Path | None = setting(
        _path, None, "the file of that client's private RSA key (PEM)"
    )
    maskinporten_client_key_id: str | None = setting(
        as_text, None, "by which id (kid) the issuer knows that key"
    )
    owner_is_organisation: bool = setting(
        as_flag,
        default=False,
        words="whether an organisation that the owners file does not name is an owner by its number",
    )
    altinn_issuer: str | None = setting(
        _issuer, None, "the issuer of exchanged tokens, found by discovery"
    )
    idporten_issuer: str | None = setting(
        _issuer, None, "the issuer of tokens of persons who log in, found by discovery"
    )
    idporten_audience: str | None = setting(
        as_text, None, "the audience that such a token must be for"
    )
    end_user_level: str = setting(
        _level,
        "substantial",
        "how surely a person must have logged in: substantial or high",
    )
    profile_resource: str = setting(
        as_text,
        PROFILE_RESOURCE,
        "what a person must have access to for an organisation, to register there where they are told",
    )
    platform_issuer: str | None = setting(
        _issuer, None, "where the keys of platform access tokens are discovered"
    )
    development_issuer: bool = setting(
        as_flag,
        default=False,
        words="whether the service issues tokens itself; never in production",
    )
    development_issuer_anywhere: bool = setting(
        as_flag, default=False, words="allows that also with an address or a database elsewhere"
    )

    email_sender: str = setting(
        _email_sender, "noreply@altinn.cloud", "the sender of e-mails by default"
    )
    sms_sender: str = setting(_sms_sender, "Altinn", "the sender of text messages by default")
    smtp_url: str | None = setting(
        as_url("smtp", "smtps"),
        None,
        "the SMTP relay: smtp[s]://user:password@host:port",
        secret=True,
    )
    smtp_url_2: str | None = setting(
        as_url("smtp", "smtps"), None, "a second relay, given its share by its health", secret=True
    )
    smtp_starttls: bool = setting(as_flag, default=True, words="whether smtp:// is upgraded to TLS")
    smtp_connections: int = setting(
        as_whole(1, 200), 10, "how many connections to the relay at most"
    )
    smtp_reply_timeout: int = setting(
        as_whole(1, 3600), 600, "seconds to wait for the relay's last word (RFC 5321 asks for 600)"
    )
    mail_domain: str = setting(
        as_text, "varsel.example.org", "the domain of Message-IDs and of the addresses for bounces"
    )
    sms_url: str | None = setting(
        as_url("http", "https"), None, "the SMS gateway that speaks LINK Mobility's XML"
    )
    sms_user: str = setting(as_text, "varsel", "the user at the SMS gateway")
    sms_password: str | None = setting(
        as_text, None, "the password at the SMS gateway", secret=True
    )
    sms_url_2: str | None = setting(
        as_url("http", "https"),
        None,
        "a second gateway of that kind, given its share by its health",
    )
    sms_user_2: str = setting(as_text, "varsel", "the user at the second SMS gateway")
    sms_password_2: str | None = setting(
        as_text, None, "the password at the second SMS gateway", secret=True
    )
    sms_timeout: int = setting(as_whole(1, 600), 30, "seconds to wait for the SMS gateway")
    sms_report_user: str = setting(as_text, "varsel", "the user by which the gateway sends reports")
    sms_report_password: str | None = setting(
        as_own_secret, None, "the password by which the gateway sends reports", secret=True
    )
    email_report_secret: str | None = setting(
        as_own_secret,
        None,
        "the secret by which delivery status messages are handed in",
        secret=True,
    )

    trigger_secret: str | None = setting(
        as_own_secret,
        None,
        "the secret of a cron that calls the triggers, which do nothing",
        secret=True,
    )

    internal_secret: str | None = setting(
        as_own_secret, None, "the secret of own systems that hand messages in", secret=True
    )
    internal_owner: str = setting(as_text, "varsel", "the owner whose orders those messages are")
    metrics_key: str | None = setting(
        as_own_secret, None, "the key with which yesterday's figures are collected", secret=True
    )
    environment: str = setting(
        _name, "local", "what this installation is called in the names of those files"
    )

    party_register_url: str | None = setting(
        as_url("http", "https"), None, "the register of names; without it the local table is used"
    )
    party_register_token: str | None = setting(
        as_text, None, "the platform access token for the register of names", secret=True
    )
    krr_url: str | None = setting(
        as_url("https", "http"), None, "where KRR's change feed is asked for (…/hentEndringer)"
    )
    krr_token: str | None = setting(as_text, None, "the token for KRR's change feed", secret=True)
    businesses_url: str | None = setting(
        as_url("https", "http"), None, "where the feed of businesses' addresses begins"
    )
    businesses_token: str | None = setting(
        as_text, None, "the token for the feed of businesses' addresses", secret=True
    )
    businesses_scope: str | None = setting(
        as_text,
        None,
        "with which scope our own client at Maskinporten asks for a token for that feed",
    )
    decision_point_url: str | None = setting(
        as_url("https", "http"),
        None,
        "where is asked who may act for whom (…/authorize, or …/decision, which takes no national "
        "numbers); without it the table of grants is used",
    )
    decision_point_key: str | None = setting(
        as_text, None, "our subscription key at the decision point", secret=True
    )
    decision_point_scope: str | None = setting(
        as_text,
        None,
        "with which scope our own client at Maskinporten asks for a token for the decision point",
    )
    decision_point_timeout: int = setting(
        as_whole(1, 60), 10, "seconds that one question to the decision point may take"
    )
    decision_point_cache: int = setting(
        as_whole(0, 900),
        120,
        "seconds for which what the decision point permitted is not asked again",
    )
    registry_interval: int = setting(
        as_duration(1, 86_400), 600, "how long after a register's end it is asked for changes again"
    )
    registry_max_age: int = setting(
        as_duration(1, 10 * 366 * 86_400),
        3 * 86_400,
        "how old a copy of a register may be before orders that need it wait: 90m, 72h, 3d",
    )
    businesses_write_url: str | None = setting(
        as_url("https", "http"),
        None,
        "where the register takes changes of businesses' addresses (/define and /replace lie below it)",
    )
    businesses_write_scope: str | None = setting(
        as_text,
        None,
        "with which scope our own client at Maskinporten asks for a token for such changes",
    )
    condition_hosts: tuple[str, ...] = setting(
        as_names, (), "hosts (also local ones, also by http) that send conditions may lie at"
    )
    condition_token_hosts: tuple[str, ...] = setting(
        as_names, (), "hosts of send conditions that expect a token of ours; no other sees one"
    )
    webhook_hosts: tuple[str, ...] = setting(
        as_names, (), "hosts (also local ones, also by http) that webhooks may lead to"
    )

    attachment_hosts: tuple[str, ...] = setting(
        as_names,
        (".blob.core.windows.net",),
        "where attachments may lie: hosts, or after a leading dot everything below one",
    )
    attachment_local_hosts: tuple[str, ...] = setting(
        as_names, (), "those of these hosts (or networks) that need not be public"
    )
    attachment_file_size: int = setting(
        as_whole(1, 100 * 1024 * 1024), 10 * 1024 * 1024, "bytes of an attachment at most"
    )
    attachments_size: int = setting(
        as_whole(1, 100 * 1024 * 1024), 15 * 1024 * 1024, "bytes of an e-mail's attachments at most"
    )
    attachments_timeout: int = setting(
        as_whole(1, 600), 30, "seconds in which an e-mail's attachments are fetched, or not"
    )
    max_attachments: int = setting(as_whole(0, 1000), 20, "attachments of an e-mail at most")
    max_sms_segments: int = setting(
        as_whole(1, 255), MOST_SEGMENTS, "segments that a text message may make at most"
    )
    max_body: int = setting(
        as_whole(1024, 64 * 1024 * 1024), 1024 * 1024, "bytes of a request at most"
    )
    max_recipients: int = setting(as_whole(1, 100_000), 1000, "recipients of an order at most")
    daily_recipients: tuple[tuple[str, int], ...] = setting(
        _amounts, (), "recipients that owners may order to in a day: *=100000,skd=5000000"
    )
    daily_sms_segments: tuple[tuple[str, int], ...] = setting(
        _amounts, (), "segments of text messages that owners may order in a day, likewise"
    )
    stale_owners: tuple[str, ...] = setting(
        as_names, ("skd",), "owners whose persons are always reached at stale contact points, too"
    )
    refuse_national_numbers: tuple[str, ...] = setting(
        as_names, (), "owners whose texts are refused where a national number is in one; * for all"
    )
    suppression_days: int = setting(
        as_whole(0, 365),
        SUPPRESS_FOR.days,
        "days for which an address that bounced for good is not used; 0 for none at all",
    )
    delivery_policies: tuple[tuple[str, DeliveryPolicy], ...] = setting(
        _policies,
        (),
        "what owners want where an outcome stays unknown: ttd=at_most_once,skd=at_least_once",
    )
    send_within: int = setting(
        as_whole(1, 3600), 30, "seconds within which a recorded hand-over begins, or not at all"
    )
    outcome_slack: int = setting(
        as_whole(1, 3600),
        60,
        "seconds added to a hand-over's time-outs before its outcome is unknown",
    )
    report_wait: int = setting(
        as_whole(1, 86_400), 900, "seconds in which a report may still settle an unknown outcome"
    )
    authority_wait: int = setting(
        as_whole(0, 3600),
        600,
        "seconds that recipients wait at most while nobody can be asked who may act for them",
    )
    instant_wait: int = setting(
        as_whole(1, 60), 10, "seconds that the sender of an instant order waits for the provider"
    )
    lease: int = setting(as_whole(1, 3600), 30, "seconds for which an order is leased to a worker")

    catch_all: bool = setting(
        as_flag,
        default=False,
        words="whether a mail server and an SMS gateway are started that keep everything",
    )
    samples: bool = setting(
        as_flag,
        default=False,
        words="whether stand-ins for the registers, with invented people, are started and followed",
    )
    access_log: bool = setting(
        as_flag, default=True, words="whether each request leaves a line in the log"
    )
    log_level: str = setting(as_text, "info", "what is logged: debug, info, warning or error")

    providers: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False)
    """Those of providers that have settings of their own, by the names of their kinds."""

    def of(self, kind: ProviderKind[SettingsT]) -> SettingsT:
        """The settings of a kind of provider: these, or its own."""
        if isinstance(self, kind.settings):
            return self
        own: SettingsT = self.providers.get(kind.name) or kind.settings()
        return own

    def __post_init__(self) -> None:
        """Refuse settings that do not go together.

        Raises:
            SettingError: says which, and what to do.
        """
        if clashes := list(self._clashes()):
            raise SettingError(*clashes)

    def _clashes(self) -> Iterator[str]:
        if self.maskinporten_issuer is not None and self.maskinporten_audience is None:
            yield (
                "VARSEL_MASKINPORTEN_ISSUER needs VARSEL_MASKINPORTEN_AUDIENCE: "
                "a token for somebody else must not be taken"
            )
        if self.idporten_issuer is not None and self.idporten_audience is None:
            yield (
                "VARSEL_IDPORTEN_ISSUER needs VARSEL_IDPORTEN_AUDIENCE: "
                "a token for somebody else must not be taken"
            )
        own = (self.maskinporten_client_id, self.maskinporten_client_key, self.maskinporten_issuer)
        if (any(own[:2]) or self.condition_token_hosts) and None in own:
            yield (
                "VARSEL_CONDITION_TOKEN_HOSTS needs VARSEL_MASKINPORTEN_ISSUER, "
                "VARSEL_MASKINPORTEN_CLIENT_ID and VARSEL_MASKINPORTEN_CLIENT_KEY: "
                "without them there are no tokens to show"
            )
        has_client = self.maskinporten_client_id is not None
        asks_for_a_token = has_client and self.businesses_token is None
        if asks_for_a_token and self.businesses_url is not None and self.businesses_scope is None:
            yield (
                "VARSEL_BUSINESSES_URL needs VARSEL_BUSINESSES_SCOPE where there is a client of our "
                "own (VARSEL_MASKINPORTEN_CLIENT_ID): it gets no token without a scope"
            )
        if self.businesses_scope is not None and not has_client:
            yield (
                "VARSEL_BUSINESSES_SCOPE needs VARSEL_MASKINPORTEN_CLIENT_ID: "
                "without a client of our own nobody asks for a token"
            )
        is_asked = self.decision_point_url is not None
        if not is_asked and (self.decision_point_key or self.decision_point_scope):
            yield (
                "VARSEL_DECISION_POINT_KEY and VARSEL_DECISION_POINT_SCOPE need "
                "VARSEL_DECISION_POINT_URL: without it nobody is asked"
            )
        if self.decision_point_scope is not None and not has_client:
            yield (
                "VARSEL_DECISION_POINT_SCOPE needs VARSEL_MASKINPORTEN_CLIENT_ID: "
                "without a client of our own nobody asks for a token"
            )
        if (
            asks_for_a_token
            and self.businesses_write_url is not None
            and self.businesses_write_scope is None
        ):
            yield (
                "VARSEL_BUSINESSES_WRITE_URL needs VARSEL_BUSINESSES_WRITE_SCOPE where there is a "
                "client of our own (VARSEL_MASKINPORTEN_CLIENT_ID): it gets no token without a scope"
            )
        if self.businesses_write_scope is not None and not has_client:
            yield (
                "VARSEL_BUSINESSES_WRITE_SCOPE needs VARSEL_MASKINPORTEN_CLIENT_ID: "
                "without a client of our own nobody asks for a token"
            )
        yield from self._in_clear()
        for name in ("smtp_url", "sms_url"):
            if getattr(self, f"{name}_2") is not None and getattr(self, name) is None:
                yield (
                    f"{PREFIX}{name.upper()}_2 needs {PREFIX}{name.upper()}: name the first one first"
                )
        if self.log_level not in {"debug", "info", "warning", "error"}:
            yield "VARSEL_LOG_LEVEL: write debug, info, warning or error"

    def _in_clear(self) -> Iterator[str]:
        """Tell of credentials that would travel in clear to another machine."""
        for name in ("smtp_url", "smtp_url_2"):
            parts = urlsplit(getattr(self, name) or "")
            is_in_clear = parts.scheme == "smtp" and not self.smtp_starttls
            if is_in_clear and parts.username and not is_loopback(parts.hostname or ""):
                yield (
                    f"{PREFIX}{name.upper()} holds a password that would travel in clear: "
                    "write smtps://, or leave VARSEL_SMTP_STARTTLS on"
                )
        client = self.maskinporten_client_id
        for name, credentials in (
            ("sms_url", self.sms_password),
            ("sms_url_2", self.sms_password_2),
            ("party_register_url", self.party_register_token),
            ("krr_url", self.krr_token or client),
            ("businesses_url", self.businesses_token or client),
            ("decision_point_url", self.decision_point_key or self.decision_point_scope),
            ("businesses_write_url", self.businesses_token or client),
        ):
            if travels_in_clear(getattr(self, name), credentials):
                yield (
                    f"{PREFIX}{name.upper()}: our credentials would travel there in clear: "
                    "write https://, or let it lead to this machine"
                )
        if self.decision_point_takes_numbers and travels_in_clear(
            self.decision_point_url, "national identity numbers"
        ):
            yield (
                "VARSEL_DECISION_POINT_URL: national identity numbers would travel there in clear: "
                "write https://, or let it lead to this machine"
            )
        if self.database_url is not None and _is_password_in_clear(self.database_url):
            yield (
                "VARSEL_DATABASE_URL holds a password that would travel in clear: "
                "add sslmode=verify-full (and sslrootcert), or sslmode=require"
            )

    @property
    def decision_point_takes_numbers(self) -> bool:
        """Whether the decision point may be asked about persons by their national identity numbers.

        Altinn's own services ask at …/decision, where a question that names one is not answered.
        """
        return not (self.decision_point_url or "").rstrip("/").endswith("/decision")

    @property
    def base_url(self) -> str:
        """The address that links begin with."""
        return self.public_url or f"http://{self.host}:{self.port}"


def read_settings(environ: Mapping[str, str], kinds: Sequence[AnyProviderKind] = ()) -> Settings:
    """Read the settings from the environment, and those of providers that have settings of their own.

    Raises:
        SettingError: some are wrong, unknown, or do not go together; says of each what to do.
    """
    known = {name: ("", each) for name, each in _variables(Settings)}
    for kind in _with_own_settings(kinds):
        for name, each in _variables(kind.settings, kind.name):
            if name in known:
                raise SettingError(
                    f"{name} is a setting already, and one of the provider {kind.name}"
                )
            known[name] = (kind.name, each)
    values: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    """By the kind of provider that they are of; those of the service itself have no such name."""
    wrong: dict[str, str] = {}
    for name, value in environ.items():
        if not name.startswith(PREFIX) or name.startswith("VARSEL_TEST_"):
            continue
        if name not in known:
            wrong[name] = f"{name} is no setting; `varsel settings` lists them all"
            continue
        kind_name, each = known[name]
        try:
            values[kind_name][each.name] = each.metadata["read"](value)
        except ValueError as problem:
            wrong[name] = f"{name}: {problem}"
    clashes: list[str] = []
    providers: dict[str, Any] = {}
    settings: Settings | None = None
    try:
        for kind in _with_own_settings(kinds):
            try:
                providers[kind.name] = kind.settings(**values[kind.name])
            except SettingError as problem:
                clashes += problem.lines
        settings = Settings(**values[""], providers=providers)
    except SettingError as problem:
        clashes += problem.lines
    # What a setting that cannot be read goes together with, nobody knows yet.
    clashes = [line for line in clashes if not any(name in line for name in wrong)]
    if settings is None or wrong or clashes:
        raise SettingError(*wrong.values(), *clashes)
    return settings


def _with_own_settings(kinds: Iterable[AnyProviderKind]) -> list[AnyProviderKind]:
    return [kind for kind in kinds if kind.settings is not Settings]


def _variables(settings: type, prefix: str = "") -> Iterator[tuple[str, Field[Any]]]:
    """The variables by which settings are set."""
    beginning = f"{PREFIX}{prefix.upper()}_" if prefix else PREFIX
    for each in fields(settings):
        if "read" in each.metadata:
            yield beginning + each.name.upper(), each


def described(
    settings: Settings, kinds: Sequence[AnyProviderKind] = ()
) -> list[tuple[str, str, str]]:
    """Every setting's name, what it is now (secrets hidden), and what it means."""
    lines = []
    every: list[tuple[object, str]] = [(settings, "")]
    every += [(settings.of(kind), kind.name) for kind in _with_own_settings(kinds)]
    for several, prefix in every:
        for name, each in _variables(type(several), prefix):
            value = getattr(several, each.name)
            shown = "(set)" if each.metadata["secret"] and value is not None else _shown(value)
            lines.append((name, shown, each.metadata["words"]))
    return lines


def _shown(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "1" if value else "0"
        case tuple():
            return ",".join(
                each if isinstance(each, str) else "=".join(map(str, each)) for each in value
            )
        case _:
            return str(value)
