"""The commands, settings and files of our documents, so that they cannot say what does not work."""

import re
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from secrets import token_hex
from typing import Final

ROOT: Final = Path(__file__).parents[2]
DEPLOY: Final = ROOT / "deploy"
_GUIDE: Final = ROOT / "docs" / "operating.md"
_BLOCK: Final = re.compile(r"^```(\w+) ([\w.-]+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_SECRET: Final = re.compile(r"<[a-z0-9-]+>")
_SETTING: Final = re.compile(r"^(VARSEL_[A-Z0-9_]+)=", re.MULTILINE)


@cache
def blocks(document: Path = _GUIDE) -> Mapping[str, str]:
    """The fenced blocks that bear a name, by it: the operators' guide's, or another document's."""
    found = _BLOCK.findall(document.read_text())
    assert len({name for _, name, _ in found}) == len(found), "a name is given twice"
    return {name: text for _, name, text in found}


def settings_named() -> frozenset[str]:
    """The settings of the guide's installation, by what its files and units set."""
    units = (each.read_text() for each in sorted(DEPLOY.glob("*.service")))
    by_units = {
        name
        for text in units
        for name in re.findall(r"^Environment=(VARSEL_\w+)=", text, re.MULTILINE)
    }
    return frozenset(_SETTING.findall(blocks()["varsel.env"])) | by_units


class Guide:
    """The guide, read for one installation: what stands for others in it is replaced."""

    def __init__(self) -> None:
        self.replaced: dict[str, str] = {}
        """Hosts, ports and folders of the guide, and those that they are here."""
        self._secrets: dict[str, str] = {}

    def block(self, name: str) -> str:
        """A block as it is for this installation."""
        return self.written(blocks()[name])

    def written(self, text: str) -> str:
        """A text of the guide, or of a file that it names, as it is for this installation."""
        # The longest first: what is replaced may begin with what is replaced as well.
        for old in sorted(self.replaced, key=len, reverse=True):
            text = text.replace(old, self.replaced[old])
        return _SECRET.sub(lambda found: self.secret(found[0]), text)

    def secret(self, placeholder: str) -> str:
        """What stands for a placeholder: as much as the guide says, and always the same."""
        return self._secrets.setdefault(placeholder, token_hex(24))

    def unit(self, name: str, instance: str) -> str:
        """A unit of systemd as it is for one instance."""
        return self.written((DEPLOY / name).read_text()).replace("%i", instance)


def environ_of(file: Path) -> dict[str, str]:
    """The settings in a file, as a shell reads them; systemd reads them alike."""
    read = subprocess.run(
        ["/bin/sh", "-c", f"set -a; . {file}; exec env -0"],
        env={},
        capture_output=True,
        text=True,
        check=True,
    )
    pairs = (each.partition("=") for each in read.stdout.split("\0") if each)
    return {name: value for name, _, value in pairs if name not in {"PWD", "SHLVL", "_", "OLDPWD"}}
