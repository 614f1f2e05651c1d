"""An operator is told which release it is."""

import subprocess
import sys
import tomllib
from pathlib import Path

from tests.service.processes import bare_environ


def test_the_command_tells_the_version_of_the_package() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "entrypoints.cli", "--version"],
        env=bare_environ(),
        capture_output=True,
        text=True,
        check=True,
    )

    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
    assert told.stdout.strip() == project["version"]
