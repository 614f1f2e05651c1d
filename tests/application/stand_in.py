"""A provider of a test's own."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from application.ports.provider import HandoverAccepted, OutboundMessage, Told
from domain.channel import Channel
from tests.scenarios.worlds import MemoryWorld


class StandIn:
    """A relay that does what the test wants before it takes each letter."""

    name = "smtp"
    channel = Channel.EMAIL
    longest_hand_over = 900.0
    memory = None

    def __init__(
        self, world: MemoryWorld, first: Callable[[OutboundMessage], Awaitable[None]]
    ) -> None:
        self._clock = world.clock
        self._first = first

    async def send(self, letters: Sequence[OutboundMessage]) -> AsyncIterator[Told]:
        for letter in letters:
            await self._first(letter)
            yield Told(letter, HandoverAccepted(letter.token), self._clock())
