"""How a value that was found is held against what was wanted of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tradewind_plugins.exceptions import TradewindException

__all__ = ["COMPARISONS", "as_number", "as_truth", "bounds_text", "check_bounds", "first_cell", "holds", "within"]

COMPARISONS = {
    "equal_to": "=",
    "greater_than": ">",
    "geq_to": ">=",
    "less_than": "<",
    "leq_to": "<=",
}
"""The comparisons of a check, and the sign of each for messages."""

_EXCLUSIVE = (("greater_than", "geq_to"), ("less_than", "leq_to"))
_TRUE = frozenset({"1", "on", "t", "true", "y", "yes"})
_FALSE = frozenset({"0", "off", "f", "false", "n", "no"})
_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*\Z")


def as_number(value: Any) -> Any:
    """Return a number for a number, or for a text that is one; anything else as it is."""
    if isinstance(value, str):
        return float(value) if _NUMBER.match(value) else value
    try:
        return float(value)
    except (TypeError, ValueError):
        return value


def as_truth(value: Any) -> bool | None:
    """Return whether a cell says yes or no, as a truth, a number or a word; None where it says neither."""
    if isinstance(value, str):
        word = value.strip().lower()
        return True if word in _TRUE else False if word in _FALSE else None
    number = as_number(value)
    return bool(number) if isinstance(number, (bool, float)) else None


def first_cell(row: Any) -> Any:
    """Return the first cell of a row, which some drivers give as a mapping."""
    return next(iter(row.values())) if isinstance(row, Mapping) else row[0]


def within(found: Any, wanted: Any, tolerance: float | None) -> bool:
    """Tell whether a number is another one, give or take a part of it: 0.1 is ten per cent."""
    if not tolerance:
        return bool(found == wanted)
    spread = abs(wanted) * tolerance
    return bool(wanted - spread <= found <= wanted + spread)


def check_bounds(where: str, wanted: Mapping[str, Any]) -> None:
    """Refuse a check whose words are none, too few, or contradict each other.

    Raises:
        TradewindException: it is so; `where` begins the message.
    """
    unknown = sorted(set(wanted) - set(COMPARISONS) - {"tolerance", "partition_clause"})
    if unknown:
        raise TradewindException(
            f"{where} has {unknown[0]!r}; it may have {', '.join(COMPARISONS)}, tolerance and partition_clause"
        )
    given = [name for name in COMPARISONS if name in wanted]
    if not given:
        raise TradewindException(f"{where} compares with nothing; give one of {', '.join(COMPARISONS)}")
    if "equal_to" in given and len(given) > 1:
        raise TradewindException(f"{where} has equal_to and {given[1]}: equal_to stands alone")
    for one, other in _EXCLUSIVE:
        if one in given and other in given:
            raise TradewindException(f"{where} has {one} and {other}: give one of them")


def holds(found: Any, wanted: Mapping[str, Any]) -> bool:
    """Tell whether a value fits all comparisons of a check. A tolerance makes each bound wider by that part of it.

    Raises:
        TypeError: the value cannot be compared with the bound.
    """
    tolerance = wanted.get("tolerance")
    return all(_holds_one(name, found, wanted[name], tolerance) for name in COMPARISONS if name in wanted)


def _holds_one(name: str, found: Any, bound: Any, tolerance: float | None) -> bool:
    if isinstance(bound, float):
        found = as_number(found)  # a Decimal and a float cannot be compared with a tolerance
    if tolerance and not isinstance(found, float):
        found, bound = as_number(found), as_number(bound)
    if name == "equal_to":
        return within(found, bound, tolerance)
    spread = abs(bound) * tolerance if tolerance else None
    if name in {"greater_than", "geq_to"}:
        bound = bound if spread is None else bound - spread
        return bool(found > bound if name == "greater_than" else found >= bound)
    bound = bound if spread is None else bound + spread
    return bool(found < bound if name == "less_than" else found <= bound)


def bounds_text(wanted: Mapping[str, Any]) -> str:
    """Return what a check wants, for a message: `> 3 and <= 5 (tolerance 0.1)`."""
    text = " and ".join(f"{sign} {wanted[name]!r}" for name, sign in COMPARISONS.items() if name in wanted)
    return f"{text} (tolerance {wanted['tolerance']})" if wanted.get("tolerance") else text
