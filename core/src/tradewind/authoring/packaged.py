"""Packaged DAG files: a zip with the modules that define DAGs at its root, and what they import beside them."""

from __future__ import annotations

import importlib.util
import re
import sys
import zipfile
import zipimport
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from tradewind_plugins.exceptions import TradewindException

_MENTIONS_DAG = re.compile(rb"(?i)dag")
_MENTIONS_US = re.compile(rb"(?i)tradewind|airflow")
_MOST_BYTES = 5 * 1024 * 1024


def is_packaged(path: Path) -> bool:
    """Tell whether a path is that of a packaged DAG file, by its name."""
    return path.suffix == ".zip"


def may_define_dags(source: bytes) -> bool:
    """Tell whether a Python file is worth importing: it mentions DAGs and us, in whatever case.

    One that is saved as UTF-16 is: its author is to hear of it.
    """
    if source.startswith((b"\xff\xfe", b"\xfe\xff")):
        source = source.replace(b"\x00", b"")
    return bool(_MENTIONS_DAG.search(source) and _MENTIONS_US.search(source))


def dag_modules(path: Path) -> list[str]:
    """Return the names of the modules at the root of a zip that may define DAGs, sorted.

    Raises:
        zipfile.BadZipFile, OSError: it is no zip, or cannot be read.
    """
    found = []
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            if "/" not in name and name.endswith(".py") and name[:-3].isidentifier():
                with archive.open(name) as module:
                    if may_define_dags(module.read(_MOST_BYTES)):
                        found.append(name[:-3])
    return found


def import_packaged(path: Path) -> Iterator[ModuleType]:
    """Import the modules of a zip that may define DAGs, one after the other; the zip becomes first on ``sys.path``.

    Raises:
        TradewindException: it is no zip, or has no such module.
        Exception: whatever a module raises.
    """
    try:
        names = dag_modules(path)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise TradewindException(
            f"{path.name} is no zip file that Python can read, or it was cut off: {error}."
        ) from None
    if not names:
        raise TradewindException(f"{path.name} has no module at its root that defines a DAG.")
    if sys.path[:1] != [str(path)]:
        sys.path.insert(0, str(path))
    importer = zipimport.zipimporter(str(path))
    for name in names:
        yield _imported(importer, name)


def _imported(importer: zipimport.zipimporter, name: str) -> ModuleType:
    known = sys.modules.get(name)
    if known is not None and getattr(known, "__loader__", None) is not None:
        if str(getattr(known, "__file__", "")).startswith(f"{importer.archive}/"):
            return known  # another module of the zip has imported it
        raise TradewindException(
            f"The module {name}.py of {Path(importer.archive).name} has the name of another module."
        )
    spec = importer.find_spec(name)
    if spec is None or spec.loader is None:
        raise TradewindException(f"{Path(importer.archive).name} has no module {name}.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
