"""A process that only hands over: it carries out what is due once it is told to, and ends.

One process loads everything once, and gives birth to a sender for each line that it reads.
A sender writes its number when it is ready, and begins at SIGUSR1, so that whoever counts its calls
counts from the first; then its parent writes how it ended.
"""

# ruff: noqa: T201  # it talks to the test that started it

import asyncio
import os
import signal
import sys

import uvloop

from entrypoints.bootstrap import wired
from entrypoints.settings import Settings, read_settings


async def send(settings: Settings) -> None:
    """See that nothing is due, and carry out what is, once told to."""
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, told.set)
    async with wired(settings) as running:
        await running.application.dispatcher.run_until_idle()
        print(os.getpid(), flush=True)
        await told.wait()
        await running.application.dispatcher.run_until_idle()


def main() -> None:
    """Give birth to senders, one after the other."""
    settings = read_settings(os.environ)
    for _ in sys.stdin:
        if (child := os.fork()) == 0:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(send(settings))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
