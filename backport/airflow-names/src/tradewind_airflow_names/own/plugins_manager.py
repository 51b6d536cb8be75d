"""`airflow.plugins_manager`: the plugins folder and `AirflowPlugin`, loaded when a DAG file first needs one of them."""

from __future__ import annotations

import importlib.util
import inspect
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Final

from tradewind_airflow_names.own.configuration import AirflowConfigException, conf, get_airflow_home
from tradewind_airflow_names.own.settings_table import home

KINDS: Final = ("operators", "sensors", "hooks", "macros")
"""What DAG files import of a plugin: `airflow.operators.<plugin>` and so on."""
_NOT_HERE: Final = (
    "admin_views",
    "appbuilder_menu_items",
    "appbuilder_views",
    "executors",
    "external_views",
    "fastapi_apps",
    "fastapi_root_middlewares",
    "flask_blueprints",
    "global_operator_extra_links",
    "hook_lineage_readers",
    "listeners",
    "menu_links",
    "operator_extra_links",
    "priority_weight_strategies",
    "react_apps",
    "ti_deps",
    "timetables",
)
_log = logging.getLogger(__name__)


class AirflowPluginException(Exception):  # noqa: N818  (Airflow's name)
    """A plugin lacks what it must have."""


class AirflowPlugin:
    """What a file of the plugins folder, or an installed distribution, adds. A subclass gives it a name."""

    name: str | None = None
    source: ClassVar[Any] = None
    operators: ClassVar[list[Any]] = []
    sensors: ClassVar[list[Any]] = []
    hooks: ClassVar[list[Any]] = []
    macros: ClassVar[list[Any]] = []
    executors: ClassVar[list[Any]] = []
    admin_views: ClassVar[list[Any]] = []
    flask_blueprints: ClassVar[list[Any]] = []
    menu_links: ClassVar[list[Any]] = []
    appbuilder_views: ClassVar[list[Any]] = []
    appbuilder_menu_items: ClassVar[list[Any]] = []
    fastapi_apps: ClassVar[list[Any]] = []
    fastapi_root_middlewares: ClassVar[list[Any]] = []
    external_views: ClassVar[list[Any]] = []
    react_apps: ClassVar[list[Any]] = []
    global_operator_extra_links: ClassVar[list[Any]] = []
    operator_extra_links: ClassVar[list[Any]] = []
    timetables: ClassVar[list[Any]] = []
    listeners: ClassVar[list[Any]] = []
    hook_lineage_readers: ClassVar[list[Any]] = []
    priority_weight_strategies: ClassVar[list[Any]] = []
    ti_deps: ClassVar[list[Any]] = []

    @classmethod
    def validate(cls) -> None:
        """Raise `AirflowPluginException` for a plugin without a name."""
        if not cls.name:
            raise AirflowPluginException(
                f'{cls.__module__}.{cls.__qualname__} is a plugin without a name: give it `name = "…"`'
            )

    @classmethod
    def on_load(cls, *args: Any, **kwargs: Any) -> None:
        """Do something when the plugin is loaded."""


