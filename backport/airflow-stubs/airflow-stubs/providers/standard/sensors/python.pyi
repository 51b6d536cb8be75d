# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.sensors.python import PythonSensor as PythonSensor
__all__ = ['PythonSensor']
