# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.authoring.views import TaskInstanceView as RuntimeTaskInstance
__all__ = ['RuntimeTaskInstance']
