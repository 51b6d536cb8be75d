"""`airflow.settings`, as far as it is about folders and time."""

from __future__ import annotations

import json

from tradewind_airflow_names.own.configuration import AIRFLOW_HOME, conf
from tradewind_airflow_names.own.timezone import utc

__all__ = ["AIRFLOW_HOME", "DAGS_FOLDER", "PLUGINS_FOLDER", "TIMEZONE", "conf", "json"]

DAGS_FOLDER: str = conf.get("core", "dags_folder")
PLUGINS_FOLDER: str = conf.get("core", "plugins_folder")
TIMEZONE = utc
