"""The public surface: frozen, lazy, light."""

from __future__ import annotations

import subprocess
import sys

import tradewind
from tradewind import exceptions


def test_the_public_names_are_these():
    assert sorted(tradewind.__all__) == [
        "Asset",
        "AssetAlias",
        "AssetAll",
        "AssetAny",
        "AssetWatcher",
        "AsyncCallback",
        "BaseNotifier",
        "BaseOperator",
        "BaseSensor",
        "BaseSensorOperator",
        "Connection",
        "DAG",
        "Dataset",
        "DeadlineAlert",
        "DeadlineReference",
        "Label",
        "Metadata",
        "Param",
        "PokeReturnValue",
        "SyncCallback",
        "TaskGroup",
        "TriggerRule",
        "Variable",
        "XComArg",
        "__version__",
        "asset",
        "chain",
        "cross_downstream",
        "dag",
        "get_current_context",
        "setup",
        "task",
        "task_group",
        "teardown",
    ]
    assert all(getattr(tradewind, name) is not None for name in tradewind.__all__)
    assert set(dir(tradewind)) == set(tradewind.__all__)


def test_the_errors_have_airflow_s_names():
    assert {
        "TradewindException",
        "TradewindFailException",
        "TradewindNotFoundException",
        "TradewindRescheduleException",
        "TradewindSensorTimeout",
        "TradewindSkipException",
        "TradewindTaskTimeout",
    } <= set(vars(exceptions))


def modules_after(statement: str) -> list[str]:
    code = f"import sys; {statement}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return done.stdout.split()


def test_importing_tradewind_does_no_work():
    ours = [name for name in modules_after("import tradewind") if name.startswith("tradewind")]
    assert set(ours) == {"tradewind", "tradewind.version"}


def test_importing_what_dags_need_touches_no_database_and_no_web():
    loaded = modules_after("from tradewind import DAG, task; from tradewind.operators.bash import BashOperator")
    assert not {"sqlalchemy", "flask", "alembic", "tradewind.config", "tradewind.metadata"} & set(loaded)


def test_an_unknown_name_is_an_attribute_error():
    assert not hasattr(tradewind, "Dag")
