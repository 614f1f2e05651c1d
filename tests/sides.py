"""What `make test` runs, on three sides: what starts servers of its own mostly waits, and the rest goes on meanwhile.

What is marked `soak` is on none of them: `make soak` runs it, one test after the other.
Each side is a run of pytest with the words that this is given. What the others have to say is shown
when that of memory has come to its end.
"""

# ruff: noqa: T201  # it is a command

import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

SIDES: Final = {
    "the whole services": "not soak and service",
    "the database": "not soak and not service and postgres",
    "what needs neither": "not soak and not service and not postgres",
}
"""By their names, which tests are on each; the last is the one that is watched."""
_WELL: Final = {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}


def _files_of_services() -> list[str]:
    """The files that mark something `service`: reading all the others costs as much as many tests."""
    files = Path(__file__).parent.rglob("test_*.py")
    return sorted(str(each) for each in files if "mark.service" in each.read_text())


def main() -> int:
    """Run all, and tell; 0 if all is well on each, and there was something to run."""
    # Ctrl-C reaches every side, which clean up after themselves; they are waited for.
    signal.signal(signal.SIGINT, lambda *_: None)
    run = [sys.executable, "-m", "pytest", *sys.argv[1:]]
    runs = {side: [*run, "-m", which] for side, which in SIDES.items()}
    if not sys.argv[1:]:
        runs["the whole services"] += _files_of_services()
    *behind, watched = SIDES
    with ExitStack() as stack:
        told = {side: stack.enter_context(tempfile.TemporaryFile("w+")) for side in behind}
        running = {
            side: stack.enter_context(
                subprocess.Popen(runs[side], stdout=said, stderr=subprocess.STDOUT)
            )
            for side, said in told.items()
        }
        codes = {watched: subprocess.run(runs[watched], check=False).returncode}
        for side, said in told.items():
            codes[side] = running[side].wait()
            said.seek(0)
            print(f"\nThe side of {side}:\n\n{said.read()}")
    failed = {side: code for side, code in codes.items() if code not in _WELL}
    if failed:
        ends = (f"{side} ended with {code}" for side, code in failed.items())
        print(f"Not all is well: {' and '.join(ends)}.")
    return next(iter(failed.values()), min(codes.values()))


if __name__ == "__main__":
    sys.exit(main())
