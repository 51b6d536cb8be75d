"""The unchanged sources of the provider and its example on a real Airflow 1.10.15 under Python 3.6."""

from __future__ import annotations

import ast
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
import tradewind
import tradewind_plugins.exceptions
from distributions.airflow_1_10 import FILE, listed

REPOSITORY = Path(__file__).parents[2]

FACADE = [
    "BaseOperator",
    "BaseSensor",
    "BaseSensorOperator",
    "Connection",
    "DAG",
    "PokeReturnValue",
    "TriggerRule",
    "Variable",
    "XComArg",
    "chain",
    "cross_downstream",
    "task",
]
"""Frozen: a name taken away breaks example files, a name added has to exist on both hosts."""


def rows(bed):
    with closing(sqlite3.connect(bed.database)) as conn:
        return conn.execute("SELECT day, visitors FROM visits ORDER BY day").fetchall()


def test_the_list_of_its_classes_is_true(bed):
    (site_packages,) = bed.venv.glob("lib/python3.*/site-packages")
    assert listed(site_packages) == FILE.read_text(encoding="utf-8")


def test_the_page_of_a_backport_is_its_release_notes(wheels):
    (wheel,) = [each for each in wheels if each.name.startswith("tradewind_backport_common_sql-20")]
    with zipfile.ZipFile(wheel) as archive:
        name = next(each for each in archive.namelist() if each.endswith("METADATA"))
        metadata = archive.read(name).decode()
    assert "\n\n# tradewind-backport-common-sql\n\nRelease: 20" in metadata
    assert "| `airflow.sensors.sql_sensor.SqlSensor` | partial (no `deferrable=True`: " in metadata


def test_every_module_of_the_wheels_can_be_imported(report, wheels):
    files = [name for wheel in wheels for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".py")]
    modules = {name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in files}
    assert set(report["modules"]) == modules
    assert report["import_errors"] == {}


def test_the_example_runs_as_it_is(report):
    assert {state for state, _ in report["example"].values()} == {"success"}
    assert report["example"]["read_visits"][1] == [["2021-01-01", 42]]
    assert report["example"]["report"][1] == "1 day(s) with visits"


def test_its_rows_are_in_the_file(report, bed):
    assert ("2021-01-01", 42) in rows(bed)


def test_airflows_own_commands_write_rows(report, bed):
    bed.run("airflow", "test", "example_sqlite", "add_visits", "2021-02-03")
    assert ("2021-02-03", 42) in rows(bed)


def test_arguments_context_outputs_and_defaults_mean_the_same(report):
    done = report["semantics"]
    assert done.pop("skipped") == ["skipped", None]
    assert {name for name, (state, _) in done.items() if state != "success"} == set()
    assert done["names"][1] == ["you", "2021-01-01"]
    assert done["greet"][1] == ["good day you", "good day 2021-01-01"]
    assert done["join"][1] == ["you", ["2021-01-01"], ["good day you", "good day 2021-01-01"]]
    assert done["variable"][1] == "hello"
    assert done["number"][1] == [7, "2021-01-01"]
    assert done["shell"][1] == "me 2021-01-01"
    assert report["multiple_outputs"] == ["2021-01-01"]
    assert report["retries"] == [[3, 1.0]]


def test_edges_are_the_same(report):
    assert report["edges"] == {
        "end": [],
        "greet": ["join"],
        "join": ["left", "right"],
        "left": ["end"],
        "names": ["greet", "split"],
        "number": ["right"],
        "right": ["end"],
        "shell": ["end"],
        "skipped": ["end"],
        "split": ["join"],
        "there": ["end"],
        "variable": ["left"],
    }


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        ("misspelt", "Task 'a': SqliteOperator has no argument 'autocomit'"),
        ("missing", "Argument ['sql'] is required"),
        ("executor", "Airflow 1.10 has one executor"),
        ("xcom_storage", "Airflow 1.10 keeps XComs in its database"),
        ("expand", "Airflow 1.10 has no mapped tasks"),
        ("schedule", "a schedule is a cron expression, a preset, a timedelta or None"),
        ("edge", "An edge needs tasks or outputs of tasks at both ends, not 5"),
        ("connection", "AirflowNotFoundException: The conn_id `no_such_connection` isn't defined"),
        ("xcom", "XCom can be read and written only in a running task"),
        ("value", "TypeError: Point needs the argument 'x'"),
        ("defer", "Task 'f' wants to wait for object: Airflow 1.10 has no triggerer"),
        ("frozen", "AttributeError: Point is frozen"),
    ],
)
def test_what_this_host_cannot_do_is_refused(report, case, sentence):
    assert sentence in report["refusals"][case]


def test_our_operators_stand_beside_airflows_own(report):
    edges, ours = report["plain"]
    assert edges == {"before": ["ours"], "ours": ["after"], "after": []}
    assert ours == ["success", [["2021-01-01"]]]


def test_a_sensor_gives_its_slot_back_and_remembers_its_first_look(report):
    assert report["reschedule"] == [["up_for_reschedule", "success"], True, True]


def test_values_and_connections_work_on_python_3_6(report):
    assert report["values"] == [True, False, 5]


def test_the_facade_is_frozen_and_part_of_tradewind(report):
    assert report["facade"] == FACADE
    assert set(FACADE) <= set(tradewind.__all__)


def test_every_error_has_its_counterpart(report):
    assert set(report["exceptions"]) >= set(tradewind_plugins.exceptions.__all__)


def offered_names():
    """What each module of the thin `tradewind` offers: of the package the frozen names, of a module what it defines."""
    offered = {"tradewind": set(FACADE)}
    source = REPOSITORY / "backport" / "runtime" / "src"
    for module in (source / "tradewind").rglob("*.py"):
        name = ".".join(module.relative_to(source).with_suffix("").parts)
        offered.setdefault(name, {node.name for node in ast.parse(module.read_text()).body if hasattr(node, "name")})
    return offered


def test_examples_of_providers_use_the_facade_only():
    offered = offered_names()
    for example in (REPOSITORY / "providers").glob("*/examples/*.py"):
        for node in ast.walk(ast.parse(example.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "tradewind":
                assert {alias.name for alias in node.names} <= offered[node.module], f"{example.name}: {node.module}"


def test_the_wheels_keep_apart_from_tradewind(wheels):
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            (name,) = [each for each in archive.namelist() if each.endswith("METADATA")]
            metadata = archive.read(name).decode()
            assert not any(each.startswith("airflow/") for each in archive.namelist())
        assert "Requires-Python: >=3.6,<3.9\n" in metadata
        assert "Requires-Dist: apache-airflow (>=1.10.12,<2)\n" in metadata
