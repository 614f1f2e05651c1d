"""Play the simulation: one seed again, or as many episodes as make so many steps."""

# ruff: noqa: T201  # it is a command

import argparse
import sys
import time

from tests.simulation.playing import episode, many


def main() -> int:
    """Play what is asked for; 1 if a promise was not kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="play this one episode again")
    parser.add_argument("--steps", type=int, default=1_000_000, help="play until so many steps")
    parser.add_argument("--from-seed", type=int, default=1, help="the first of many seeds")
    asked = parser.parse_args()
    began = time.perf_counter()
    told = [episode(asked.seed)] if asked.seed is not None else many(asked.from_seed, asked.steps)
    took = time.perf_counter() - began
    print(
        f"{len(told)} episodes, {sum(each.steps for each in told):,} steps, "
        f"{sum(each.orders for each in told):,} orders, {sum(each.crashes for each in told):,} "
        f"crashes, {sum(each.faults for each in told):,} other faults, in {took:.0f} s"
    )
    broken = [each for each in told if each.findings]
    for each in broken:
        print(f"seed {each.seed}; again by: python -m tests.simulation --seed {each.seed}")
        for line in each.findings:
            print(f"  {line}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
