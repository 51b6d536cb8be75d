"""What TriggerDagRunOperator, ExternalTaskSensor and ExternalTaskMarker take, and what a look at another DAG means."""

from __future__ import annotations

import enum
from datetime import datetime, timedelta, timezone

import pytest
from tradewind import DAG
from tradewind.exceptions import TradewindException
from tradewind.operators.trigger_dagrun import TriggerDagRunOperator
from tradewind.sensors.external_task import ExternalTaskMarker, ExternalTaskSensor
from tradewind.sensors.standings import Awaited, verdict
from tradewind.serialization import deserialize, serialize
from tradewind.serialization.model import Mark

DAY = datetime(2026, 1, 2, tzinfo=timezone.utc)
NEXT = DAY + timedelta(days=1)


class State(str, enum.Enum):
    """An enum of states, as people import one."""

    SUCCESS = "success"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"external_task_id": "a", "external_task_ids": ["b"]}, "give one of external_task_id"),
        ({"external_task_ids": ["a"], "external_task_group_id": "b"}, "give one of external_task_id"),
        ({"execution_delta": DAY - DAY, "execution_date_fn": print}, "give one of execution_delta and"),
        ({"allowed_states": ["skipped"]}, "'skipped' is no state that can be waited for: failed, queued"),
        ({"external_task_id": "a", "allowed_states": ["finished"]}, "'finished' is no state that can be"),
        ({"failed_states": ["success"]}, "allowed_states, skipped_states and failed_states share a state"),
    ],
)
def test_a_sensor_of_another_dag_refuses_what_contradicts_itself(dag, arguments, sentence) -> None:
    with pytest.raises(TradewindException, match=f"'wait': {sentence}"):
        ExternalTaskSensor(task_id="wait", external_dag_id="other", dag=dag, **arguments)
    good = ExternalTaskSensor(task_id="good", external_dag_id="other", allowed_states=[State.SUCCESS], dag=dag)
    assert good.allowed_states == ["success"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"logical_date": 3}, "logical_date is a datetime or its text"),
        ({"logical_date": DAY, "execution_date": DAY}, "are two words for one thing"),
        ({"allowed_states": ["skipped"]}, "allowed_states: 'skipped' is no state of a run"),
        ({"failed_states": ["lost"]}, "failed_states: 'lost' is no state of a run"),
    ],
)
def test_a_trigger_refuses_what_it_cannot_use(dag, arguments, sentence) -> None:
    with pytest.raises(TradewindException, match=f"'go': .*{sentence}"):
        TriggerDagRunOperator(task_id="go", trigger_dag_id="other", dag=dag, **arguments)
    good = TriggerDagRunOperator(task_id="good", trigger_dag_id="other", execution_date=DAY, dag=dag)
    assert good.logical_date == "2026-01-02T00:00:00+00:00"


@pytest.mark.parametrize("conf", ["[1]", "{'a': 1}", 3])
def test_a_conf_that_is_no_dict_is_said_to_be_none(dag, run, conf) -> None:
    TriggerDagRunOperator(task_id="go", trigger_dag_id="other", conf=conf, dag=dag)
    with pytest.raises(TradewindException, match="'go': conf is a"):
        run(dag, "go")


def awaited(**more) -> Awaited:
    names = {"allowed": frozenset({"success"}), "skipped": frozenset({"skipped"}), "failed": frozenset({"failed"})}
    return Awaited(**{"dates": (DAY,), "task_ids": ["a", "b"], "of_group": False, **names, **more})


def rows(**counts) -> list[tuple[object, ...]]:
    return [(DAY, "running", name.split("_")[0], name.partition("_")[2], count) for name, count in counts.items()]


@pytest.mark.parametrize(
    ("found", "more", "meant"),
    [
        ([], {}, "waiting"),
        (rows(a_success=1), {}, "waiting"),
        (rows(a_success=1, b_success=3), {}, "there"),
        (rows(a_success=1, b_success=3), {"dates": (DAY, NEXT)}, "waiting"),
        (rows(a_success=1, b_success=2, b_running=1), {}, "waiting"),
        (rows(a_success=1, b_success=2, b_skipped=1), {}, "skipped"),
        (rows(a_failed=1, b_skipped=1), {}, "failed"),
        (rows(a_failed=1, b_success=1), {"allowed": frozenset({"failed", "success"}), "failed": frozenset()}, "there"),
        ([(DAY, "running", None, None, 0)], {}, "waiting"),
        ([(DAY, "success", None, None, 0)], {"task_ids": None}, "there"),
        ([(DAY, "running", None, None, 0)], {"task_ids": None}, "waiting"),
        (rows(x_success=2, y_success=1), {"task_ids": None, "of_group": True}, "there"),
        (rows(x_success=2, y_none=1), {"task_ids": None, "of_group": True}, "waiting"),
    ],
)
def test_what_a_look_means(found, more, meant) -> None:
    assert verdict(found, awaited(**more)) == meant


def test_a_marker_stands_in_the_stored_dag_with_how_far_a_clear_follows() -> None:
    with DAG("marked") as dag:
        ExternalTaskMarker(task_id="own", external_dag_id="other", external_task_id="a")
        ExternalTaskMarker(
            task_id="given", external_dag_id="o", external_task_id="b", execution_date=DAY, recursion_depth=2
        )
    tasks = deserialize(serialize(dag)).tasks
    assert tasks["own"].is_empty
    assert tasks["own"].marks == Mark("other", "a", None, 10)
    assert tasks["given"].marks == Mark("o", "b", "2026-01-02T00:00:00+00:00", 2)
    with pytest.raises(TradewindException, match="recursion_depth is 1 or more"):
        ExternalTaskMarker(task_id="m", external_dag_id="o", external_task_id="b", recursion_depth=0)
