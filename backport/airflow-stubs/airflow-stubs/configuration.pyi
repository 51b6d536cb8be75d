# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.exceptions import TradewindConfigException as AirflowConfigException
from tradewind_airflow_names.own.configuration import AIRFLOW_CONFIG as AIRFLOW_CONFIG
from tradewind_airflow_names.own.configuration import AIRFLOW_HOME as AIRFLOW_HOME
from tradewind_airflow_names.own.configuration import AirflowConfigParser as AirflowConfigParser
from tradewind_airflow_names.own.configuration import as_dict as as_dict
from tradewind_airflow_names.own.configuration import conf as conf
from tradewind_airflow_names.own.configuration import get as get
from tradewind_airflow_names.own.configuration import get_airflow_home as get_airflow_home
from tradewind_airflow_names.own.configuration import getboolean as getboolean
from tradewind_airflow_names.own.configuration import getfloat as getfloat
from tradewind_airflow_names.own.configuration import getint as getint
from tradewind_airflow_names.own.configuration import getsection as getsection
from tradewind_airflow_names.own.configuration import has_option as has_option
__all__ = ['AIRFLOW_CONFIG', 'AIRFLOW_HOME', 'AirflowConfigException', 'AirflowConfigParser', 'as_dict', 'conf', 'get', 'get_airflow_home', 'getboolean', 'getfloat', 'getint', 'getsection', 'has_option']
