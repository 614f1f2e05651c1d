"""Measure all, or what is named, and print each figure beside its yardstick.

`python -m benchmarks NAME...` measures some; `--json` prints one JSON object a line, as each is known.
"""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

import msgspec
from rich.console import Console

from benchmarks import (
    accepting,
    contention,
    dispatching,
    feed,
    following,
    growth,
    handlers,
    instant,
    memory,
    projecting,
    registries,
    standby,
    two_owners,
)
from benchmarks.figures import Figure, table
from benchmarks.installations import MissingToolError

MEASURES: Final[Mapping[str, Callable[[], Awaitable[Sequence[Figure]]]]] = {
    "accepting": accepting.measure,
    "dispatching": dispatching.measure,
    "instant": instant.measure,
    "feed": feed.measure,
    "projections": projecting.measure,
    "registries": registries.measure,
    "growth": growth.measure,
    "contention": contention.measure,
    "standby": standby.measure,
    "memory": memory.measure,
    "following": following.measure,
    "handlers": handlers.measure,
    "two-owners": two_owners.measure,
}


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(MEASURES))
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    asked = parser.parse_args()
    if unknown := set(asked.names) - MEASURES.keys():
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(MEASURES)}")
    told, found = Console(stderr=True, highlight=False), list[Figure]()
    for name in asked.names or MEASURES:
        told.print(f"measuring: {name}")
        try:
            figures = asyncio.run(_measured(name))
        except MissingToolError as problem:
            sys.exit(str(problem))
        found += figures
        if asked.json:
            for each in figures:
                sys.stdout.write(msgspec.json.encode(each.line).decode() + "\n")
                sys.stdout.flush()
    if not asked.json:
        Console(highlight=False, width=None if sys.stdout.isatty() else 200).print(table(found))


async def _measured(name: str) -> Sequence[Figure]:
    return await MEASURES[name]()


main()
