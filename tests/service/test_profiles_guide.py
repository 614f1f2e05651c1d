"""The guide to profiles is carried out as it stands, against an installation as a newcomer has it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.service.installations import installation, until

pytestmark = [pytest.mark.soak, pytest.mark.service, pytest.mark.timeout(180)]

GUIDE: Final = Path(__file__).parents[2] / "docs" / "profiles.md"


def commands(port: int) -> str:
    """Every command of the guide, one after another, for an installation on another port."""
    blocks = re.findall(r"```bash\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert len(blocks) >= 5
    return (
        "\n".join(blocks)
        .replace(".venv/bin/varsel", f"{sys.executable} -m entrypoints.cli")
        .replace("127.0.0.1:8080", f"127.0.0.1:{port}")
    )


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_the_guide_leads_from_a_token_to_a_letter_at_the_address_that_was_registered(
    tmp_path: Path,
) -> None:
    with installation(tmp_path / "data") as installed:
        installed.start()

        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands(installed.port)],  # noqa: S607  # as a newcomer calls it
            env=installed.environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

        assert done.returncode == 0, done.stderr
        assert '"emailVerificationStatus": "Verified"' in done.stdout
        assert '"needsConfirmation": false' in done.stdout
        until(lambda: any(_is_hers(each) for each in installed.mailbox()))


def _is_hers(letter: object) -> bool:
    return isinstance(letter, dict) and (letter["to"], letter["subject"]) == (
        "kari@fjell.example.no",
        "Your taxes",
    )
