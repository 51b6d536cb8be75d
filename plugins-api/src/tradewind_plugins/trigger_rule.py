"""Trigger rules: what the states of a task's direct upstream must be for the task to run."""

from __future__ import annotations

from enum import Enum

from tradewind_plugins.exceptions import TradewindException

_OLD_NAMES = {"dummy": "always", "none_failed_or_skipped": "none_failed_min_one_success"}


class TriggerRule(str, Enum):
    """The rules a task can choose from; each is also its own string, as in ``trigger_rule="all_done"``."""

    ALL_SUCCESS = "all_success"
    ALL_FAILED = "all_failed"
    ALL_DONE = "all_done"
    ALL_DONE_MIN_ONE_SUCCESS = "all_done_min_one_success"
    ALL_SKIPPED = "all_skipped"
    ONE_SUCCESS = "one_success"
    ONE_FAILED = "one_failed"
    ONE_DONE = "one_done"
    NONE_FAILED = "none_failed"
    NONE_FAILED_MIN_ONE_SUCCESS = "none_failed_min_one_success"
    NONE_SKIPPED = "none_skipped"
    ALWAYS = "always"
    ALL_DONE_SETUP_SUCCESS = "all_done_setup_success"

    def __str__(self) -> str:
        return str(self.value)

    @classmethod
    def parse(cls, value: str, where: str) -> TriggerRule:
        """Return the rule called ``value``; names of Airflow 1.10 are understood.

        ``where`` names the task in the error that is raised for an unknown rule (``TradewindException``).
        """
        name = value.value if isinstance(value, Enum) else value
        try:
            return cls(_OLD_NAMES.get(name, name))
        except ValueError:
            rules = ", ".join(rule.value for rule in cls)
            raise TradewindException(f"{where}: {name!r} is not a trigger rule; choose one of {rules}.") from None
