"""The kinds of things that plugins declare, and the hook for each."""

from __future__ import annotations

from typing import Final

from tradewind_plugins.declarations import AirflowAlias, CliVerb, ConnectionType, Declared
from tradewind_plugins.values import Value


class Kind(Value):
    """One kind of declared thing.

    Arguments:
        name: how the registry and its errors call it.
        hook: the hook that declares it.
        value: the type of its declarations.
        by_path: told apart by path, so that two plugins may use one name; else the first to claim a name has it.
    """

    name: str
    hook: str
    value: type[Declared] | type[ConnectionType] | type[CliVerb] | type[AirflowAlias] = Declared
    by_path: bool = False


KINDS: Final = {
    kind.name: kind
    for kind in (
        Kind(name="operator", hook="tradewind_operators", by_path=True),
        Kind(name="sensor", hook="tradewind_sensors", by_path=True),
        Kind(name="notifier", hook="tradewind_notifiers", by_path=True),
        Kind(name="trigger", hook="tradewind_triggers", by_path=True),
        Kind(name="connection type", hook="tradewind_connection_types", value=ConnectionType),
        Kind(name="task decorator", hook="tradewind_task_decorators"),
        Kind(name="XCom storage", hook="tradewind_xcom_storages"),
        Kind(name="log store", hook="tradewind_log_stores"),
        Kind(name="metrics exporter", hook="tradewind_metrics_exporters"),
        Kind(name="executor", hook="tradewind_executors"),
        Kind(name="secrets backend", hook="tradewind_secrets_backends"),
        Kind(name="codec", hook="tradewind_codecs"),
        Kind(name="timetable", hook="tradewind_timetables", by_path=True),
        Kind(name="command", hook="tradewind_cli_verbs", value=CliVerb),
        Kind(name="Airflow alias", hook="tradewind_airflow_aliases", value=AirflowAlias),
    )
}
