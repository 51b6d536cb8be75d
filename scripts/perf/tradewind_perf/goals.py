"""Goals as data: which figure of a scenario is to be how large, and whether it was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from tradewind_perf.figures import Figure, plain


class Verdict(str, Enum):
    """What a run says about a goal."""

    REACHED = "reached"
    NOT_REACHED = "not reached"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Goal:
    """One figure's limit.

    Arguments:
        figure: its name among the scenario's figures.
        limit: in the figure's unit.
        at_least: whether the limit is the least that is good; otherwise it is the most.
        databases: those on which it is a goal; elsewhere the figure is for information.
    """

    figure: str
    limit: float
    at_least: bool = False
    databases: tuple[str, ...] = ("postgresql",)

    def judge(self, figures: Mapping[str, Figure]) -> Verdict:
        """Compare the median with the limit."""
        found = figures.get(self.figure)
        if found is None:
            return Verdict.NOT_MEASURED
        is_reached = found.median >= self.limit if self.at_least else found.median <= self.limit
        return Verdict.REACHED if is_reached else Verdict.NOT_REACHED

    def __str__(self) -> str:
        return f"{self.figure} {'≥' if self.at_least else '≤'} {plain(self.limit)}"


def at_most(figure: str, limit: float) -> Goal:
    """Return the goal that a figure is not larger than that."""
    return Goal(figure, limit)


def at_least(figure: str, limit: float) -> Goal:
    """Return the goal that a figure is not smaller than that."""
    return Goal(figure, limit, at_least=True)
