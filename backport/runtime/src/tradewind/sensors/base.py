"""The base of sensors."""
from tradewind_plugins.sensor import BaseSensor, BaseSensorOperator, PokeReturnValue

__all__ = ["BaseSensor", "BaseSensorOperator", "PokeReturnValue"]
