"""Which distribution to install for a name that nothing installed has."""

from __future__ import annotations

from typing import Final

PROVIDERS: Final = (
    "amazon",
    "celery",
    "cncf-kubernetes",
    "docker",
    "google",
    "http",
    "mysql",
    "postgres",
    "redis",
    "sftp",
    "slack",
    "sqlite",
    "ssh",
)
"""The providers whose names people may write before they install them; each is the distribution `tradewind-<name>`."""

_NAMES: Final = {
    "connection type": {
        "aws": "amazon",
        "docker": "docker",
        "google_cloud_platform": "google",
        "http": "http",
        "kubernetes": "cncf-kubernetes",
        "mysql": "mysql",
        "postgres": "postgres",
        "redis": "redis",
        "sftp": "sftp",
        "slack": "slack",
        "sqlite": "sqlite",
        "ssh": "ssh",
    },
    "executor": {"CeleryExecutor": "celery", "KubernetesExecutor": "cncf-kubernetes"},
    "task decorator": {"docker": "docker", "kubernetes": "cncf-kubernetes"},
    "operator": {"SqliteOperator": "sqlite"},
}


def hint_for_name(kind: str, name: str) -> str:
    """Return `; run: pip install …` where the distribution that has the name is known, else an empty text."""
    provider = _NAMES.get(kind, {}).get(name)
    return f"; run: pip install tradewind-{provider}" if provider else ""


def hint_for_module(module: str) -> str:
    """Return the way out where a missing module is Airflow's or belongs to a known provider, else an empty text."""
    if module.partition(".")[0] == "airflow":
        return "; the names of Airflow 2 are in tradewind: from tradewind import DAG, task"
    prefix, _, rest = module.partition(".")[0].partition("_")
    provider = rest.replace("_", "-")
    return f"; run: pip install tradewind-{provider}" if prefix == "tradewind" and provider in PROVIDERS else ""
