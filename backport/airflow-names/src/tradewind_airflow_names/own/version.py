"""The version of Airflow whose names these are: what `airflow.__version__` says to code that asks."""

from __future__ import annotations

VERSION = "2.11.0"
