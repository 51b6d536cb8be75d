# Written by generate.py from the tables of tradewind-airflow-names.
from tradewind.authoring.macros import datetime as datetime
from tradewind.authoring.macros import datetime_diff_for_humans as datetime_diff_for_humans
from tradewind.authoring.macros import ds_add as ds_add
from tradewind.authoring.macros import ds_format as ds_format
from tradewind.authoring.macros import json as json
from tradewind.authoring.macros import random as random
from tradewind.authoring.macros import time as time
from tradewind.authoring.macros import timedelta as timedelta
from tradewind.authoring.macros import uuid as uuid
__all__ = ['datetime', 'datetime_diff_for_humans', 'ds_add', 'ds_format', 'json', 'random', 'time', 'timedelta', 'uuid']
