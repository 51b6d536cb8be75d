"""The registry of this process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tradewind.plugins.registry import Registry, open_registry

if TYPE_CHECKING:
    from tradewind_plugins.hook import BaseHook


class _Process:
    """The registry that this process has opened."""

    registry: Registry | None = None


def registry() -> Registry:
    """Return the registry of this process, opened at the first call as the configuration says.

    Raises:
        ConfigError: the configuration cannot be read.
    """
    if _Process.registry is not None:
        return _Process.registry
    # Here and not at the top: whoever imports `tradewind` to write a DAG reads no configuration.
    from tradewind.config import load  # noqa: PLC0415

    config = load().config
    return use_registry(config.home, config.plugins.modules)


def hook_class(conn_type: str) -> type[BaseHook]:
    """Return the hook that is the client of a connection type.

    Raises:
        TradewindConfigException: no installed plugin has the type, or its hook cannot be imported.
    """
    found: type[BaseHook] = registry().load("connection type", conn_type)
    return found


def use_registry(home: Path | None, modules: Sequence[str] = ()) -> Registry:
    """Open the registry from a configuration that the process has read already; before the first `registry()`.

    Arguments:
        home: TRADEWIND_HOME, in whose folder `cache` the file is kept; None keeps none.
        modules: the setting `plugins.modules`.
    """
    _Process.registry = open_registry(None if home is None else home / "cache", modules)
    return _Process.registry


def forget() -> None:
    """Close the registry, so that the next call opens it anew: after an installation, and between tests."""
    _Process.registry = None
