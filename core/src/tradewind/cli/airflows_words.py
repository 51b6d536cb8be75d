"""Commands that people bring from Airflow and that are called otherwise here."""

from __future__ import annotations

_INSTEAD = {
    "checkdb": "db check",
    "clear": "tasks clear",
    "create_user": "users create",
    "dag_state": "dags state",
    "delete_dag": "dags delete",
    "help": "cheat-sheet",
    "initdb": "db migrate",
    "list_dag_runs": "dags list-runs",
    "list_dags": "dags list",
    "list_tasks": "tasks list",
    "next_execution": "dags next-execution",
    "pause": "dags pause",
    "pool": "pools",
    "render": "tasks render",
    "resetdb": "db reset",
    "rotate_fernet_key": "rotate-fernet-key",
    "run": "tasks run",
    "show_dag": "dags show",
    "task_state": "tasks state",
    "test": "tasks test",
    "trigger_dag": "dags trigger",
    "unpause": "dags unpause",
    "upgradedb": "db migrate",
}


def words_instead(command: str) -> str | None:
    """Return what to say of a command of Airflow, such as `list_dags`; None for one that is none."""
    if command in _INSTEAD:
        return f"Airflow's {command!r} is `tradewind {_INSTEAD[command]}` here"
    return None
