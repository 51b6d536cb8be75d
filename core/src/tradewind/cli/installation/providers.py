"""Show the installed providers and what each kind of thing they bring."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tradewind_plugins.declarations import ConnectionType

from tradewind.cli.errors import CommandError
from tradewind.cli.installation.facts import distribution_details
from tradewind.cli.parser import did_you_mean
from tradewind.cli.shared.operating import open_operations
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.verbs import Run, Verbs
from tradewind.operations import installation
from tradewind.operations.installation import problem_of, provider_distributions
from tradewind.plugins.current import registry


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the verbs."""
    verbs = Verbs(parser)
    add_output_option(verbs.add("list", list_providers, remote=True))
    get = verbs.add("get", get_provider, remote=True)
    get.add_argument("provider_name", help="such as tradewind-sqlite, or sqlite")
    get.add_argument("-f", "--full", action="store_true", help="all that its distribution says of itself")
    add_output_option(get)
    verbs.elsewhere(
        {"new": "begin a provider of your own", "validate": "check the folder of a provider"},
        "tradewind.cli.installation.provider_writing",
    )
    for name, run in LOCAL.items():
        add_output_option(verbs.add(name, run))


def list_providers(options: argparse.Namespace) -> None:
    """List the installed distributions that bring plugins, and what is wrong with one that cannot be used."""
    rows = [each._asdict() for each in _installed(options)]
    print_rows(rows, options.output, empty="No providers are installed: pip install tradewind-sqlite brings the first.")


def get_provider(options: argparse.Namespace) -> None:
    """Show one provider."""
    if options.full and options.server:
        raise CommandError(
            "--full reads what is installed on this machine: leave out --server, or --full.",
            exit_code=2,
            error_id="wrong-usage",
        )
    known = {each.provider: each for each in _installed(options)}
    wanted = options.provider_name
    name = next((each for each in known if each in {wanted, f"tradewind-{wanted}"}), None)
    if name is None:
        near = did_you_mean(wanted, known) or ": `tradewind providers list` shows all."
        raise CommandError(f"No provider {wanted!r} is installed{near}", error_id="provider-missing")
    details = distribution_details(name) if options.full else None
    print_rows([{**(details or known[name]._asdict()), "problem": known[name].problem}], options.output)


class _Installed(NamedTuple):
    """A row of the list of providers."""

    provider: str
    version: str
    description: str
    problem: str


def _installed(options: argparse.Namespace) -> Sequence[_Installed]:
    """Return each distribution that brings plugins, on this machine or on the server."""
    if not options.server:
        return [_Installed(*each, problem_of(*each[:2])) for each in provider_distributions()]
    with open_operations(options) as operations:
        found = operations.ask(installation.list_providers).rows
    return [_Installed(each.package_name, each.version, each.description, each.problem) for each in found]


def list_lazy_loaded(options: argparse.Namespace) -> None:
    """List the providers whose code is imported when a class of theirs is used, and not before: all that can be used."""
    rows = [each._asdict() for each in _installed(options) if not each.problem]
    print_rows([{key: row[key] for key in ("provider", "version")} for row in rows], options.output)


def list_connection_types(options: argparse.Namespace) -> None:
    """List the connection types, with what each is for and whether its form was made for it."""
    rows = [
        {"connection_type": each.name, "label": each.label, "fields": len(each.fields), "summary": each.summary}
        | _from(each.name)
        for each in _connection_types()
    ]
    print_rows(rows, options.output, empty="No provider brings a connection type.")


def list_hooks(options: argparse.Namespace) -> None:
    """List the connection types with their hooks."""
    rows = [
        {"connection_type": each.name, "label": each.label, "hook": each.path.replace(":", ".")} | _from(each.name)
        for each in _connection_types()
    ]
    print_rows(rows, options.output, empty="No provider brings a connection type.")


