"""Measure everything, one after another, and print each figure beside its yardstick."""

import asyncio
import sys

from rich.console import Console

from benchmarks import accepting, dispatching, following, handlers, instant, registries, two_owners
from benchmarks.installations import MissingToolError


def main() -> None:
    """Measure, and print."""
    console = Console(highlight=False, soft_wrap=True)
    try:
        for measure in (
            accepting.measure,
            dispatching.measure,
            instant.measure,
            two_owners.measure,
            handlers.measure,
            registries.measure,
            following.measure,
        ):
            for line in asyncio.run(measure()):
                console.print(line)
    except MissingToolError as problem:
        sys.exit(str(problem))


main()
