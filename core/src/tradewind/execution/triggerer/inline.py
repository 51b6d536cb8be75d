"""Running a trigger in the process of whoever rehearses its task: `tradewind dags test`, and tests."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable

from tradewind_plugins.exceptions import TradewindException
from tradewind_plugins.host import Host, bind
from tradewind_plugins.triggers import BaseTrigger

from tradewind.execution import results
from tradewind.execution.triggerer.first_event import first_event, told
from tradewind.transitions.states import TriggerEnd


def run(classpath: str, kwargs: str, host: Host, seconds: float | None) -> tuple[str, str] | None:
    """Run a trigger to its first event; return how it ended and what it found as JSON, None if that takes too long.

    Arguments:
        kwargs: its arguments as JSON.
        host: answers it.
        seconds: for which it is waited at most.
    """
    with bind(host):
        try:
            trigger = _find(classpath)(**results.load(kwargs))
            return asyncio.run(asyncio.wait_for(first_event(trigger), seconds))
        except (TimeoutError, asyncio.TimeoutError):
            return None
        except Exception as error:  # noqa: BLE001  (user code: its task is told)
            return TriggerEnd.FAILURE, results.dump(told(error), "a trigger's failure")


def _find(classpath: str) -> Callable[..., BaseTrigger]:
    """Return the class; its module is usually loaded, as the task has made one.

    Raises:
        TradewindException: there is none of that path.
    """
    module, _, name = classpath.rpartition(".")
    try:
        found: Callable[..., BaseTrigger] = getattr(importlib.import_module(module), name)
    except (AttributeError, ValueError, ModuleNotFoundError) as error:
        raise TradewindException(f"There is no trigger {classpath!r} here: {error}.") from error
    return found
