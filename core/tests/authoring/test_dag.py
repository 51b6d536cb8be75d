"""DAGs: their arguments, their tasks, their order."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tradewind import DAG, BaseOperator, Param, TaskGroup, XComArg, dag, task
from tradewind.authoring.topology import topological_order
from tradewind.exceptions import (
    DuplicateTaskIdFound,
    TaskNotFound,
    TradewindDagCycleException,
    TradewindException,
    TradewindTimetableInvalid,
)
from tradewind.operators.empty import EmptyOperator
from tradewind.serialization import deserialize, serialize
from tradewind.timetables import CronDataIntervalTimetable, DeltaDataIntervalTimetable, NullTimetable, OnceTimetable
from tradewind.timetables.spec import from_schedule
from tradewind_plugins import operator, xcom_arg


@pytest.mark.parametrize(
    ("schedule", "timetable"),
    [
        (None, NullTimetable()),
        ("@once", OnceTimetable()),
        ("@daily", CronDataIntervalTimetable("@daily", "Europe/Berlin")),
        ("5 4 * * 1-5", CronDataIntervalTimetable("5 4 * * 1-5", "Europe/Berlin")),
        (timedelta(hours=3), DeltaDataIntervalTimetable(timedelta(hours=3))),
        (OnceTimetable(), OnceTimetable()),
    ],
)
def test_schedules_become_timetables_in_the_zone_of_the_start_date(schedule, timetable):
    made = DAG("a", schedule=schedule, start_date=pendulum.datetime(2024, 1, 1, tz="Europe/Berlin"))
    assert made.timetable == timetable


def test_a_schedule_left_out_is_a_day():
    assert DAG("a").schedule == timedelta(days=1)


@pytest.mark.parametrize("schedule", ["@sometimes", "* * *", "61 * * * *", 5, timedelta(0), ["dataset"]])
def test_what_is_no_schedule_is_refused(schedule):
    with pytest.raises(TradewindTimetableInvalid):
        DAG("a", schedule=schedule)


def test_dates_are_pendulum_s_and_naive_ones_are_utc():
    made = DAG("a", start_date=datetime(2024, 1, 1), default_args={"end_date": pendulum.datetime(2025, 1, 1)})
    assert isinstance(made.start_date, pendulum.DateTime)
    assert made.start_date == pendulum.datetime(2024, 1, 1, tz="UTC")
    assert made.end_date == pendulum.datetime(2025, 1, 1)
    assert made.timezone == "UTC"


def test_the_start_date_may_stand_in_default_args():
    assert DAG("a", default_args={"start_date": pendulum.datetime(2024, 5, 1)}).start_date.month == 5


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"start_date": "2024-01-01"}, "start_date must be a datetime"),
        ({"max_active_runs": 0}, "max_active_runs must be a whole number above 0"),
        ({"dagrun_timeout": "1h"}, "dagrun_timeout must be a timedelta or a number of seconds, not '1h'"),
        ({"access_control": {"r": {"can_fly"}}}, "access_control of role 'r' names the action 'can_fly'"),
        ({"full_filepath": "/x.py"}, "full_filepath=.* is not built yet"),
        ({"max_consecutive_failed_dag_runs": -1}, "max_consecutive_failed_dag_runs must be a whole number above -1"),
        ({"owner_links": {"ann": "javascript:alert(1)"}}, "owner_links of 'ann' must be an address"),
        ({"shedule": None}, "DAG has no argument 'shedule'"),
    ],
)
def test_arguments_without_sense_or_not_built_are_refused(arguments, sentence):
    with pytest.raises(TradewindException, match=f"DAG 'a': .*{sentence}|DAG 'a': {sentence}"):
        DAG("a", **arguments)


@pytest.mark.parametrize(
    ("arguments", "attribute", "value"),
    [
        ({"concurrency": 4}, "max_active_tasks", 4),
        ({"concurrency": 4}, "concurrency", 4),
        ({"schedule_interval": "@hourly"}, "schedule", "@hourly"),
        ({"schedule_interval": None}, "schedule_interval", None),
        ({"timetable": from_schedule("@hourly", "UTC")}, "timetable", from_schedule("@hourly", "UTC")),
    ],
)
def test_old_names_are_taken_with_a_warning_at_the_authors_line(arguments, attribute, value):
    (old,) = arguments
    with pytest.warns(DeprecationWarning, match=f"DAG 'a': the argument {old} is called ") as told:
        assert getattr(DAG("a", **arguments), attribute) == value
    assert [each.filename for each in told] == [__file__]


def test_an_old_name_beside_its_new_one_is_refused():
    for old in ("timetable", "schedule_interval"):
        with pytest.raises(TradewindException, match=f"give schedule, and not {old}, its old name, as well"):
            DAG("a", schedule="@daily", **{old: "@hourly"})
    assert DAG("a", schedule="@daily", timetable=None, concurrency=None).max_active_tasks == 16


def test_what_airflow_calls_otherwise_is_there_too():
    made = DAG("a", schedule="0 5 * * *", start_date=pendulum.datetime(2024, 1, 1))

    @made.task
    def one():
        """Do nothing."""

    one()
    assert (made.task_ids, made.owner, made.schedule_interval) == (["one"], "tradewind", "0 5 * * *")
    assert made.following_schedule(pendulum.datetime(2024, 1, 5, 5)) == pendulum.datetime(2024, 1, 6, 5)
    assert DAG("b", schedule=None).following_schedule(pendulum.datetime(2024, 1, 5)) is None


def test_what_asks_for_nothing_is_accepted():
    DAG("a", on_failure_callback=None, default_view="graph", orientation="LR", access_control={}, fail_stop=False)


def test_tasks_and_groups_share_one_space_of_ids(dag):
    with dag:
        EmptyOperator(task_id="a")
        with pytest.raises(DuplicateTaskIdFound, match="DAG 'made' has a task 'a' already"):
            TaskGroup("a")
        TaskGroup("g")
        with pytest.raises(DuplicateTaskIdFound, match="has a task group 'g' already"):
            EmptyOperator(task_id="g")
    with pytest.raises(TaskNotFound, match="DAG 'made' has no task 'b'"):
        dag.get_task("b")


def test_a_circle_is_named(dag):
    with dag:
        a, b, c, d = (EmptyOperator(task_id=name) for name in "abcd")
        a >> b >> c >> b
        c >> d
    with pytest.raises(TradewindDagCycleException, match=r"in a circle: (b >> c >> b|c >> b >> c)\."):
        dag.topological_sort()


def test_a_dag_is_no_end_of_an_edge(dag):
    with pytest.raises(TradewindException, match="no end of an edge"):
        dag >> EmptyOperator(task_id="a")


@given(
    st.integers(1, 12).flatmap(
        lambda size: st.tuples(st.just(size), st.sets(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1))))
    )
)
def test_the_topological_order_is_total_and_respects_every_edge(graph):
    size, pairs = graph
    edges = {str(node): set() for node in range(size)}
    for one, other in pairs:
        if one < other:
            edges[str(one)].add(str(other))
    order, circle = topological_order(edges)
    assert sorted(order) == sorted(edges)
    assert circle == []
    place = {node: index for index, node in enumerate(order)}
    assert all(place[node] < place[after] for node, targets in edges.items() for after in targets)


@given(
    st.integers(2, 8).flatmap(
        lambda size: st.tuples(st.just(size), st.sets(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1))))
    )
)
def test_a_graph_has_an_order_or_a_circle_and_the_circle_is_one(graph):
    size, pairs = graph
    edges = {str(node): {str(other) for one, other in pairs if one == node} for node in range(size)}
    order, circle = topological_order(edges)
    if len(order) < size:
        assert circle[0] == circle[-1]
        assert all(after in edges[before] for before, after in pairwise(circle))
    else:
        assert circle == []


TEN_ROWS = Param(10, type="integer")


def test_the_decorator_makes_a_dag_with_its_parameters_as_params():
    @dag(schedule=None, tags=["b", "a", "b"])
    def report(day: str = "monday", rows=TEN_ROWS):
        """What it reports."""

        @task
        def show(day, rows): ...

        show(day, rows)

    made = report("tuesday")
    assert made.dag_id == "report"
    assert made.doc_md == "What it reports."
    assert made.tags == ["a", "b"]
    assert {name: param.value for name, param in made.params.items()} == {"day": "tuesday", "rows": 10}
    assert made.params["rows"].schema == {"type": "integer"}
    assert list(made.task_dict) == ["show"]


def test_the_decorator_needs_no_parentheses():
    @dag
    def report():
        """What it reports."""

    made = report()
    assert (made.dag_id, made.doc_md) == ("report", "What it reports.")


def test_params_of_the_function_reach_its_tasks(run):
    @dag(schedule=None)
    def report(day: str = "monday"):
        @task
        def show(day, text):
            return (day, text)

        show(day, f"it is {day}")

    made = report()
    assert run(made, "show") == ("monday", "it is monday")
    assert run(made, "show", conf={"day": "friday"}) == ("friday", "it is friday")


def test_a_file_that_is_run_as_a_program_runs_its_dag(tmp_path):
    file = tmp_path / "hello.py"
    file.write_text(
        "from tradewind import DAG, task\n"
        "with DAG('hello', schedule=None, params={'name': 'you'}) as dag:\n"
        "    @task\n"
        "    def greet(params=None, ds=None):\n"
        "        print('hello', params['name'], ds)\n"
        "    greet()\n"
        "if __name__ == '__main__':\n"
        "    run = dag.test('2026-02-03', run_conf={'name': 'Ann'})\n"
        "    assert run.state == 'success'\n"
    )
    home = {"TRADEWIND_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, str(file)], env=os.environ | home, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "hello Ann 2026-02-03" in done.stdout
    assert done.stdout.rstrip().endswith("of hello: success.")


def test_the_file_of_a_dag_is_where_it_is_made():
    assert DAG("a").fileloc == __file__


def test_the_kernel_s_objects_are_re_exported_by_identity():
    assert BaseOperator is operator.BaseOperator
    assert XComArg is xcom_arg.XComArg


def test_documentation_may_be_a_file_beside_the_dag_file():
    readme = Path(__file__).parents[2] / "README.md"
    assert DAG("a", doc_md=f"../../{readme.name}").doc_md == readme.read_text()
    assert DAG("a", doc_md="See README.md").doc_md == "See README.md"
    assert DAG("a", doc_md="see none.md").doc_md == "see none.md"


def test_without_a_start_date_a_dag_begins_with_the_first_of_its_tasks():
    with DAG("a") as made:
        EmptyOperator(task_id="later", start_date=pendulum.datetime(2026, 3, 1))
        EmptyOperator(task_id="first", start_date=pendulum.datetime(2026, 2, 1))
        EmptyOperator(task_id="none")
    assert made.earliest == pendulum.datetime(2026, 2, 1)
    assert deserialize(serialize(made)).start_date == pendulum.datetime(2026, 2, 1)


def test_a_dag_and_its_tasks_may_be_called_otherwise_than_their_ids():
    with DAG("a", dag_display_name="Ä, really", owner_links={"ann": "mailto:ann@example.com"}) as made:
        EmptyOperator(task_id="b", task_display_name="The b")
        EmptyOperator(task_id="c")
    read = deserialize(serialize(made))
    assert (read.display_name, read.owner_links) == ("Ä, really", {"ann": "mailto:ann@example.com"})
    assert [task.display_name for task in read.tasks.values()] == ["The b", "c"]
