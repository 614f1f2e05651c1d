"""Names are looked up in threads of each owner's own."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

LOOK_UPS: Final = 8
"""At most so many names of one owner are looked up at once."""


class OwnersThreads:
    """Asks the system's resolver, which holds a thread for as long as it takes, however we hurry.

    Each owner's names have threads of their own: who uses theirs up has none left, and nobody else
    has fewer.
    """

    def __init__(
        self, look_up: Callable[[str, int], Sequence[str]], *, each: int = LOOK_UPS
    ) -> None:
        self._look_up = look_up
        self._each = each
        self._of: dict[str, ThreadPoolExecutor] = {}

    async def addresses(self, owner: str, host: str, port: int) -> Sequence[str]:
        """The addresses of a host.

        Raises:
            OSError, ValueError: it has none.
        """
        threads = self._of.get(owner)
        if threads is None:
            name = "guarded-name"
            threads = self._of[owner] = ThreadPoolExecutor(self._each, thread_name_prefix=name)
        asked = asyncio.get_running_loop().run_in_executor(threads, self._look_up, host, port)
        return await asked

    def close(self) -> None:
        """Let go of the threads; look-ups that hang are not waited for."""
        for threads in self._of.values():
            threads.shutdown(wait=False, cancel_futures=True)
