"""What is installed on the server: its version, its plugins and the distributions that bring them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distributions

from tradewind_plugins.hooks import PROJECT

from tradewind.operations.context import Context, operation
from tradewind.operations.paging import Page, Paging
from tradewind.plugins.catalogue import Plugin
from tradewind.plugins.current import registry
from tradewind.version import VERSION


@dataclass(frozen=True, slots=True)
class Version:
    """Which release this is; `git_version` is the commit that it was built of, None for a release."""

    version: str
    git_version: str | None = None


@dataclass(frozen=True, slots=True)
class Provider:
    """An installed distribution that brings plugins; `problem` is what was left out of it and why, empty where all is well."""

    package_name: str
    version: str
    description: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class InstalledPlugin:
    """A module of hook implementations with what it declares.

    Arguments:
        module: what is imported.
        source: the distribution that brings it, with its version.
        implements: the hooks of it.
        declared: by kind, the paths of what it declares.
        problem: what was left out of it and why, empty where all of it can be used.
    """

    name: str
    module: str
    source: str
    implements: tuple[str, ...]
    declared: dict[str, list[str]]
    problem: str = ""


@operation("version.get")
def get_version(_context: Context) -> Version:
    """Return the version of this server."""
    return Version(VERSION)


@operation("providers.list")
def list_providers(_context: Context) -> Page[Provider]:
    """Return the installed distributions that bring plugins, by name; all of them, as there is no paging in Airflow's."""
    found = [
        Provider(name, version, summary, problem_of(name, version))
        for name, version, summary in _known_to_this_process()
    ]
    return Page(found, len(found))


@operation("plugins.list")
def list_plugins(_context: Context, *, page: Paging) -> Page[InstalledPlugin]:
    """Return the plugins in the order in which they win, with the hooks they implement and what they declare."""
    known = registry()
    declared: list[dict[str, list[str]]] = [{} for _ in known.plugins]
    for kind, entries in known.catalogue.entries.items():
        for entry in entries.values():
            path = str(entry.fields.get("path") or entry.fields["name"])
            declared[entry.plugin].setdefault(kind, []).append(path.replace(":", "."))
    rows = [
        InstalledPlugin(plugin.name, plugin.module, plugin.distribution, hooks, each, _problem_of_plugin(plugin))
        for plugin, hooks, each in zip(known.plugins, known.catalogue.hooks, declared, strict=True)
    ]
    return Page(rows[page.offset : page.offset + page.limit], len(rows))


def left_out() -> list[str]:
    """Return what was left out of plugins that are not in the list at all, and why, in sentences."""
    own = [_begins(plugin) for plugin in registry().plugins]
    return [each for each in registry().problems if not each.startswith(tuple(own))]


def provider_distributions() -> tuple[tuple[str, str, str], ...]:
    """Return (name, version, summary) of each installed distribution that brings plugins, by name."""
    found = {
        (each.metadata["Name"], each.version, each.metadata["Summary"] or "")
        for each in distributions()
        if each.entry_points.select(group=PROJECT)
    }
    return tuple(sorted(found))


def problem_of(name: str, version: str) -> str:
    """Return what was left out of a distribution and why, in sentences; empty where all of it can be used."""
    own = re.compile(rf"plugin \S+ of {re.escape(f'{name.lower()} {version}')}[ :]+(.*)", re.DOTALL)
    return "; ".join(found[1] for each in registry().problems if (found := own.match(each)))


def _problem_of_plugin(plugin: Plugin) -> str:
    begins = _begins(plugin)
    return "; ".join(each.removeprefix(begins).lstrip(": ") for each in registry().problems if each.startswith(begins))


def _begins(plugin: Plugin) -> str:
    return f"plugin {plugin.module} of {plugin.distribution}"


_known_to_this_process = cache(provider_distributions)
"""Reading what all distributions declare takes as long as many requests, and a server is started again after an upgrade."""
