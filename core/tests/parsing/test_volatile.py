"""Files that are another one at each import: one version, one warning that names the field."""

from __future__ import annotations

import json
import os
from datetime import timedelta

import pytest
from tradewind.metadata.tables import dag_file
from tradewind.parsing.inputs import Inputs

PARSES = int(os.environ.get("TRADEWIND_TEST_PARSES", "30"))
"""The issue asks for 1,000: `nox -s many_parses` does that."""

NOW = """
    # tradewind: reparse=1s
    import datetime
    from tradewind import DAG
    from tradewind.operators.bash import BashOperator

    with DAG("a", schedule=None, start_date={start}):
        BashOperator(task_id="load", bash_command="echo {{now}}".format(now={now}), retries={retries})
"""
ALWAYS = "datetime.datetime.now(datetime.timezone.utc)"
FIXED = "datetime.datetime(2024, 1, 1)"


def write(parsing, *, start: str = ALWAYS, now: str = ALWAYS, retries: int = 0) -> None:
    parsing.write("a.py", NOW.format(start=start, now=now, retries=retries))


def warnings(parsing) -> list[str]:
    return json.loads(parsing.file("a.py").warnings)


def read_again(parsing, times: int = 1) -> list[str]:
    written = []
    for _ in range(times):
        parsing.seconds += 2
        written += parsing.processor.round().written
    return written


def test_now_at_module_level_makes_one_version_and_one_warning(lite, caplog):
    write(lite)
    lite.processor.round()
    lite.processor.look_again()
    (warning,) = warnings(lite)
    assert warning.startswith("DAG 'a': start_date, bash_command of task 'load' is different each time")
    lite.use("a")
    assert lite.processor.round().parsed == ()
    read_again(lite, 2)  # the first writes the hash that leaves the fields out, and the warning
    assert read_again(lite, PARSES - 4) == []
    (version,) = lite.versions("a")
    assert version.number == 1
    assert warnings(lite) == [warning]
    assert sum(warning in record.getMessage() for record in caplog.records) == 1


def test_a_restart_knows_what_differs(lite):
    write(lite)
    lite.processor.round()
    lite.processor.look_again()
    lite.use("a")
    lite.restart()
    assert Inputs.from_json(lite.file("a.py").inputs).volatile.places == {
        "a": ("start_date", "tasks/0/template_fields/bash_command")
    }
    read_again(lite, 3)
    assert len(lite.versions("a")) == 1


def test_what_does_not_differ_by_itself_still_makes_a_version(lite):
    write(lite)
    lite.processor.round()
    lite.processor.look_again()
    lite.use("a")
    write(lite, retries=3)
    lite.settle()
    assert [version.number for version in lite.versions("a")] == [1, 2]
    lite.processor.look_again()
    assert len(warnings(lite)) == 1
    lite.clock.moment += timedelta(days=1)
    lite.use("a")
    write(lite, start=FIXED, now="1")
    lite.settle()
    lite.processor.look_again()
    assert warnings(lite) == []
    assert [version.number for version in lite.versions("a")] == [1, 2, 3]


def test_what_is_read_outside_is_a_change_and_not_a_whim(lite):
    outside = lite.home / "tasks.txt"
    outside.write_text("one")
    source = f"""
        # tradewind: reparse=1s
        import pathlib
        from tradewind import DAG
        from tradewind.operators.empty import EmptyOperator

        with DAG("a", schedule=None):
            for name in pathlib.Path({str(outside)!r}).read_text().split():
                EmptyOperator(task_id=name)
    """
    lite.write("a.py", source)
    lite.processor.round()
    outside.write_text("one two")  # between the first import and the second
    lite.processor.look_again()
    assert warnings(lite) == []
    lite.processor.round()
    assert '"task_id":"two"' in lite.versions("a")[-1].serialized


def test_ids_that_depend_on_the_moment_are_told(lite):
    lite.write("a.py", "import uuid\nfrom tradewind import DAG\nmade = DAG(f'a_{uuid.uuid4().hex}', schedule=None)\n")
    lite.processor.round()
    (dag_id,) = lite.active()
    lite.processor.look_again()
    (warning,) = warnings(lite)
    assert warning.startswith(f"DAG {dag_id!r} is defined by one import of the file and not by the next")
    assert lite.active() == [dag_id]


@pytest.mark.parametrize("code", ["", "with open('state.txt', 'a+') as f: f.write('x')\n"])
def test_a_second_look_comes_to_an_end(lite, code, monkeypatch):
    monkeypatch.chdir(lite.folder)
    lite.write("state.txt", "")
    lite.write("a.py", f"from tradewind import DAG\nopen('state.txt').read()\n{code}made = DAG('a', schedule=None)\n")
    lite.processor.round()
    lite.processor.look_again()
    lite.settle()
    assert lite.settle().parsed == ()
    assert ("writes state.txt" in lite.file("a.py").warnings) == bool(code)
    assert len(lite.rows(dag_file)) == 1
