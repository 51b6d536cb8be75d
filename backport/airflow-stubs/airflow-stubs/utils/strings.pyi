# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_airflow_names.own.small import TRUE_LIKE_VALUES as TRUE_LIKE_VALUES
from tradewind_airflow_names.own.small import get_random_string as get_random_string
from tradewind_airflow_names.own.small import to_boolean as to_boolean
__all__ = ['TRUE_LIKE_VALUES', 'get_random_string', 'to_boolean']
