"""Calling the hooks that act: policies where DAG files are imported, listeners where tasks run and in schedulers."""

from __future__ import annotations

import logging
import sys
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Final

from tradewind_plugins.declarations import AirflowAlias
from tradewind_plugins.events import DagParsed, DagRunEnded, ImportsBegin, TaskInstanceEnded, TaskParsed, TaskTry

from tradewind.daemon_log.about import FIELDS
from tradewind.plugins.current import registry
from tradewind.plugins.registry import Registry

if TYPE_CHECKING:
    from tradewind.plugins.calls import Caller

IMPORT_HOOKS: Final = ("tradewind_imports_begin",)
POLICY_HOOKS: Final = ("tradewind_dag_policy", "tradewind_task_policy")
LISTENER_HOOKS: Final = ("on_task_running", "on_task_success", "on_task_failed")
STATE_HOOKS: Final = ("on_dag_run_ended", "on_task_instance_ended")

_log = logging.getLogger(__name__)


def _caller(known: Registry, hooks: Sequence[str]) -> Caller | None:
    """Return the plugins that implement any of the hooks, imported; None where there are none.

    Raises whatever the import of one raises: a process that was to be watched, or ruled, does not start without.
    """
    plugins = known.implementing(hooks)
    if not plugins:
        return None
    # Here and not at the top: it brings pluggy, which a task without listeners never needs.
    from tradewind.plugins.calls import Caller  # noqa: PLC0415

    caller = Caller()
    for plugin in plugins:
        caller.register(plugin)
    return caller


class _Process:
    """The policies of this process, the registry they are from, that for which imports were prepared, and what that gave."""

    policies: Policies | None = None
    known: Registry | None = None
    prepared: Registry | None = None
    beside: tuple[str, ...] = ()


class Listeners:
    """The in-task listeners.

    An exception of one is logged and changes nothing: watching must not harm what is watched.
    """

    def __init__(self, known: Registry) -> None:
        self._caller = _caller(known, LISTENER_HOOKS)

    @property
    def is_empty(self) -> bool:
        """Whether nobody listens, so that no event need be made."""
        return self._caller is None

    def running(self, event: TaskTry) -> None:
        """Call `on_task_running`."""
        self._tell("on_task_running", event)

    def succeeded(self, event: TaskTry) -> None:
        """Call `on_task_success`."""
        self._tell("on_task_success", event)

    def failed(self, event: TaskTry) -> None:
        """Call `on_task_failed`."""
        self._tell("on_task_failed", event)

    def _tell(self, hook: str, event: TaskTry) -> None:
        if self._caller is None:
            return
        for answer in self._caller.call(hook, event):
            if answer.error is not None:
                where = f"{hook} of plugin {answer.plugin.module}"
                _log.error(
                    "%s raised an exception; the task is not affected",
                    where,
                    exc_info=answer.error,
                    extra=_about(event),
                )


class StateListeners:
    """The listeners of state changes, in a scheduler."""

    def __init__(self, known: Registry) -> None:
        self._caller = _caller(known, STATE_HOOKS)

    @property
    def is_empty(self) -> bool:
        """Whether nobody listens."""
        return self._caller is None

    def tell(
        self, hook: str, event: DagRunEnded | TaskInstanceEnded, *, besides: Collection[str] = ()
    ) -> tuple[frozenset[str], frozenset[str]]:
        """Call one of `STATE_HOOKS` in each plugin, and return the modules of those that heard and of those that raised.

        An exception is logged with the name of its plugin, and the next plugin is called.

        Arguments:
            besides: modules of plugins that have heard the event before.
        """
        heard: set[str] = set()
        failed: set[str] = set()
        for answer in self._caller.call(hook, event, besides=besides) if self._caller is not None else ():
            (heard if answer.error is None else failed).add(answer.plugin.module)
            if answer.error is not None:
                where = f"{hook} of plugin {answer.plugin.module}"
                _log.error(
                    "%s raised an exception at event %s",
                    where,
                    event.key,
                    exc_info=answer.error,
                    extra=_about(event),
                )
        return frozenset(heard), frozenset(failed)


class Policies:
    """The policies. An exception of one is raised: the file becomes an import error."""

    def __init__(self, known: Registry) -> None:
        self._caller = _caller(known, POLICY_HOOKS)

    def apply(self, dag: Any, file: str) -> None:
        """Call the task policies for each task of a DAG by its id, then the DAG policies.

        Arguments:
            dag: the DAG; its `tasks` have a `task_id` each.
            file: the path of its file, relative to the folder on `sys.path` that holds it.
        """
        if self._caller is None:
            return
        for task in sorted(dag.tasks, key=lambda each: each.task_id):
            self._require("tradewind_task_policy", TaskParsed(task=task, dag=dag, file=file))
        self._require("tradewind_dag_policy", DagParsed(dag=dag, file=file))

    def _require(self, hook: str, event: DagParsed | TaskParsed) -> None:
        if self._caller is None:
            return
        for answer in self._caller.call(hook, event):
            if answer.error is not None:
                raise answer.error


def _about(event: DagRunEnded | TaskInstanceEnded | TaskTry) -> dict[str, str | int]:
    """Return what a line of the log about an event is about; a run's event has no task."""
    return {name: getattr(event, name) for name in FIELDS if hasattr(event, name)}


def listeners() -> Listeners:
    """Return the in-task listeners of this process's registry.

    It imports their plugins: call it once, before forking.
    """
    return Listeners(registry())


def state_listeners() -> StateListeners:
    """Return the listeners of state changes of this process's registry; it imports their plugins."""
    return StateListeners(registry())


def listened_states() -> frozenset[str]:
    """Return those of `STATE_HOOKS` that a plugin of this process's registry implements; no plugin is imported."""
    known = registry()
    return frozenset(hook for hook in STATE_HOOKS if known.implementing([hook]))


def policies() -> Policies:
    """Return the policies of this process's registry. The first call imports their plugins: make it before forking."""
    known = registry()
    if _Process.policies is None or _Process.known is not known:
        _Process.policies, _Process.known = Policies(known), known
    return _Process.policies


def prepare_imports() -> None:
    """Call `tradewind_imports_begin`, the first time in this process, before it imports or forks who imports DAG files.

    Raises whatever an implementation raises.
    """
    known = registry()
    if _Process.prepared is known:
        return
    caller = _caller(known, IMPORT_HOOKS)
    if caller is not None:
        aliases = tuple(each for each in known.all("Airflow alias") if isinstance(each, AirflowAlias))
        for answer in caller.call(*IMPORT_HOOKS, ImportsBegin(airflow_aliases=aliases)):
            if answer.error is not None:
                raise answer.error
            _come_beside(answer.result or ())
    _Process.prepared = known


def beside_folders() -> tuple[str, ...]:
    """Return the folders of code beside the DAG folder that plugins named when imports were prepared."""
    return _Process.beside


def _come_beside(folders: Sequence[str]) -> None:
    """Put folders last on `sys.path`, so that they hide nothing."""
    sys.path.extend(each for each in folders if each not in sys.path)
    _Process.beside += tuple(each for each in folders if each not in _Process.beside)
