# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.sensors.external_task import ExternalTaskMarker as ExternalTaskMarker
from tradewind.sensors.external_task import ExternalTaskSensor as ExternalTaskSensor
__all__ = ['ExternalTaskMarker', 'ExternalTaskSensor']
