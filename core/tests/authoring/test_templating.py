"""Templates: the documented variables, files, nesting, errors."""

from __future__ import annotations

import json

import pytest
from tradewind import DAG, BaseOperator, Connection
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
