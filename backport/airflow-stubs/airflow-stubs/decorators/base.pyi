# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_plugins.decorated import unique_task_id as get_unique_task_id
__all__ = ['get_unique_task_id']
