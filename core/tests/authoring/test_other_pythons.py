"""Functions called by another Python: of an installed one, and of virtual environments made for them, with a real pip and uv."""

from __future__ import annotations

import os
import shutil
import sys
import time
import zipfile
from pathlib import Path

import pytest
from tradewind import DAG, task
from tradewind.exceptions import TradewindException, TradewindSkipException
from tradewind.operators import virtual_environments
from tradewind.operators.python import ExternalPythonOperator, PythonVirtualenvOperator

HERE = sys.executable


@pytest.fixture(params=["uv", "pip"])
def tool(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make uv the one to be found, or leave pip."""
    monkeypatch.setenv("PATH", f"{Path(HERE).parent}:/usr/bin:/bin" if request.param == "uv" else "/usr/bin:/bin")
    assert (shutil.which("uv") is not None) == (request.param == "uv")


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A package of one module, built by hand: nothing is fetched."""
    path = tmp_path / "tides-1.0-py3-none-any.whl"
    about = "tides-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tides.py", "HIGH = 7\n")
        archive.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: tides\nVersion: 1.0\n")
        archive.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{about}/RECORD", "")
    return path


def test_a_function_runs_in_another_python_with_its_arguments_and_plain_context(dag, run):
    def describe(number, *, ds, logical_date, params, unit="m"):
        import os  # noqa: PLC0415

        return [number * 2, ds, logical_date.isoformat()[:10], sorted(params), unit, os.getpid(), os.environ["MARK"]]

    ExternalPythonOperator(
        task_id="a", python=HERE, python_callable=describe, op_args=[21], env_vars={"MARK": "set"}, dag=dag
    )
    *found, process, mark = run(dag, "a")
    assert found == [42, "2024-03-10", "2024-03-10", [], "m"]
    assert mark == "set"
    assert process != os.getpid()


def test_what_it_prints_stands_in_the_log_and_what_it_raises_is_the_failure(dag, run, caplog):
    def fail():
        print("about to fail")
        raise ValueError("no tide today")

    caplog.set_level("INFO")
    ExternalPythonOperator(task_id="a", python=HERE, python_callable=fail, dag=dag)
    with pytest.raises(TradewindException, match=r"^fail\(\) raised ValueError: no tide today$"):
        run(dag, "a")
    assert "about to fail" in caplog.text
    assert 'raise ValueError("no tide today")' in caplog.text


def test_its_exit_code_may_skip(dag, run):
    def leave():
        raise SystemExit(7)

    ExternalPythonOperator(task_id="skips", python=HERE, python_callable=leave, skip_on_exit_code=[7], dag=dag)
    ExternalPythonOperator(task_id="fails", python=HERE, python_callable=leave, dag=dag)
    with pytest.raises(TradewindSkipException, match="exited with code 7: skipping"):
        run(dag, "skips")
    with pytest.raises(TradewindException, match="ended its Python with exit code 7"):
        run(dag, "fails")


def test_what_cannot_be_handed_over_is_refused_by_name(dag, run):
    def asks(ti):
        return ti

    def returns():
        class Local: ...

        return Local()

    ExternalPythonOperator(task_id="asks", python=HERE, python_callable=asks, dag=dag)
    ExternalPythonOperator(task_id="returns", python=HERE, python_callable=returns, dag=dag)
    ExternalPythonOperator(task_id="nowhere", python="/no/python", python_callable=returns, dag=dag)
    with pytest.raises(TradewindException, match="has a parameter 'ti', which cannot be handed to another Python"):
        run(dag, "asks")
    with pytest.raises(TradewindException, match="raised AttributeError: Can't pickle local object"):
        run(dag, "returns")
    with pytest.raises(TradewindException, match="Task 'nowhere': there is no Python '/no/python'"):
        run(dag, "nowhere")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"python_callable": lambda: 1}, "write the function with def"),
        ({"python_callable": print}, "The source of print cannot be read"),
        ({"serializer": "json"}, "serializer is one of"),
    ],
)
def test_what_cannot_work_is_told_when_the_file_is_read(dag, arguments, sentence):
    def nothing(): ...

    with pytest.raises(TradewindException, match=sentence):
        ExternalPythonOperator(task_id="a", python=HERE, dag=dag, **{"python_callable": nothing, **arguments})


