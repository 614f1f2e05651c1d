"""What is measured, in one form: some rounds, each beside its yardstick's where there is one."""

import statistics
from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from rich.table import Table

ROUNDS: Final = 5
"""Every figure is the median of at least so many."""


class Figure(Struct, frozen=True, kw_only=True):
    """One measure of the service, round by round."""

    name: str
    unit: str
    rounds: Sequence[float]
    beside: Sequence[float] = ()
    """What the yardstick came to in the same rounds, in the same unit."""
    yardstick: str = ""
    """What it is."""
    to_reach: str = ""
    """What the figure is to come to, in words."""

    @property
    def line(self) -> "Line":
        """The figure in numbers."""
        middle = statistics.median(self.rounds)
        ratios = [one / other for one, other in zip(self.rounds, self.beside, strict=False)]
        return Line(
            name=self.name,
            value=middle,
            unit=self.unit,
            yardstick=statistics.median(self.beside) if self.beside else None,
            ratio=statistics.median(ratios) if ratios else None,
            spread=(max(self.rounds) - min(self.rounds)) / middle if middle else 0.0,
        )


class Line(Struct, frozen=True, kw_only=True):
    """A figure as it is written for programs: medians of its rounds."""

    name: str
    value: float
    unit: str
    yardstick: float | None
    ratio: float | None
    """Of the value to the yardstick, of the same round."""
    spread: float
    """From the least round to the greatest, as a share of the value."""


def table(figures: Sequence[Figure]) -> Table:
    """Figures for people."""
    shown = Table("measure", box=None, pad_edge=False)
    for heading in ("value", "spread", "yardstick", "ratio"):
        shown.add_column(heading, justify="right")
    shown.add_column("to reach")
    for each in figures:
        line = each.line
        shown.add_row(
            each.name,
            f"{_short(line.value)} {each.unit}",
            f"{line.spread:.0%}",
            "" if line.yardstick is None else f"{_short(line.yardstick)}, {each.yardstick}",
            "" if line.ratio is None else f"{line.ratio:.2f}",
            each.to_reach,
        )
    return shown


def rank(took: Sequence[float], share: float) -> float:
    """How long the quickest of this share took at most."""
    return sorted(took)[min(len(took) - 1, int(len(took) * share))]


def _short(number: float) -> str:
    """Three places that say something, and all those before the point."""
    if number >= 100:  # noqa: PLR2004  # three places
        return f"{number:,.0f}"
    return f"{number:.3g}"
