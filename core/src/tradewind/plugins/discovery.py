"""Which plugin modules are installed."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import Distribution, distributions, version
from types import ModuleType

from packaging.requirements import InvalidRequirement, Requirement
from tradewind_plugins.hooks import PROJECT

from tradewind.plugins.catalogue import Plugin, Stamp
from tradewind.plugins.fingerprint import file_time

CONTRACT = "tradewind-plugins-api"
BUILTIN_MODULE = "tradewind.plugins.builtin"


def stamp_of(module: ModuleType) -> Stamp | None:
    """Return an imported module's file and its time; None where it comes from no file."""
    file = module.__file__
    return None if file is None else Stamp(file, file_time(file))


def find_plugins(extra_modules: Sequence[str] = ()) -> list[Plugin]:
    """Return all plugins: Tradewind's own, then those of the configuration, then the distributions' by name."""
    found = [Plugin(name="tradewind", module=BUILTIN_MODULE, distribution="tradewind")]
    found += [Plugin(name=module, module=module, distribution=f"the setting {module}") for module in extra_modules]
    seen = {plugin.module for plugin in found}
    for distribution in sorted(distributions(), key=_name):
        for plugin in _plugins_of(distribution):
            if plugin.module not in seen:  # a checkout and its metadata may both be on the path
                seen.add(plugin.module)
                found.append(plugin)
    return found


def _name(distribution: Distribution) -> str:
    return (distribution.metadata["Name"] or "").lower()


def _plugins_of(distribution: Distribution) -> list[Plugin]:
    points = distribution.entry_points.select(group=PROJECT)
    label = f"{_name(distribution)} {distribution.version}" if points else ""
    refused = _refused(distribution) if points else ""
    return [Plugin(name=each.name, module=each.value, distribution=label, refused=refused) for each in points]


def _refused(distribution: Distribution) -> str:
    """Return why a distribution cannot be used with the installed contract, with both versions; empty where it can."""
    installed = version(CONTRACT)
    for text in distribution.requires or ():
        try:
            wanted = Requirement(text)
        except InvalidRequirement:
            continue  # not ours to judge: pip did not mind it
        if wanted.name == CONTRACT and not wanted.specifier.contains(installed, prereleases=True):
            name = _name(distribution)
            return f"it needs {text}, and {CONTRACT} {installed} is installed; run: pip install --upgrade {name}"
    return ""
