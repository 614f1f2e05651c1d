"""Play the chaos: so many orders under faults, by one seed."""

# ruff: noqa: T201  # it is a command

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.chaos.playing import play


def main() -> int:
    """Play, and tell; 1 if a promise was not kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every", type=float, default=3.0, help="seconds between two faults")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="varsel-chaos-") as folder:
        told = play(Path(folder), orders=asked.orders, seed=asked.seed, every=asked.every)
    print(
        f"{told.ordered.count:,} orders accepted ({told.ordered.asked_again:,} asked again), "
        f"{told.messages:,} messages held"
    )
    print("killed: " + ", ".join(f"{name} {count}" for name, count in sorted(told.killed.items())))
    print(
        f"{told.known:,} for those whom registers know, who moved {told.moves:,} times; trouble was "
        f"brought to the feeds {told.troubled:,} times"
    )
    print(f"{told.stuck} stuck, and let go on by an operator")
    print(f"all came to their end {told.drained:.0f} s after the last fault")
    results = Counter(each.result for each in told.accounts)
    print("results: " + ", ".join(f"{name} {count:,}" for name, count in results.most_common()))
    unknown = sum(each.unknown > 0 for each in told.accounts)
    print(f"{unknown} with an unknown outcome on record; {told.on_record} doubled on record")
    lost = sum(each.startswith("lost") for each in told.findings)
    doubled = sum(each.startswith("doubled") for each in told.findings)
    print(f"{lost} lost, {doubled} silent duplicates")
    for each in told.findings[:20]:
        print(f"  {each}")
    again = (
        f"python -m tests.chaos --orders {asked.orders} --seed {asked.seed} --every {asked.every}"
    )
    print(f"again by: {again}")
    return 1 if told.findings else 0


if __name__ == "__main__":
    sys.exit(main())
