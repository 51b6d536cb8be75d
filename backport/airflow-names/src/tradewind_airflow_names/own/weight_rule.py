"""`airflow.utils.weight_rule`."""

from __future__ import annotations

import enum


class WeightRule(str, enum.Enum):
    """How a task's priority counts those around it."""

    DOWNSTREAM = "downstream"
    UPSTREAM = "upstream"
    ABSOLUTE = "absolute"

    @classmethod
    def all_weight_rules(cls) -> set[str]:
        """Return every rule."""
        return set(cls.__members__.values())

    @classmethod
    def is_valid(cls, weight_rule: str) -> bool:
        """Tell whether there is such a rule."""
        return weight_rule in cls.all_weight_rules()

    def __str__(self) -> str:
        """Return the value."""
        return str(self.value)
