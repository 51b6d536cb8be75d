"""Finding an executor by the name that tasks and settings have."""

from __future__ import annotations

import json
from collections.abc import Mapping

from tradewind_plugins.contracts.executor import Executor, ExecutorSetup
from tradewind_plugins.exceptions import TradewindConfigException

from tradewind.config import Config
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


def executor_setup(config: Config, name: str, environ: Mapping[str, str]) -> ExecutorSetup:
    """Return what an executor of an installation is made with.

    Arguments:
        environ: of the processes that it starts.
    Raises:
        TradewindConfigException: `executor.options` is no JSON object with an object of options for each executor.
    """
    options = _options(config.executor.options).get(name, {})
    return ExecutorSetup(
        name=name, home=str(config.home), slots=config.executor.slots, environ=dict(environ), options=options
    )


def _options(text: str) -> Mapping[str, Mapping[str, object]]:
    try:
        found = json.loads(text or "{}")
    except ValueError as error:
        raise TradewindConfigException(f"executor.options is not JSON: {error}") from error
    if not isinstance(found, dict) or not all(isinstance(each, dict) for each in found.values()):
        raise TradewindConfigException(
            'executor.options holds an object of options for each executor, such as {"CeleryExecutor": {"broker_url": "…"}}'
        )
    return found
