"""The tool that measures public DAG files: its rule on imports, its stand-ins, and the committed page."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from compat import ends, page
from compat.corpus import sources
from compat.imports import needs_of
from compat.page import Counts, committed
from compat.reading import Asked, read_all
from compat.stand_ins import may_stand_in
from compat.verdicts import Verdict

HERE = Path(__file__).parent
NAMES = HERE.parents[1] / "backport" / "airflow-names" / "src"


def write(folder: Path, **files: str) -> Path:
    """Write files of a source; `__` in a name stands for a folder."""
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.mark.parametrize(
    ("text", "by"),
    [
        ("from airflow import DAG", None),
        ("from airflow.providers.standard.operators.bash import BashOperator", None),
        ("from airflow.providers.amazon.aws.hooks.s3 import S3Hook", "provider"),
        ("from airflow.contrib.hooks.ssh_hook import SSHHook", "provider"),
        ("from airflow.hooks.S3_hook import S3Hook", "provider"),
        ("from airflow.operators import PostgresOperator", "provider"),
        ("from airflow.operators import PythonOperator", None),
        ("import cosmos", "on Airflow"),
        ("import airflow_plus.things", "on Airflow"),
        ("from company.airflow.helpers import dag", "on Airflow"),
        ("from airflow.www.app import cached_app", "inside"),
        ("def use():\n    from airflow.providers.amazon.aws.hooks.s3 import S3Hook", None),
        ("try:\n    import airflow.providers.amazon\nexcept ImportError:\n    pass", None),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import cosmos", None),
        ("if 1:\n    import cosmos", "on Airflow"),
    ],
)
def test_what_a_file_imports_says_whether_it_counts(tmp_path, text, by):
    top = write(tmp_path, dags__report=text)
    excluded = needs_of(top / "dags/report.py", top).excluded_by
    assert (None if excluded is None else excluded[1]) == by


def test_local_modules_count_with_the_file_that_imports_them(tmp_path):
    top = write(
        tmp_path,
        dags__report="from common.tools import load\nimport plugged",
        dags__common____init__="",
        dags__common__tools="import cosmos, pandas, os\nKEY = os.environ['KEY']",
        plugins__plugged="",
    )
    needs = needs_of(top / "dags/report.py", top)
    assert needs.excluded_by == ("cosmos", "on Airflow")
    assert needs.others == ("cosmos", "pandas")
    assert set(needs.roots) == {top / "dags", top / "plugins"}
    assert needs.environment == ("KEY",)


def test_a_file_for_python_2_is_told(tmp_path):
    top = write(tmp_path, old="print 'hello'")
    assert "line 1" in needs_of(top / "old.py", top).broken


@pytest.mark.parametrize("module", ["airflow", "airflow_plus", "company.airflow", "cosmos", "os", "tradewind.dag"])
def test_what_orchestrates_is_never_stood_in_for(module):
    assert not may_stand_in(module)


def test_files_are_read_apart_and_packages_stand_in(tmp_path):
    top = write(
        tmp_path,
        good="import unheard_of.parts as parts\n@parts.decorate(1)\ndef f(): return 5\nclass Own(parts.Base): pass\nVALUE = f()",
        bad="raise KeyError('x')",
        dead="import os; os._exit(3)",
    )

    def reader(file: Path, _note: Any) -> Mapping[str, Any]:
        names: dict[str, Any] = {}
        exec(file.read_text(), names)  # noqa: S102 - the reader's job
        return {"VALUE": names["VALUE"]}

    asked = [Asked(top / f"{name}.py", (top,), ("unheard_of",)) for name in ("good", "bad", "dead")]
    good, bad, dead = (read for _, read in read_all(asked, reader))
    assert (good.dags, good.used, good.error) == ({"VALUE": 5}, ("unheard_of",), "")
    assert (bad.kind, bad.error) == ("KeyError", "KeyError: 'x'")
    assert dead.error == "the process ended with 3"


def test_what_is_not_built_is_noted_and_passed(tmp_path):
    top = write(
        tmp_path,
        waits=(
            "from airflow import DAG\nfrom airflow.io.path import ObjectStoragePath\nfrom airflow.decorators import task\n"
            "from airflow.operators.empty import EmptyOperator\n"
            "with DAG('waits', access_control={'Op': {'can_read'}}):\n"
            "    @task.kubernetes(image='x')\n"
            "    def other(): ...\n"
            "    other() >> EmptyOperator(task_id='t', run_as_user='me')\n"
            "    ObjectStoragePath('s3://a/b')\n"
        ),
    )
    asked = top / "asked.json"
    asked.write_text(f'[{{"file": "{top}/waits.py", "roots": ["{top}"], "stood_in": [], "environment": []}}]')
    path = ":".join(map(str, (HERE.parent, HERE.parent / "oracle", NAMES)))
    done = subprocess.run(
        [sys.executable, HERE / "on_tradewind.py", "--go-on", asked],
        env={"PYTHONPATH": path, "TRADEWIND_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    read = json.loads(done.stdout)
    assert read["error"] == ""
    assert sorted(read["items"]) == [
        "object storage paths",
        "other users of the machine",
        "providers",
    ]


def test_the_pages_are_those_of_the_committed_results():
    results = committed()
    assert page.PAGE.read_text() == page.page(results)
    assert page.LIST.read_text() == page.listing(results)


def test_the_committed_results_are_of_all_listed_files_and_hold_what_is_promised():
    results = committed()
    assert {name: set(of) for name, of in results.items()} == {each.name: set(each.files) for each in sources()}
    counts = Counts(each for of in results.values() for each in of.values())
    assert counts.read / counts.could >= 0.98
    assert counts.equal / counts.compared >= 0.97


def test_the_runs_that_were_compared_end_alike():
    ran = [said for _, _, said in ends.committed() if not said.startswith(ends.LUCK)]
    assert len(ran) >= 50
    assert sum(said == ends.EQUAL for said in ran) / len(ran) >= 0.97


def test_shares_leave_out_what_waits():
    counts = Counts(
        [Verdict("read", structure="equal"), Verdict("waits for what is not built", ("x",)), Verdict("not read")]
    )
    assert (counts.read, counts.could, counts.equal, counts.compared) == (1, 2, 1, 1)


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("x = 1", True),
        ("'''Deletes the files of https://example.com'''\nx = 1  # os.remove", True),
        ("import subprocess", False),
        ("BASH = 'rm -rf folder'", False),
        ("import pandas", False),
        ("import pendulum", True),
    ],
)
def test_what_reaches_outside_is_not_run(tmp_path, text, runs):
    top = write(tmp_path, plain=text)
    file = top / "plain.py"
    recorded = {"d": {"tasks": {"t": {"operator": "BashOperator"}}}}
    assert ends.is_run(file, needs_of(file, top), recorded) is runs
