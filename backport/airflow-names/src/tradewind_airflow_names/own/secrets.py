"""Connections and variables in the environment under Airflow's names."""

from __future__ import annotations

import os
from typing import Final

from tradewind_plugins.contracts.secrets_backend import SecretsBackend

CONNECTION_PREFIX: Final = "AIRFLOW_CONN_"
VARIABLE_PREFIX: Final = "AIRFLOW_VAR_"


class AirflowEnvironment(SecretsBackend):
    """Environment variables: `AIRFLOW_CONN_<ID>` (a URI or JSON) and `AIRFLOW_VAR_<KEY>`, in capitals."""

    def get_conn_value(self, conn_id: str) -> str | None:
        """Return `AIRFLOW_CONN_<ID>`."""
        return os.environ.get(CONNECTION_PREFIX + conn_id.upper())

    def get_variable(self, key: str) -> str | None:
        """Return `AIRFLOW_VAR_<KEY>`."""
        return os.environ.get(VARIABLE_PREFIX + key.upper())
