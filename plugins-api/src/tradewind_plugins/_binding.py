"""Which host the running code talks to.

Apart from `host` because the second host (Airflow 1.10) replaces just this file.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

__all__ = ["bound", "reset", "set_bound"]

_HOST: ContextVar[Any] = ContextVar("tradewind_host")


def bound() -> Any:
    """Return the bound host, or None."""
    return _HOST.get(None)


def set_bound(host: Any) -> Any:
    """Bind a host and return the token that `reset` takes."""
    return _HOST.set(host)


def reset(token: Any) -> None:
    """Bind again what was bound before `token` was made."""
    _HOST.reset(token)
