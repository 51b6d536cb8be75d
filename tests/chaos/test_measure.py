"""What is measured of an outage and of a silent host is judged figure by figure: one that is wrong is not made good by another."""

from __future__ import annotations

from dataclasses import replace

import pytest
from chaos.measure import Outage, silent_figures
from chaos.stage import Times

GOOD = Outage(seconds=6.0, ended_meanwhile=50, recorded_after=1.0, executions=100, lost=0, broken=())


def test_an_outage_that_keeps_its_promises_is_fine() -> None:
    assert [str(each) for each in GOOD.figures() if not each.holds] == []


@pytest.mark.parametrize(
    ("outage", "said"),
    [
        (replace(GOOD, recorded_after=5.1), "outcomes recorded"),
        (replace(GOOD, ended_meanwhile=0, recorded_after=0.0), "ended meanwhile"),
        (replace(GOOD, executions=99, lost=1), "tries lost"),
        (replace(GOOD, executions=101), "executions"),
        (replace(GOOD, broken=("two tries overlap",)), "two tries overlap"),
    ],
)
def test_each_figure_that_is_wrong_is_told(outage: Outage, said: str) -> None:
    assert said in "\n".join(str(each) for each in outage.figures() if not each.holds)


SILENT = {"ended": 28.0, "first": 30.5, "last": 31.0}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, ""),
        ({"ended": 30.6}, "from the end of its tasks to the first take-over"),
        ({"first": 29.9}, "the first of its tasks is taken over"),
        ({"last": 32.1}, "all its tasks are taken over"),
        ({"ended": 25.0}, "processes have ended"),
    ],
)
def test_tasks_of_a_silent_host_are_taken_over_when_their_processes_have_ended_and_not_before(
    changes: dict[str, float], said: str
) -> None:
    figures = silent_figures(Times(lease=10, grace=30, margin=2), **(SILENT | changes))
    wrong = "\n".join(str(each) for each in figures if not each.holds)
    assert said in wrong
    assert bool(wrong) is bool(said)
