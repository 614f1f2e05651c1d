"""The development issuer issues what the verifier takes, and only where it can do no harm."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from adapters.tokens.development import (
    MAX_LIFETIME,
    DevelopmentIssuer,
    DevelopmentIssuerRefusedError,
    refuse_development_issuer,
)
from adapters.tokens.issuers import Issuer
from adapters.tokens.keys import JwksKeys
from adapters.tokens.verifier import JwtVerifier
from application.caller import CREATE
from application.ports.token_verifier import InvalidTokenError
from tests.adapters.tokens.forging import AUDIENCE, SUPPLIER, TTD
from tests.adapters.tokens.published import publishing

NAME = "http://127.0.0.1:8080/development/"


@pytest.fixture(autouse=True)
def _without_a_postgresql_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGHOST", "PGHOSTADDR", "PGSERVICE"):
        monkeypatch.delenv(name, raising=False)


def test_the_key_is_made_once_and_for_us_alone(tmp_path: Path) -> None:
    file = tmp_path / "secrets" / "issuer.pem"

    made = DevelopmentIssuer(file, NAME)

    assert file.stat().st_mode & 0o777 == 0o600
    assert DevelopmentIssuer(file, NAME).jwks() == made.jwks()
    assert [path.name for path in file.parent.iterdir()] == ["issuer.pem"]


def test_processes_that_start_together_use_one_key(tmp_path: Path) -> None:
    def start(_: int) -> object:
        return DevelopmentIssuer(tmp_path / "issuer.pem", NAME).jwks()

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(start, range(4)))

    assert all(keys == made[0] for keys in made)
    assert [path.name for path in tmp_path.iterdir()] == ["issuer.pem"]


def test_its_key_set_tells_nothing_secret(tmp_path: Path) -> None:
    (key,) = DevelopmentIssuer(tmp_path / "issuer.pem", NAME).jwks()["keys"]

    assert key.keys() == {"kty", "kid", "use", "alg", "n", "e"}


def test_a_key_that_cannot_be_read_is_told_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "issuer.pem"
    file.write_text("no key")

    with pytest.raises(DevelopmentIssuerRefusedError, match="remove the file") as refused:
        DevelopmentIssuer(file, NAME)

    assert str(file) in str(refused.value)
    assert "\n" not in str(refused.value)


async def test_others_can_discover_it(tmp_path: Path) -> None:
    async with publishing() as publisher:
        issuer = DevelopmentIssuer(tmp_path / "issuer.pem", publisher.issuer)
        publisher.metadata = issuer.metadata(f"{publisher.base}/jwks")
        publisher.keys = msgspec.json.encode(issuer.jwks())
        async with JwksKeys(publisher.discovery()) as keys:
            trusted = Issuer(kind="altinn", name=publisher.issuer, keys=keys)
            verifier = JwtVerifier(issuers=[trusted], owners={TTD: "ttd"}.get)

            caller = await verifier.verify(
                authorization=[f"Bearer {issuer.issue('ttd', TTD, CREATE)}"],
                platform_access_token=[],
            )

    assert caller.owner == "ttd"


async def test_a_supplier_acts_with_either_kind_of_token(tmp_path: Path) -> None:
    issuer = DevelopmentIssuer(tmp_path / "issuer.pem", NAME)
    verifier = JwtVerifier(
        issuers=[issuer.issuer(), issuer.issuer("maskinporten", audience=AUDIENCE)],
        owners={TTD: "ttd"}.get,
    )
    exchanged = issuer.issue("ttd", TTD, CREATE, supplier=SUPPLIER, lifetime=MAX_LIFETIME)
    direct = issuer.issue_maskinporten(TTD, CREATE, audience=AUDIENCE, supplier=SUPPLIER)

    for token in (exchanged, direct):
        caller = await verifier.verify(authorization=[f"Bearer {token}"], platform_access_token=[])
        assert (caller.owner, caller.organisation, caller.supplier) == ("ttd", TTD, SUPPLIER)
        assert caller.may(CREATE)


async def test_an_expired_token_of_it_is_refused(tmp_path: Path) -> None:
    issuer = DevelopmentIssuer(tmp_path / "issuer.pem", NAME, clock=lambda: 1_700_000_000)
    verifier = JwtVerifier(issuers=[issuer.issuer()], owners={TTD: "ttd"}.get)
    bearer = [f"Bearer {issuer.issue('ttd', TTD, CREATE)}"]

    with pytest.raises(InvalidTokenError) as refused:
        await verifier.verify(authorization=bearer, platform_access_token=[])

    assert refused.value.reason == "expired"


@pytest.mark.parametrize("lifetime", [0, -1, MAX_LIFETIME + 1])
def test_no_token_lives_longer_than_it_may(tmp_path: Path, lifetime: int) -> None:
    issuer = DevelopmentIssuer(tmp_path / "issuer.pem", NAME)

    with pytest.raises(ValueError, match="lives"):
        issuer.issue("ttd", TTD, CREATE, lifetime=lifetime)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost"])
@pytest.mark.parametrize(
    "database",
    [
        None,
        "postgresql://varsel@localhost/varsel",
        "postgresql://varsel@127.0.0.1:5433,[::1]:5432/varsel",
        "postgresql:///varsel?host=/var/run/postgresql",
        "host=/tmp/varsel dbname=varsel",
        "dbname=varsel",
    ],
)
def test_it_may_be_used_where_everything_is_on_this_machine(
    host: str, database: str | None
) -> None:
    refuse_development_issuer(
        host=host, public_url=None, database=database, is_allowed_anywhere=False
    )


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "::", "10.0.0.5", "varsel.example.no", "", "127.0.0.1.example.no"],  # noqa: S104  # these are refused
)
def test_it_is_refused_beside_an_address_that_others_reach(host: str) -> None:
    with pytest.raises(DevelopmentIssuerRefusedError) as refused:
        refuse_development_issuer(
            host=host, public_url=None, database=None, is_allowed_anywhere=False
        )

    words = str(refused.value)
    assert "VARSEL_DEVELOPMENT_ISSUER is on" in words
    assert "VARSEL_DEVELOPMENT_ISSUER_ANYWHERE=1" in words
    assert "\n" not in words


def test_it_is_refused_where_clients_come_from_elsewhere_though_it_listens_here_alone() -> None:
    with pytest.raises(DevelopmentIssuerRefusedError) as refused:
        refuse_development_issuer(
            host="127.0.0.1",
            public_url="https://varsel.example.org",
            database=None,
            is_allowed_anywhere=False,
        )

    assert "VARSEL_DEVELOPMENT_ISSUER_ANYWHERE=1" in str(refused.value)


@pytest.mark.parametrize("public_url", ["http://localhost:9000", "http://[::1]:9000/x"])
def test_it_may_be_used_where_clients_are_on_this_machine(public_url: str) -> None:
    refuse_development_issuer(
        host="127.0.0.1", public_url=public_url, database=None, is_allowed_anywhere=False
    )


@pytest.mark.parametrize(
    "database",
    [
        "postgresql://varsel:word@db.example.no/varsel",
        "postgresql://varsel@localhost,db.example.no/varsel",
        "postgresql://varsel@localhost/varsel?hostaddr=10.0.0.5",
        "postgresql://localhost/varsel?host=db.example.no",
        "host=db.example.no dbname=varsel",
        "service=production",
        "postgresql://[",
    ],
)
def test_it_is_refused_beside_a_database_elsewhere(database: str) -> None:
    with pytest.raises(DevelopmentIssuerRefusedError) as refused:
        refuse_development_issuer(
            host="127.0.0.1", public_url=None, database=database, is_allowed_anywhere=False
        )

    assert "word" not in str(refused.value)


def test_a_database_that_the_environment_names_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "db.example.no")

    with pytest.raises(DevelopmentIssuerRefusedError):
        refuse_development_issuer(
            host="127.0.0.1", public_url=None, database="dbname=varsel", is_allowed_anywhere=False
        )


def test_it_may_be_used_anywhere_if_the_installation_says_so() -> None:
    refuse_development_issuer(
        host="0.0.0.0",  # noqa: S104  # nothing listens
        public_url="https://varsel.example.org",
        database="host=db.example.no",
        is_allowed_anywhere=True,
    )
