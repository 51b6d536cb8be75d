"""What this distribution plugs into Tradewind."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tradewind_plugins.hooks import hookimpl

if TYPE_CHECKING:
    from tradewind_plugins.events import ImportsBegin

__all__ = ["tradewind_imports_begin"]

_log = logging.getLogger(__name__)


@hookimpl
def tradewind_imports_begin(event: ImportsBegin) -> None:
    """Let `airflow` be found, unless a real one is installed."""
    # Only now: whoever collects what plugins declare needs no tables of names
    from tradewind_airflow_names.finder import install  # noqa: PLC0415

    found = install(aliases=event.airflow_aliases)
    if found is not None:
        _log.warning(
            "%s is installed in this environment, so DAG files that import airflow get the real one, whose DAGs Tradewind "
            "does not see. Uninstall it, or tradewind-airflow-names",
            found,
        )
