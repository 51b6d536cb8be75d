"""The processor from file to row: new, changed, broken, gone; versions; statements."""

from __future__ import annotations

import dataclasses
import json
import zlib
from datetime import datetime, timedelta, timezone

import pytest
from tradewind.metadata.tables import dag, dag_file, task_limit
from tradewind.parsing.processor import Round
from tradewind.plugins import known
from tradewind.plugins.current import registry
from tradewind.serialization import deserialize, structure_hash
from tradewind.timetables import RunSpec
from tradewind.transitions.calendar import from_columns

pytestmark = pytest.mark.long_module

MANY = """
    import pendulum
    from tradewind import DAG
    from tradewind.operators.bash import BashOperator

    for number in range(200):
        with DAG(f"dag_{number:03}", schedule="@daily", start_date=pendulum.datetime(2024, 1, 1)):
            previous = None
            for step in range(5):
                task = BashOperator(task_id=f"step_{step}", bash_command="echo {{ ds }}")
                if previous is not None:
                    previous >> task
                previous = task
"""


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=timezone.utc)


def test_a_new_file_becomes_a_dag_with_a_version_and_its_sources(parsing, source):
    parsing.write("team/report.py", source("report", schedule="@daily"))
    parsing.write("team/query.sql", "select 1")
    assert parsing.processor.round() == Round(parsed=("team/report.py",), written=("team/report.py",))
    (row,) = parsing.rows(dag)
    (version,) = parsing.versions("report")
    assert (row.version_id, row.path, row.bundle, row.is_paused, row.is_active) == (
        version.id, "team/report.py", "dags", True, True,
    )  # fmt: skip
    assert version.structure_hash == structure_hash(version.serialized.encode())
    assert list(deserialize(version.serialized).tasks) == ["one"]
    blobs = parsing.blobs()
    listing = json.loads(zlib.decompress(blobs[version.source_hash]))
    assert listing["path"] == "team/report.py"
    assert sorted(listing["files"]) == ["team/query.sql", "team/report.py"]
    assert zlib.decompress(blobs[listing["files"]["team/query.sql"]]) == b"select 1"
    assert parsing.file("team/report.py").error is None
    assert parsing.notified == 1


def test_unchanged_inputs_cost_no_statement(parsing, source, statements):
    parsing.write("a.py", source("a"))
    parsing.processor.round()
    with statements.recorded(parsing.database):
        assert parsing.settle() == Round()
    statements.assert_at_most(0)


def test_a_restart_reads_what_is_known_and_parses_nothing(parsing, source, statements):
    parsing.write("a.py", source("a"))
    parsing.processor.round()
    processor = parsing.restart()
    with statements.recorded(parsing.database):
        assert processor.round() == Round()
    statements.assert_at_most(0)


def test_200_dags_cost_five_statements_the_first_time(parsing, statements):
    parsing.write("many.py", MANY)
    with statements.recorded(parsing.database):
        parsing.processor.round()
    statements.assert_at_most(5)
    assert len(parsing.active()) == 200
    parsing.write("many.py", MANY.replace("echo", "printf"))
    parsing.processor.round()
    with statements.recorded(parsing.database):
        assert parsing.processor.round().written == ("many.py",)
    statements.assert_at_most(6)


def test_a_touched_file_writes_nothing_and_parses_nothing(parsing, source, statements):
    path = parsing.write("a.py", source("a"))
    parsing.processor.round()
    path.touch()
    with statements.recorded(parsing.database):
        assert parsing.settle() == Round()
    statements.assert_at_most(0)


def test_a_changed_version_that_no_run_uses_is_replaced_under_its_number_but_never_its_id(parsing, source):
    parsing.write("a.py", source("a"))
    parsing.processor.round()
    (before,) = parsing.versions("a")
    parsing.write("a.py", source("a", "false"))
    assert parsing.settle().written == ("a.py",)
    (after,) = parsing.versions("a")
    assert after.number == before.number == 1
    assert after.id == parsing.rows(dag)[0].version_id != before.id
    assert after.source_hash != before.source_hash
    assert after.structure_hash != before.structure_hash


