"""Ask once about what several want to know at the same moment, and tell each what it asked for.

    asked ──▶ waiting ──a round has room──▶ in a round ──▶ answered

A round takes in whoever waits when it begins; whoever asks meanwhile waits for the next. So an answer is
never older than its question, nobody waits who asks alone, and the more ask the fewer rounds are for each.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")

_MOST: Final = 100
"""So many things are asked about in one round; whoever asks about more asks alone."""
_AT_ONCE: Final = 2
"""So many rounds may be under way, so that one whose answer does not come keeps nobody waiting."""


@dataclass(slots=True, eq=False)
class _Asker(Generic[K, V]):
    """Somebody who waits for an answer."""

    keys: Collection[K]
    answer: asyncio.Future[Mapping[K, V]]


class Gatherer(Generic[K, V]):
    """Gathers questions of one kind."""

    def __init__(
        self,
        ask: Callable[[Sequence[K]], Awaitable[Mapping[K, V]]],
        *,
        befalls_all: type[Exception] | tuple[type[Exception], ...] = (),
        most: int = _MOST,
        at_once: int = _AT_ONCE,
    ) -> None:
        """Gather what is asked by `ask`, which tells of each thing that is known.

        Where a round fails, each of those in it asks alone, so that none hears of what is wrong with
        another's; but of what befalls all alike, all are told at once.
        """
        self._ask = ask
        self._befalls_all = befalls_all
        self._most = most
        self._at_once = at_once
        self._waiting: list[_Asker[K, V]] = []
        self._under_way = 0
        self._is_beginning = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, keys: Collection[K]) -> Mapping[K, V]:
        """What is known of each; what `ask` raises is raised here."""
        if len(keys) > self._most:
            return await self._ask(list(keys))
        asker = _Asker[K, V](keys, asyncio.get_running_loop().create_future())
        self._waiting.append(asker)
        if not self._is_beginning and self._under_way < self._at_once:
            self._begin()  # whoever comes before it has begun is in it
        found = await asker.answer
        return {key: found[key] for key in keys if key in found}

    def _begin(self) -> None:
        self._under_way += 1
        self._is_beginning = True
        task = asyncio.create_task(self._run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self) -> None:
        """Put one round after another for as long as anybody waits."""
        self._is_beginning = False
        try:
            while batch := self._gathered():
                await self._put(batch)
        finally:
            self._under_way -= 1  # before anybody else has the loop, who might wait for this one

    def _gathered(self) -> Sequence[_Asker[K, V]]:
        """Those who have waited longest, as many as one round takes."""
        batch: list[_Asker[K, V]] = []
        room = self._most
        waiting = [each for each in self._waiting if not each.answer.done()]
        while waiting and (room := room - len(waiting[0].keys)) >= 0:
            batch.append(waiting.pop(0))
        self._waiting = waiting
        return batch

    async def _put(self, batch: Sequence[_Asker[K, V]]) -> None:
        try:
            keys = list(dict.fromkeys(key for each in batch for key in each.keys))
            found = await self._ask(keys)
        except Exception as problem:  # noqa: BLE001  # whoever asked hears of it
            if len(batch) == 1 or isinstance(problem, self._befalls_all):
                _fail(batch, problem)
            else:
                for each in batch:
                    await self._put([each])
        except BaseException:
            for each in batch:
                each.answer.cancel()
            raise
        else:
            for each in batch:
                if not each.answer.done():
                    each.answer.set_result(found)


def _fail(batch: Sequence[_Asker[K, V]], problem: Exception) -> None:
    for each in batch:
        if not each.answer.done():
            each.answer.set_exception(problem)
