# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_plugins.host import XCOM_RETURN_KEY as XCOM_RETURN_KEY
__all__ = ['XCOM_RETURN_KEY']