def test_a_changed_version_that_a_run_uses_stays_and_a_new_one_is_added(parsing, source):
    parsing.write("a.py", source("a"))
    parsing.processor.round()
    parsing.use("a")
    parsing.write("a.py", source("a", "false"))
    parsing.settle()
    first, second = parsing.versions("a")
    assert (first.number, second.number) == (1, 2)
    assert parsing.rows(dag)[0].version_id == second.id
    assert {first.source_hash, second.source_hash} <= set(parsing.blobs())


def test_a_change_of_a_helper_changes_the_version_though_not_the_structure(parsing, source):
    parsing.write("helpers/__init__.py", "")
    parsing.write("helpers/numbers.py", "ONE = 1")
    parsing.write("a.py", "def later():\n    from helpers import numbers\n" + "\n".join(
        line[4:] for line in source("a").splitlines()
    ))  # fmt: skip
    parsing.processor.round()
    (before,) = parsing.versions("a")
    parsing.write("helpers/numbers.py", "ONE = 2")
    assert parsing.settle().written == ("a.py",)
    (after,) = parsing.versions("a")
    assert after.structure_hash == before.structure_hash
    assert after.source_hash != before.source_hash


def test_only_the_changed_file_is_parsed(parsing, source):
    for name in "abc":
        parsing.write(f"{name}.py", source(name))
    parsing.processor.round()
    parsing.write("b.py", source("b", "false"))
    assert parsing.settle() == Round(parsed=("b.py",), written=("b.py",))


def test_a_broken_file_keeps_its_dags_and_tells_where_it_broke(parsing, source):
    parsing.write("a.py", source("a"))
    parsing.processor.round()
    parsing.write("a.py", "from tradewind import DAG\n\n\nDAG('a', shedule=None)\n")
    parsing.settle()
    row = parsing.file("a.py")
    assert row.error == "TradewindException: DAG 'a': DAG has no argument 'shedule'. [dag-invalid]"
    assert row.error_line == 4
    assert "DAG('a', shedule=None)" in row.error_trace
    assert "importlib" not in row.error_trace
    assert parsing.active() == ["a"]
    parsing.write("a.py", source("a"))
    parsing.settle()
    assert parsing.file("a.py").error is None


def test_a_syntax_error_is_told_with_its_line(parsing):
    parsing.write("a.py", "from tradewind import DAG\nwith DAG('a'\n")
    parsing.processor.round()
    row = parsing.file("a.py")
    assert row.error.startswith("SyntaxError: ")
    assert row.error_line == 2


def test_a_dag_that_its_file_defines_no_more_is_deactivated(parsing, source):
    parsing.write("a.py", source("a") + source("b"))
    parsing.processor.round()
    assert parsing.active() == ["a", "b"]
    parsing.write("a.py", source("b"))
    parsing.settle()
    assert parsing.active() == ["b"]


def test_a_removed_file_takes_its_dags_with_it_and_brings_them_back(parsing, source):
    parsing.write("a.py", source("a", schedule="@daily"))
    parsing.processor.round()
    parsing.remove("a.py")
    assert parsing.settle().gone == ("a.py",)
    assert (parsing.active(), parsing.file("a.py").is_present) == ([], False)
    parsing.write("a.py", source("a", schedule="@daily"))
    parsing.settle()
    assert (parsing.active(), parsing.file("a.py").is_present) == (["a"], True)
    assert len(parsing.versions("a")) == 1


def test_a_folder_that_cannot_be_listed_is_no_evidence(parsing, source, caplog):
    parsing.write("a.py", source("a"))
    parsing.processor.round()
    hidden = parsing.folder.rename(parsing.folder.with_name("elsewhere"))
    assert parsing.settle() == Round()
    assert parsing.active() == ["a"]
    assert [record.message.split(":")[0] for record in caplog.records if record.levelname == "WARNING"] == [
        f"The DAG folder {parsing.folder} cannot be listed"
    ]
    hidden.rename(parsing.folder)
    assert parsing.settle() == Round()


