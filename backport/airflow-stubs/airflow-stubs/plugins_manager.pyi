# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_airflow_names.own.plugins_manager import AirflowPlugin as AirflowPlugin
from tradewind_airflow_names.own.plugins_manager import AirflowPluginException as AirflowPluginException
__all__ = ['AirflowPlugin', 'AirflowPluginException']
