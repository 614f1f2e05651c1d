"""What each process of the service holds in memory after orders have come in for some time.

VARSEL_BENCH_MINUTES says for how long; what is asked for is an hour.
"""

import os
from collections.abc import Sequence
from typing import Final

from benchmarks.accepting import accept_for
from benchmarks.figures import Figure
from benchmarks.installations import installation, settled

MINUTES: Final = float(os.environ.get("VARSEL_BENCH_MINUTES", "10"))
_CLIENTS: Final = 16


async def measure() -> Sequence[Figure]:
    """Order for some minutes, and look at each process."""
    with installation() as service:
        await settled()
        before = service.memory()
        await accept_for(service, _CLIENTS, round(MINUTES * 60))
        after = service.memory()
    return [
        Figure(
            name=f"memory of `{word}` after {MINUTES:g} minutes of load",
            unit="MiB",
            rounds=[held],
            beside=[before[word]] if word in before else (),
            yardstick="before",
            to_reach="≤ 120 MiB",
        )
        for word, held in after.items()
    ]
