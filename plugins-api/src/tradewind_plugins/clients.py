"""Client libraries of providers, imported when they are used, with an error that names the pip install."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from tradewind_plugins.exceptions import TradewindOptionalProviderFeatureException

__all__ = ["lazy_client"]


class _LazyClient:
    """Stands for a module until one of its attributes is asked for."""

    def __init__(self, module: str, requirement: str) -> None:
        self._module = module
        self._requirement = requirement

    def __getattr__(self, name: str) -> Any:
        return getattr(_import(self._module, self._requirement), name)

    def __repr__(self) -> str:
        return f"<lazy client {self._module}>"


def lazy_client(module: str, *, extra: str = "", distribution: str = "") -> Any:
    """Return a stand-in for a client library, which is imported when its first attribute is used.

    A DAG file that uses the provider is imported and serialized without the library, which only the worker needs.

    Args:
        module: The library's module, such as `boto3` or `google.cloud.storage`.
        extra: The provider whose installation brings the library: `amazon` for `pip install tradewind-amazon`.
        distribution: What to install instead, where no provider brings it.

    Raises:
        TypeError: Neither `extra` nor `distribution` is given.
        TradewindOptionalProviderFeatureException: Raised by the stand-in where the library is not installed.
    """
    if not extra and not distribution:
        raise TypeError("lazy_client() needs extra= or distribution=, to say what to install")
    return _LazyClient(module, distribution or f"tradewind-{extra}")


def _import(module: str, requirement: str) -> Any:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        missing = error.name or module
        if not (module == missing or module.startswith(f"{missing}.")):
            raise
        raise TradewindOptionalProviderFeatureException(
            f"{module} is not installed here; run: pip install {requirement}"
        ) from error
