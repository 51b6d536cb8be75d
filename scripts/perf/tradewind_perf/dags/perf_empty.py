"""A thousand empty tasks: all at once, and in 50 layers of 20 (each layer waits for the whole one before it)."""

import pendulum
from tradewind import DAG, cross_downstream
from tradewind.operators.empty import EmptyOperator

START = pendulum.datetime(2026, 1, 1)

with DAG("perf_empty_flat", schedule=None, start_date=START):
    for number in range(1000):
        EmptyOperator(task_id=f"t{number:04d}")

with DAG("perf_empty_layers", schedule=None, start_date=START):
    above: list[EmptyOperator] = []
    for layer in range(50):
        row = [EmptyOperator(task_id=f"l{layer:02d}_{number:02d}") for number in range(20)]
        if above:
            cross_downstream(above, row)
        above = row
