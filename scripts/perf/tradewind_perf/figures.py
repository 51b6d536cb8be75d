"""A figure: the values of several runs, told as their median with the smallest and the largest."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Sample = Mapping[str, float]
"""What one run measured: a figure's name, which ends with its unit, and its value."""


@dataclass(frozen=True)
class Figure:
    """The values of one figure over the runs.

    Arguments:
        values: one a run; never empty.
    """

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median."""
        return statistics.median(self.values)

    @property
    def low(self) -> float:
        """The smallest."""
        return min(self.values)

    @property
    def high(self) -> float:
        """The largest."""
        return max(self.values)

    def __str__(self) -> str:
        if len(self.values) == 1 or self.low == self.high:
            return plain(self.median)
        return f"{plain(self.median)} ({plain(self.low)} to {plain(self.high)})"


def plain(value: float) -> str:
    """Write a number with three digits that matter, without an exponent."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    if abs(value) >= 1:
        return f"{value:.2f}"
    places = 2 - math.floor(math.log10(abs(value)))
    return f"{value:.{places}f}".rstrip("0").rstrip(".")


def percentile(values: Iterable[float], percent: int) -> float:
    """Return the value below which `percent` of the values lie, between its neighbours by their distance.

    Arguments:
        percent: 1 to 99.
    Raises:
        ValueError: there are no values.
    """
    found = sorted(values)
    if not found:
        raise ValueError("there is no percentile of no values")
    if len(found) == 1:
        return found[0]
    return statistics.quantiles(found, n=100, method="inclusive")[percent - 1]


def gather(samples: Sequence[Sample]) -> dict[str, Figure]:
    """Return the figures of several runs, in the order in which they were first met; a run may lack one."""
    names = dict.fromkeys(name for sample in samples for name in sample)
    return {name: Figure(tuple(sample[name] for sample in samples if name in sample)) for name in names}


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the slope of the straight line that lies nearest to the points (least squares).

    Arguments:
        points: (x, y), at least two of them with different x.
    """
    return statistics.linear_regression([x for x, _ in points], [y for _, y in points]).slope
