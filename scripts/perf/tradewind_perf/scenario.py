"""What a scenario is: a sentence, goals, and a function that measures as often as it is asked to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tradewind_perf.figures import Sample
from tradewind_perf.goals import Goal
from tradewind_perf.servers import POSTGRESQL, SQLITE, Servers, Store


class CannotMeasureError(Exception):
    """Says why this machine cannot show what the scenario is about; it is then neither reached nor missed."""


@dataclass(frozen=True)
class Bench:
    """What a scenario is given.

    Arguments:
        database: the kind to measure on.
        repeat: how many samples to yield.
        scale: the share of its full size, 1 for figures that count.
        servers: gives databases.
        say: tells how far it is.
    """

    database: str
    repeat: int
    scale: float
    servers: Servers
    say: Callable[[str], None]
    notes: list[str] = field(default_factory=list)

    def store(self) -> Store:
        """Return a fresh database."""
        return self.servers.store(self.database)

    def size(self, full: int, least: int = 2) -> int:
        """Return a number of things at this scale."""
        return max(least, round(full * self.scale))


@dataclass(frozen=True)
class Scenario:
    """One scenario.

    Arguments:
        name: as on the command line.
        sentence: what it measures.
        measure: yields `Bench.repeat` samples.
        goals: of its figures.
        databases: on which it makes sense, the usual first.
        seconds: about how long five runs on PostgreSQL take.
        runs: more make no sense, as one takes long and hardly varies.
    """

    name: str
    sentence: str
    measure: Callable[[Bench], Iterator[Sample]]
    goals: tuple[Goal, ...] = ()
    databases: tuple[str, ...] = (POSTGRESQL, SQLITE)
    seconds: int = 60
    runs: int = 100
