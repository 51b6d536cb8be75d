"""The errors of Tradewind, by Airflow's names with Tradewind for Airflow."""

from tradewind_plugins.exceptions import *  # noqa: F403 - the module's __all__ is its whole content
