# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.sensors.filesystem import FileSensor as FileSensor
__all__ = ['FileSensor']
