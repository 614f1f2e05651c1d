"""Every setting of the service: read from the environment, here and nowhere else, and checked at start.

Each is a variable `VARSEL_…`; `varsel settings` lists them with what they mean and what they are.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from application.loopback import is_loopback
from application.mail_address import AddressError, read_sender
from domain.message import SMS_SENDER_RULE, is_sms_sender
from domain.order.events import DeliveryPolicy
from domain.sms_segments import MOST_SEGMENTS

PREFIX: Final = "VARSEL_"
LEAST_SECRET: Final = 16
"""Characters of a secret of ours at least; the service has no other guard at that door."""
REFUSED: Final = 78
"""The exit code of a process that refuses its settings: to start it again changes nothing (EX_CONFIG)."""


_SURE_TLS: Final = {"require", "verify-ca", "verify-full"}


class SettingError(Exception):
    """Settings cannot be used; the text is a line for each that says which, why, and what to write."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("it is empty; leave it out, or give it a value")
    return value.strip()


def _flag(value: str) -> bool:
    words = {"1": True, "true": True, "yes": True, "on": True}
    words |= {"0": False, "false": False, "no": False, "off": False}
    if value.strip().lower() not in words:
        raise ValueError("write 1 or 0")
    return words[value.strip().lower()]


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        try:
            number = int(value)
        except ValueError:
            raise ValueError(f"write a whole number from {low} to {high}") from None
        if not low <= number <= high:
            raise ValueError(f"write a whole number from {low} to {high}")
        return number

    return read


