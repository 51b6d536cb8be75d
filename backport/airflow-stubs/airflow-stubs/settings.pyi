# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_airflow_names.metadata.session import NonScopedSession as NonScopedSession
from tradewind_airflow_names.metadata.session import Session as Session
from tradewind_airflow_names.metadata.session import engine as engine
from tradewind_airflow_names.own.settings import AIRFLOW_HOME as AIRFLOW_HOME
from tradewind_airflow_names.own.settings import DAGS_FOLDER as DAGS_FOLDER
from tradewind_airflow_names.own.settings import PLUGINS_FOLDER as PLUGINS_FOLDER
from tradewind_airflow_names.own.settings import TIMEZONE as TIMEZONE
from tradewind_airflow_names.own.settings import conf as conf
from tradewind_airflow_names.own.settings import json as json
__all__ = ['AIRFLOW_HOME', 'DAGS_FOLDER', 'NonScopedSession', 'PLUGINS_FOLDER', 'Session', 'TIMEZONE', 'conf', 'engine', 'json']
