"""`tradewind dags show-dependencies`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

FLOWS = """
from datetime import datetime
from tradewind import DAG, Asset
from tradewind.operators.empty import EmptyOperator
from tradewind.operators.trigger_dagrun import TriggerDagRunOperator
from tradewind.sensors.external_task import ExternalTaskMarker, ExternalTaskSensor

class Starts(TriggerDagRunOperator): ...

with DAG("north", schedule=None):
    Starts(task_id="go", trigger_dag_id="south")
    TriggerDagRunOperator.partial(task_id="all").expand(trigger_dag_id=["east", "west"])
    EmptyOperator(task_id="write", outlets=[Asset("s3://shop/sales")])
with DAG("south", schedule=[Asset("s3://shop/sales")], start_date=datetime(2026, 1, 1)):
    ExternalTaskSensor(task_id="wait", external_dag_id="{{ params.other }}")
    ExternalTaskMarker(task_id="tell", external_dag_id="east", external_task_id="a")
"""
TEXT = [
    "north triggers east (all)",
    "north triggers south (go)",
    "north triggers west (all)",
    "north writes s3://shop/sales (write)",
    "s3://shop/sales starts south",
    "south clears east (tell)",
    "{{ params.other }} is awaited by south (wait)",
]


@pytest.fixture
def flows(dags: Path, run) -> None:
    (dags / "flows.py").write_text(FLOWS)
    assert run("dag-processor", "--once")[0] == 0


def test_who_depends_on_whom_as_text_dot_and_mermaid(run, flows) -> None:
    code, out, _ = run("dags", "show-dependencies", "--format", "text")
    assert (code, sorted(out.splitlines())) == (0, TEXT)
    dot = run("dags", "show-dependencies")[1]
    assert '    "dag:north" -> "dag:south" [label="triggers (go)"];' in dot
    assert '    "asset:s3://shop/sales" [label="s3://shop/sales", shape=cylinder, style=filled];' in dot
    assert '-->|"starts"|' in run("dags", "show-dependencies", "--format", "mermaid")[1]


def test_it_is_saved_by_the_file_s_ending(run, flows, tmp_path: Path) -> None:
    assert run("dags", "show-dependencies", "--save", str(tmp_path / "all.txt"))[0] == 0
    assert sorted((tmp_path / "all.txt").read_text().splitlines()) == TEXT
    code, _, err = run("dags", "show-dependencies", "--save", str(tmp_path / "all.doc"))
    assert (code, "says no format: end it with one of" in err) == (2, True)
    if shutil.which("dot"):
        assert run("dags", "show-dependencies", "-s", str(tmp_path / "all.svg"))[0] == 0
        assert "<svg" in (tmp_path / "all.svg").read_text()


def test_where_nothing_depends_on_anything_that_is_said(run, dags: Path) -> None:
    code, out, err = run("dags", "show-dependencies", "--format", "text")
    assert (code, out, err) == (0, "", "No DAG depends on another one.\n")
