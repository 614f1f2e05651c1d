"""What settings are taken, and how those that are not are refused: in one line that says what to do."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from application.setting import SettingError
from entrypoints.settings import Settings, described
from entrypoints.settings import read_settings as read_with
from entrypoints.wiring.providers import OURS


def read_settings(environ: Mapping[str, str]) -> Settings:
    return read_with(environ, OURS)


def test_without_any_setting_the_service_is_for_this_machine_alone() -> None:
    settings = read_settings({})

    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert settings.base_url == "http://127.0.0.1:8080"
    assert not settings.development_issuer
    assert settings.data.name == "var"
    assert settings.data.is_absolute()


def test_settings_are_read_by_their_names() -> None:
    settings = read_settings(
        {
            "VARSEL_PORT": "9000",
            "VARSEL_DATA": "/srv/varsel",
            "VARSEL_DEVELOPMENT_ISSUER": "yes",
            "VARSEL_STALE_OWNERS": "skd, ttd",
            "VARSEL_PUBLIC_URL": "https://varsel.example.no/",
            "PATH": "/usr/bin",
        }
    )

    assert settings.port == 9000
    assert settings.data == Path("/srv/varsel")
    assert settings.development_issuer
    assert settings.stale_owners == ("skd", "ttd")
    assert settings.base_url == "https://varsel.example.no"


def test_an_issuers_name_is_kept_as_it_is_written() -> None:
    settings = read_settings(
        {
            "VARSEL_MASKINPORTEN_ISSUER": "https://maskinporten.no/",
            "VARSEL_MASKINPORTEN_AUDIENCE": "https://varsel.example.no",
        }
    )

    assert settings.maskinporten_issuer == "https://maskinporten.no/"


@pytest.mark.parametrize(
    "environ, named",
    [
        ({"VARSEL_PORT": "eighty"}, "VARSEL_PORT"),
        ({"VARSEL_PORT": "0"}, "VARSEL_PORT"),
        ({"VARSEL_PORT": "65536"}, "VARSEL_PORT"),
        ({"VARSEL_PROT": "8080"}, "VARSEL_PROT"),
        ({"VARSEL_HOST": " "}, "VARSEL_HOST"),
        ({"VARSEL_EMAIL_SENDER": "not an address"}, "VARSEL_EMAIL_SENDER"),
        ({"VARSEL_SMS_SENDER": "Skatteetaten"}, "VARSEL_SMS_SENDER"),
        ({"VARSEL_SMTP_URL_2": "smtps://b.example.no"}, "VARSEL_SMTP_URL_2 needs VARSEL_SMTP_URL"),
        ({"VARSEL_SMS_URL_2": "https://b.example.no"}, "VARSEL_SMS_URL_2 needs VARSEL_SMS_URL"),
        ({"VARSEL_DELIVERY_POLICIES": "ttd=twice"}, "VARSEL_DELIVERY_POLICIES"),
        ({"VARSEL_KANNEL_URL": "https://k.example.no/s"}, "VARSEL_KANNEL_PASSWORD"),
        ({"VARSEL_KANNEL_REPORT_PASSWORD": "a b"}, "VARSEL_KANNEL_REPORT_PASSWORD"),
        ({"VARSEL_DELIVERY_POLICIES": "ttd"}, "VARSEL_DELIVERY_POLICIES"),
        ({"VARSEL_ENVIRONMENT": "a/b"}, "VARSEL_ENVIRONMENT"),
        ({"VARSEL_ENVIRONMENT": ""}, "VARSEL_ENVIRONMENT"),
        (
            {"VARSEL_CONDITION_TOKEN_HOSTS": "a.example.no"},
            "VARSEL_MASKINPORTEN_CLIENT_ID and VARSEL_MASKINPORTEN_CLIENT_KEY",
        ),
        ({"VARSEL_DECISION_POINT_KEY": "secret"}, "need VARSEL_DECISION_POINT_URL"),
        (
            {
                "VARSEL_DECISION_POINT_URL": "https://d.example.no",
                "VARSEL_DECISION_POINT_SCOPE": "a",
            },
            "VARSEL_DECISION_POINT_SCOPE needs VARSEL_MASKINPORTEN_CLIENT_ID",
        ),
        ({"VARSEL_AUTHORITY_WAIT": "3601"}, "VARSEL_AUTHORITY_WAIT"),
        ({"VARSEL_MASKINPORTEN_CLIENT_ID": "a"}, "VARSEL_MASKINPORTEN_ISSUER"),
        ({"VARSEL_DEVELOPMENT_ISSUER": "maybe"}, "VARSEL_DEVELOPMENT_ISSUER"),
        ({"VARSEL_SMTP_URL": "mail.example.no:25"}, "VARSEL_SMTP_URL"),
        ({"VARSEL_SMTP_URL": "smtp://mail.example.no:port"}, "VARSEL_SMTP_URL"),
        ({"VARSEL_SMS_URL": "ftp://gateway.example.no"}, "VARSEL_SMS_URL"),
        ({"VARSEL_LOG_LEVEL": "chatty"}, "VARSEL_LOG_LEVEL"),
        ({"VARSEL_DATABASE_URL": "postgres//varsel:secret@db"}, "VARSEL_DATABASE_URL"),
        ({"VARSEL_DATABASE_URL": "postgresql://db/varsel?sslmod=secret"}, "VARSEL_DATABASE_URL"),
        (
            {"VARSEL_MASKINPORTEN_ISSUER": "https://maskinporten.no/"},
            "VARSEL_MASKINPORTEN_AUDIENCE",
        ),
        (
            {"VARSEL_SMTP_URL": "smtp://user:secret@mail", "VARSEL_SMTP_STARTTLS": "0"},
            "VARSEL_SMTP_STARTTLS",
        ),
        ({"VARSEL_METRICS_KEY": "secret"}, "VARSEL_METRICS_KEY: write at least 16 characters"),
        ({"VARSEL_TRIGGER_SECRET": "secret"}, "VARSEL_TRIGGER_SECRET: write at least"),
        ({"VARSEL_INTERNAL_SECRET": "secret"}, "VARSEL_INTERNAL_SECRET: write at least"),
        ({"VARSEL_SMS_REPORT_PASSWORD": "secret"}, "VARSEL_SMS_REPORT_PASSWORD: write at least"),
        ({"VARSEL_EMAIL_REPORT_SECRET": "secret"}, "VARSEL_EMAIL_REPORT_SECRET: write at least"),
        ({"VARSEL_KANNEL_REPORT_PASSWORD": "secret"}, "VARSEL_KANNEL_REPORT_PASSWORD: write at"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_with_what_to_write(
    environ: dict[str, str], named: str
) -> None:
    with pytest.raises(SettingError, match=named) as refused:
        read_settings(environ)

    assert "\n" not in str(refused.value)
    assert "secret" not in str(refused.value)


IN_CLEAR = [
    {"VARSEL_SMTP_URL": "smtp://user:secret@{}", "VARSEL_SMTP_STARTTLS": "0"},
    {"VARSEL_SMS_URL": "http://{}", "VARSEL_SMS_PASSWORD": "secret"},
    {
        "VARSEL_SMS_URL": "https://sms.example.no",
        "VARSEL_SMS_URL_2": "http://{}",
        "VARSEL_SMS_PASSWORD_2": "secret",
    },
    {
        "VARSEL_KANNEL_URL": "http://{}/sendsms",
        "VARSEL_KANNEL_PASSWORD": "secret",
        "VARSEL_KANNEL_REPORT_PASSWORD": "a-secret-of-some-length",
    },
    {"VARSEL_PARTY_REGISTER_URL": "http://{}", "VARSEL_PARTY_REGISTER_TOKEN": "secret"},
    {"VARSEL_DECISION_POINT_URL": "http://{}/decision", "VARSEL_DECISION_POINT_KEY": "secret"},
    {"VARSEL_DECISION_POINT_URL": "http://{}/authorize"},
    {"VARSEL_KRR_URL": "http://{}/hentEndringer", "VARSEL_KRR_TOKEN": "secret"},
    {"VARSEL_BUSINESSES_URL": "http://{}/v1", "VARSEL_BUSINESSES_TOKEN": "secret"},
    {"VARSEL_DATABASE_URL": "postgresql://varsel:secret@{}/varsel"},
    {"VARSEL_DATABASE_URL": "postgresql://varsel:secret@localhost,{}/varsel?sslmode=prefer"},
]


@pytest.mark.parametrize("environ", IN_CLEAR)
def test_credentials_do_not_travel_in_clear_but_on_this_machine(environ: dict[str, str]) -> None:
    with pytest.raises(SettingError, match="in clear") as refused:
        read_settings({name: value.format("10.0.0.7") for name, value in environ.items()})

    assert "secret" not in str(refused.value)
    for here in ("127.0.0.1", "localhost"):
        read_settings({name: value.format(here) for name, value in environ.items()})


@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
def test_a_password_may_travel_to_a_database_by_tls(mode: str) -> None:
    url = f"postgresql://varsel:word@db.example.no/varsel?sslmode={mode}"

    assert read_settings({"VARSEL_DATABASE_URL": url}).database_url == url


def test_every_setting_that_cannot_be_used_is_told_on_a_line_of_its_own() -> None:
    environ = {
        "VARSEL_PORT": "eighty",
        "VARSEL_PROT": "8080",
        "VARSEL_KANNEL_URL": "https://k.example.no/s",
        "VARSEL_SMS_URL_2": "https://b.example.no",
    }

    with pytest.raises(SettingError) as refused:
        read_settings(environ)

    told = str(refused.value).splitlines()
    assert len(told) == 4
    assert all(line.startswith(name) for line, name in zip(told, environ, strict=True))


def test_what_goes_together_with_a_setting_that_cannot_be_read_is_not_judged() -> None:
    environ = {
        "VARSEL_MASKINPORTEN_ISSUER": "https://maskinporten.no/",
        "VARSEL_MASKINPORTEN_AUDIENCE": " ",
    }

    with pytest.raises(SettingError) as refused:
        read_settings(environ)

    (line,) = refused.value.lines
    assert line.startswith("VARSEL_MASKINPORTEN_AUDIENCE: it is empty")


def test_secrets_are_listed_as_set_and_never_shown() -> None:
    settings = Settings(
        sms_password="hunter2", database_url="postgresql://u:hunter2@localhost/varsel"
    )

    listed = described(settings)

    assert ("VARSEL_SMS_PASSWORD", "(set)") in [(name, value) for name, value, _ in listed]
    assert "hunter2" not in str(listed)
    assert all(words for _, _, words in listed)
