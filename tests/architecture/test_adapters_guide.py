"""What the guide to adapters says is done, word for word: a package is built, held to the contracts, and used."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from domain.channel import Channel
from entrypoints.settings import Settings, read_settings
from entrypoints.wiring.provider_kinds import kinds_with_settings
from entrypoints.wiring.providers import provider_kinds, providers, reporting
from tests.entrypoints.http.installation import Installation

GUIDE = Path(__file__).parents[2] / "docs" / "adapters.md"
WORD = "a-word-of-some-length"
ENVIRON = {
    "VARSEL_ACME_URL": "https://api.acme.example/messages",
    "VARSEL_ACME_TOKEN": "open",
    "VARSEL_ACME_REPORT_PASSWORD": WORD,
}


@dataclass(frozen=True, slots=True)
class Acme:
    """The guide's package, as its reader has written and installed it."""

    source: Path
    site: Path


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Acme:
    folder = tmp_path_factory.mktemp("guide")
    blocks = re.findall(r"```\w+\n# (acme-sms/\S+)\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    for path, text in blocks:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    options = ["--no-index", "--no-deps", "--no-build-isolation", "--target", str(folder / "site")]
    subprocess.run([*install, *options, str(folder / "acme-sms")], check=True)
    return Acme(folder / "acme-sms", folder / "site")


@pytest.fixture
def installed(acme: Acme) -> Iterator[Acme]:
    """The same, where the service finds it."""
    sys.path.append(str(acme.site))
    yield acme
    sys.path.remove(str(acme.site))
    for name in [each for each in sys.modules if each.partition(".")[0] == "acme_sms"]:
        del sys.modules[name]


def test_every_file_that_the_guide_lists_is_written_there(acme: Acme) -> None:
    drawing = GUIDE.read_text().partition("```\nacme-sms/")[2].partition("```")[0]
    listed = set(re.findall(r"─ (\S+\.(?:py|toml))", drawing))

    assert listed == {file.name for file in acme.source.rglob("*.*") if file.suffix != ".pyc"}


def test_the_gateway_of_the_guide_keeps_the_contracts_and_carries_orders(acme: Acme) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", "."],
        cwd=acme.source,
        env={"PYTHONPATH": str(acme.site), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    passed = re.search(r"(\d+) passed", run.stdout)
    assert passed is not None
    assert int(passed[1]) > 30


def test_the_code_of_the_guide_is_typed_as_ours_is(acme: Acme) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file=", "--strict", "acme_sms"],
        cwd=acme.source,
        env={"MYPYPATH": str(GUIDE.parents[1]), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.usefixtures("installed")
async def test_the_service_has_a_gateway_that_is_installed_beside_it() -> None:
    settings = read_settings(ENVIRON, kinds_with_settings())

    async with AsyncExitStack() as stack:
        texts = providers(settings, stack)[Channel.SMS]

    assert [each.name for each in texts] == ["acme"]


@pytest.mark.usefixtures("installed")
async def test_its_reports_come_in_at_its_own_door_which_is_described() -> None:
    installation = Installation()
    settings = read_settings(ENVIRON, kinds_with_settings())
    door, login = "/notifications/sms/api/v1/acme/reports", ("acme", WORD)
    report = [{"reference": "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "status": "delivered"}]

    async with installation.client(reporting=reporting(settings)) as api:
        kept = await api.post(door, json=report, auth=login)
        unreadable = await api.post(door, json={}, auth=login)
        stranger = await api.post(door, json=report, auth=("acme", "shut"))
        described = msgspec.json.decode((await api.get("/openapi.json")).content)

    assert (kept.status_code, unreadable.status_code, stranger.status_code) == (200, 400, 401)
    assert [each.provider for each in installation.inbox._kept] == ["acme"]
    assert described["paths"][door]["post"]["operationId"] == "takeAcmeReports"


@pytest.mark.usefixtures("installed")
def test_nobody_comes_in_there_where_no_password_is_set() -> None:
    doors = {each.door.path: each.credentials for each in reporting(Settings())}

    assert doors["/notifications/sms/api/v1/acme/reports"] is None
    assert [kind.name for kind in provider_kinds()] == ["link_mobility", "smtp", "kannel", "acme"]
