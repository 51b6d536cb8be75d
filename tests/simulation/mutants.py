"""The mutants: named ways to break the product. The simulation must find each; a checker that finds nothing proves nothing.

Each replaces one named place of the product while a block runs. `KILLED_BY` says which seed finds it, so that the test is quick;
`run.py --all-mutants` looks for the first such seed of each.
"""

from __future__ import annotations

from simulation import mutants_of_locks, mutants_of_rules
from simulation.mutation import MUTANTS, mutated

__all__ = ["KILLED_BY", "MUTANTS", "mutants_of_locks", "mutants_of_rules", "mutated"]

KILLED_BY: dict[str, tuple[str, int]] = {}
"""The database and the seed that find each mutant. After a change of the scenarios, `run.py --all-mutants` finds new ones."""
