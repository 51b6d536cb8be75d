"""All scenarios, in the order in which they run."""

from __future__ import annotations

from tradewind_perf.scenario import Scenario
from tradewind_perf.scenarios import empties, graphs, tasks

CATALOGUE: dict[str, Scenario] = {each.name: each for module in (tasks, empties, graphs) for each in module.SCENARIOS}
