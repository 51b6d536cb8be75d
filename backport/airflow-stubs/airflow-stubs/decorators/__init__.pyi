# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind import dag as dag
from tradewind import setup as setup
from tradewind import task as task
from tradewind import task_group as task_group
from tradewind import teardown as teardown
from tradewind.authoring.conditions import run_if as run_if
from tradewind.authoring.conditions import skip_if as skip_if
__all__ = ['dag', 'run_if', 'setup', 'skip_if', 'task', 'task_group', 'teardown']
