"""The disk refuses to keep what the database writes: it goes down, recovers from its log, and nothing is doubled."""

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.adapters.event_store.appending import append, appending, stored
from tests.servers import a_server, until


@contextmanager
def failing(processes: Sequence[int]) -> Iterator[None]:
    """Let the next flush of each process fail, as a disk does that has lost a sector."""
    program = shutil.which("strace")
    assert program, "strace is missing: apt-get install strace"
    tracers = [
        subprocess.Popen(
            [
                *(program, "-qq", "-o", "/dev/null", "-p", str(pid), "-e", "trace=fdatasync"),
                *("-e", "inject=fdatasync:error=EIO:when=1"),
            ]
        )
        for pid in processes
    ]
    try:
        yield
    finally:
        for tracer in tracers:
            tracer.kill()
            tracer.wait()


def _is_traced(pid: int) -> bool:
    return "TracerPid:\t0\n" not in Path(f"/proc/{pid}/status").read_text()


async def test_an_error_while_the_log_is_flushed_costs_seconds_and_doubles_nothing() -> None:
    async with a_server() as server, appending(server.conninfo) as appender:
        await append(appender)
        # The log is flushed by whoever commits, or by the writer of the log shortly before.
        flushing = [
            int(each)
            for each in server.ask(
                "SELECT array_agg(pid) FROM pg_stat_activity"
                " WHERE application_name = 'varsel appender' OR backend_type = 'walwriter'"
            )
        ]
        with failing(flushing):
            await until(lambda: all(map(_is_traced, flushing)))
            await append(appender)
        await append(appender)

        assert "PANIC:  could not fdatasync" in server.said
        assert stored(server.conninfo) == 3
