"""All scenarios, in the order in which they run."""

from __future__ import annotations

from tradewind_perf.scenario import Scenario
from tradewind_perf.scenarios import adding, crowds, daemons, empties, graphs, parents, parsing, tasks

CATALOGUE: dict[str, Scenario] = {each.name: each for module in (tasks, empties, adding, parsing, graphs, crowds, daemons, parents) for each in module.SCENARIOS}
