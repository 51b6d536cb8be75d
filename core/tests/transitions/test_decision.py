"""Every trigger rule against every count of up to four upstream instances, and against the order in which they end."""

from __future__ import annotations

from itertools import product

import pytest
from tradewind.transitions.decision import RULES, RUN, SKIP, UPSTREAM_FAILED, WAIT, Counters, decide, one, possible

ENDS = ("success", "failed", "upstream_failed", "skipped")
RULE_NAMES = sorted(RULES)


def final(rule: str, ends: tuple[str, ...]) -> str:  # noqa: PLR0911
    """What a rule says once all upstream ended, in the words of the manual; written apart from the decision."""
    n = len(ends)
    success, failed = ends.count("success"), ends.count("failed")
    skipped, bad = ends.count("skipped"), failed + ends.count("upstream_failed")
    match rule:
        case "all_success":
            return RUN if success == n else UPSTREAM_FAILED if bad else SKIP
        case "all_failed":
            return RUN if bad == n else SKIP
        case "all_done" | "always" | "dummy" | "all_done_setup_success":
            return RUN
        case "all_done_min_one_success" | "one_success":
            return RUN if success else UPSTREAM_FAILED if bad else SKIP
        case "all_skipped":
            return RUN if skipped == n else SKIP
        case "one_failed":
            return RUN if bad else SKIP
        case "one_done":
            return RUN if success + failed else SKIP
        case "none_failed":
            return UPSTREAM_FAILED if bad else RUN
        case "none_failed_min_one_success" | "none_failed_or_skipped":
            return UPSTREAM_FAILED if bad else RUN if success else SKIP
        case "none_skipped":
            return SKIP if skipped else RUN
    raise AssertionError(rule)


def counters(waits: int, ends: tuple[str, ...]) -> Counters:
    total = Counters(waits)
    for state in ends:
        total = total.plus(one(state))
    return total


@pytest.mark.parametrize("rule", RULE_NAMES)
def test_when_all_ended_the_rule_says_what_the_manual_says(rule):
    for n in range(1, 5):
        for ends in product(ENDS, repeat=n):
            assert decide(rule, counters(n, ends)) == final(rule, ends), ends


@pytest.mark.parametrize("rule", RULE_NAMES)
def test_an_early_decision_is_made_exactly_when_more_ends_could_not_change_it(rule):
    """All rules but `all_success`: its early failure stands although an earlier skip could have been seen first."""
    for n in range(1, 4):
        for known in range(n):
            for ends in product(ENDS, repeat=known):
                futures = {final(rule, ends + rest) for rest in product(ENDS, repeat=n - known)}
                decision = decide(rule, counters(n, ends))
                if decision == WAIT:
                    assert len(futures) > 1 or futures == {RUN}, (ends, futures)
                elif not (rule == "all_success" and decision == SKIP):
                    assert futures == {decision}, (ends, futures)


@pytest.mark.parametrize("rule", RULE_NAMES)
def test_without_upstream_everything_runs(rule):
    assert decide(rule, Counters(0)) == RUN
    assert decide(rule, Counters(2, removed=2)) == RUN


@pytest.mark.parametrize(
    ("rule", "fires"), [("one_success", "success"), ("one_failed", "failed"), ("one_done", "failed")]
)
def test_an_unexpanded_upstream_lets_early_rules_fire_and_blocks_the_others(rule, fires):
    open_wait = Counters(2).plus(one(fires))
    assert decide(rule, open_wait) == RUN
    assert decide("all_done", open_wait) == WAIT


@pytest.mark.parametrize("rule", RULE_NAMES)
def test_possible_names_every_decision_that_an_end_can_bring(rule):
    for n in range(1, 5):
        for ends in product((*ENDS, "removed"), repeat=n):
            for waits in range(n, n + 2):
                before, after = counters(waits, ends[:-1]), counters(waits, ends)
                if decide(rule, before) == WAIT and decide(rule, after) != WAIT:
                    assert decide(rule, after) in possible(rule, ends[-1])


def test_a_success_below_all_success_can_only_run_so_nothing_further_is_locked():
    assert possible("all_success", "success") == {RUN}
    assert possible("all_success", "failed") == {UPSTREAM_FAILED}


def test_a_rule_that_does_not_exist_is_an_error():
    with pytest.raises(KeyError):
        decide("all_maybe", Counters(1))
