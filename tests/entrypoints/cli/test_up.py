"""How `varsel up` is told to stop, and what it has started by then."""

import asyncio
import os
import re
import signal
import subprocess
from collections.abc import Iterator

import pytest

from entrypoints.cli.up import Stop

_STOPPING = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture
def stop() -> Iterator[Stop]:
    """What hears the signals of this process, until the test has ended."""
    before = [signal.getsignal(each) for each in _STOPPING]
    try:
        yield Stop()
    finally:
        for each, handler in zip(_STOPPING, before, strict=True):
            signal.signal(each, handler)


@pytest.mark.parametrize("number", _STOPPING)
def test_what_is_started_at_the_moment_of_the_stop_heeds_signals_itself(
    stop: Stop, number: signal.Signals
) -> None:
    os.kill(os.getpid(), number)
    with pytest.raises(KeyboardInterrupt):
        stop.heed()

    status = subprocess.check_output(["/bin/cat", "/proc/self/status"], text=True)

    ignored = re.search(r"^SigIgn:\s+([0-9a-f]+)$", status, re.MULTILINE)
    assert ignored is not None
    assert [each for each in _STOPPING if int(ignored[1], 16) >> (each - 1) & 1] == []


def test_told_twice_it_breaks_off_once_and_what_is_tidied_up_is_not_disturbed(stop: Stop) -> None:
    done: list[str] = []

    async def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(30)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0.01)
            done.append("tidied up")

    with pytest.raises(KeyboardInterrupt):
        stop.do(work())

    assert done == ["tidied up"]
