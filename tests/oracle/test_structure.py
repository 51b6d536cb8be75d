"""The comparison itself: of structures, of outcomes, with the table; and what is made small for recordings."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from oracle import compact, intended, luck, outcomes, page, recordings
from oracle.structure import Difference, differences

DAG: dict[str, Any] = {
    **compact.USUAL_DAG,
    "dag_id": "d",
    "tasks": {
        "a": {**compact.USUAL_TASK, "operator": "PythonOperator"},
        "g.b": {**compact.USUAL_TASK, "operator": "EmptyOperator", "upstream": ["a"], "group": "g"},
    },
    "groups": {"g": {"parent": None, "label": "g", "tooltip": ""}},
    "runs": [["1", "1", "2"], ["2", "2", "3"]],
}
OUTCOME = {"state": "success", "tasks": {"a": ["success", 1], "g.b": ["skipped", 0]}, "xcoms": {"a return_value": 7}}


def changed(**more: Any) -> dict[str, Any]:
    """Return the DAG with other fields; of a task with `a__field`."""
    dag = copy.deepcopy(DAG)
    for name, value in more.items():
        task, _, field = name.rpartition("__")
        (dag["tasks"][task] if task else dag)[field] = value
    return dag


def test_what_is_equal_has_no_difference() -> None:
    assert differences(DAG, copy.deepcopy(DAG)) == []


@pytest.mark.parametrize(
    ("ours", "found"),
    [
        (changed(catchup=False), Difference("d", "dag", "catchup", True, False)),
        (changed(a__retries=2), Difference("d", "task a", "retries", 0, 2)),
        (changed(groups={}), Difference("d", "group g", "group", "<there>", "<missing>")),
        (changed(runs=[["1", "1", "2"]]), Difference("d", "run 2", "run", ["2", "2", "3"], "<missing>")),
        (changed(tasks={"a": DAG["tasks"]["a"]}), Difference("d", "task g.b", "task", "<there>", "<missing>")),
    ],
)
def test_each_difference_is_named_by_place_and_field(ours: dict[str, Any], found: Difference) -> None:
    assert differences(DAG, ours) == [found]


def test_outcomes_differ_by_run_task_and_xcom() -> None:
    ours = {"state": "failed", "tasks": {"a": ["success", 2]}, "xcoms": {}}
    assert [
        (each.where, each.field, each.recorded, each.ours) for each in outcomes.differences("d", OUTCOME, ours)
    ] == [
        ("dag", "state", "success", "failed"),
        ("task a", "tries", 1, 2),
        ("task g.b", "state", "skipped", "<missing>"),
        ("xcom a return_value", "xcom", 7, "<missing>"),
    ]


def test_what_is_made_small_is_whole_again() -> None:
    assert compact.whole_structure(compact.small_structure(DAG)) == DAG
    assert compact.whole_outcome(compact.small_outcome(OUTCOME)) == OUTCOME
    assert compact.small_structure(DAG)["tasks"]["a"] == {"operator": "PythonOperator"}


def test_a_row_explains_what_it_describes_and_nothing_beside_it() -> None:
    row = intended.Row("r", "", "", fields=("tries",), values=(("1", "0"),), operators=("EmptyOperator",))
    assert row.explains(Difference("d", "task g.b", "tries", 1, 0), DAG)
    assert not row.explains(Difference("d", "task g.b", "tries", 2, 0), DAG), "other values"
    assert not row.explains(Difference("d", "task a", "tries", 1, 0), DAG), "another operator"
    assert not row.explains(Difference("d", "task g.b", "state", 1, 0), DAG), "another field"
    once = intended.Row("r", "", "", fields=("run",), schedule={"type": "delta", "catchup": False})
    assert not once.explains(Difference("d", "run 1", "run", 1, 0), DAG), "another schedule"


def test_unexplained_differences_and_unused_rows_are_told() -> None:
    judgement = intended.Judgement(
        [intended.Row("used", "", "", ("owner",)), intended.Row("unused", "", "", ("queue",))]
    )
    strange = Difference("d", "task a", "pool", "default_pool", "other")
    judgement.judge([Difference("d", "task a", "owner", "airflow", "tradewind"), strange], DAG)
    assert judgement.unexplained == [strange]
    assert judgement.unused == ["unused"]


@pytest.mark.parametrize(
    ("rule", "above", "is_luck"),
    [
        ("all_success", ("failed", "skipped"), True),
        ("all_success", ("failed", "success"), False),
        ("all_done", ("failed", "skipped"), False),
    ],
)
def test_luck_is_a_rule_that_two_upstreams_settle_in_two_ways(rule: str, above: tuple[str, str], is_luck: bool) -> None:
    task = {**compact.USUAL_TASK, "operator": "PythonOperator"}
    structure = {"tasks": {"a": task, "b": task, "c": {**task, "trigger_rule": rule, "upstream": ["a", "b"]}}}
    outcome = {"tasks": {"a": [above[0], 1], "b": [above[1], 1], "c": ["success", 1]}}
    assert (luck.by_luck(structure, outcome) is not None) == is_luck


def test_the_page_is_as_generated() -> None:
    assert page.PAGE.read_text() == page.page(), "write it again: python tests/oracle/page.py"


def test_the_recordings_are_small() -> None:
    assert sum(each.stat().st_size for each in recordings.FOLDER.iterdir()) < 2_000_000
