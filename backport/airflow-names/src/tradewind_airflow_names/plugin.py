"""What this distribution plugs into Tradewind."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from tradewind_plugins.declarations import Declared
from tradewind_plugins.hooks import hookimpl

if TYPE_CHECKING:
    from tradewind_plugins.events import ImportsBegin

__all__ = ["tradewind_imports_begin", "tradewind_secrets_backends"]

_log = logging.getLogger(__name__)


@hookimpl
def tradewind_secrets_backends() -> list[Declared]:
    """Declare what reads connections and variables under Airflow's names: part of the backend `environment`."""
    return [
        Declared(
            name="environment.airflow",
            path="tradewind_airflow_names.own.secrets:AirflowEnvironment",
            summary="Environment variables AIRFLOW_CONN_<ID> and AIRFLOW_VAR_<KEY>.",
        )
    ]


@hookimpl
def tradewind_imports_begin(event: ImportsBegin) -> list[str]:
    """Let `airflow` be found, and code in the folders `plugins` and `config`, unless a real one is installed."""
    # Only now: whoever collects what plugins declare needs no tables of names
    from tradewind_airflow_names.finder import code_folders, install  # noqa: PLC0415

    found = install(aliases=event.airflow_aliases)
    if found is not None:
        _log.warning(
            "%s is installed in this environment, so DAG files that import airflow get the real one, whose DAGs Tradewind "
            "does not see. Uninstall it, or tradewind-airflow-names",
            found,
        )
        return []
    # As images of Airflow set it, and as many DAG files read it; the folder is Tradewind's where nobody said another
    os.environ.setdefault("AIRFLOW_HOME", os.environ.get("TRADEWIND_HOME") or str(Path.home() / "tradewind"))
    return code_folders()
