"""Rows that another task returned are written to a table."""

from __future__ import annotations

import pytest
from tradewind_common_sql.operators.insert_rows import SQLInsertRowsOperator
from tradewind_plugins.exceptions import TradewindException


def insert(host, rows, **arguments):
    return host.run(
        SQLInsertRowsOperator(task_id="insert", conn_id="shop", table_name="visits", rows=rows, **arguments)
    )


@pytest.fixture
def visits(shop):
    """The rows of the table, which is empty at first."""
    shop.run("DELETE FROM visits")
    return lambda: shop.get_records("SELECT day, visitors, colour FROM visits ORDER BY day")


def test_cells_and_dicts(host, visits):
    assert insert(host, [("a", 1, "red"), ("b", 2, None)]) == 2
    assert insert(host, [{"visitors": 3, "day": "c"}, {"day": "d", "visitors": 4}]) == 2
    assert visits() == [("a", 1, "red"), ("b", 2, None), ("c", 3, None), ("d", 4, None)]


def test_columns_are_chosen_and_left_out(host, visits):
    insert(host, [(1, "a")], columns=["visitors", "day"])
    insert(host, [("b", 2, "red")], columns=["day", "visitors", "colour"], ignored_columns=["visitors"])
    insert(host, [{"day": "c", "visitors": 3, "colour": "x"}], columns=["day", "colour"], ignored_columns=["colour"])
    assert visits() == [("a", 1, None), ("b", None, "red"), ("c", None, None)]
    with pytest.raises(TradewindException, match="Task 'insert': ignored_columns needs columns"):
        insert(host, [("b", 2, "red")], ignored_columns=["visitors"])


def test_rows_are_made_of_rows(host, visits):
    insert(host, [1, 2], rows_processor=lambda rows, ds, **context: [(ds, row, None) for row in rows])
    assert visits() == [("2021-01-01", 1, None), ("2021-01-01", 2, None)]


def test_statements_before_and_after(host, visits):
    insert(host, [("a", 1, None)])
    before, after = "DELETE FROM visits", "UPDATE visits SET colour = '{{ ds }}'"
    insert(host, [("b", 2, None)], preoperator=before, postoperator=[after], schema="main")
    assert visits() == [("b", 2, "2021-01-01")]
    assert insert(host, [], preoperator=before) == 0
    assert len(visits()) == 1


def test_arguments_of_the_insertion(host, shop, visits):
    shop.run("CREATE UNIQUE INDEX once ON visits (day)")
    insert(host, [("a", 1, None)])
    insert(host, [("a", 2, None)], insert_args={"replace": True})
    assert visits() == [("a", 2, None)]
