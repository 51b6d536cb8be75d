"""Tables go from task to task as Parquet, whichever library made them, and the database has their addresses only."""

from __future__ import annotations

import json
import sys
import textwrap
from datetime import datetime, timezone
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import sqlalchemy as sa
from tradewind.execution import dataframes, results
from tradewind.metadata import tables
from tradewind.testing.runs import load_dag, run_dag
from tradewind_plugins.exceptions import SerializationError

MOMENT = datetime(2021, 1, 1, 12, tzinfo=timezone.utc)
COLUMNS = {"n": [1, 2, None], "word": ["a", "ü", None], "at": [MOMENT, None, MOMENT]}


def pandas():
    frame = pd.DataFrame({**COLUMNS, "kind": pd.Categorical(["x", "y", "x"])})
    return frame.set_index("word")


TABLES = {"pandas": pandas, "polars": lambda: pl.DataFrame(COLUMNS), "pyarrow": lambda: pa.table(COLUMNS)}


def same(one, other):
    assert type(one) is type(other)
    if isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, other)
    else:
        assert one.equals(other)


@pytest.mark.parametrize("library", sorted(TABLES))
def test_a_table_comes_back_as_it_was(library, tmp_path):
    made = TABLES[library]()
    assert dataframes.library_of(made) == library
    data = dataframes.as_bytes(made)
    assert dataframes.is_table(data)
    same(results.load(data), made)
    written = results.table("k", made, tmp_path / "f", "reference", "t")
    assert (written.value, written.storage, written.size) == (None, "reference", (tmp_path / "f").stat().st_size)
    assert dataframes.is_table_file(tmp_path / "f")


@pytest.mark.parametrize("library", sorted(TABLES))
def test_a_table_inside_of_other_values_comes_back_too(library):
    made = TABLES[library]()
    found = results.load(results.dump({"tables": [made, 1]}, "it"))
    same(found["tables"][0], made)


def test_what_is_no_table_is_left_alone(tmp_path):
    assert [dataframes.library_of(each) for each in (1, "x", [], {}, object(), pd.Series([1]), pd)] == [None] * 7
    assert not dataframes.is_table(b'{"a": 1}')
    (tmp_path / "f").write_bytes(b"")
    assert not dataframes.is_table_file(tmp_path / "f")


def test_classes_that_derive_from_a_table_are_tables():
    class Mine(pd.DataFrame):
        pass

    assert dataframes.library_of(Mine({"a": [1]})) == "pandas"


def test_a_table_that_parquet_cannot_hold_is_named(tmp_path):
    with pytest.raises(SerializationError, match=r"what task 't' pushed as 'k' .* table of pandas cannot be written"):
        results.table("k", pd.DataFrame({"a": [1, "x"]}), tmp_path / "f", "r", "t")
    with pytest.raises(SerializationError, match=r"the value\['x'\] is of type pandas"):
        results.dump({"x": pd.DataFrame({"a": [object()]})}, "it")


@pytest.fixture
def without(monkeypatch):
    """Let libraries be missing."""
    real = dataframes._library
    return lambda *names: monkeypatch.setattr(
        dataframes, "_library", lambda name: None if name in names else real(name)
    )


def test_what_is_not_installed_is_named(without):
    data = dataframes.as_bytes(TABLES["pandas"]())
    without("pyarrow")
    with pytest.raises(TypeError, match=r"a table of pandas .* pip install pyarrow"):
        dataframes.as_bytes(TABLES["pandas"]())
    without("pyarrow", "polars")
    with pytest.raises(TypeError, match="needs pyarrow or polars here"):
        dataframes.read(data)


def test_polars_needs_no_pyarrow(without):
    without("pyarrow")
    made = TABLES["polars"]()
    same(dataframes.read(dataframes.as_bytes(made)), made)


def test_where_the_library_is_missing_it_comes_as_another_table(without):
    data = {name: dataframes.as_bytes(make()) for name, make in TABLES.items()}
    without("pandas", "polars")
    assert {type(dataframes.read(each)) for each in data.values()} == {pa.Table}


FLOW = """
    import pandas as pd
    import polars as pl
    import pyarrow as pa
    from tradewind import DAG, task
    from tradewind.operators.python import PythonOperator

    with DAG("flow"):
        @task
        def load():
            return pd.DataFrame({"day": ["a", "b"], "visitors": [40, 2]})

        @task(multiple_outputs=True)
        def split(frame):
            return {"polars": pl.from_pandas(frame), "arrow": pa.Table.from_pandas(frame), "many": 2}

        @task
        def report(polars, arrow, many):
            return [polars["visitors"].sum(), arrow.num_rows, many, type(polars).__module__, type(arrow).__module__]

        def classic(frame):
            return f"{len(frame)} rows of {type(frame).__name__}"

        loaded = load()
        parts = split(loaded)
        report(parts["polars"], parts["arrow"], parts["many"])
        PythonOperator(task_id="classic", python_callable=classic, op_args=[loaded])
"""
ENDS = {"report": [42, 2, 2, "polars.dataframe.frame", "pyarrow.lib"], "classic": "2 rows of DataFrame"}


@pytest.mark.long
def test_tasks_hand_tables_on(small_house):
    house = small_house
    house.deploy(FLOW)
    house.start_worker()
    run, state = house.run_dag()
    assert state == "success", house.log(run, "report") + house.log(run, "split")
    xcom = tables.xcom.c
    with house.database.read() as conn:
        rows = {
            (row.task_id, row.key): row
            for row in conn.execute(sa.select(tables.xcom).where(xcom.run == run, xcom.map_index == -1)).all()
        }
    assert {task: json.loads(rows[task, "return_value"].value) for task in ENDS} == ENDS
    stored = {key: row.storage for key, row in rows.items() if row.storage is not None}
    assert stored.keys() >= {("load", "return_value"), ("split", "polars"), ("split", "arrow")}
    for key in (("load", "return_value"), ("split", "polars"), ("split", "arrow")):
        assert (rows[key].value, rows[key].length) == (None, None)
        path = Path(house.config.plugins.xcom_location) / stored[key]
        assert (path.suffix, dataframes.is_table_file(path)) == (".parquet", True)
    assert rows["load", "return_value"].type == "DataFrame"


def test_tables_are_handed_on_where_a_dag_is_tested(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    file = tmp_path / "handing_tables_on.py"  # a name that no other test has: the module stays loaded in this process
    file.write_text(textwrap.dedent(FLOW))
    done = run_dag(load_dag(file))
    assert done.state == "success", done.log
    assert {task: done.value(task) for task in ENDS} == ENDS
    assert done.value("load").shape == (2, 2)