def _url(*schemes: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        url = _text(value).rstrip("/")
        try:
            parts = urlsplit(url)
            is_whole = parts.scheme in schemes and bool(parts.hostname)
            _ = parts.port
        except ValueError:
            is_whole = False
        if not is_whole:
            examples = " or ".join(f"{scheme}://host" for scheme in schemes)
            raise ValueError(f"write an address such as {examples}")
        return url

    return read


def _issuer(value: str) -> str:
    """An issuer's name, kept as it is written: tokens bear exactly that, slash and all."""
    _url("https", "http")(value)
    return value.strip()


def _conninfo(value: str) -> str:
    """How to connect to a PostgreSQL; what is wrong with it is not repeated, since it may hold a password."""
    try:
        conninfo_to_dict(_text(value))
    except ProgrammingError:
        raise ValueError("write an address such as postgresql://user@host/database") from None
    return value.strip()


def _own_secret(value: str) -> str:
    """A secret of ours, by which others come in: so long that nobody guesses it."""
    if len(_text(value)) < LEAST_SECRET:
        raise ValueError(
            f"write at least {LEAST_SECRET} characters that nobody can guess, "
            "as `openssl rand -hex 24` prints them"
        )
    return value.strip()


def _names(value: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in value.split(",") if name.strip())


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


def _visible(value: str) -> str:
    if re.fullmatch(r"[\x21-\x7e]+", value) is None:
        raise ValueError("write visible ASCII characters without spaces: it travels in a header")
    return value


def _own_secret_in_address(value: str) -> str:
    return _in_address(_own_secret(value))


def _in_address(value: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9._~!$&'()*+,;=-]+", value) is None:
        raise ValueError("write letters, digits and ._~!$&'()*+,;=- only: it stands in an address")
    return value


def _name(value: str) -> str:
    if re.fullmatch(r"[A-Za-z0-9.-]{1,32}", value) is None:
        raise ValueError("write letters, digits, dots and dashes, 32 at most")
    return value


def _amounts(value: str) -> tuple[tuple[str, int], ...]:
    """`*=100000,skd=5000000`, by owners' short names in any letters; `*` is everybody else."""
    amounts: dict[str, int] = {}
    for each in _names(value):
        owner, _, amount = (part.strip().lower() for part in each.partition("="))
        if not owner or not (amount.isascii() and amount.isdecimal()):
            raise ValueError("write *=100000 for everybody, and owner=1000 for one")
        amounts[owner] = int(amount)
    return tuple(amounts.items())


def _policies(value: str) -> tuple[tuple[str, DeliveryPolicy], ...]:
    """`ttd=at_most_once,skd=at_least_once`, by owners' short names in any letters."""
    policies: dict[str, DeliveryPolicy] = {}
    for each in _names(value):
        owner, _, policy = (part.strip().lower() for part in each.partition("="))
        if not owner or policy not in tuple(DeliveryPolicy):
            raise ValueError(f"write owner={' or owner='.join(DeliveryPolicy)}")
        policies[owner] = DeliveryPolicy(policy)
    return tuple(policies.items())


def _path(value: str) -> Path:
    return Path(_text(value)).expanduser().absolute()


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


def _setting(
    read: Callable[[str], Any], default: object, words: str, *, secret: bool = False
) -> Any:  # noqa: ANN401  # a dataclass field stands for a value of any type
    metadata = {"read": read, "words": words, "secret": secret}
    return field(default=default, metadata=metadata)


# ruff: noqa: RUF009  # `_setting` is `dataclasses.field` with words
@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How this installation is set up."""

    host: str = _setting(_text, "127.0.0.1", "the address to listen on")
    port: int = _setting(_whole(1, 65535), 8080, "the port to listen on")
    public_url: str | None = _setting(
        _url("http", "https"), None, "the address by which clients reach the service, for links"
    )
    data: Path = _setting(_path, _default_data(), "the folder for everything that is kept")
    database_url: str | None = _setting(
        _conninfo,
        None,
        "a PostgreSQL to use; without it one is started in the data folder",
        secret=True,
    )
    api_processes: int = _setting(_whole(1, 64), 1, "how many processes answer HTTP")
    workers: int = _setting(_whole(0, 64), 1, "how many processes carry orders out")
    key_file: Path | None = _setting(
        _path, None, "the file of the keys that seal personal data; made on first start"
    )
    owners_file: Path | None = _setting(
        _path, None, "a JSON file of owners: organisation numbers, short names, and what is agreed"
    )

    maskinporten_issuer: str | None = _setting(
        _issuer, None, "the issuer of tokens for organisations, found by discovery"
    )
    maskinporten_audience: str | None = _setting(
        _text, None, "the audience that such a token must be for"
    )
    maskinporten_delegation_sources: tuple[str, ...] = _setting(
        _names, ("https://www.altinn.no",), "where suppliers may have been given an owner's scopes"
    )
    maskinporten_client_id: str | None = _setting(
        _text, None, "our own client at that issuer, for tokens that others expect of us"
    )
    maskinporten_client_key: Path | None = _setting(
        _path, None, "the file of that client's private RSA key (PEM)"
    )
    maskinporten_client_key_id: str | None = _setting(
        _text, None, "by which id (kid) the issuer knows that key"
    )
    owner_is_organisation: bool = _setting(
        _flag,
        default=False,
        words="whether an organisation that the owners file does not name is an owner by its number",
    )
    altinn_issuer: str | None = _setting(
        _issuer, None, "the issuer of exchanged tokens, found by discovery"
    )
    platform_issuer: str | None = _setting(
        _issuer, None, "where the keys of platform access tokens are discovered"
    )
    development_issuer: bool = _setting(
        _flag, default=False, words="whether the service issues tokens itself; never in production"
    )
    development_issuer_anywhere: bool = _setting(
        _flag, default=False, words="allows that also with an address or a database elsewhere"
    )

    email_sender: str = _setting(
        _email_sender, "noreply@altinn.cloud", "the sender of e-mails by default"
    )
    sms_sender: str = _setting(_sms_sender, "Altinn", "the sender of text messages by default")
    smtp_url: str | None = _setting(
        _url("smtp", "smtps"),
        None,
        "the SMTP relay: smtp[s]://user:password@host:port",
        secret=True,
    )
    smtp_url_2: str | None = _setting(
        _url("smtp", "smtps"), None, "a second relay, given its share by its health", secret=True
    )
    smtp_starttls: bool = _setting(_flag, default=True, words="whether smtp:// is upgraded to TLS")
    smtp_connections: int = _setting(
        _whole(1, 200), 10, "how many connections to the relay at most"
    )
    smtp_reply_timeout: int = _setting(
        _whole(1, 3600), 600, "seconds to wait for the relay's last word (RFC 5321 asks for 600)"
    )
    mail_domain: str = _setting(
        _text, "varsel.example.org", "the domain of Message-IDs and of the addresses for bounces"
    )
    sms_url: str | None = _setting(
        _url("http", "https"), None, "the SMS gateway that speaks LINK Mobility's XML"
    )
    sms_user: str = _setting(_text, "varsel", "the user at the SMS gateway")
    sms_password: str | None = _setting(_text, None, "the password at the SMS gateway", secret=True)
    sms_url_2: str | None = _setting(
        _url("http", "https"), None, "a second gateway of that kind, given its share by its health"
    )
    sms_user_2: str = _setting(_text, "varsel", "the user at the second SMS gateway")
    sms_password_2: str | None = _setting(
        _text, None, "the password at the second SMS gateway", secret=True
    )
    sms_timeout: int = _setting(_whole(1, 600), 30, "seconds to wait for the SMS gateway")
    sms_report_user: str = _setting(_text, "varsel", "the user by which the gateway sends reports")
    sms_report_password: str | None = _setting(
        _own_secret, None, "the password by which the gateway sends reports", secret=True
    )
    kannel_url: str | None = _setting(
        _url("http", "https"), None, "a Kannel gateway's whole address for sending (…/sendsms)"
    )
    kannel_user: str = _setting(_visible, "varsel", "the user at Kannel")
    kannel_password: str | None = _setting(_visible, None, "the password at Kannel", secret=True)
    kannel_report_user: str = _setting(_in_address, "varsel", "the user by which Kannel reports")
    kannel_report_password: str | None = _setting(
        _own_secret_in_address,
        None,
        "the password by which Kannel reports; kept by Kannel",
        secret=True,
    )
    email_report_secret: str | None = _setting(
        _own_secret, None, "the secret by which delivery status messages are handed in", secret=True
    )

    trigger_secret: str | None = _setting(
        _own_secret,
        None,
        "the secret of a cron that calls the triggers, which do nothing",
        secret=True,
    )

    internal_secret: str | None = _setting(
        _own_secret, None, "the secret of own systems that hand messages in", secret=True
    )
    internal_owner: str = _setting(_text, "varsel", "the owner whose orders those messages are")
    metrics_key: str | None = _setting(
        _own_secret, None, "the key with which yesterday's figures are collected", secret=True
    )
    environment: str = _setting(
        _name, "local", "what this installation is called in the names of those files"
    )

    party_register_url: str | None = _setting(
        _url("http", "https"), None, "the register of names; without it the local table is used"
    )
    party_register_token: str | None = _setting(
        _text, None, "the platform access token for the register of names", secret=True
    )
    krr_url: str | None = _setting(
        _url("https", "http"), None, "where KRR's change feed is asked for (…/hentEndringer)"
    )
    krr_token: str | None = _setting(_text, None, "the token for KRR's change feed", secret=True)
    businesses_url: str | None = _setting(
        _url("https", "http"), None, "where the feed of businesses' addresses begins"
    )
    businesses_scope: str | None = _setting(
        _text,
        None,
        "with which scope our own client at Maskinporten asks for a token for that feed",
    )
    condition_hosts: tuple[str, ...] = _setting(
        _names, (), "hosts (also local ones, also by http) that send conditions may lie at"
    )
    condition_token_hosts: tuple[str, ...] = _setting(
        _names, (), "hosts of send conditions that expect a token of ours; no other sees one"
    )
    webhook_hosts: tuple[str, ...] = _setting(
        _names, (), "hosts (also local ones, also by http) that webhooks may lead to"
    )

    attachment_hosts: tuple[str, ...] = _setting(
        _names,
        (".blob.core.windows.net",),
        "where attachments may lie: hosts, or after a leading dot everything below one",
    )
    attachment_local_hosts: tuple[str, ...] = _setting(
        _names, (), "those of these hosts (or networks) that need not be public"
    )
    attachment_file_size: int = _setting(
        _whole(1, 100 * 1024 * 1024), 10 * 1024 * 1024, "bytes of an attachment at most"
    )
    attachments_size: int = _setting(
        _whole(1, 100 * 1024 * 1024), 15 * 1024 * 1024, "bytes of an e-mail's attachments at most"
    )
    attachments_timeout: int = _setting(
        _whole(1, 600), 30, "seconds in which an e-mail's attachments are fetched, or not"
    )
    max_attachments: int = _setting(_whole(0, 1000), 20, "attachments of an e-mail at most")
    max_sms_segments: int = _setting(
        _whole(1, 255), MOST_SEGMENTS, "segments that a text message may make at most"
    )
    max_body: int = _setting(
        _whole(1024, 64 * 1024 * 1024), 1024 * 1024, "bytes of a request at most"
    )
    max_recipients: int = _setting(_whole(1, 100_000), 1000, "recipients of an order at most")
    daily_recipients: tuple[tuple[str, int], ...] = _setting(
        _amounts, (), "recipients that owners may order to in a day: *=100000,skd=5000000"
    )
    daily_sms_segments: tuple[tuple[str, int], ...] = _setting(
        _amounts, (), "segments of text messages that owners may order in a day, likewise"
    )
    stale_owners: tuple[str, ...] = _setting(
        _names, ("skd",), "owners whose persons are always reached at stale contact points, too"
    )
    refuse_national_numbers: tuple[str, ...] = _setting(
        _names, (), "owners whose texts are refused where a national number is in one; * for all"
    )
    delivery_policies: tuple[tuple[str, DeliveryPolicy], ...] = _setting(
        _policies,
        (),
        "what owners want where an outcome stays unknown: ttd=at_most_once,skd=at_least_once",
    )
    send_within: int = _setting(
        _whole(1, 3600), 30, "seconds within which a recorded hand-over begins, or not at all"
    )
    outcome_slack: int = _setting(
        _whole(1, 3600),
        60,
        "seconds added to a hand-over's time-outs before its outcome is unknown",
    )
    report_wait: int = _setting(
        _whole(1, 86_400), 900, "seconds in which a report may still settle an unknown outcome"
    )
    instant_wait: int = _setting(
        _whole(1, 60), 10, "seconds that the sender of an instant order waits for the provider"
    )
    lease: int = _setting(_whole(1, 3600), 30, "seconds for which a worker is lent an order")

    catch_all: bool = _setting(
        _flag,
        default=False,
        words="whether a mail server and an SMS gateway are started that keep everything",
    )
    samples: bool = _setting(_flag, default=False, words="whether the sample registries are loaded")
    access_log: bool = _setting(
        _flag, default=True, words="whether each request leaves a line in the log"
    )
    log_level: str = _setting(_text, "info", "what is logged: debug, info, warning or error")

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
        own = (self.maskinporten_client_id, self.maskinporten_client_key, self.maskinporten_issuer)
        if (any(own[:2]) or self.condition_token_hosts) and None in own:
            yield (
                "VARSEL_CONDITION_TOKEN_HOSTS needs VARSEL_MASKINPORTEN_ISSUER, "
                "VARSEL_MASKINPORTEN_CLIENT_ID and VARSEL_MASKINPORTEN_CLIENT_KEY: "
                "without them there are no tokens to show"
            )
        has_client = self.maskinporten_client_id is not None
        if has_client and self.businesses_url is not None and self.businesses_scope is None:
            yield (
                "VARSEL_BUSINESSES_URL needs VARSEL_BUSINESSES_SCOPE where there is a client of our "
                "own (VARSEL_MASKINPORTEN_CLIENT_ID): it gets no token without a scope"
            )
        if self.businesses_scope is not None and not has_client:
            yield (
                "VARSEL_BUSINESSES_SCOPE needs VARSEL_MASKINPORTEN_CLIENT_ID: "
                "without a client of our own nobody asks for a token"
            )
        yield from self._in_clear()
        kannels = (self.kannel_url, self.kannel_password, self.kannel_report_password)
        if any(kannels) and None in kannels:
            yield (
                "VARSEL_KANNEL_URL needs VARSEL_KANNEL_PASSWORD and VARSEL_KANNEL_REPORT_PASSWORD: "
                "without them Kannel takes nothing, and nobody could report"
            )
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
            ("kannel_url", self.kannel_password),
            ("party_register_url", self.party_register_token),
            ("krr_url", self.krr_token or client),
            ("businesses_url", client),
        ):
            parts = urlsplit(getattr(self, name) or "")
            if credentials and parts.scheme == "http" and not is_loopback(parts.hostname or ""):
                yield (
                    f"{PREFIX}{name.upper()}: our credentials would travel there in clear: "
                    "write https://, or let it lead to this machine"
                )
        if self.database_url is not None and _is_password_in_clear(self.database_url):
            yield (
                "VARSEL_DATABASE_URL holds a password that would travel in clear: "
                "add sslmode=verify-full (and sslrootcert), or sslmode=require"
            )

    @property
    def base_url(self) -> str:
        """The address that links begin with."""
        return self.public_url or f"http://{self.host}:{self.port}"

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the service, and its database is its own."""
        return is_loopback(self.host) and self.database_url is None


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings from the environment.

    Raises:
        SettingError: some are wrong, unknown, or do not go together; says of each what to do.
    """
    known = {PREFIX + each.name.upper(): each for each in fields(Settings)}
    values: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for name, value in environ.items():
        if not name.startswith(PREFIX) or name.startswith("VARSEL_TEST_"):
            continue
        if name not in known:
            wrong[name] = f"{name} is no setting; `varsel settings` lists them all"
            continue
        try:
            values[known[name].name] = known[name].metadata["read"](value)
        except ValueError as problem:
            wrong[name] = f"{name}: {problem}"
    try:
        settings = Settings(**values)
    except SettingError as problem:
        # What a setting that cannot be read goes together with, nobody knows yet.
        clashes = [line for line in problem.lines if not any(name in line for name in wrong)]
        raise SettingError(*wrong.values(), *clashes) from None
    if wrong:
        raise SettingError(*wrong.values())
    return settings


def described(settings: Settings) -> list[tuple[str, str, str]]:
    """Every setting's name, what it is now (secrets hidden), and what it means."""
    lines = []
    for each in fields(settings):
        value = getattr(settings, each.name)
        shown = "(set)" if each.metadata["secret"] and value is not None else _shown(value)
        lines.append((PREFIX + each.name.upper(), shown, each.metadata["words"]))
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
