"""The registry: finds what plugins declare by kind and name, and imports a class when it is asked for."""

from __future__ import annotations

import difflib
import hashlib
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tradewind_plugins.declarations import AirflowAlias, CliVerb, ConnectionType, Declared
from tradewind_plugins.exceptions import TradewindConfigException

from tradewind.plugins import storage
from tradewind.plugins.catalogue import Catalogue, Plugin
from tradewind.plugins.fingerprint import fingerprint
from tradewind.plugins.imports import load
from tradewind.plugins.kinds import KINDS
from tradewind.plugins.known import hint_for_name
from tradewind.plugins.trace import tracing

Declaration = Declared | ConnectionType | CliVerb | AirflowAlias


class PluginWarning(UserWarning):
    """Something that a plugin declares is left out; the message says what and why."""


class Registry:
    """What the plugins of a catalogue declare."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue

    @property
    def plugins(self) -> Sequence[Plugin]:
        """The plugins that could be imported."""
        return self.catalogue.plugins

    @property
    def problems(self) -> Sequence[str]:
        """What was left out, and why."""
        return self.catalogue.problems

    def names(self, kind: str) -> list[str]:
        """Return the names of one kind, sorted; a name that several plugins have stands once."""
        return sorted({entry.fields["name"] for entry in self.catalogue.entries.get(kind, {}).values()})

    def all(self, kind: str) -> list[Declaration]:
        """Return the declarations of one kind in the order of the plugins."""
        return [KINDS[kind].value(**entry.fields) for entry in self.catalogue.entries.get(kind, {}).values()]

    def find(self, kind: str, name: str) -> Declaration:
        """Return the declaration of a kind under a name (or under a path, where names may repeat).

        Raises:
            TradewindConfigException: there is none, or there are several; the message says what to install or write.
        """
        entries = self.catalogue.entries.get(kind, {})
        if name in entries:
            return KINDS[kind].value(**entries[name].fields)
        found = [KINDS[kind].value(**each.fields) for each in entries.values() if each.fields["name"] == name]
        if not found:
            raise TradewindConfigException(f"there is no {kind} {name!r}{self._hint(kind, name)}")
        if len(found) > 1:
            paths = " or ".join(each.path for each in found)
            raise TradewindConfigException(f"several plugins have a {kind} {name!r}; write {paths}")
        return found[0]

    def load(self, kind: str, name: str) -> Any:
        """Import and return what a kind has under a name. A path (`package.module:Name`) need not be declared.

        Raises:
            TradewindConfigException: there is none, or it cannot be imported.
        """
        declared = name in self.catalogue.entries.get(kind, {})
        path = name if ":" in name and not declared else self.find(kind, name).path
        return load(path, f"{kind} {name!r}")

    def plugin_of(self, kind: str, key: str) -> Plugin:
        """Return the plugin that a declaration comes from. Raises KeyError where there is no such declaration."""
        return self.plugins[self.catalogue.entries[kind][key].plugin]

    def implementing(self, hooks: Sequence[str]) -> list[Plugin]:
        """Return the plugins that implement any of these hooks, without importing them."""
        implemented = zip(self.plugins, self.catalogue.hooks, strict=True)
        return [plugin for plugin, own in implemented if set(own) & set(hooks)]

    def connection_type(self, name: str) -> ConnectionType:
        """Return a connection type. Raises TradewindConfigException where there is none."""
        found = self.find("connection type", name)
        assert isinstance(found, ConnectionType)  # noqa: S101 - the kind's own type; for the type checker
        return found

    def _hint(self, kind: str, name: str) -> str:
        known = self.names(kind)
        close = difflib.get_close_matches(name, known, n=1)
        return hint_for_name(kind, name) or (f"; is it {close[0]!r}?" if close else f"; there are {_listed(known)}")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if names else "none"


def open_registry(cache_dir: Path | None, extra_modules: Sequence[str] = ()) -> Registry:
    """Return the registry of this installation: from the file in `cache_dir`, or collected and written there.

    Arguments:
        cache_dir: where the file is kept; None collects and keeps nothing.
        extra_modules: plugin modules besides those of the installed distributions, named by the configuration.

    Warns with `PluginWarning` about each thing left out, when it collects. With the trace switch on it always collects, so
    that there are calls to show.
    """
    key = f"{fingerprint()} {' '.join(extra_modules)}"
    path = None if cache_dir is None else cache_dir / _file_name()
    stored = None if path is None or tracing() else storage.read(path, key)
    if stored is not None:
        return Registry(stored)
    catalogue = _collect(extra_modules)
    for problem in catalogue.problems:
        warnings.warn(problem, PluginWarning, stacklevel=2)
    if path is not None and catalogue.is_whole:
        _store(path, key, catalogue)
    return Registry(catalogue)


def _collect(extra_modules: Sequence[str]) -> Catalogue:
    # Here and not at the top: they bring pluggy and importlib.metadata, 20 ms that a start with a stored file saves.
    from tradewind.plugins.collection import collect  # noqa: PLC0415
    from tradewind.plugins.discovery import find_plugins  # noqa: PLC0415

    return collect(find_plugins(extra_modules))


def _store(path: Path, key: str, catalogue: Catalogue) -> None:
    try:
        storage.write(path, key, catalogue)
    except OSError as error:
        warnings.warn(
            f"the plugins cannot be kept in {path}, so every start collects them: {error}", PluginWarning, stacklevel=3
        )


def _file_name() -> str:
    """Two interpreters may share a cache folder, each with its own plugins."""
    return f"plugins-{hashlib.blake2b(sys.prefix.encode(), digest_size=4).hexdigest()}.json"
