"""The base of sensors, under the module name that Airflow's people look for it."""

from tradewind_plugins.sensor import BaseSensor, BaseSensorOperator, PokeReturnValue

__all__ = ["BaseSensor", "BaseSensorOperator", "PokeReturnValue"]
