"""The mutants: named ways to break the product. The simulation must find each; a checker that finds nothing proves nothing.

Each replaces one named place of the product while a block runs. `KILLED_BY` says which seed finds it, so that the test is quick;
`run.py --all-mutants` looks for the first such seed of each.
"""

from __future__ import annotations

from simulation import (
    mutants_of_assets,
    mutants_of_callbacks,
    mutants_of_deferrals,
    mutants_of_features,
    mutants_of_locks,
    mutants_of_rules,
)
from simulation.mutation import MUTANTS, mutated
from simulation.scenario import Scenario

__all__ = [
    "KILLED_BY",
    "MUTANTS",
    "can_show",
    "mutants_of_assets",
    "mutants_of_callbacks",
    "mutants_of_deferrals",
    "mutants_of_features",
    "mutants_of_locks",
    "mutants_of_rules",
    "mutated",
]

NEEDED_FAULTS = {
    "no-token-check": {"duplicate"},
    "counters-after-commit": {"lost reply"},
    "callbacks-after-commit": {"lost reply"},
    "claim-without-nonce": {"lost reply"},
    "takeover-on-silence": {"isolation", "outage"},
    "evidence-forgets-starts": {"evidence"},
    "wake-ups-are-all": {"lost wake-up"},
    "outcome-rejected-with-lease": {"isolation", "outage"},
    "pulse-ignored": {"outage"},
    "repeated-outcome-counts-twice": {"duplicate"},
    "rest-of-cascade-lost": {"small cap"},
    "pause-ignored": {"pause"},
    "refusal-is-the-end": {"serialization failure"},
    "adjust-on-clear": {"clear"},
    "clear-keeps-expansions": {"clear"},
    "clear-keeps-tokens": {"clear"},
    "clear-keeps-xcoms": {"clear"},
    "clear-takes-running": {"clear"},
    "clear-shares-the-run": {"clear"},
    "continuation-done-twice": {"small cap"},
    "run-closed-again": {"small cap"},
    "child-without-parent": {"lost reply"},
}
"""Without any of these faults a seed cannot show the mutant, and need not be played to look for one that does."""

NEEDS_TWO_WORKERS = {"rows-not-locked", "claim-not-locked"}
NEEDS_TWO_SCHEDULERS = {"continuation-done-twice", "occupancy-without-buckets", "asset-dag-not-locked"}


def can_show(name: str, scenario: Scenario) -> bool:
    """Whether a seed has what a mutant needs to show: some feature or fault, turns that are interrupted, several workers."""
    module = MUTANTS[name].__module__
    needed = NEEDED_FAULTS.get(name)
    is_of_locks = module == mutants_of_locks.__name__
    return all(
        (
            module != mutants_of_assets.__name__ or bool(scenario.news),
            module != mutants_of_deferrals.__name__ or scenario.defers,
            scenario.has_callbacks or (module != mutants_of_callbacks.__name__ and name != "run-closed-again"),
            needed is None or bool(needed & scenario.faults),
            mutants_of_features.NEEDS.get(name) in {None, *scenario.features},
            name not in NEEDS_TWO_SCHEDULERS or scenario.schedulers > 1,
            not is_of_locks or scenario.eagerness > 0,
            name not in NEEDS_TWO_WORKERS or len(scenario.workers) > 1,
        )
    )


