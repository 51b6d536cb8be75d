# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.access.fab.manager import SecurityManager as AirflowSecurityManager
__all__ = ['AirflowSecurityManager']
