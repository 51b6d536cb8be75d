"""All scenarios, in the order in which they run."""

from __future__ import annotations

from tradewind_perf.scenario import Scenario
from tradewind_perf.scenarios import crowds, daemons, empties, graphs, parsing, tasks

CATALOGUE: dict[str, Scenario] = {each.name: each for module in (tasks, empties, parsing, graphs, crowds, daemons) for each in module.SCENARIOS}
