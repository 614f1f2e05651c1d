"""Send conditions without a network."""

from collections.abc import Callable

from application.ports.send_condition import NoAnswer


class InMemorySendCondition:
    """Answers each question by a function of the address."""

    def __init__(self, answer: Callable[[str], bool | NoAnswer]) -> None:
        self._answer = answer

    async def check(self, url: str, *, owner: str) -> bool | NoAnswer:
        del owner
        return self._answer(url)
