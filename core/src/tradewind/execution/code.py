"""Loading a version's DAGs from its materialised files, the same way at every place that runs tasks."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tradewind.authoring.dag import DAG
from tradewind.authoring.loading import dag_module_name, load_dags
from tradewind.authoring.packaged import is_packaged


def load(root: str, path: str) -> dict[str, DAG]:
    """Import the DAG file `path` (relative to `root`) and return its DAGs by id.

    `root` becomes the first entry of `sys.path` and of `PYTHONPATH`, so that the modules beside the file, here and in
    processes that the task starts, are the version's own.

    Raises:
        Exception: whatever the file's code raises.
    """
    enter(root)
    if is_packaged(Path(path)):
        enter(str(Path(root) / path))
    return load_dags(Path(root) / path, dag_module_name(path))


def enter(root: str) -> None:
    """Put a version's root first on `sys.path` and on `PYTHONPATH`."""
    if sys.path[:1] != [root]:
        sys.path.insert(0, root)
    rest = os.environ.get("PYTHONPATH", "")
    if rest.split(os.pathsep)[0] != root:
        os.environ["PYTHONPATH"] = f"{root}{os.pathsep}{rest}" if rest else root
