"""What is installed is the whole product: every module, migration and page, and the contracts."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

PACKAGES = ("domain", "application", "adapters", "entrypoints", "contracts")


def test_a_built_wheel_holds_every_file_of_the_product(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
    options = ["--no-index", "--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path), "."]
    subprocess.run([*build, *options], check=True)

    (wheel,) = tmp_path.glob("varsel-*.whl")
    held = {each for each in ZipFile(wheel).namelist() if ".dist-info/" not in each}
    ours = {
        str(file)
        for package in PACKAGES
        for file in Path(package).rglob("*")
        if file.is_file() and file.suffix != ".pyc"
    }
    assert held == ours
    assert {Path(each).suffix for each in held} >= {".py", ".sql", ".js", ".json"}
