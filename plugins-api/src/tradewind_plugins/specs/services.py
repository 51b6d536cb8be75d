"""What plugins offer to those who run Tradewind: where tasks run, where logs, large XComs and secrets are kept, where metrics
go, how JSON is written, which commands there are.
"""

from __future__ import annotations

from collections.abc import Sequence

from tradewind_plugins.declarations import CliVerb, Declared
from tradewind_plugins.hooks import declaring

__all__ = [
    "tradewind_cli_verbs",
    "tradewind_codecs",
    "tradewind_executors",
    "tradewind_log_stores",
    "tradewind_metrics_exporters",
    "tradewind_secrets_backends",
    "tradewind_xcom_storages",
]


@declaring
def tradewind_xcom_storages() -> Sequence[Declared]:  # type: ignore[empty-body]
    """Declare storages of large XComs: implementations of `tradewind_plugins.contracts.xcom_storage.XComStorage`.

    Caller: the registry.
    Moment: once after the installed distributions changed.
    Returns: the storages, by the name that a setting has; of two with one name the first wins.
    Exception: the plugin's storages are left out, with a warning that names the plugin and the error.

    versionadded: 0.1
    """


@declaring
def tradewind_secrets_backends() -> Sequence[Declared]:  # type: ignore[empty-body]
    """Declare secrets backends: implementations of `tradewind_plugins.contracts.secrets_backend.SecretsBackend`.

    Caller: the registry.
    Moment: once after the installed distributions changed.
    Returns: the backends, by the name that a setting has; of two with one name the first wins.
    Exception: the plugin's backends are left out, with a warning that names the plugin and the error.

    versionadded: 0.1
    """


@declaring
def tradewind_codecs() -> Sequence[Declared]:  # type: ignore[empty-body]
    """Declare JSON codecs: implementations of `tradewind_plugins.contracts.codec.JsonCodec`.

    Caller: the registry.
    Moment: once after the installed distributions changed.
    Returns: the codecs; of two with one name the first wins.
    Exception: the plugin's codecs are left out, with a warning that names the plugin and the error.

    versionadded: 0.1
    """


@declaring
def tradewind_cli_verbs() -> Sequence[CliVerb]:  # type: ignore[empty-body]
    """Declare verbs of the command line.

    Caller: the registry.
    Moment: once after the installed distributions changed.
    Returns: the verbs; Tradewind's own come first, of two plugins with the same verb the first wins.
    Exception: the plugin's verbs are left out, with a warning that names the plugin and the error.

    versionadded: 0.1
    """


@declaring
def tradewind_log_stores() -> Sequence[Declared]:  # type: ignore[empty-body]
    """Declare stores of the logs of tries: implementations of `tradewind_plugins.contracts.log_store.LogStore`.

    Caller: the registry.
    Moment: once after the installed distributions changed.
    Returns: the stores, by the name that the setting `logs.store` has; of two with one name the first wins.
    Exception: the plugin's stores are left out, with a warning that names the plugin and the error.

    versionadded: 0.1
    """


@declaring
def tradewind_executors() -> Sequence[Declared]:  # type: ignore[empty-body]
    """Declare executors: implementations of `tradewind_plugins.contracts.executor.Executor`.

    Caller: the registry.
    Moment: once after the installed distributions changed.
    Returns: the executors, by the name that tasks and the setting `executor.default` have; of two with one name the first wins.
    Exception: the plugin's executors are left out, with a warning that names the plugin and the error.

    versionadded: 0.1
    """


@declaring
def tradewind_metrics_exporters() -> Sequence[Declared]:  # type: ignore[empty-body]
    """Declare exporters of metrics: implementations of `tradewind_plugins.contracts.metrics.MetricsExporter`.

    Caller: the registry.
    Moment: once after the installed distributions changed.
    Returns: the exporters, by the name that the setting `metrics.exporters` has; of two with one name the first wins.
    Exception: the plugin's exporters are left out, with a warning that names the plugin and the error.

    versionadded: 0.1
    """
