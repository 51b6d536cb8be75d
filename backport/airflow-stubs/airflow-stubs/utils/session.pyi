# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_airflow_names.own.session import NEW_SESSION as NEW_SESSION
from tradewind_airflow_names.own.session import create_session as create_session
from tradewind_airflow_names.own.session import provide_session as provide_session
__all__ = ['NEW_SESSION', 'create_session', 'provide_session']