def list_behaviours(options: argparse.Namespace) -> None:
    """List how the form of a connection type differs from the plain one: hidden fields, labels, placeholders."""
    rows = [
        {
            "connection_type": each.name,
            "field": part.name,
            "label": part.label or None,
            "hidden": part.hidden,
            "placeholder": part.placeholder or None,
        }
        for each in _connection_types()
        for part in each.fields
        if part.name in _PLAIN
    ]
    print_rows(rows, options.output, empty="No connection type changes the plain form.")


def list_widgets(options: argparse.Namespace) -> None:
    """List the fields that connection types add to the form; their values stand in the connection's extra."""
    rows = [
        {
            "connection_type": each.name,
            "field": part.name,
            "kind": part.kind,
            "secret": part.secret,
            "label": part.label,
        }
        for each in _connection_types()
        for part in each.fields
        if part.name not in _PLAIN
    ]
    print_rows(rows, options.output, empty="No connection type adds fields to the form.")


def list_executors(options: argparse.Namespace) -> None:
    """List the executors that can be named in executor.default, in DAGs and in tasks."""
    _print_kind("executor", options)


def list_log_stores(options: argparse.Namespace) -> None:
    """List the log stores that logs.store can name."""
    _print_kind("log store", options)


def list_secrets_backends(options: argparse.Namespace) -> None:
    """List the secrets backends that plugins.secrets_backends can name."""
    _print_kind("secrets backend", options)


def list_xcom_storages(options: argparse.Namespace) -> None:
    """List the XCom storages, which large values can be kept in."""
    _print_kind("XCom storage", options)


def list_decorators(options: argparse.Namespace) -> None:
    """List the decorators that tasks can be made with, as `@task.NAME`."""
    _print_kind("task decorator", options)


def list_codecs(options: argparse.Namespace) -> None:
    """List the JSON codecs."""
    _print_kind("codec", options)


def list_exporters(options: argparse.Namespace) -> None:
    """List the metrics exporters that metrics.exporters can name."""
    _print_kind("metrics exporter", options)


def list_operators(options: argparse.Namespace) -> None:
    """List the operators."""
    _print_by_path("operator", options)


def list_sensors(options: argparse.Namespace) -> None:
    """List the sensors."""
    _print_by_path("sensor", options)


def list_timetables(options: argparse.Namespace) -> None:
    """List the timetables that schedules can name."""
    _print_by_path("timetable", options)


def list_notifiers(options: argparse.Namespace) -> None:
    """List the notifiers that can stand where a callback may."""
    _print_by_path("notifier", options)


def list_triggers(options: argparse.Namespace) -> None:
    """List the triggers that a triggerer runs for deferred tasks."""
    _print_by_path("trigger", options)


def _print_by_path(kind: str, options: argparse.Namespace) -> None:
    rows = [
        {"name": each.name, "path": each.path.replace(":", ".")} | _from(each.path, kind)
        for each in registry().all(kind)
    ]
    print_rows(rows, options.output)


_PLAIN = {"host", "login", "password", "schema", "port", "extra", "description"}


def _connection_types() -> list[ConnectionType]:
    return [each for each in registry().all("connection type") if isinstance(each, ConnectionType)]


def _print_kind(kind: str, options: argparse.Namespace) -> None:
    known = registry()
    rows = [
        {"name": name, "path": known.find(kind, name).path.replace(":", ".")} | _from(name, kind)
        for name in known.names(kind)
    ]
    print_rows(rows, options.output)


def _from(key: str, kind: str = "connection type") -> dict[str, Any]:
    return {"provider": registry().plugin_of(kind, key).distribution}


LOCAL: Mapping[str, Run] = {
    "behaviours": list_behaviours,
    "codecs": list_codecs,
    "connections": list_connection_types,
    "decorators": list_decorators,
    "executors": list_executors,
    "hooks": list_hooks,
    "lazy-loaded": list_lazy_loaded,
    "logging": list_log_stores,
    "metrics": list_exporters,
    "notifications": list_notifiers,
    "operators": list_operators,
    "secrets": list_secrets_backends,
    "sensors": list_sensors,
    "timetables": list_timetables,
    "triggers": list_triggers,
    "widgets": list_widgets,
    "xcom": list_xcom_storages,
}
"""The verbs that show what is installed on this machine."""
