"""`make failover`: the long trial, with every kind of harm, and a table of what it was like."""

# ruff: noqa: T201  # it is a command

import argparse
import signal
import sys
from typing import Final

from tests.failover.cluster import TIMINGS
from tests.failover.playing import Measured, play

FAULTS: Final = "kill,switch,pause30,cut30,etcd,patroni30,standby20,pause20,cut20,worker20,split30,postmaster,promise"


def main() -> int:
    """Run it, and tell; 0 if every promise was kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", default=FAULTS)
    parser.add_argument("--timing", choices=TIMINGS, default="fast", help="of Patroni")
    parser.add_argument("--strict", action="store_true", help="synchronous_mode_strict")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    print("| fault | refused (s) | nothing accepted | mail stood still | whole again | reads |")
    print("| --- | --- | --- | --- | --- | --- |", flush=True)
    reckoning = play(asked.faults.split(","), timing=asked.timing, strict=asked.strict, tell=_tell)
    for each in reckoning.measured:
        print(f"{each.fault}: {dict(each.answers)}, logged {dict(each.logged)}", end="")
        print(f", promised {each.promised}" if each.promised else "")
    print(
        f"{reckoning.accepted.total()} accepted {dict(reckoning.accepted)}, {reckoning.messages} "
        f"messages; {len(reckoning.lost)} lost, {reckoning.never_accepted} never accepted"
    )
    broken = [*reckoning.lost, *reckoning.findings]
    for line in broken:
        print(line)
    return 1 if broken or reckoning.never_accepted else 0


def _tell(each: Measured) -> None:
    refused = "none" if each.refused is None else " to ".join(f"{at:.1f}" for at in each.refused)
    print(
        f"| {each.fault} ({each.victim}) | {refused} | {each.nothing_accepted:.1f} s"
        f" | {each.mail_stood_still:.1f} s | {each.whole:.0f} s | {dict(each.reads)} |",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
