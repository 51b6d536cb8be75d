"""Tries from claim to record, through real worker processes."""

from __future__ import annotations

from typing import Any


def test_a_run_goes_through_its_tasks_and_their_values(house: Any) -> None:
    house.deploy(
        """
        from tradewind import DAG, task

        with DAG("flow"):
            @task
            def read():
                print("reading")
                return [1, 2, 3]

            @task
            def total(numbers):
                return {"sum": sum(numbers)}

            total(read())
        """
    )
    house.start_worker()
    run, state = house.run_dag()
    assert state == "success"
    assert house.xcoms(run) == {("read", "return_value"): [1, 2, 3], ("total", "return_value"): {"sum": 6}}
    log = house.log(run, "read")
    assert "{flow.py:7} INFO - reading\n" in log
    assert log.endswith("INFO - Ended as success\n")
