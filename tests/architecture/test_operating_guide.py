"""The guide's installation sets every setting, can be read as it stands, and all of it is tried."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from entrypoints.settings import Settings, described, read_settings
from entrypoints.wiring.providers import OURS
from tests.production.guide import DEPLOY, Guide, blocks, environ_of, settings_named

NOT_IN_PRODUCTION: Final = {
    "VARSEL_DEVELOPMENT_ISSUER": "whoever has a token of it can act for any owner",
    "VARSEL_DEVELOPMENT_ISSUER_ANYWHERE": "the same",
    "VARSEL_CATCH_ALL": "it stands in for providers, and sends nothing",
    "VARSEL_SAMPLES": "it stands in for the registers, with invented people",
    "VARSEL_BUSINESSES_TOKEN": "one that never runs out is for stand-ins; the trial's client asks for one",
    "VARSEL_API_PROCESSES": "`varsel up` alone reads it; here each process is a unit of its own",
    "VARSEL_WORKERS": "the same",
}
BY_HAND: Final = {
    "install": "it makes a user of the machine",
    "units": "it needs a machine that systemd runs; the trial starts what the units say",
}
TRIED: Final = "".join(
    each.read_text() for each in Path(__file__).parents[1].glob("production/*.py")
)


def test_every_setting_is_set_by_the_installation_that_is_tried() -> None:
    """Who adds a setting puts it into the guide's `varsel.env`, where `make soak` tries it."""
    every = {name for name, _, _ in described(Settings(), OURS)}

    assert settings_named() == every - NOT_IN_PRODUCTION.keys()


def test_the_settings_of_the_guide_can_be_read_by_a_shell_and_go_together(tmp_path: Path) -> None:
    file = tmp_path / "varsel.env"
    file.write_text(Guide().block("varsel.env"))

    settings = read_settings(environ_of(file), OURS)

    assert settings.base_url == "https://varsel.example.org"
    assert dict(settings.daily_recipients) == {"*": 100_000, "skd": 5_000_000}


def test_every_command_and_file_of_the_guide_is_tried() -> None:
    untried = {name for name in blocks() if f'"{name}"' not in TRIED}

    assert untried == BY_HAND.keys()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    for unit in DEPLOY.iterdir():
        # systemd looks whether the program is there.
        words = unit.read_text().replace("/opt/varsel/bin/varsel", sys.executable)
        (tmp_path / unit.name).write_text(words)

    verified = subprocess.run(
        ["systemd-analyze", "verify", *sorted(tmp_path.iterdir())],  # noqa: S607  # as an operator calls it
        capture_output=True,
        text=True,
        check=False,
    )

    assert (verified.returncode, verified.stderr) == (0, "")
