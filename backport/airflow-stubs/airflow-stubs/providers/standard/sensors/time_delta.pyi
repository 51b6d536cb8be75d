# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.sensors.time_delta import TimeDeltaSensor as TimeDeltaSensor
__all__ = ['TimeDeltaSensor']
