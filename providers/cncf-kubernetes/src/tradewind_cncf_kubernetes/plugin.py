"""What this distribution plugs into Tradewind."""

from __future__ import annotations

from tradewind_plugins.declarations import AirflowAlias, Declared
from tradewind_plugins.hooks import hookimpl

__all__ = ["tradewind_airflow_aliases", "tradewind_executors"]

_PATH = "tradewind_cncf_kubernetes.executors.kubernetes_executor:KubernetesExecutor"


@hookimpl
def tradewind_executors() -> list[Declared]:
    """Declare the executor."""
    return [Declared(name="KubernetesExecutor", path=_PATH, summary="Runs each try in a pod of its own.")]


@hookimpl
def tradewind_airflow_aliases() -> list[AirflowAlias]:
    """Declare where Airflow has what is here."""
    return [
        AirflowAlias(name="airflow.providers.cncf.kubernetes", path="tradewind_cncf_kubernetes"),
        AirflowAlias(
            name="airflow.executors.kubernetes_executor:KubernetesExecutor",
            path=_PATH,
            instead="airflow.providers.cncf.kubernetes.executors.kubernetes_executor.KubernetesExecutor",
        ),
    ]
