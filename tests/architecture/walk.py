"""Count through how many files an order goes: `python -m tests.architecture.walk`.

One e-mail is placed over HTTP, carried out and reported, with everything outside in memory. A move is a
call from one file of ours to another; what happens once, at the start, is not counted.
"""

import asyncio
import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Final

from tests.entrypoints.http.installation import TTD, V1, Installation

_HOUSE: Final = Path(__file__).parents[2]
_FLOORS: Final = ("domain/", "application/", "adapters/", "entrypoints/")
_ORDER: Final = {
    "idempotencyId": "walk",
    "recipient": {
        "recipientEmail": {
            "emailAddress": "somebody@example.org",
            "emailSettings": {"subject": "A letter", "body": "Log in."},
        }
    },
}


def file_of(frame: FrameType | None) -> str | None:
    """The file of ours that a frame is in, from the house's door."""
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(str(_HOUSE)):
            inside = name.removeprefix(f"{_HOUSE}/")
            return inside if inside.startswith(_FLOORS) else None
        frame = frame.f_back
    return None


async def walk() -> tuple[Counter[str], int]:
    """The calls into each file, and how many of them come from another."""
    installation = Installation()
    calls: Counter[str] = Counter()
    moves = 0

    def look(frame: FrameType, what: str, _: object) -> None:
        nonlocal moves
        if what != "call" or not frame.f_code.co_filename.startswith(str(_HOUSE)):
            return
        if (here := file_of(frame)) is not None:
            calls[here] += 1
            moves += file_of(frame.f_back) not in (here, None)

    async with installation.client() as client:
        for key in ("first", "walk"):
            if key == "walk":
                sys.setprofile(look)
            answer = await client.post(
                f"{V1}/future/orders", json=_ORDER | {"idempotencyId": key}, headers=TTD
            )
            answer.raise_for_status()
            await installation.application.dispatcher.run_until_idle()
            await installation.report()
    sys.setprofile(None)
    return calls, moves


def main() -> None:
    """Print the files, by how often they are called, and how many moves there are."""
    calls, moves = asyncio.run(walk())
    for file, count in calls.most_common():
        sys.stdout.write(f"{count:>5} {file}\n")
    sys.stdout.write(f"{len(calls)} files, {moves} moves between them, {calls.total()} calls\n")


if __name__ == "__main__":
    main()
