"""Packages beside the service register providers, and what cannot be used is refused in a line."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from application.ports.provider_kind import Login, Secret
from application.setting import SettingError
from entrypoints.settings import REFUSED, Settings, read_settings
from entrypoints.wiring.provider_kinds import kinds_with_settings
from entrypoints.wiring.providers import provider_kinds, providers

KIND = """
from dataclasses import dataclass
from application.ports.provider_kind import ProviderKind, ReportDoor
from application.setting import as_text, setting

@dataclass(frozen=True)
class Words:
    {variable}: str | None = setting(as_text, None, "a word")

def read(told):
    raise ValueError

KIND = ProviderKind(
    name="{name}",
    settings=Words,
    make=lambda settings, around: [],
    door=ReportDoor(path="{path}", operation="take_{name}", summary="", words="", read=read),
)
"""


class Packages:
    """A folder of installed packages, each of which registers a kind of provider."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, name: str, code: str, *, where: str | None = None) -> None:
        """Install a package as pip leaves one."""
        module = f"brought_{name}"
        (self.folder / f"{module}.py").write_text(code)
        described = self.folder / f"{name}_sms-1.0.dist-info"
        described.mkdir()
        (described / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}-sms\nVersion: 1\n"
        )
        (described / "entry_points.txt").write_text(
            f"[varsel.providers]\n{name} = {where or f'{module}:KIND'}\n"
        )

    def bring(
        self, name: str, *, variable: str = "word", path: str | None = None, called: str = ""
    ) -> None:
        """Install a package that could be used as it stands."""
        code = KIND.format(
            name=called or name, variable=variable, path=path or f"/notifications/{name}/reports"
        )
        self.install(name, code)


@pytest.fixture
def packages(tmp_path: Path) -> Iterator[Packages]:
    sys.path.append(str(tmp_path))
    yield Packages(tmp_path)
    sys.path.remove(str(tmp_path))
    for name in [each for each in sys.modules if each.startswith("brought_")]:
        del sys.modules[name]


def test_a_kind_that_a_package_registers_is_set_by_variables_of_its_own(packages: Packages) -> None:
    packages.bring("acme")
    packages.bring("zeta")

    settings = read_settings({"VARSEL_ZETA_WORD": "now"}, kinds_with_settings())

    acme, zeta = provider_kinds()[-2:]
    assert (acme.name, zeta.name) == ("acme", "zeta")
    assert (settings.of(acme).word, settings.of(zeta).word) == (None, "now")


def test_a_second_gateway_of_a_kind_has_nothing_of_the_firsts_settings(packages: Packages) -> None:
    packages.install(
        "kannel_b",
        "from adapters.channels.kannel.settings import KannelSettings\n"
        "from application.ports.provider_kind import ProviderKind\n"
        'KIND = ProviderKind(name="kannel_b", settings=KannelSettings, make=lambda *_: [])\n',
    )
    first = {
        "VARSEL_KANNEL_URL": "https://gateway.example/",
        "VARSEL_KANNEL_USER": "one",
        "VARSEL_KANNEL_PASSWORD": "of-the-first-gateway",
        "VARSEL_KANNEL_REPORT_PASSWORD": "0123456789abcdef0123456789abcdef",
    }

    settings = read_settings(first, kinds_with_settings())

    kannel, second = (each for each in provider_kinds() if each.name.startswith("kannel"))
    assert settings.of(kannel).url == "https://gateway.example"
    assert settings.of(second) == second.settings()


@pytest.mark.parametrize("credentials", [lambda: Login("gateway", ""), lambda: Secret("")])
def test_no_door_is_opened_by_nothing(credentials: Callable[[], object]) -> None:
    with pytest.raises(SettingError, match="must not be empty"):
        credentials()


async def test_a_provider_that_takes_the_name_of_another_is_refused(packages: Packages) -> None:
    packages.install(
        "acme",
        "from adapters.memory.provider import RecordingProvider\n"
        "from application.ports.provider_kind import ProviderKind\n"
        "from domain.channel import Channel\n"
        "from entrypoints.wiring.clock import utc_now\n"
        'NAMED = RecordingProvider("kannel", Channel.SMS, clock=utc_now)\n'
        'KIND = ProviderKind(name="acme", settings=dict, make=lambda *_: [NAMED])\n',
    )

    async with AsyncExitStack() as stack:
        with pytest.raises(SettingError, match=r"acme cannot be used: it makes one .* kannel"):
            providers(Settings(), stack)


@pytest.mark.parametrize(
    "install, why",
    [
        (lambda it: it.install("acme", "import nothing_like_it"), "loaded: ModuleNotFoundError"),
        (lambda it: it.install("acme", "raise OSError('no\\nway')"), "loaded: OSError: no way$"),
        (lambda it: it.install("acme", "", where="brought_acme:KIND"), "loaded: AttributeError"),
        (lambda it: it.install("acme", "KIND = 1"), "brought_acme:KIND is not a ProviderKind"),
        (lambda it: it.bring("acme", called="emca"), "its name"),
        (lambda it: it.bring("Acme"), "its name"),
        (lambda it: it.bring("kannel"), "a provider of that name already"),
        (lambda it: it.bring("acme", path="/notifications/sms/api/v1/reports"), "another reports"),
        (lambda it: it.bring("acme", path="/health/ready"), "is not of the form"),
        (lambda it: it.bring("acme", path="/notifications/Acme/reports"), "is not of the form"),
        (lambda it: it.bring("acme", path="/notifications/acme/reports/"), "is not of the form"),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_line_that_names_the_package(
    packages: Packages, install: object, why: str
) -> None:
    assert callable(install)
    install(packages)

    with pytest.raises(SettingError, match=why) as refused:
        provider_kinds()

    (line,) = str(refused.value).splitlines()
    assert line.lower().startswith("the provider ")
    assert "-sms cannot be used: " in line


def test_no_provider_takes_a_setting_of_the_service(packages: Packages) -> None:
    packages.bring("sms", variable="sender")

    with pytest.raises(SettingError, match="VARSEL_SMS_SENDER is a setting already"):
        read_settings({}, kinds_with_settings())


def test_the_command_refuses_to_start_with_one_line(packages: Packages) -> None:
    packages.install("acme", "import nothing_like_it")

    run = subprocess.run(
        [sys.executable, "-m", "entrypoints.cli", "settings"],
        env={**os.environ, "PYTHONPATH": str(packages.folder)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == REFUSED
    assert run.stdout == ""
    assert run.stderr.splitlines() == [
        (
            "varsel: the provider acme of acme-sms cannot be used: it cannot be loaded: "
            "ModuleNotFoundError: No module named 'nothing_like_it'"
        )
    ]