class Plugins:
    """The plugins there are."""

    def __init__(self) -> None:
        self.found: dict[str, type[AirflowPlugin]] = {}
        self.broken: dict[str, Exception] = {}

    def load(self, folder: Path, installed: Sequence[tuple[str, Callable[[], Any]]] = ()) -> None:
        """Load what there is; a plugin that cannot be loaded is kept among the broken ones.

        Arguments:
            folder: where their files are; it need not exist.
            installed: those of distributions, each as a name and what loads it.
        """
        for name, load in installed:
            self._try(name, lambda load=load: [load()])  # type: ignore[misc]
        for path in _plugin_files(folder):
            self._try(str(path), lambda path=path: _classes_of(_import(path, folder)))  # type: ignore[misc]

    def names_of(self, kind: str, plugin: str) -> dict[str, Any] | None:
        """Return what a plugin gives of one of `KINDS`, by name; None where there is no such plugin."""
        found = self.found.get(plugin)
        return None if found is None else _named(found, kind)

    def find(self, kind: str, name: str) -> Any:
        """Return the class or function of that name that any plugin gives, None where none does: how Airflow 1.10 finds them."""
        return next((given[name] for plugin in self.found.values() if name in (given := _named(plugin, kind))), None)

    def complaint(self) -> str | None:
        """Return one sentence about the plugins that could not be loaded, None where all were."""
        told = [
            f"the plugin {where} cannot be loaded: {type(error).__name__}: {error}"
            for where, error in self.broken.items()
        ]
        return "; ".join(told) or None

    def _try(self, where: str, load: Callable[[], Sequence[type[AirflowPlugin]]]) -> None:
        """Load one; one that fails is told, and the next one goes on."""
        try:
            for each in load():
                each.validate()
                each.on_load()
                self.found[str(each.name)] = each
                _tell_what_is_not_here(each, where)
        except Exception as error:  # noqa: BLE001 - whatever a plugin raises is its own
            self.broken[where] = error
            _log.warning("the plugin %s cannot be loaded", where, exc_info=error)


class _Process:
    """The plugins of this process, once they are loaded."""

    plugins: Plugins | None = None


def plugins() -> Plugins:
    """Return the plugins of this process; the first call loads them."""
    if _Process.plugins is None:
        installed = [(f"{each.name} ({each.value})", each.load) for each in entry_points(group="airflow.plugins")]
        _Process.plugins = Plugins()  # there before it is full: a plugin may import from another
        _Process.plugins.load(plugins_folder(), installed)
    return _Process.plugins


def forget() -> None:
    """Load the plugins anew when they are next needed."""
    _Process.plugins = None


def plugins_folder() -> Path:
    """Return the plugins folder."""
    try:
        return Path(conf.get("core", "plugins_folder"))
    except AirflowConfigException as error:  # an airflow.cfg that cannot be read keeps no DAG file from being imported
        _log.warning("the plugins folder is that of Tradewind, as %s", error)
        return Path(home(), "plugins")


def code_folders() -> list[str]:
    """Return the folders that Airflow has on `sys.path` besides the DAG folder: `config` and the plugins folder."""
    return [os.path.realpath(each) for each in (Path(get_airflow_home(), "config"), plugins_folder())]


def _plugin_files(folder: Path) -> Iterator[Path]:
    """Yield the Python files below a folder that speak of a plugin; what else is there is code that they import."""
    for path in sorted(folder.rglob("*.py")):
        inside = path.relative_to(folder).parts
        is_hidden = any(part.startswith(".") or part in {"__pycache__", "node_modules"} for part in inside)
        if not is_hidden and b"AirflowPlugin" in path.read_bytes():
            yield path


def _import(path: Path, folder: Path) -> ModuleType:
    """Import a file by the name under which DAG files import it, so that there is one class of a name and not two."""
    parts = path.relative_to(folder).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    if len(parts) > 1 and all(Path(folder, *parts[:length], "__init__.py").exists() for length in range(1, len(parts))):
        return importlib.import_module(name)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _named(plugin: type[AirflowPlugin], kind: str) -> dict[str, Any]:
    """Return what a plugin gives of one kind, by name; what has no name, such as a partial function, cannot be asked for."""
    return {each.__name__: each for each in getattr(plugin, kind) or () if hasattr(each, "__name__")}


def _classes_of(module: ModuleType) -> list[type[AirflowPlugin]]:
    found = [each for each in vars(module).values() if inspect.isclass(each) and issubclass(each, AirflowPlugin)]
    return [each for each in found if each is not AirflowPlugin and each.__module__ == module.__name__]


def _tell_what_is_not_here(plugin: type[AirflowPlugin], where: str) -> None:
    parts = [name for name in _NOT_HERE if getattr(plugin, name, None)]
    if parts:
        _log.warning(
            "the plugin %s of %s: %s are not built yet in Tradewind and do nothing",
            plugin.name,
            where,
            ", ".join(parts),
        )
