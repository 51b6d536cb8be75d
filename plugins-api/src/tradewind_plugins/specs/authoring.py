"""What plugins offer to the authors of DAGs."""

from __future__ import annotations

from collections.abc import Sequence

from tradewind_plugins.declarations import AirflowAlias, ConnectionType, Declared
from tradewind_plugins.hooks import declaring

__all__ = [
    "tradewind_airflow_aliases",
    "tradewind_connection_types",
    "tradewind_notifiers",
    "tradewind_operators",
    "tradewind_sensors",
    "tradewind_task_decorators",
    "tradewind_timetables",
    "tradewind_triggers",
]


@declaring
def tradewind_operators() -> Sequence[Declared]:  # type: ignore[empty-body]
    """Declare the operators of a provider.

    Caller: the registry.
    Moment: once after the installed distributions changed.
    Returns: the operators; several plugins may have operators of one name, told apart by their paths.
    Exception: the plugin's operators are left out, with a warning that names the plugin and the error.

    versionadded: 0.1
    """


@declaring
def tradewind_sensors() -> Sequence[Declared]:  # type: ignore[empty-body]
    """Declare the sensors of a provider.

    Caller: the registry.
    Moment: once after the installed distributions changed.
    Returns: the sensors; several plugins may have sensors of one name, told apart by their paths.
    Exception: the plugin's sensors are left out, with a warning that names the plugin and the error.

    versionadded: 0.1
    """


@declaring
def tradewind_notifiers() -> Sequence[Declared]:  # type: ignore[empty-body]
    """Declare notifiers: classes whose objects stand where a callback may, and tell people.

    Caller: the registry.
    Moment: once after the installed distributions changed.
    Returns: the notifiers; several plugins may have notifiers of one name, told apart by their paths.
    Exception: the plugin's notifiers are left out, with a warning that names the plugin and the error.

    versionadded: 0.1
    """


@declaring
def tradewind_triggers() -> Sequence[Declared]:  # type: ignore[empty-body]
    """Declare triggers: classes whose objects a triggerer runs, for deferred tasks and for watched assets.

    Caller: the registry.
    Moment: once after the installed distributions changed.
    Returns: the triggers; several plugins may have triggers of one name, told apart by their paths.
    Exception: the plugin's triggers are left out, with a warning that names the plugin and the error.

    versionadded: 0.1
    """


@declaring
def tradewind_connection_types() -> Sequence[ConnectionType]:  # type: ignore[empty-body]
    """Declare connection types, with the hook and the form of each.

    Caller: the registry.
    Moment: once after the installed distributions changed.
    Returns: the types; of two plugins with the same type the first wins, by the order of distribution names.
    Exception: the plugin's types are left out, with a warning that names the plugin and the error.

    versionadded: 0.1
    """


@declaring
def tradewind_task_decorators() -> Sequence[Declared]:  # type: ignore[empty-body]
    """Declare decorators, found as attributes of `@task`: the name `docker` makes `@task.docker`.

    Caller: the registry.
    Moment: once after the installed distributions changed.
    Returns: the decorators; of two plugins with the same name the first wins.
    Exception: the plugin's decorators are left out, with a warning that names the plugin and the error.

    versionadded: 0.1
    """


@declaring
def tradewind_timetables() -> Sequence[Declared]:  # type: ignore[empty-body]
    """Declare timetables that the scheduler asks itself; one that only a DAG file knows is asked by the DAG processor.

    Caller: the registry.
    Moment: once after the installed distributions changed.
    Returns: the classes, derived from `tradewind.timetables.CustomTimetable`; told apart by their paths.
    Exception: the plugin's timetables are left out, with a warning that names the plugin and the error.

    versionadded: 0.1
    """


@declaring
def tradewind_airflow_aliases() -> Sequence[AirflowAlias]:  # type: ignore[empty-body]
    """Declare the paths under which Airflow has what a provider has, for DAG files that import airflow.

    Caller: the registry.
    Moment: once after the installed distributions changed.
    Returns: the aliases; of two plugins with the same name the first wins.
    Exception: the plugin's aliases are left out, with a warning that names the plugin and the error.

    versionadded: 0.1
    """
