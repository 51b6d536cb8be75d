"""Finding an executor by the name that tasks and settings have."""

from __future__ import annotations

from tradewind_plugins.contracts.executor import Executor
from tradewind_plugins.exceptions import TradewindConfigException

from tradewind.plugins.current import registry
from tradewind.plugins.known import hint_for_name

KIND = "executor"


def check_executor(name: str, whose: str) -> None:
    """Refuse a name that no plugin declares.

    Arguments:
        whose: what has the name, for the error: "task shop.first".

    Raises:
        TradewindConfigException: nobody declares it; the message has the known names and, where it is known, what to
            install.
    """
    known = registry().names(KIND)
    if name not in known:
        hint = hint_for_name(KIND, name)
        raise TradewindConfigException(
            f"{whose} names the executor {name!r}, which nothing installed declares; known: {', '.join(known)}{hint}"
        )


def executor_class(name: str, whose: str) -> type[Executor]:
    """Import and return the executor of a name; arguments and errors as of `check_executor`."""
    check_executor(name, whose)
    found: type[Executor] = registry().load(KIND, name)
    return found
