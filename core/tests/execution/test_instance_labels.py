"""What instances of mapped tasks are called, through real worker processes."""

from __future__ import annotations

from typing import Any

from tradewind.metadata.statements import listings

NAMED = """
    from tradewind import DAG, task, get_current_context

    with DAG("flow"):
        @task(map_index_template="{{ city }} of {{ expanded_ti_count }} ({{ params.kind }})", params={"kind": "stock"})
        def load(n):
            get_current_context()["city"] = ["Oslo", "Bergen", "x" * 300][n]
            if n == 1:
                raise ValueError("no stock in Bergen")

        @task(map_index_template="{{ unheard_of }}")
        def unnamed(n):
            if n == 1:
                raise ValueError("its own failure")

        @task
        def plain(n):
            assert get_current_context()["map_index_template"] is None

        load.expand(n=[0, 1, 2])
        unnamed.expand(n=[0, 1])
        plain.expand(n=[0])
"""


def test_instances_are_named_when_their_code_has_ended(house: Any) -> None:
    house.deploy(NAMED)
    house.start_worker()
    run, _ = house.run_dag()
    with house.database.read() as conn:
        rows = {(row.task_id, row.map_index): row for row in listings.list_tasks(conn, run)}
    assert [rows["load", n].label for n in (0, 1)] == ["Oslo of 3 (stock)", "Bergen of 3 (stock)"]
    assert rows["load", 2].label == "x" * 250
    assert [rows["load", n].state for n in range(3)] == ["success", "failed", "success"]
    # A name that cannot be made fails what had succeeded, and hides no other failure
    assert [rows["unnamed", n].state for n in (0, 1)] == ["failed", "failed"]
    assert "map_index_template cannot be rendered" in rows["unnamed", 0].cause
    assert rows["unnamed", 1].cause == "ValueError: its own failure"
    assert (rows["plain", 0].state, rows["plain", 0].label) == ("success", None)
