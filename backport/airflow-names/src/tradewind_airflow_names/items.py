"""What Airflow can do and Tradewind cannot yet: a few items, in words for the people whose DAG files need one.

Every name that is not built belongs to one item, so that an error can say it and files can be counted by it.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

ASSETS: Final = "datasets and assets"
DEFERRABLE: Final = "triggers and deferrable operators"
EXECUTORS: Final = "executors of one's own"
HUMAN: Final = "human in the loop"
INTERNALS: Final = "Airflow's own inner works"
LINEAGE: Final = "lineage"
LISTENERS: Final = "Airflow's listeners and policies"
LOADING: Final = "loading DAG files from code"
METADATA: Final = "reading Airflow's metadata tables"
NOTIFIERS: Final = "notifiers, callbacks and deadlines"
OBJECT_STORAGE: Final = "object storage paths"
OPERATORS: Final = "more built-in operators and sensors"
OTHER_DAGS: Final = "triggering and awaiting other DAGs"
PROVIDERS: Final = "providers"
PYTHON_ENVIRONMENTS: Final = "tasks in other Python environments"
SECRETS: Final = "secrets backends of one's own"
SETUP_TEARDOWN: Final = "setup and teardown"
TASKFLOW: Final = "more of TaskFlow and mapping"
TIMETABLES: Final = "timetables"

ITEMS: Final = (
    ASSETS,
    DEFERRABLE,
    EXECUTORS,
    HUMAN,
    INTERNALS,
    LINEAGE,
    LISTENERS,
    LOADING,
    METADATA,
    NOTIFIERS,
    OBJECT_STORAGE,
    OPERATORS,
    OTHER_DAGS,
    PROVIDERS,
    PYTHON_ENVIRONMENTS,
    SECRETS,
    SETUP_TEARDOWN,
    TASKFLOW,
    TIMETABLES,
)
"""Every item there is."""

INNER: Final = (
    "airflow._shared",
    "airflow._vendor",
    "airflow.api_connexion",
    "airflow.api_fastapi",
    "airflow.api_internal",
    "airflow.auth",
    "airflow.cli",
    "airflow.config_templates",
    "airflow.contrib.example_dags",
    "airflow.contrib.plugins",
    "airflow.example_dags",
    "airflow.migrations",
    "airflow.providers.standard.example_dags",
    "airflow.sdk.api.datamodels",
    "airflow.ui",
    "airflow.www",
    "airflow.www_rbac",
)
"""Packages that no DAG file needs: parts of Airflow's daemons and pages, its migrations, its examples."""

# The first pattern that is found in `module.Name` gives the item; what fits none is of Airflow's own works.
_PATTERNS: Final = tuple(
    (re.compile(pattern), item)
    for pattern, item in (
        (r"\.providers\.(?!standard\b)|^airflow\.(contrib|kubernetes)\b", PROVIDERS),
        (r"^airflow\.configuration\.\w*secrets", SECRETS),
        (r"hitl|HITL", HUMAN),
        (r"^airflow\.lineage", LINEAGE),
        (r"Dataset|Asset|\.datasets\b|\.assets?\b|\.Metadata$|^airflow\.models\.(asset|dataset)", ASSETS),
        (r"TriggerDagRun|trigger_dag|DagRunOrder|dagrun_operator|[Ee]xternal_?[Tt]ask|ExternalDag", OTHER_DAGS),
        (r"irtualenv|ExternalPython|external_python|venv", PYTHON_ENVIRONMENTS),
        (r"setup_?teardown|SetupTeardown|\.(setup|teardown)(_task)?$", SETUP_TEARDOWN),
        (r"ObjectStor|^airflow\.(sdk\.)?io\b", OBJECT_STORAGE),
        (r"\.timetables\.|[Tt]imetable", TIMETABLES),
        (r"\.triggers\b|Trigger$|TriggerEvent|Async$|TaskDefer|StartTriggerArgs|triggerer", DEFERRABLE),
        (r"[Nn]otif|[Dd]eadline|SlaMiss|slamiss|[Cc]allback", NOTIFIERS),
        (r"\.listeners\b|\.policies\b|ClusterPolicy", LISTENERS),
        (r"^airflow\.secrets", SECRETS),
        (r"^airflow\.executors|Executor$", EXECUTORS),
        (r"DagBag|dagbag", LOADING),
        (r"^airflow\.(sdk\.definitions\.)?decorators|\.decorators\.|bases\.decorator|skip_if|run_if", TASKFLOW),
        (r"ZipXComArg|MapXComArg|ConcatXComArg|xcom_arg|MappedTaskGroup|mappedoperator|expandinput", TASKFLOW),
        (r"^airflow\.(operators|sensors|providers\.standard|hooks|utils\.email)\b", OPERATORS),
        (
            r"^airflow\.models|^airflow\.utils\.(session|db)\b|^airflow\.settings\.(Session|engine)|^airflow\.api\.",
            METADATA,
        ),
    )
)


def is_inner(module: str) -> bool:
    """Tell whether a module is of those that no DAG file needs."""
    return any(f"{module}.".startswith(f"{each}.") for each in INNER)


@cache
def item_of(name: str) -> str:
    """Return the item that a name of Airflow's, `module.Name`, belongs to."""
    return next((item for pattern, item in _PATTERNS if pattern.search(name)), INTERNALS)
