"""The command `varsel`: run the service, place an order, read what happened, load registries.

It heeds Ctrl-C before it loads all of that, which takes a moment: whoever presses it in that moment
reads a sentence, or nothing, and no traceback.
"""

import os
import signal
import sys


def main() -> None:
    """Run the command."""
    before = signal.getsignal(signal.SIGINT)
    if sys.argv[1:2] == ["up"]:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _nothing_is_started_yet)
    elif before is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from entrypoints.cli.app import main as run  # noqa: PLC0415  # it is what takes the moment

    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, before)
    run()


def _nothing_is_started_yet(number: int, frame: object) -> None:
    del number, frame
    os.write(sys.stdout.fileno(), b"Everything is stopped.\n")
    os._exit(0)
