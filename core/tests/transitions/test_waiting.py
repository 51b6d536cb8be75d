"""Why something waits: one sentence for each reason, and the first reason that applies."""

from __future__ import annotations

import pytest
from tradewind.metadata.statements.admission import Group, Limits, Occupancy
from tradewind.metadata.statements.waits import DeferredTasks, LiveWorker, QueuedRuns, QueuedTries
from tradewind.transitions.waiting import missing_daemons, why_deferred, why_queued, why_ready, why_run_queued

LIVE = {"scheduler", "worker", "processor"}
NEEDS = Group("p", "d", "LocalExecutor", 2, 3)


@pytest.mark.parametrize(
    ("live", "limits", "occupied", "sentence"),
    [
        (
            {"worker"},
            ({"p": 8}, {"d": 4}, {"LocalExecutor": 8}),
            ({}, {}, {}),
            "No scheduler lives: start `tradewind scheduler`.",
        ),
        (
            LIVE,
            ({}, {"d": 4}, {"LocalExecutor": 8}),
            ({}, {}, {}),
            "There is no pool 'p': make it with `tradewind pools set p SLOTS`.",
        ),
        (LIVE, ({"p": 1}, {"d": 4}, {}), ({}, {}, {}), "Each needs 2 slots of pool 'p', which has 1 in all."),
        (
            LIVE,
            ({"p": 8}, {"d": 4}, {}),
            ({"p": 7}, {}, {}),
            "Pool 'p' is full: 7 of its 8 slots are taken, and each needs 2.",
        ),
        (
            LIVE,
            ({"p": 8}, {"d": 4}, {}),
            ({"p": 4}, {"d": 4}, {}),
            "DAG 'd' has 4 tasks at work, as many as its max_active_tasks allows.",
        ),
        (LIVE, ({"p": 8}, {"d": 4}, {}), ({}, {}, {}), "No worker of LocalExecutor lives: start `tradewind worker`."),
        (
            LIVE,
            ({"p": 80}, {"d": 40}, {"LocalExecutor": 8}),
            ({}, {}, {"LocalExecutor": 16}),
            "The workers of LocalExecutor are busy: all their 8 slots are taken, and 8 more tasks queue.",
        ),
        (
            LIVE,
            ({"p": 8}, {"d": 4}, {"LocalExecutor": 8}),
            ({}, {}, {}),
            "There is room: the next step of a scheduler admits them.",
        ),
    ],
)
def test_why_a_ready_task_waits(live, limits, occupied, sentence):
    assert why_ready(NEEDS, Limits(*limits), Occupancy(*occupied), live) == sentence


@pytest.mark.parametrize(
    ("workers", "sentence"),
    [
        ([], "No worker of LocalExecutor lives: start `tradewind worker`."),
        ([LiveWorker("Other", None, 8, 0)], "No worker of LocalExecutor lives: start `tradewind worker`."),
        ([LiveWorker("LocalExecutor", ("gpu",), 8, 0)], "No live worker of LocalExecutor serves the queue 'default'."),
        (
            [LiveWorker("LocalExecutor", None, 8, 8)],
            "The workers of LocalExecutor are busy: all their 8 slots are taken.",
        ),
        (
            [LiveWorker("LocalExecutor", None, 8, 8), LiveWorker("LocalExecutor", ("default",), 4, 1)],
            "3 of 12 slots are free: a worker claims them with its next exchange.",
        ),
    ],
)
def test_why_a_queued_task_waits(workers, sentence):
    assert why_queued(QueuedTries("LocalExecutor", "default", 2, None), workers) == sentence


@pytest.mark.parametrize(
    ("changes", "live", "sentence"),
    [
        ({"is_paused": True}, LIVE, "DAG 'd' is paused: `tradewind dags unpause d`."),
        (
            {"quarantine": "ValueError: no"},
            LIVE,
            "DAG 'd' is in quarantine, as a scheduler stumbled over it: ValueError: no",
        ),
        ({}, set(), "No scheduler lives: start `tradewind scheduler`."),
        ({"running": 16}, LIVE, "16 of its runs are active, as many as its max_active_runs allows."),
        ({}, LIVE, "There is room: the next step of a scheduler starts them."),
    ],
)
def test_why_a_queued_run_waits(changes, live, sentence):
    values = {"is_paused": False, "quarantine": None, "max_active_runs": 16, "running": 0} | changes
    assert why_run_queued(QueuedRuns("d", 1, None, **values), live) == sentence


def test_daemons_that_are_missing_are_named():
    assert missing_daemons(LIVE) == []
    assert [sentence.split(" lives")[0] for sentence in missing_daemons({"worker"})] == [
        "No scheduler",
        "No DAG processor",
    ]


@pytest.mark.parametrize(
    ("live", "unclaimed", "problem", "sentence"),
    [
        ({"scheduler"}, 3, None, "No triggerer lives: start `tradewind triggerer`."),
        ({"triggerer"}, 1, "it blocks", "The triggerers have not taken them yet"),
        ({"triggerer"}, 0, "Trigger m.T blocks the loop", "Trigger m.T blocks the loop"),
        ({"triggerer"}, 0, None, "Their triggers have not fired yet."),
    ],
)
def test_why_deferred_tasks_wait(live, unclaimed, problem, sentence) -> None:
    assert why_deferred(DeferredTasks("d", 3, unclaimed, None, problem), live).startswith(sentence)
