"""Templates: the documented variables, files, nesting, errors."""

from __future__ import annotations

import json
from datetime import timedelta

import pendulum
import pytest
from tradewind import DAG, BaseOperator, Connection, task
from tradewind.exceptions import TradewindException


class Show(BaseOperator):
    template_fields = ("value",)
    template_ext = (".sql", ".txt")

    def __init__(self, *, value, **kwargs):
        super().__init__(**kwargs)
        self.value = value

    def execute(self, context):
        return self.value


@pytest.fixture
def show(dag, run):
    def show(value, **arguments):
        task = Show(task_id=f"show{len(dag.tasks)}", value=value, dag=dag, **arguments)
        return run(dag, task.task_id)

    return show


@pytest.mark.parametrize(
    ("template", "rendered"),
    [
        ("{{ ds }}", "2024-03-10"),
        ("{{ ds_nodash }}", "20240310"),
        ("{{ ts }}", "2024-03-10T12:30:00+00:00"),
        ("{{ ts_nodash }}", "20240310T123000"),
        ("{{ ts_nodash_with_tz }}", "20240310T123000+0000"),
        ("{{ logical_date.add(days=1).to_date_string() }}", "2024-03-11"),
        ("{{ execution_date == logical_date }}", "True"),
        ("{{ data_interval_start | ds }}", "2024-03-09"),
        ("{{ data_interval_end | ts_nodash }}", "20240310T000000"),
        ("{{ yesterday_ds }} {{ tomorrow_ds_nodash }}", "2024-03-09 20240311"),
        ("{{ dag.dag_id }} {{ task.task_id }} {{ ti.task_id }} {{ task_instance.try_number }}", "made show0 show0 1"),
        ("{{ run_id }} {{ dag_run.run_type }} {{ dag_run.conf }}", "manual__1 manual {}"),
        ("{{ task_instance_key_str }}", "made__show0__20240310"),
        ("{{ params.colour }}", "blue"),
        ("{{ var.value.city }} {{ var.json.point.x }} {{ var.value.get('none', 'no') }}", "Bremen 3 no"),
        ("{{ conn.store.host }} {{ conn.get('none') }}", "db.example None"),
        ("{{ macros.ds_add(ds, -10) }} {{ macros.ds_format(ds, '%Y-%m-%d', '%d.%m.') }}", "2024-02-29 10.03."),
        ("{{ (logical_date + macros.dateutil.relativedelta.relativedelta(months=1)) | ds }}", "2024-04-10"),
        ("{{ macros.json.dumps([1]) }} {{ macros.timedelta(days=1) }}", "[1] 1 day, 0:00:00"),
        ("no template { at all", "no template { at all"),
    ],
)
def test_the_documented_variables(dag, show, memory, template, rendered):
    memory.variables.update(city="Bremen", point=json.dumps({"x": 3}))
    memory.connections["store"] = Connection(conn_id="store", host="db.example")
    assert show(template, params={"colour": "blue"}) == rendered


def test_templates_are_rendered_at_any_depth(show):
    value = {"list": ["{{ ds }}", 3, None], "tuple": ("{{ run_id }}",), "set": {"{{ ds_nodash }}"}}
    assert show(value) == {"list": ["2024-03-10", 3, None], "tuple": ("manual__1",), "set": {"20240310"}}


def test_the_task_of_the_dag_keeps_its_templates(dag, show):
    show("{{ ds }}")
    assert dag.get_task("show0").value == "{{ ds }}"


def test_template_files_are_found_beside_the_dag_and_in_the_search_path(tmp_path, run):
    beside, elsewhere = tmp_path / "dags", tmp_path / "sql"
    for folder in (beside, elsewhere):
        folder.mkdir()
    (beside / "one.sql").write_text("select '{{ ds }}'")
    (elsewhere / "two.sql").write_text("{% include 'one.sql' %} -- {{ params.n }}")
    made = DAG("made", schedule=None, template_searchpath=str(elsewhere), params={"n": 1})
    made.fileloc = str(beside / "dag.py")
    Show(task_id="one", value=["one.sql", "one.other"], dag=made)
    Show(task_id="two", value="two.sql", dag=made)
    Show(task_id="three", value="three.sql", dag=made)
    assert run(made, "one") == ["select '2024-03-10'", "one.other"]
    assert run(made, "two") == "select '2024-03-10' -- 1"
    with pytest.raises(
        TradewindException, match=r"Task 'three': the template file 'three.sql' of value is neither in .*dags"
    ):
        run(made, "three")


