"""Statements by what they are for: what a goal counts, and what it does not."""

from collections import Counter

import pytest
from tradewind_perf.statements import CONTROL, HEARTBEAT, NOTIFICATION, TRANSACTION, WORK, Counted, classify


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("BEGIN ISOLATION LEVEL READ COMMITTED", CONTROL),
        ("SET application_name = $1", CONTROL),
        ("SHOW standard_conforming_strings", CONTROL),
        ("COMMIT", TRANSACTION),
        ("ROLLBACK", TRANSACTION),
        ("LISTEN scheduler", NOTIFICATION),
        ("SELECT set_config($1, $2, true), pg_notify(name, $3) FROM unnest($4::text[]) AS name", NOTIFICATION),
        ("UPDATE daemon SET renewed_at=$1, expires_at=$2 WHERE daemon.id = $3", HEARTBEAT),
        ("SELECT pg_notify($1, $2)", NOTIFICATION),
        ("SELECT daemon.id, daemon.kind FROM daemon WHERE daemon.ended_at IS NULL", HEARTBEAT),
        ("INSERT INTO pulse (id, since, beat_at) VALUES ($1, $2, $3)", HEARTBEAT),
        ("UPDATE task_instance SET state=$1 WHERE task_instance.id = $2", WORK),
        ("INSERT INTO task_try (instance) VALUES ($1)", WORK),
        ("SELECT dag_run.id FROM dag_run WHERE dag_run.state = $1", WORK),
        ("CALL end_tasks($1)", WORK),
        ("WITH ended AS (UPDATE task_instance SET state=$1 RETURNING id) SELECT pg_notify($2, '') FROM ended", WORK),
        ("SELECT id, pg_notify($1, '') FROM task_instance WHERE state = $2", WORK),
        ("SELECT id FROM task_instance WHERE worker IN (SELECT id FROM daemon WHERE ended_at IS NULL)", WORK),
        ("SELECT pulse_of_a_dag FROM dag", WORK),
        ("SELECT task_instance.id FROM task_instance JOIN daemon ON daemon.id = worker", WORK),
    ],
)
def test_each_statement_is_for_one_thing(statement: str, kind: str) -> None:
    assert classify(statement) == kind
    assert classify(f"\n  {statement}\n") == kind


def test_calls_are_summed_by_what_they_are_for_and_by_daemon() -> None:
    found = Counted(
        Counter(
            {
                ("worker", "UPDATE task_instance SET state=$1"): 7,
                ("scheduler", "SELECT id FROM dag_run"): 2,
                ("worker", "COMMIT"): 5,
                ("worker", "UPDATE daemon SET renewed_at=$1"): 1,
            }
        )
    )
    assert (found.of(WORK), found.of(TRANSACTION), found.of(HEARTBEAT), found.of(NOTIFICATION)) == (9, 5, 1, 0)
    assert found.by_role(WORK) == {"worker": 7, "scheduler": 2}
    assert found.lines(7, most=1) == ["1.00 work, worker: UPDATE task_instance SET state=$1"]
