"""Calling the implementations of a hook one by one, so that one that fails neither stops nor hides the others."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

import pluggy
from tradewind_plugins.hooks import PROJECT
from tradewind_plugins.specs import authoring, listeners, policies, services, state_listeners
from tradewind_plugins.values import Value

from tradewind.plugins.catalogue import Plugin
from tradewind.plugins.trace import trace

SPEC_MODULES = (authoring, services, policies, listeners, state_listeners)


class Answer(Value):
    """What one implementation of a hook answered.

    Arguments:
        plugin: whose implementation.
        result: what it returned.
        error: what it raised instead.
    """

    plugin: Plugin
    result: Any = None
    error: Exception | None = None


def _rank(implementation: pluggy.HookImpl) -> int:
    return 0 if implementation.tryfirst else 2 if implementation.trylast else 1


class Caller:
    """Plugins that are imported and registered."""

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager(PROJECT)
        self._plugins: dict[str, Plugin] = {}
        for module in SPEC_MODULES:
            self._manager.add_hookspecs(module)

    def register(self, plugin: Plugin) -> ModuleType:
        """Import a plugin. Raises whatever its import raises, and pluggy's error where a hook has unknown arguments."""
        module = import_module(plugin.module)
        self._manager.register(module, name=plugin.module)
        self._refuse_wrappers(plugin.module, module)
        self._plugins[plugin.module] = plugin
        return module

    def _refuse_wrappers(self, name: str, module: ModuleType) -> None:
        for hook in self._manager.get_hookcallers(module) or ():
            if any(each.wrapper or each.hookwrapper for each in hook.get_hookimpls() if each.plugin_name == name):
                self._manager.unregister(module)
                raise TypeError(f"{hook.name} is a wrapper; hooks of Tradewind are called one by one and not wrapped")

    def hooks_of(self, plugin: Plugin) -> list[str]:
        """Return the names of the hooks that a registered plugin implements, known to this version or not."""
        module = self._manager.get_plugin(plugin.module)
        return [hook.name for hook in self._manager.get_hookcallers(module) or ()]

    def is_spec(self, hook: str) -> bool:
        """Return whether this version has a hook of that name."""
        caller = getattr(self._manager.hook, hook, None)
        return caller is not None and caller.spec is not None

    def is_declaring(self, hook: str) -> bool:
        """Return whether a hook declares something."""
        return bool(self.is_spec(hook) and getattr(self._manager.hook, hook).spec.function.is_declaring)

    def runs_in(self, hook: str) -> Sequence[str]:
        """Return the kinds of processes in which a hook is called."""
        kinds: Sequence[str] = getattr(self._manager.hook, hook).spec.function.runs_in
        return kinds

    def call(self, hook: str, event: object = None, *, besides: Collection[str] = ()) -> Iterator[Answer]:
        """Call each implementation of a hook, the first registered first (after tryfirst), and yield their answers.

        Arguments:
            besides: modules of plugins that are passed over.
        """
        for implementation in sorted(getattr(self._manager.hook, hook).get_hookimpls(), key=_rank):
            plugin = self._plugins[implementation.plugin_name]
            if plugin.module in besides:
                continue
            arguments = (event,) * len(implementation.argnames)  # an implementation may leave the event out
            try:
                answer = Answer(plugin=plugin, result=implementation.function(*arguments))
            except Exception as error:  # noqa: BLE001 - it is the answer; what to do about it is the caller's to say
                answer = Answer(plugin=plugin, error=error)
            trace(hook, plugin.module, event, answer.error or answer.result)
            yield answer
