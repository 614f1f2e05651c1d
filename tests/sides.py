"""What `make test` runs, on two sides: what starts servers of its own mostly waits, and the rest goes on meanwhile.

What is marked `soak` is on neither side: `make soak` runs it, one test after the other.
Each side is a run of pytest with the words that this is given. What the side of the services has to
say is shown when the other has come to its end.
"""

# ruff: noqa: T201  # it is a command

import signal
import subprocess
import sys
import tempfile
from typing import Final

import pytest

SERVICES: Final = "not soak and service"
REST: Final = "not soak and not service"
_WELL: Final = {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}


def main() -> int:
    """Run both, and tell; 0 if all is well on both, and there was something to run."""
    run = [sys.executable, "-m", "pytest", *sys.argv[1:]]
    # Ctrl-C reaches both sides, which clean up after themselves; they are waited for.
    signal.signal(signal.SIGINT, lambda *_: None)
    with tempfile.TemporaryFile("w+") as told:
        with subprocess.Popen(
            [*run, "-m", SERVICES], stdout=told, stderr=subprocess.STDOUT
        ) as services:
            rest = subprocess.run([*run, "-m", REST], check=False)
        told.seek(0)
        print(f"\nThe side of the whole services:\n\n{told.read()}")
    codes = {"the whole services": services.returncode, "the rest": rest.returncode}
    failed = {side: code for side, code in codes.items() if code not in _WELL}
    if failed:
        ends = (f"{side} ended with {code}" for side, code in failed.items())
        print(f"Not all is well: {' and '.join(ends)}.")
    return next(iter(failed.values()), min(codes.values()))


if __name__ == "__main__":
    sys.exit(main())
