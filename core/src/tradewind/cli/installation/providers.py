"""Show the installed providers and what each kind of thing they bring."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from tradewind_plugins.declarations import ConnectionType

from tradewind.cli.errors import CommandError
from tradewind.cli.installation.facts import distribution_details
from tradewind.cli.parser import did_you_mean
from tradewind.cli.shared.operating import open_operations
from tradewind.cli.shared.output import add_output_option, print_rows
from tradewind.cli.verbs import Verbs
from tradewind.operations import installation
from tradewind.operations.installation import provider_distributions
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
    add_output_option(verbs.add("hooks", list_hooks))
    add_output_option(verbs.add("behaviours", list_behaviours))
    add_output_option(verbs.add("widgets", list_widgets))
    add_output_option(verbs.add("executors", list_executors))
    add_output_option(verbs.add("logging", list_log_stores))
    add_output_option(verbs.add("secrets", list_secrets_backends))
    add_output_option(verbs.add("notifications", list_notifiers))
    add_output_option(verbs.add("triggers", list_triggers))


def list_providers(options: argparse.Namespace) -> None:
    """List the installed distributions that bring plugins."""
    rows = [
        {"provider": name, "version": version, "description": summary} for name, version, summary in _installed(options)
    ]
    print_rows(rows, options.output, empty="No providers are installed: pip install tradewind-sqlite brings the first.")


def get_provider(options: argparse.Namespace) -> None:
    """Show one provider."""
    if options.full and options.server:
        raise CommandError(
            "--full reads what is installed on this machine: leave out --server, or --full.",
            exit_code=2,
            error_id="wrong-usage",
        )
    known = {name: (version, summary) for name, version, summary in _installed(options)}
    wanted = options.provider_name
    name = next((each for each in known if each in {wanted, f"tradewind-{wanted}"}), None)
    if name is None:
        near = did_you_mean(wanted, known) or ": `tradewind providers list` shows all."
        raise CommandError(f"No provider {wanted!r} is installed{near}", error_id="provider-missing")
    version, summary = known[name]
    details = distribution_details(name) if options.full else None
    print_rows([details or {"provider": name, "version": version, "summary": summary}], options.output)


def _installed(options: argparse.Namespace) -> Sequence[tuple[str, str, str]]:
    """Return name, version and summary of each distribution that brings plugins, on this machine or on the server."""
    if not options.server:
        return provider_distributions()
    with open_operations(options) as operations:
        found = operations.ask(installation.list_providers).rows
    return [(each.package_name, each.version, each.description) for each in found]


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
