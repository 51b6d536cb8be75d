"""Loading a DAG file: the same way, under the same module name, when it is parsed and when its tasks run."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from types import ModuleType, TracebackType

from tradewind_plugins.exceptions import ParamValidationError, TradewindException

from tradewind.authoring.dag import DAG
from tradewind.authoring.packaged import import_packaged, is_packaged
from tradewind.authoring.params import resolve_params
from tradewind.authoring.registration import collecting
from tradewind.plugins.behaviour import policies, prepare_imports
from tradewind.timetables import NullTimetable

_OURS = ("tradewind", "airflow")


def dag_module_name(relative_path: str) -> str:
    """Return the module name of the DAG file at ``relative_path`` (with ``/``) in its folder.

    A file ``reports/daily.py`` is the module ``reports.daily``, so that spawned processes can import it too. Where that
    is no module name, or would hide the standard library or Tradewind, a name is made from the path's hash.
    """
    path = PurePosixPath(relative_path)
    parts = path.with_suffix("").parts
    top = parts[0]
    hides = top in sys.stdlib_module_names or top.startswith(_OURS) or top == "__main__"
    if not hides and all(part.isidentifier() for part in parts):
        return ".".join(parts)
    digest = hashlib.sha256(relative_path.encode()).hexdigest()[:10]
    return f"_dag_{digest}_{re.sub(r'[^A-Za-z0-9_]', '_', path.stem)}"


def load_dags(path: Path, module_name: str) -> dict[str, DAG]:
    """Import the DAG file at ``path``, apply the policies, and return its DAGs by id.

    Args:
        path: the file, or a zip of them. Its folder's root is on ``sys.path`` already; that is the caller's part.
        module_name: from :func:`dag_module_name`.

    Raises:
        TradewindException: two DAGs of the file have one id, or the tasks of one depend on each other in a circle, or
            one is scheduled and has a param without a fitting default.
        Exception: whatever the file itself, or a policy, raises.
    """
    prepare_imports()
    with collecting() as registered:
        modules = list(import_packaged(path)) if is_packaged(path) else [_import_file(path, module_name)]
    found: dict[str, DAG] = {}
    defined = [*registered, *(dag for module in modules for dag in _module_level(module))]
    for dag in (each for each in defined if not each.is_absorbed):
        known = found.setdefault(dag.dag_id, dag)
        if known is not dag:
            raise TradewindException(f"The file {path.name} defines two DAGs with the id {dag.dag_id!r}.")
    rules, file = policies(), _relative(path)
    for dag in found.values():
        dag.fileloc = str(path)
        rules.apply(dag, file)
        dag.topological_sort()
        _check_params(dag)
    return found


def _check_params(dag: DAG) -> None:
    """Refuse a scheduled DAG whose runs could not start, as nobody is there to give them values."""
    if isinstance(dag.timetable, NullTimetable):
        return
    try:
        resolve_params(dag.params, None)
    except ParamValidationError as error:
        raise ParamValidationError(
            f"DAG {dag.dag_id!r} is scheduled, so its params need defaults that fit: {error}"
        ) from None


def author_frames(error: BaseException, caller: str) -> TracebackType | None:
    """Return the traceback of a file's error from the author's first frame on, for people to read.

    Args:
        error: what `load_dags` raised.
        caller: the source file that called it, whose frames are left out too.

    Returns:
        None for a file whose code did not begin, all of the traceback where no frame is the author's.
    """
    found = error.__traceback__
    while found is not None and _is_machinery(found.tb_frame.f_code.co_filename, caller):
        found = found.tb_next
    return found if found is not None or isinstance(error, SyntaxError) else error.__traceback__


def _is_machinery(filename: str, caller: str) -> bool:
    return filename.startswith(("<frozen importlib", "<frozen zipimport")) or filename in (__file__, caller)


def _relative(path: Path) -> str:
    """Return the path from the folder on ``sys.path`` that holds the file, with ``/``."""
    # As text: a Path of each entry would be a fifth of what the import of a small file takes
    folders = (f"{str(each).rstrip(os.sep)}{os.sep}" for each in sys.path if each)  # some put a Path there, no string
    root = next((each for each in folders if str(path).startswith(each)), None)
    return path.name if root is None else path.relative_to(root).as_posix()


def _module_level(module: ModuleType) -> Iterable[DAG]:
    return [value for value in vars(module).values() if isinstance(value, DAG)]


def _import_file(path: Path, module_name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise TradewindException(f"The file {path} is not a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[module_name]
        raise
    return module
