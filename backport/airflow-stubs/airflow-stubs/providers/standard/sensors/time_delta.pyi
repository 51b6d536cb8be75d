# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.sensors.time_delta import TimeDeltaSensor as TimeDeltaSensor
from tradewind.sensors.time_delta import TimeDeltaSensorAsync as TimeDeltaSensorAsync
from tradewind.sensors.time_delta import WaitSensor as WaitSensor
__all__ = ['TimeDeltaSensor', 'TimeDeltaSensorAsync', 'WaitSensor']
