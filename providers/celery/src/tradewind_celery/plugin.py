"""What this distribution plugs into Tradewind."""

from __future__ import annotations

from tradewind_plugins.declarations import AirflowAlias, CliVerb, Declared
from tradewind_plugins.hooks import hookimpl

__all__ = ["tradewind_airflow_aliases", "tradewind_cli_verbs", "tradewind_executors"]


@hookimpl
def tradewind_executors() -> list[Declared]:
    """Declare the executor."""
    path = "tradewind_celery.executors.celery_executor:CeleryExecutor"
    return [Declared(path=path, summary="Runs tasks on Celery's workers.")]


@hookimpl
def tradewind_cli_verbs() -> list[CliVerb]:
    """Declare `tradewind celery`."""
    return [
        CliVerb(
            name="celery", path="tradewind_celery.cli:celery", summary="Start and stop Celery's workers and Flower."
        )
    ]


@hookimpl
def tradewind_airflow_aliases() -> list[AirflowAlias]:
    """Declare where Airflow has what is here."""
    return [AirflowAlias(name="airflow.providers.celery", path="tradewind_celery")]