def test_a_checkout_swapped_behind_a_link_is_one_change(parsing, source, tmp_path):
    first, second = parsing.folder.with_name("first"), parsing.folder.with_name("second")
    parsing.folder.rmdir()
    for place, command in ((first, "true"), (second, "false")):
        place.mkdir()
        (place / "same.py").write_text("\n".join(line[4:] for line in source("same").splitlines()))
        (place / "a.py").write_text("\n".join(line[4:] for line in source("a", command).splitlines()))
    parsing.folder.symlink_to(first)
    parsing.processor.round()
    swapped = tmp_path / "swapped"
    swapped.symlink_to(second)
    swapped.rename(parsing.folder)
    assert parsing.settle() == Round(parsed=("a.py",), written=("a.py",))


def test_one_dag_id_in_two_files_is_an_error_that_names_both(parsing, source):
    parsing.write("a.py", source("same"))
    parsing.processor.round()
    parsing.write("b.py", source("same") + source("other"))
    parsing.settle()
    assert parsing.file("b.py").error == (
        "A DAG id belongs to one file: 'same' is defined in a.py and in b.py. Give one of the DAGs another id. "
        "[duplicate-dag-id]"
    )
    assert parsing.active() == ["other", "same"]
    assert parsing.rows(dag, dag_id="same")[0].path == "a.py"
    parsing.remove("a.py")
    parsing.settle()
    parsing.processor.round()
    assert (parsing.file("b.py").error, parsing.rows(dag, dag_id="same")[0].path) == (None, "b.py")


def test_a_dag_may_move_to_another_file_in_one_change(parsing, source):
    parsing.write("a.py", source("same"))
    parsing.processor.round()
    (parsing.folder / "a.py").rename(parsing.folder / "b.py")
    parsing.settle()
    assert parsing.active() == ["same"]
    assert parsing.rows(dag)[0].path == "b.py"


def test_a_file_that_lacked_a_module_is_read_again_when_it_appears(parsing, source):
    parsing.write("a.py", "    import missing_helper" + source("a"))
    parsing.processor.round()
    assert parsing.file("a.py").error.startswith("ModuleNotFoundError: No module named 'missing_helper'; install it")
    parsing.write("missing_helper.py", "")
    parsing.settle()
    assert (parsing.file("a.py").error, parsing.active()) == (None, ["a"])


def test_paused_at_creation_unless_the_dag_says_otherwise(parsing):
    parsing.write(
        "a.py",
        """
        from tradewind import DAG

        a = DAG("a", schedule=None)
        b = DAG("b", schedule=None, is_paused_upon_creation=False)
        """,
    )
    parsing.processor.round()
    assert {row.dag_id: row.is_paused for row in parsing.rows(dag)} == {"a": True, "b": False}


SCHEDULED = """
    import pendulum
    from tradewind import DAG

    a = DAG("a", schedule={schedule!r}, start_date=pendulum.datetime(2024, 1, 1), catchup={catchup}, tags=["x"])
"""


@pytest.mark.parametrize(("catchup", "first"), [(True, utc(2024, 1, 1)), (False, utc(2024, 5, 31))])
def test_the_next_run_is_computed(parsing, catchup, first):
    parsing.write("a.py", SCHEDULED.format(schedule="@daily", catchup=catchup))
    parsing.processor.round()
    (row,) = parsing.rows(dag)
    assert from_columns(row.next_run, row.due_at) == RunSpec.of_interval(first, first + timedelta(days=1))
    assert row.due_at == first + timedelta(days=1)
    assert json.loads(row.schedule) == {"type": "cron", "expression": "@daily", "timezone": "UTC"}


def test_a_changed_schedule_goes_on_after_the_last_run(parsing):
    parsing.write("a.py", SCHEDULED.format(schedule="@daily", catchup=True))
    parsing.processor.round()
    parsing.use("a", end=utc(2024, 3, 5))
    parsing.write("a.py", SCHEDULED.format(schedule="@hourly", catchup=True))
    parsing.settle()
    assert parsing.rows(dag)[0].due_at == utc(2024, 3, 5, 1)


def test_a_dag_without_schedule_is_never_due(parsing, source):
    parsing.write("a.py", source("a"))
    parsing.processor.round()
    (row,) = parsing.rows(dag)
    assert (row.schedule, row.next_run, row.due_at) == (None, None, None)