def test_an_undefined_variable_is_an_error_unless_said_otherwise(show):
    with pytest.raises(
        TradewindException, match="Task 'show0': the template in value cannot be rendered: 'nothing' is"
    ):
        show("{{ nothing }}")


def test_a_template_with_an_error_is_named(show):
    with pytest.raises(TradewindException, match="Task 'show0': the template in value cannot be rendered: unexpected"):
        show("{{ ds")


def test_a_missing_variable_is_named(show):
    with pytest.raises(KeyError, match="Variable absent does not exist"):
        show("{{ var.value.absent }}")


def test_a_dag_has_macros_filters_and_native_values(run):
    made = DAG(
        "made",
        schedule=None,
        user_defined_macros={"twice": lambda value: value * 2},
        user_defined_filters={"shout": str.upper},
        render_template_as_native_obj=True,
    )
    Show(task_id="show", value=["{{ twice(21) }}", "{{ 'a' | shout }}", "{{ [1, 2] }}"], dag=made)
    assert run(made, "show") == [42, "A", [1, 2]]


SCHEDULED = {"run_type": "scheduled", "logical_date": "2024-03-10T00:00:00Z"}


@pytest.mark.parametrize(
    ("schedule", "dag_run", "rendered"),
    [
        ("@daily", SCHEDULED, "2024-03-09 20240309 2024-03-11 20240311"),
        (timedelta(days=2), SCHEDULED, "2024-03-08 20240308 2024-03-12 20240312"),
        ("@daily", {}, "2024-03-10 20240310 2024-03-10 20240310"),
        (None, SCHEDULED, "None None None None"),
    ],
)
def test_the_dates_before_and_after_are_those_of_the_schedule_or_the_own_one_of_a_run_by_hand(
    run, schedule, dag_run, rendered
):
    dag = DAG("made", schedule=schedule, start_date=pendulum.datetime(2024, 1, 1))
    template = "{{ prev_ds }} {{ prev_ds_nodash }} {{ next_ds }} {{ next_ds_nodash }}"
    Show(task_id="show", value=template, dag=dag)
    assert run(dag, "show", dag_run=dag_run) == rendered
    assert type(run.ti.template_context["next_execution_date"]) in {pendulum.DateTime, type(None)}


def test_functions_get_them_by_parameters_and_by_kwargs(dag, run):
    @task(dag=dag)
    def by_name(prev_ds, try_number):
        return [prev_ds, try_number]

    @task(dag=dag)
    def by_kwargs(**kwargs):
        return [kwargs["next_ds"], kwargs["try_number"], "prev_start_date_success" in kwargs]

    by_name()
    by_kwargs()
    assert run(dag, "by_name") == ["2024-03-10", 1]
    assert run(dag, "by_kwargs") == ["2024-03-10", 1, False]


def test_the_last_success_is_asked_for_once_and_only_where_it_is_named(show, memory, run):
    assert show("{{ ds }}") == "2024-03-10"
    assert memory.successes == []
    memory.success = {"data_interval_end": pendulum.datetime(2024, 3, 8), "start_date": pendulum.datetime(2024, 3, 9)}
    template = "{{ prev_data_interval_end_success | ds }} {{ prev_start_date_success.day }} {{ prev_end_date_success }}"
    assert show(template) == "2024-03-08 9 None"
    assert [dag_id for dag_id, _ in memory.successes] == ["made"]
    memory.success = None
    assert show("{{ prev_execution_date_success }}") == "None"


def test_a_name_that_nobody_knows_is_still_an_error(show):
    with pytest.raises(TradewindException, match="'prev_moon' is undefined"):
        show("{{ prev_moon }}")
