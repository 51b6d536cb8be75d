# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind_airflow_names.own.timezone import coerce_datetime as coerce_datetime
from tradewind_airflow_names.own.timezone import convert_to_utc as convert_to_utc
from tradewind_airflow_names.own.timezone import datetime as datetime
from tradewind_airflow_names.own.timezone import from_timestamp as from_timestamp
from tradewind_airflow_names.own.timezone import is_localized as is_localized
from tradewind_airflow_names.own.timezone import is_naive as is_naive
from tradewind_airflow_names.own.timezone import make_aware as make_aware
from tradewind_airflow_names.own.timezone import make_naive as make_naive
from tradewind_airflow_names.own.timezone import parse as parse
from tradewind_airflow_names.own.timezone import utc as utc
from tradewind_airflow_names.own.timezone import utc_epoch as utc_epoch
from tradewind_airflow_names.own.timezone import utcnow as utcnow
__all__ = ['coerce_datetime', 'convert_to_utc', 'datetime', 'from_timestamp', 'is_localized', 'is_naive', 'make_aware', 'make_naive', 'parse', 'utc', 'utc_epoch', 'utcnow']
