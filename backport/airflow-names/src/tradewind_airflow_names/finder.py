"""The finder that answers for `airflow`: modules that are made when they are asked for, of names that are found when used."""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import Any

from tradewind.authoring import context, macros
from tradewind_plugins.declarations import AirflowAlias

from tradewind_airflow_names.items import INTERNALS, PROVIDERS, is_inner
from tradewind_airflow_names.own.configuration import conf
from tradewind_airflow_names.own.plugin_modules import macros_of, name_of_kind, names_of_module
from tradewind_airflow_names.own.plugins_manager import KINDS, code_folders, plugins_folder
from tradewind_airflow_names.tables import BORROWED, BUILT, RENAMED
from tradewind_airflow_names.tree import Tree

__all__ = [
    "AirflowModule",
    "Finder",
    "NotBuiltError",
    "ProviderMissingError",
    "code_folders",
    "install",
    "real_airflow",
    "uninstall",
]

TOP = "airflow"
REAL = ("apache-airflow", "apache-airflow-core")


class NotBuiltError(ImportError):
    """Something that Airflow has and Tradewind does not have yet.

    Arguments:
        airflow_name: where Airflow has it: `airflow.datasets.Dataset`.
        item: what it belongs to, one of `tradewind_airflow_names.items.ITEMS`.
        message: the whole sentence; by default one that names both.
    """

    def __init__(self, airflow_name: str, item: str, message: str = "") -> None:
        module = airflow_name.rpartition(".")[0]
        super().__init__(message or f"{airflow_name} is not built yet in Tradewind ({item})", name=module, path=module)
        self.airflow_name = airflow_name
        self.item = item


class ProviderMissingError(NotBuiltError, ModuleNotFoundError):
    """Something of a provider that is not installed.

    Arguments:
        airflow_name: the module, or the name in it.
        provider: whose it is, such as `amazon`.
    """

    def __init__(self, airflow_name: str, provider: str) -> None:
        self.distribution = f"tradewind-{provider}"
        message = f"{airflow_name} comes with the provider {provider}; run: pip install {self.distribution}"
        super().__init__(airflow_name, PROVIDERS, message)
        self.name = None  # core would add its own way out for a module of that name


def real_airflow() -> str | None:
    """Return the name and version of an installed Airflow, None where there is none. Looks at distributions, not files."""
    for name in REAL:
        try:
            return f"{name} {version(name)}"
        except PackageNotFoundError:
            continue
    return None


def install(aliases: Sequence[AirflowAlias] = ()) -> str | None:
    """Let `import airflow` find Tradewind's names in this process; again is no error.

    Arguments:
        aliases: where providers have what Airflow's own have.
    Returns:
        None, or the real Airflow that is installed: then nothing is changed.
    """
    found = real_airflow()
    if found is None and not _installed():
        sys.meta_path.insert(0, Finder(Tree(BUILT, RENAMED, BORROWED, aliases)))
        macros.ask_also(macros_of)
        context.offer("conf", conf)
    return found


def uninstall() -> None:
    """Leave the process as it was before `install`."""
    for finder in _installed():
        sys.meta_path.remove(finder)
        macros.ask_no_more(macros_of)
        context.withdraw("conf")
    for name in [each for each, module in sys.modules.items() if isinstance(module, AirflowModule)]:
        del sys.modules[name]


def _installed() -> list[Finder]:
    return [each for each in sys.meta_path if isinstance(each, Finder)]


class Finder(MetaPathFinder, Loader):
    """Finds and makes the modules of a tree of names."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See `MetaPathFinder`.

        Raises:
            NotBuiltError: the module is of Airflow's own inner works.
            ProviderMissingError: it is of a provider that is not installed.
        """
        if fullname != TOP and not fullname.startswith(f"{TOP}."):
            return None
        if not self._tree.has_module(fullname):
            provider = self._tree.provider(fullname)
            if provider is not None:
                raise ProviderMissingError(fullname, provider)
            if is_inner(fullname):
                raise NotBuiltError(fullname, INTERNALS)
            if names_of_module(fullname) is None:
                return None
        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """See `Loader`."""
        return AirflowModule(spec.name, self._tree)

    def exec_module(self, module: ModuleType) -> None:
        """See `Loader`: an old path is told, at the line that imports it."""
        new = self._tree.renamed(module.__name__)
        if new is not None:
            warnings.warn(f"{module.__name__} is an old name: import {new}", DeprecationWarning, stacklevel=2)


class AirflowModule(ModuleType):
    """A module whose names are looked up when they are asked for."""

    def __init__(self, name: str, tree: Tree) -> None:
        super().__init__(name, f"Tradewind's names under {name}.")
        self._tree = tree

    def __getattr__(self, name: str) -> Any:
        """Return what the name stands for.

        Raises:
            NotBuiltError: Airflow has it, Tradewind does not have it yet.
            AttributeError: nobody has it.
        """
        if name == "__all__":
            return [*self._tree.names(self.__name__), *self._of_plugin()]
        target = self._tree.target(self.__name__, name)
        if target is not None:
            value = self.__dict__[name] = self._load(name, target)
            return value
        if name.startswith("__"):
            raise AttributeError(name)
        inner = f"{self.__name__}.{name}"
        if self._tree.has_module(inner):
            return importlib.import_module(inner)
        of_plugin = self._of_plugin().get(name, name_of_kind(self.__name__, name))
        if of_plugin is not None:
            return of_plugin
        item = self._tree.item(self.__name__, name)
        provider = self._tree.provider(self.__name__)
        if item is not None and provider is not None:
            raise ProviderMissingError(inner, provider)
        if item is not None:
            raise NotBuiltError(inner, item)
        if name[0].isupper() and self.__name__.removeprefix(f"{TOP}.") in KINDS:
            raise ImportError(
                f"{inner} is none of Airflow's: what gave it was a plugin, which is not in {plugins_folder()}"
            )
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}, in Tradewind")

    def _of_plugin(self) -> dict[str, Any]:
        """Return what a plugin gives under this module's name; nothing for a module that is Airflow's."""
        return {} if self._tree.has_module(self.__name__) else names_of_module(self.__name__) or {}

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._tree.names(self.__name__)})

    def _load(self, name: str, target: str) -> Any:
        home, _, attribute = target.partition(":")
        value = getattr(importlib.import_module(home), attribute or name)
        new = self._tree.renamed(f"{self.__name__}:{name}")
        if new is not None:
            warnings.warn(f"{self.__name__}.{name} is an old name: import {new}", DeprecationWarning, stacklevel=3)
        return value
