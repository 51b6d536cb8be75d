"""Which settings of Airflow's are which of Tradewind's, which are secrets, and what those are worth that DAG files ask for."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Final

from tradewind.config import Config
from tradewind.config.load import AIRFLOWS, PREFIX, load

_ASK = "use a Connection, or the names that read Tradewind's runs and tasks"
SECRETS: Final = {
    ("celery", "broker_url"): "use a Connection",
    ("celery", "result_backend"): "use a Connection",
    ("core", "fernet_key"): "connections and variables come decrypted",
    ("database", "sql_alchemy_conn"): _ASK,
    ("database", "sql_alchemy_engine_args"): _ASK,
    ("secrets", "backend_kwargs"): "use a Connection or a Variable",
    ("webserver", "secret_key"): "only the web server needs it",
}
"""What is not handed out, and what to do instead."""

OLD: Final = {
    ("core", "base_log_folder"): ("logging", "base_log_folder"),
    ("core", "dag_concurrency"): ("core", "max_active_tasks_per_dag"),
    ("core", "logging_level"): ("logging", "logging_level"),
    ("core", "remote_base_log_folder"): ("logging", "remote_base_log_folder"),
    ("core", "remote_logging"): ("logging", "remote_logging"),
    ("core", "sql_alchemy_conn"): ("database", "sql_alchemy_conn"),
    ("core", "sql_alchemy_pool_size"): ("database", "sql_alchemy_pool_size"),
    ("celery", "default_queue"): ("operators", "default_queue"),
}
"""Names of older releases, and the present one."""

DEFAULTS: Final = {
    ("core", "default_task_retries"): "0",
    ("core", "default_task_retry_delay"): "300",
    ("core", "default_timezone"): "utc",
    ("core", "enable_xcom_pickling"): "False",
    ("core", "hostname_callable"): "airflow.utils.net.get_hostname",
    ("core", "max_active_runs_per_dag"): "16",
    ("core", "max_active_tasks_per_dag"): "16",
    ("core", "max_map_length"): "1024",
    ("core", "security"): "",
    ("core", "unit_test_mode"): "False",
    ("core", "xcom_backend"): "airflow.models.xcom.BaseXCom",
    ("email", "default_email_on_failure"): "True",
    ("email", "default_email_on_retry"): "True",
    ("email", "email_backend"): "airflow.utils.email.send_email_smtp",
    ("email", "email_conn_id"): "smtp_default",
    ("logging", "remote_logging"): "False",
    ("operators", "default_deferrable"): "False",
    ("operators", "default_owner"): "airflow",
    ("scheduler", "catchup_by_default"): "True",
    ("smtp", "smtp_host"): "localhost",
    ("smtp", "smtp_mail_from"): "airflow@example.com",
    ("smtp", "smtp_port"): "25",
    ("smtp", "smtp_retry_limit"): "5",
    ("smtp", "smtp_ssl"): "False",
    ("smtp", "smtp_starttls"): "True",
    ("smtp", "smtp_timeout"): "30",
    ("webserver", "dag_default_view"): "grid",
    ("webserver", "dag_orientation"): "LR",
}
"""Airflow's own values, which hold here too, where DAG files ask for them."""

OURS: Final = frozenset(
    {
        ("core", "plugins_folder"),
        ("webserver", "base_url"),
        *((section, key) for section, _, key in (each.partition(".") for each in AIRFLOWS)),
    }
    - SECRETS.keys()
    - OLD.keys()
)
"""What `from_tradewind` answers, under its present name."""


def home() -> Path:
    """Return TRADEWIND_HOME."""
    return _config().home


def from_tradewind(section: str, key: str) -> str | None:
    """Return a setting of Airflow's that is one of Tradewind's, as `airflow.cfg` would write it; None for any other."""
    ours = AIRFLOWS.get(f"{section}.{key}")
    if ours is None or (section, key) in SECRETS:
        return None
    own_section, _, own_key = ours.partition(".")
    value = getattr(getattr(_config(), own_section), own_key)
    return ",".join(value) if isinstance(value, tuple) else str(value)


def default_of(section: str, key: str) -> str | None:
    """Return what a setting is worth where nobody gave it a value; None where that is an error."""
    if (section, key) == ("core", "plugins_folder"):
        return str(home() / "plugins")
    if (section, key) == ("webserver", "base_url"):
        return f"http://{_config().web.host}:{_config().web.port}"
    return DEFAULTS.get((section, key))


@cache
def _config() -> Config:
    """Return the configuration, as far as DAG files may see it: no command is run and no secret file is read for it."""
    shown = {f"{PREFIX}{each}".upper().replace(".", "__") for each in (*AIRFLOWS.values(), "web.host", "web.port")}
    environ = {name: value for name, value in os.environ.items() if name in shown or name == "TRADEWIND_HOME"}
    return load(environ=environ).config
