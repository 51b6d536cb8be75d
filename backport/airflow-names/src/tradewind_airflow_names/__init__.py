"""Airflow's names for Tradewind's things: with this installed, `import airflow…` in a DAG file finds them.

Nothing here is called `airflow` on disk: an import finder answers for the name, in the processes that import DAG files only.
Where a real Airflow is installed it steps aside. For tests of DAG files: `pytest -p tradewind_airflow_names`.
"""

from __future__ import annotations

import warnings

from tradewind_airflow_names.finder import install, real_airflow, uninstall

__all__ = ["install", "pytest_configure", "pytest_unconfigure", "real_airflow", "uninstall"]


def pytest_configure() -> None:
    """Switch the names on before test files are imported."""
    found = install()
    if found is not None:
        warnings.warn(f"{found} is installed, so its own names are used", stacklevel=1)


def pytest_unconfigure() -> None:
    """Switch them off again."""
    uninstall()
