"""`@task.virtualenv`, `@task.external_python` and their branches, loaded where a DAG file uses one."""

from __future__ import annotations

from tradewind.authoring.task_decorator import TaskDecorator
from tradewind.operators.python_environment import (
    BranchExternalPythonOperator,
    BranchPythonVirtualenvOperator,
    ExternalPythonOperator,
    PythonVirtualenvOperator,
)

branch_external_python = TaskDecorator("task.branch_external_python", BranchExternalPythonOperator)
branch_virtualenv = TaskDecorator("task.branch_virtualenv", BranchPythonVirtualenvOperator)
external_python = TaskDecorator("task.external_python", ExternalPythonOperator)
virtualenv = TaskDecorator("task.virtualenv", PythonVirtualenvOperator)
