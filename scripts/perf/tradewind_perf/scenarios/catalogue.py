"""All scenarios, in the order in which they run."""

from __future__ import annotations

from tradewind_perf.scenario import Scenario
from tradewind_perf.scenarios import (
    adding,
    api,
    calendar,
    crowds,
    daemons,
    empties,
    graphs,
    parents,
    parsing,
    tasks,
    triggers,
)

_MODULES = (tasks, empties, adding, calendar, parsing, graphs, crowds, daemons, parents, triggers, api)
CATALOGUE: dict[str, Scenario] = {each.name: each for module in _MODULES for each in module.SCENARIOS}
