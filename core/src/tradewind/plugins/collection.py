"""Collecting what all plugins declare. This imports every plugin module, so it is done once an installation."""

from __future__ import annotations

import difflib
from typing import Any

from tradewind_plugins.declarations import AirflowAlias, CliVerb, ConnectionType, Declared

from tradewind.plugins.calls import Caller
from tradewind.plugins.catalogue import Catalogue, Entry, Plugin
from tradewind.plugins.discovery import stamp_of
from tradewind.plugins.kinds import KINDS, Kind

Declaration = Declared | ConnectionType | CliVerb | AirflowAlias


def collect(plugins: list[Plugin]) -> Catalogue:
    """Import the plugins and call their declaring hooks."""
    caller, problems = Caller(), []
    registered, stamps = [], []
    for plugin in plugins:
        if plugin.refused:
            problems.append(f"plugin {plugin.module} of {plugin.distribution} is left out: {plugin.refused}")
            continue
        try:
            stamp = stamp_of(caller.register(plugin))
        except Exception as error:  # noqa: BLE001 - a broken plugin must not take the others with it
            problems.append(f"plugin {plugin.module} of {plugin.distribution} is left out: {_described(error)}")
        else:
            registered.append(plugin)
            stamps.append(stamp)
            problems.extend(_unknown_hooks(caller, plugin))
    entries = {kind.name: _entries(caller, kind, registered, problems) for kind in KINDS.values()}
    return Catalogue(
        plugins=tuple(registered),
        hooks=tuple(tuple(hook for hook in caller.hooks_of(each) if caller.is_spec(hook)) for each in registered),
        stamps=tuple(stamps),
        entries=entries,
        problems=tuple(problems),
        is_whole=len(registered) == len([each for each in plugins if not each.refused]),
    )


def _described(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _unknown_hooks(caller: Caller, plugin: Plugin) -> list[str]:
    unknown = [hook for hook in caller.hooks_of(plugin) if not caller.is_spec(hook)]
    return [f"plugin {plugin.module} of {plugin.distribution} {_unknown(hook)}" for hook in unknown]


def _unknown(hook: str) -> str:
    known = [kind.hook for kind in KINDS.values()]
    close = difflib.get_close_matches(hook, known, n=1)
    return f"implements {hook}, which this version does not call" + (f"; is it {close[0]}?" if close else "")


def _entries(caller: Caller, kind: Kind, registered: list[Plugin], problems: list[str]) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    for answer in caller.call(kind.hook):
        whose = f"plugin {answer.plugin.module} of {answer.plugin.distribution}"
        if answer.error is not None:
            problems.append(f"{whose}: its {kind.hook} is left out: {_described(answer.error)}")
            continue
        for declaration in _checked(kind, answer.result, whose, problems):
            key = declaration.path if kind.by_path else declaration.name
            if key in entries:
                winner = registered[entries[key].plugin]
                problems.append(
                    f"{kind.name} {key!r} is declared by {winner.distribution} and {answer.plugin.distribution}; "
                    f"{winner.distribution} has it"
                )
            else:
                entries[key] = Entry(registered.index(answer.plugin), declaration.to_dict())
    return entries


def _checked(kind: Kind, result: Any, whose: str, problems: list[str]) -> list[Declaration]:
    items = list(result) if isinstance(result, (list, tuple)) else [result]
    good: list[Declaration] = [item for item in items if isinstance(item, kind.value)]
    for item in items:
        if not isinstance(item, kind.value):
            problems.append(f"{whose}: its {kind.hook} returned {item!r}, which is not a {kind.value.__name__}")
    return good
