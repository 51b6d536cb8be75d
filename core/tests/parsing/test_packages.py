"""Zips of modules: read like any DAG file, and run from their version."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tradewind.execution.versions import VersionStore
from tradewind.metadata.statements.sources import read_blobs
from tradewind.metadata.tables import dag_file
from tradewind.parsing.inputs import Inputs

FLOW = """\
from helper import NAME
from tradewind import DAG, task

with DAG(NAME, schedule=None):
    @task
    def work(): ...
    work()
"""
RUNS = """\
import multiprocessing, sys
from tradewind.execution.code import load

if __name__ == "__main__":
    dags = load(sys.argv[1], sys.argv[2])
    import helper
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(sorted(dags), pool.apply(helper.name), helper.__file__)
"""


def put(path: Path, **modules: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, source in modules.items():
            archive.writestr(f"{name.replace('__', '/')}.py", source)


def test_modules_at_the_root_define_dags(lite):
    put(
        lite.folder / "pack.zip",
        flow=FLOW,
        second="from flow import NAME\nfrom tradewind import DAG\nother = DAG('other', schedule=None)\n",
        helper="NAME = 'packed'\n",
        inner__deep="raise ValueError('dag tradewind')\n",
    )
    lite.processor.round()
    assert (lite.file("pack.zip").error, lite.active()) == (None, ["other", "packed"])
    assert Inputs.from_json(lite.file("pack.zip").inputs).files == ("pack.zip",)


def test_a_zip_of_something_else_is_left_alone(lite):
    put(lite.folder / "data.zip", numbers="X = 1\n", inner__flow=FLOW)
    lite.processor.round()
    assert lite.rows(dag_file) == []


@pytest.mark.parametrize(
    ("modules", "sentence"),
    [
        ({"json": "import tradewind  # dag\n"}, "TradewindException: The module json.py of pack.zip has the name of another"),
        ({"flow": "import tradewind  # dag\nimport nothing_there\n"}, "flow.py: ModuleNotFoundError: No module named"),
        ({"flow": "dag = tradewind(\n"}, "SyntaxError: '(' was never closed"),
    ],
)  # fmt: skip
def test_errors_name_the_module(lite, modules, sentence):
    put(lite.folder / "pack.zip", **modules)
    lite.processor.round()
    assert sentence in lite.file("pack.zip").error


def test_a_version_runs_from_its_zip(lite, tmp_path):
    put(lite.folder / "pack.zip", flow=FLOW, helper="NAME = 'packed'\ndef name(): return NAME\n")
    lite.processor.round()
    (version,) = lite.versions("packed")
    (lite.folder / "pack.zip").unlink()

    def blobs(hashes):
        with lite.database.read() as connection:
            return read_blobs(connection, hashes)

    files = VersionStore(tmp_path / "versions").materialise(version.source_hash, blobs)
    script = tmp_path / "runs.py"
    script.write_text(RUNS)
    done = subprocess.run(
        [sys.executable, str(script), str(files.root), files.path], capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["['packed']", "packed", f"{files.root}/pack.zip/helper.py"], done.stderr
