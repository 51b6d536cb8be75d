"""An exception told to another process: its class by name, its text and its traceback; there, one that is like it.

Never pickled: what user code raised may refuse that, or do anything when it is loaded.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Sequence
from functools import reduce
from typing import Any, Final

from tradewind_plugins.exceptions import TradewindException, TradewindTaskTimeout

LONGEST_TEXT: Final = 5_000
LONGEST_TRACE: Final = 15_000
_TIMEOUT_MARK: Final = "[task-timeout]"


class RaisedElsewhere(Exception):  # noqa: N818  (what it says, not what went wrong)
    """The traceback of an exception as the process of its try had it; the cause of the exception that is told."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}" if self.args else ""


def told(error: BaseException) -> tuple[str, ...]:
    """Return an exception as texts: its class as `module:name`, its text, its traceback, and its arguments as JSON.

    The last one is empty where the arguments are not plain values.
    """
    kind = type(error)
    try:
        text = str(error)
        trace = "".join(traceback.format_exception(kind, error, error.__traceback__))
    except Exception as second:  # noqa: BLE001  (what user code raised may misbehave in whatever is asked of it)
        text, trace = f"<no text, as making it raises {type(second).__name__}>", ""
    return f"{kind.__module__}:{kind.__qualname__}", text[:LONGEST_TEXT], trace[-LONGEST_TRACE:], _arguments(error)


def _arguments(error: BaseException) -> str:
    if not all(isinstance(each, (str, int, float, bool, type(None))) for each in error.args):
        return ""
    found = json.dumps(error.args)
    return found if len(found) <= LONGEST_TEXT else ""


def retold(raised: Sequence[str] | None, cause: str | None) -> BaseException:
    """Return the exception that a callback's context has.

    One of the same class with the same text where its class can be found here; its attributes are not known any more.
    After a process that was killed, or never told what it raised, it is a `TradewindException` (or a
    `TradewindTaskTimeout`) that says the try's cause.

    Arguments:
        raised: what `told` returned, if the process told it.
        cause: the recorded cause of the try.
    """
    if raised is None:
        kind = TradewindTaskTimeout if cause is not None and _TIMEOUT_MARK in cause else TradewindException
        return kind(cause or "the task failed")
    name, text, trace, arguments = raised
    error = _alike(name, text, _values(arguments) or (text,))
    if trace:
        error.__cause__ = RaisedElsewhere(trace)
    return error


def _values(arguments: str) -> Sequence[Any]:
    """Return the arguments of an exception; none where they were not told, or masking has cut into them."""
    try:
        found = json.loads(arguments or "[]")
    except ValueError:
        return ()
    return found if isinstance(found, list) else ()


def _alike(name: str, text: str, arguments: Sequence[Any]) -> BaseException:
    """Return an exception of a class with a text, or a `TradewindException` that names both."""
    module, _, qualified = name.partition(":")
    for each in (arguments, (text,)):
        try:
            kind: Any = reduce(getattr, qualified.split("."), sys.modules[module])
            error: object = kind.__new__(kind, *each)  # its __init__ may want anything
            if isinstance(error, BaseException) and str(error) == text:
                return error
        except Exception:  # noqa: BLE001, S112  (a class made in a function, or one that wants something else)
            continue
    return TradewindException(f"{qualified.rpartition('.')[2]}: {text}")
