"""What several processes bring, and what they cost each other, on the same database and the same cores.

More processes than cores take turns: what is lost then is what they cost beside each other.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from benchmarks.accepting import Accepted, accept_for, compared
from benchmarks.figures import Figure
from benchmarks.installations import installation, settled

_PROCESSES: Final = (1, 2, 4, 8)
_ROUNDS: Final = 3
_CLIENTS: Final = 32
_SECONDS: Final = 6


async def measure() -> Sequence[Figure]:
    """Accept with so many processes by turns, each time in a new installation."""
    accepted: Mapping[int, list[Accepted]] = {number: [] for number in _PROCESSES}
    for _ in range(_ROUNDS):
        for number in _PROCESSES:
            with installation(VARSEL_API_PROCESSES=str(number)) as service:
                await settled()
                await accept_for(service, _CLIENTS, 2)  # what is made once has been
                accepted[number].append(await accept_for(service, _CLIENTS, _SECONDS))
    return [
        figure
        for number, rounds in accepted.items()
        for figure in compared(
            f"accepted e-mail orders, {_CLIENTS} clients, by {number} API processes",
            rounds,
            accepted[1],
            "by one",
        )
    ]