KILLED_BY: dict[str, tuple[str, int]] = {
    "adjust-on-clear": ("sqlite", 5),
    "admission-in-no-order": ("sqlite", 2),
    "admission-not-locked": ("sqlite", 0),
    "asset-dag-not-locked": ("postgresql", 86),
    "asset-event-forgotten": ("sqlite", 6),
    "asset-event-kept": ("sqlite", 6),
    "asset-event-seen-before": ("sqlite", 6),
    "backfill-cancelled-in-words": ("sqlite", 29),
    "backfill-makes-anew": ("sqlite", 29),
    "backfill-past-its-limit": ("sqlite", 29),
    "callbacks-after-commit": ("sqlite", 218),
    "callbacks-at-most-once": ("sqlite", 15),
    "callbacks-in-no-order": ("sqlite", 25),
    "callbacks-not-held": ("sqlite", 9),
    "catchup-makes-up": ("sqlite", 45),
    "catchup-passes-over": ("sqlite", 51),
    "child-of-the-overtaken": ("sqlite", 168),
    "child-without-parent": ("sqlite", 208),
    "claim-in-no-order": ("sqlite", 2),
    "claim-not-locked": ("postgresql", 1),
    "claim-past-the-slots": ("sqlite", 2),
    "claim-waits": ("postgresql", 0),
    "claim-without-nonce": ("sqlite", 60),
    "claim-without-state-check": ("sqlite", 0),
    "clear-keeps-expansions": ("sqlite", 324),
    "clear-keeps-tokens": ("sqlite", 5),
    "clear-keeps-xcoms": ("sqlite", 114),
    "clear-shares-the-run": ("sqlite", 5),
    "clear-takes-running": ("sqlite", 5),
    "close-without-progress": ("sqlite", 0),
    "continuation-done-twice": ("postgresql", 65),
    "counters-after-commit": ("sqlite", 61),
    "deadline-missed-for-ever": ("sqlite", 17),
    "decide-again": ("sqlite", 0),
    "deadline-of-what-succeeded": ("sqlite", 17),
    "deferral-consumes-a-try": ("sqlite", 15),
    "drained-worker-claims": ("sqlite", 70),
    "event-whatever-the-state": ("sqlite", 15),
    "evidence-forgets-starts": ("sqlite", 21),
    "expansion-forgets-downstream": ("sqlite", 11),
    "expansion-forgets-progress": ("sqlite", 2),
    "expansion-shares-the-run": ("sqlite", 2),
    "failures-not-counted": ("sqlite", 231),
    "first-misfit-blocks": ("sqlite", 40),
    "gate-not-locked": ("sqlite", 0),
    "group-counts-all": ("sqlite", 106),
    "handover-ignores-priority": ("sqlite", 30),
    "handover-past-drains": ("sqlite", 118),
    "handover-past-holds": ("sqlite", 376),
    "handover-past-limits": ("sqlite", 66),
    "handover-pays-with-nothing": ("sqlite", 2),
    "holds-ignored": ("sqlite", 38),
    "lease-not-renewed": ("sqlite", 1),
    "lock-by-id": ("sqlite", 0),
    "lost-tries-untold": ("sqlite", 52),
    "mark-keeps-tokens": ("sqlite", 19),
    "mark-recounts-nothing": ("sqlite", 43),
    "no-token-check": ("sqlite", 177),
    "occupancy-ignored": ("sqlite", 0),
    "occupancy-without-buckets": ("sqlite", 1),
    "outcome-rejected-with-lease": ("sqlite", 21),
    "past-forgotten": ("sqlite", 23),
    "past-never-looked-at": ("sqlite", 23),
    "past-open-to-all": ("sqlite", 23),
    "pause-ignored": ("sqlite", 12),
    "paused-by-any-failure": ("sqlite", 28),
    "pulse-ignored": ("sqlite", 13),
    "refusal-is-the-end": ("sqlite", 8),
    "release-wakes-schedulers-only": ("sqlite", 318),
    "repeated-outcome-counts-twice": ("sqlite", 0),
    "reschedule-consumes-a-try": ("sqlite", 1),
    "rest-of-cascade-lost": ("sqlite", 0),
    "retries-told-as-failures": ("sqlite", 15),
    "retry-at-once": ("sqlite", 13),
    "retry-for-ever": ("sqlite", 1),
    "rows-not-locked": ("sqlite", 0),
    "run-closed-again": ("sqlite", 153),
    "runs-not-locked": ("postgresql", 0),
    "schedule-ignores-backfills": ("sqlite", 29),
    "setups-forgotten": ("sqlite", 24),
    "skip-cascade-not-counted": ("sqlite", 2),
    "skips-forgotten": ("sqlite", 3),
    "sla-of-what-succeeded": ("sqlite", 43),
    "takeover-on-silence": ("sqlite", 2),
    "task-limits-ignored": ("sqlite", 66),
    "teardown-left-out": ("sqlite", 24),
    "teardown-without-setup": ("sqlite", 24),
    "timeout-makes-no-room": ("sqlite", 139),
    "timeout-of-what-ended": ("sqlite", 33),
    "wake-ups-are-all": ("sqlite", 10),
    "zero-length-never-ends": ("sqlite", 0),
}
"""The database and the seed that find each mutant. After a change of the scenarios, `run.py --all-mutants` finds new ones."""