def test_a_database_that_fails_once_loses_no_change(parsing, source, caplog):
    parsing.write("a.py", source("a"))
    parsing.processor.round()
    with parsing.database.transaction() as connection:
        connection.exec_driver_sql("ALTER TABLE dag_file RENAME TO dag_file_away")
    parsing.write("a.py", source("b"))
    parsing.write("c.py", source("c"))
    parsing.processor.run(num_runs=2)
    with parsing.database.transaction() as connection:
        connection.exec_driver_sql("ALTER TABLE dag_file_away RENAME TO dag_file")
    assert "the database cannot be written to" in caplog.text
    parsing.processor.run(num_runs=1)
    assert parsing.active() == ["b", "c"]


def test_the_loop_ends_when_it_is_told_to(lite, source):
    lite.write("a.py", source("a"))
    lite.restart(scan_interval=60.0)
    lite.processor.stop()
    lite.processor.run()
    assert lite.rows(dag_file) == []


@pytest.mark.parametrize("call", ["work()", "work.override(task_id='work')()", "work.expand(n=[1])"])
def test_a_task_for_an_executor_that_nobody_declares_is_an_import_error(parsing, call, monkeypatch):
    monkeypatch.setattr(known, "providers", lambda: {"owl": {"executor": ["OwlExecutor"]}})
    text = """
        from tradewind import DAG, task

        with DAG("flow"):
            @task(executor={name!r})
            def work(n=0): ...
            {call}
    """
    parsing.write("flow.py", text.format(name="OwlExecutor", call=call))
    parsing.settle()
    assert parsing.file("flow.py").error == (
        "TradewindConfigException: task flow.work names the executor 'OwlExecutor', which nothing installed declares; "
        f"known: {', '.join(registry().names('executor'))}; run: pip install tradewind-owl [provider-missing]"
    )
    assert parsing.rows(dag) == []
    parsing.write("flow.py", text.format(name="LocalExecutor", call=call))
    parsing.settle()
    assert parsing.file("flow.py").error is None
    assert parsing.active() == ["flow"]


LAKE = '{"lake": {"storage": "folder", "location": "/lake"}}'


@pytest.mark.parametrize(
    ("dag_says", "task_says", "whose"),
    [
        ('xcom_storage="lake"', "", "DAG flow"),
        ("", '(xcom_storage="lake")', "task flow.work"),
        ('default_args={"xcom_storage": "lake"}', "", "task flow.work"),
    ],
)
def test_an_xcom_storage_that_the_settings_do_not_name_is_an_import_error(lite, dag_says, task_says, whose):
    lite.write(
        "flow.py",
        f"""
        from tradewind import DAG, task

        with DAG("flow", {dag_says}):
            @task{task_says}
            def work(): ...
            work()
        """,
    )
    lite.settle()
    assert lite.file("flow.py").error.startswith(
        f"UnknownStorageError: {whose}: xcom_storage is 'lake', which plugins.xcom_storages does not name here; "
        "known: default"
    )
    assert lite.rows(dag) == []
    # The file is the same, and is read again by a processor with other settings
    lite.config = dataclasses.replace(lite.config, plugins=dataclasses.replace(lite.config.plugins, xcom_storages=LAKE))
    lite.restart()
    lite.settle()
    assert lite.file("flow.py").error is None
    assert lite.active() == ["flow"]


def test_limits_of_single_tasks_are_written_with_the_dag_and_follow_its_file(parsing):
    text = """
from tradewind import DAG
from tradewind.operators.empty import EmptyOperator
with DAG("limited", schedule=None):
    EmptyOperator(task_id="a", {})
    EmptyOperator(task_id="b")
"""
    found = []
    for words in ("max_active_tis_per_dag=2", "max_active_tis_per_dag=3, max_active_tis_per_dagrun=1", ""):
        parsing.write("limited.py", text.format(words))
        parsing.settle()
        found.append([tuple(row) for row in parsing.rows(task_limit)])
    assert found == [[("limited", "a", 2, None)], [("limited", "a", 3, 1)], []]
