"""Stand-ins for packages that a public DAG file imports and that are not installed: what may be called, subclassed, iterated.

Only for packages that have nothing to do with orchestration. One whose name contains "airflow", or that stands on Airflow, is
never stood in for: whether those work is what is measured.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from compat.imports import ON_AIRFLOW


def may_stand_in(module: str) -> bool:
    """Tell whether a module may be stood in for."""
    head = module.partition(".")[0]
    return (
        "airflow" not in module
        and head not in ON_AIRFLOW
        and head not in sys.stdlib_module_names
        and not head.startswith("tradewind")
    )


class StandIns(MetaPathFinder, Loader):
    """A finder for the end of `sys.meta_path`.

    Arguments:
        packages: top-level names to stand in for; all others stay missing.
    """

    def __init__(self, packages: Sequence[str]) -> None:
        self._packages = frozenset(each for each in packages if may_stand_in(each))
        self.used: set[str] = set()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See `MetaPathFinder`."""
        head = fullname.partition(".")[0]
        if head not in self._packages or not may_stand_in(fullname):
            return None
        above = sys.modules.get(head)
        if head != fullname and not isinstance(above, _Module) and getattr(above, "__file__", None) is not None:
            return None  # the package is there, and just has no such part; a namespace may be there in part
        self.used.add(head)
        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """See `Loader`."""
        return _Module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """See `Loader`."""


class _Module(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = self.__dict__[name] = _made(name, self.__name__)
        return value


class _Kind(type):
    """The class of stood-in classes: their attributes exist."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _made(name, cls.__module__)

    def __iter__(cls) -> Iterator[Any]:
        return iter(())

    def __getitem__(cls, _key: Any) -> Any:
        return cls


class Thing(metaclass=_Kind):
    """A stood-in value: whatever is asked of it, it gives another."""

    def __init__(self, *_args: Any, **_named: Any) -> None:
        """Take anything."""

    def __call__(self, *args: Any, **named: Any) -> Any:
        if len(args) == 1 and not named and callable(args[0]) and not isinstance(args[0], Thing):
            return args[0]  # it was a decorator
        return Thing()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Thing()

    def __getitem__(self, _key: Any) -> Any:
        return Thing()

    def __setitem__(self, _key: Any, _value: Any) -> None:
        pass

    def to_dict(self) -> dict[str, Any]:
        """Return no values: what an executor is asked for is written down by it."""
        return {}

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        return True

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_of: Any) -> None:
        pass

    def __fspath__(self) -> str:
        return "/stood-in-for"

    def __str__(self) -> str:
        return "stood-in-for"

    def __repr__(self) -> str:
        return "stood-in-for"

    def __or__(self, other: Any) -> Any:
        return self

    __ror__ = __and__ = __truediv__ = __rshift__ = __lshift__ = __rrshift__ = __rlshift__ = __or__


def _made(name: str, module: str) -> Any:
    base: type = Exception if name.endswith(("Error", "Exception", "Timeout")) else Thing
    if base is Exception:
        return type(name, (Exception,), {"__module__": module})
    return _Kind(name, (Thing,), {"__module__": module})
