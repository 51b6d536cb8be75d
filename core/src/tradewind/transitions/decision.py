"""The pure decision: what a task's trigger rule says about how its direct upstream ended so far.

One function, used by ends, the scheduler, the interface's "why is this not running?" and the tests. It looks at direct
upstream only. Decisions are made as early as the rule allows (`all_success` gives up at the first failure); once a task
was
decided, later counts no longer matter, so callers ask only for instances that are still undecided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import product
from typing import Final, NamedTuple

from tradewind.transitions.states import ENDED

WAIT: Final = "wait"
RUN: Final = "run"
SKIP: Final = "skip"
UPSTREAM_FAILED: Final = "upstream_failed"


class Counters(NamedTuple):
    """How many direct upstream instances an instance waits for, and how those that ended did so.

    An upstream mapped task that was not expanded yet counts as one open wait. `removed` instances count as if they had
    never been upstream.
    """

    waits: int
    success: int = 0
    failed: int = 0
    upstream_failed: int = 0
    skipped: int = 0
    removed: int = 0

    @property
    def is_done(self) -> bool:
        """Whether every upstream instance ended."""
        return self.success + self.failed + self.upstream_failed + self.skipped + self.removed >= self.waits

    @property
    def bad(self) -> int:
        """Upstream instances that failed, themselves or through their own upstream."""
        return self.failed + self.upstream_failed

    def plus(self, ended: Counters) -> Counters:
        """Return these counters with the ends of `ended` added; the number of waits stays."""
        return Counters(
            self.waits,
            self.success + ended.success,
            self.failed + ended.failed,
            self.upstream_failed + ended.upstream_failed,
            self.skipped + ended.skipped,
            self.removed + ended.removed,
        )


def one(state: str, count: int = 1) -> Counters:
    """Return what `count` upstream ends in `state` add to the counters downstream."""
    return _ONE[state] if count == 1 else Counters(0)._replace(**{state: count})


_ONE: Final = {state: Counters(0)._replace(**{state: 1}) for state in sorted(ENDED)}


def _all_success(c: Counters) -> str:
    if c.bad:
        return UPSTREAM_FAILED
    if c.skipped:
        return SKIP
    return RUN if c.is_done else WAIT


def _all_failed(c: Counters) -> str:
    if c.success or c.skipped:
        return SKIP
    return RUN if c.is_done else WAIT


def _all_done(c: Counters) -> str:
    return RUN if c.is_done else WAIT


def _all_done_min_one_success(c: Counters) -> str:
    if not c.is_done:
        return WAIT
    if c.success:
        return RUN
    return UPSTREAM_FAILED if c.bad else SKIP


def _all_skipped(c: Counters) -> str:
    if c.success or c.bad:
        return SKIP
    return RUN if c.is_done else WAIT


def _one_success(c: Counters) -> str:
    if c.success:
        return RUN
    if not c.is_done:
        return WAIT
    return UPSTREAM_FAILED if c.bad else SKIP


def _one_failed(c: Counters) -> str:
    if c.bad:
        return RUN
    return SKIP if c.is_done else WAIT


def _one_done(c: Counters) -> str:
    if c.success or c.failed:
        return RUN
    return SKIP if c.is_done else WAIT


def _none_failed(c: Counters) -> str:
    if c.bad:
        return UPSTREAM_FAILED
    return RUN if c.is_done else WAIT


def _none_failed_min_one_success(c: Counters) -> str:
    if c.bad:
        return UPSTREAM_FAILED
    if not c.is_done:
        return WAIT
    return RUN if c.success else SKIP


def _none_skipped(c: Counters) -> str:
    if c.skipped:
        return SKIP
    return RUN if c.is_done else WAIT


def _always(_c: Counters) -> str:
    return RUN


RULES: Final[dict[str, Callable[[Counters], str]]] = {
    "all_success": _all_success,
    "all_failed": _all_failed,
    "all_done": _all_done,
    "all_done_min_one_success": _all_done_min_one_success,
    "all_skipped": _all_skipped,
    "one_success": _one_success,
    "one_failed": _one_failed,
    "one_done": _one_done,
    "none_failed": _none_failed,
    "none_failed_min_one_success": _none_failed_min_one_success,
    "none_failed_or_skipped": _none_failed_min_one_success,  # the name it had before 2.2
    "none_skipped": _none_skipped,
    "always": _always,
    "dummy": _always,  # the name it had in 1.x
    "all_done_setup_success": _all_done,  # what it asks of setups is asked beside the counters: see scopes.py
}


def decide(rule: str, counters: Counters) -> str:
    """Return what `rule` says now: `wait`, `run`, `skip` or `upstream_failed`.

    A task without upstream (or whose upstream was all removed) runs, whatever its rule.

    Raises:
        KeyError: for a rule that does not exist; the parser refuses such a DAG long before.
    """
    if counters.waits <= counters.removed:
        return RUN
    return RULES[rule](counters)


@cache
def possible(rule: str, ended: str) -> frozenset[str]:
    """Return the decisions that an upstream end in `ended` can newly bring about under `rule`, whatever else happened.

    Derived from `decide` by trying all counts of up to three upstream instances, so that it cannot disagree with it. An
    end uses it to know, from the graph alone and before it locks anything, how far it may cascade.
    """
    found = {decide(rule, before.plus(one(ended))) for before in _open_counters() if decide(rule, before) == WAIT}
    return frozenset(found - {WAIT})


def _open_counters() -> Iterator[Counters]:
    for waits in range(1, 4):
        for counts in product(range(waits), repeat=5):
            if sum(counts) < waits:
                yield Counters(waits, *counts)
