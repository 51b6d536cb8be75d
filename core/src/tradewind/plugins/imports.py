"""Importing what an import string names."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from tradewind_plugins.exceptions import TradewindConfigException

from tradewind.plugins.known import hint_for_module


def load(path: str, what: str) -> Any:
    """Import `package.module:Name` (or `package.module.Name`) and return the object.

    Arguments:
        path: the import string.
        what: what asks for it, for the error: "executor 'LocalExecutor'".

    Raises:
        TradewindConfigException: the module or the name in it does not exist; the message says what to install, where
            that is known.
    """
    module_name, separator, name = path.partition(":")
    if not separator:
        module_name, _, name = path.rpartition(".")
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise  # the module is there, and something that it imports is not
        hint = hint_for_module(error.name)
        raise TradewindConfigException(f"{what} needs {path}, but {error.name} is not installed{hint}") from error
    try:
        return getattr(module, name)
    except AttributeError:
        raise TradewindConfigException(f"{what} needs {path}, but {module_name} has no {name}") from None
