"""What is fetched and read while what came before it is being written: one at a time."""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

T = TypeVar("T")


class ReadAhead(Generic[T]):
    """Holds what is being read ahead; whoever breaks off loses it, and has taken nothing of it."""

    def __init__(self) -> None:
        self._reading: asyncio.Task[T] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.drop()

    def begin(self, reading: Coroutine[Any, Any, T]) -> None:
        """Begin to read; what becomes of it, whoever takes it is told."""
        self._reading = asyncio.create_task(reading)

    def take(self) -> asyncio.Task[T] | None:
        """What is being read, if anything is, to wait for."""
        reading, self._reading = self._reading, None
        return reading

    async def drop(self) -> None:
        """Read no further."""
        if (reading := self.take()) is not None:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
