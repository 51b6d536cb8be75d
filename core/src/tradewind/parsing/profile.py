"""How long each module of an import takes itself, without the modules that it imports in turn."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


class ImportProfile:
    """Stands first among the finders and has each module's loader timed."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._inner = [0.0]

    def start(self) -> None:
        """Begin to measure; stays for the rest of the process."""
        sys.meta_path.insert(0, self)

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> Any:
        """Let the other finders find the module, and time what executes it."""
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                self._time(spec)
                return spec
        return None

    def _time(self, spec: ModuleSpec) -> None:
        loader: Any = spec.loader
        execute: Callable[[ModuleType], None] | None = getattr(loader, "exec_module", None)
        if execute is None or isinstance(loader, type):
            return  # built into the interpreter: takes no time

        def timed(module: ModuleType) -> None:
            self._inner.append(0.0)
            began = time.perf_counter()
            try:
                execute(module)
            finally:
                whole = time.perf_counter() - began
                inside = self._inner.pop()
                self._inner[-1] += whole
                self.seconds[spec.name] = self.seconds.get(spec.name, 0.0) + whole - inside

        try:
            loader.exec_module = timed
        except AttributeError:
            return  # a loader with slots keeps its own method; its time counts as the importer's