def test_texts_and_multiple_outputs_and_the_old_way_to_say_dill(dag, run):
    def texts():
        return {"given": virtualenv_string_args}  # noqa: F821 - the other Python has it

    ExternalPythonOperator(
        task_id="a", python=HERE, python_callable=texts, string_args=[1, "b"], multiple_outputs=True, dag=dag
    )
    assert run(dag, "a") == {"given": ["1", "b"]}
    with pytest.warns(DeprecationWarning, match="use_dill is called serializer='dill' now"):
        made = ExternalPythonOperator(task_id="b", python=HERE, python_callable=texts, use_dill=True, dag=dag)
    assert made.serializer == "dill"


@pytest.mark.usefixtures("tool")
def test_a_virtual_environment_is_made_once_for_all_that_want_the_same(dag, run, wheel, tmp_path):
    uses_uv = shutil.which("uv") is not None

    def high(name):
        import sys  # noqa: PLC0415

        import tides  # noqa: PLC0415

        return [name, tides.HIGH, sys.prefix]

    shared = {
        "requirements": [str(wheel)],
        "system_site_packages": False,
        "venv_cache_path": str(tmp_path / "kept"),
        "pip_install_options": None if uses_uv else ["--no-index", "--no-deps"],
        "dag": dag,
        "python_callable": high,
    }
    PythonVirtualenvOperator(task_id="first", op_args=["first"], **shared)
    PythonVirtualenvOperator(task_id="second", op_args=["second"], **shared)
    first, second = run(dag, "first"), run(dag, "second")
    assert (first[:2], second[:2]) == (["first", 7], ["second", 7])
    assert first[2] == second[2]
    assert Path(first[2]).parent == tmp_path / "kept"


def test_requirements_may_be_a_template_file_beside_the_dag_and_a_failure_leaves_nothing(
    dag, run, tmp_path, monkeypatch
):
    monkeypatch.setattr(dag, "template_searchpath", [str(tmp_path)])
    (tmp_path / "needs.txt").write_text(f"{tmp_path}/none-{{{{ ds_nodash }}}}.whl\n")

    def nothing(): ...

    PythonVirtualenvOperator(
        task_id="a",
        python_callable=nothing,
        requirements="needs.txt",
        pip_install_options=["--no-index"],
        venv_cache_path=str(tmp_path / "kept"),
        dag=dag,
    )
    with pytest.raises(TradewindException, match=r"A virtual environment could not be made: .*none-20240310\.whl"):
        run(dag, "a")
    assert [path.suffix for path in (tmp_path / "kept").iterdir()] == [".lock"]


def test_an_environment_that_nobody_used_for_long_goes(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    for folder, days in ((old, 31), (new, 29)):
        folder.mkdir()
        finished = folder / virtual_environments.FINISHED
        finished.touch()
        used = time.time() - days * 24 * 3600
        os.utime(finished, (used, used))
    virtual_environments._forget_unused(tmp_path)
    assert (old.exists(), new.exists()) == (False, True)


def test_the_decorators_make_these_tasks_and_a_branch_chooses(run):
    with DAG("made") as dag:

        @task.external_python(python=HERE)
        def number() -> int:
            return 3

        @task.branch_external_python(python=HERE)
        def choose():
            return "left"

        @task
        def left(): ...

        @task
        def right(): ...

        @task.virtualenv(requirements=["pandas"], python_version="3.11")
        def heavy(): ...

        number()
        choose() >> [left(), right()]
        heavy()
    assert run(dag, "number") == 3
    assert run(dag, "choose") == "left"
    made = dag.get_task("heavy")
    assert (type(made), made.requirements, made.python_version) == (PythonVirtualenvOperator, ["pandas"], "3.11")
