"""What belongs to a version of a DAG file: everything that its import and its tasks may need of the DAG folder.

That is what the import opened, the local modules it imported, the modules that those could still import (inside
functions too, found in the syntax tree), and the files beside it that match ``dags.bundle_include``.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath

from tradewind.plugins.codecs import canonical

_LARGEST_MODULE = 5 * 1024 * 1024  # a larger one is data, and is kept with no version


def included_files(dag_path: str, files: Iterable[str], patterns: Sequence[str]) -> set[str]:
    """Return the files beside a DAG file that match one of ``patterns``, in its folder and below.

    A folder below that holds Python code of its own is another pipeline's, and left out with all it contains.
    """
    folder = _parent(dag_path)
    prefix = f"{folder}/" if folder else ""
    below = [path for path in files if path.startswith(prefix)]
    coded = {_parent(path) for path in below if path.endswith(".py")} - {folder}
    return {
        path
        for path in below
        if any(fnmatch(PurePosixPath(path).name, pattern) for pattern in patterns)
        and not any(str(parent) in coded for parent in PurePosixPath(path).parents)
    }


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def import_closure(root: Path, seeds: Iterable[str]) -> set[str]:
    """Return the Python files under ``root`` that ``seeds`` import, directly or not, the seeds included."""
    found: set[str] = set()
    waiting = [path for path in seeds if path.endswith(".py")]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        waiting.extend(_imported_by(root, path))
    return found


def _imported_by(root: Path, path: str) -> Iterator[str]:
    try:
        if (root / path).stat().st_size > _LARGEST_MODULE:
            return
        tree = ast.parse((root / path).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return  # the import itself reports it
    for node in ast.walk(tree):
        for name in _module_names(node, path):
            yield from _files_of(root, name)


def _module_names(node: ast.AST, path: str) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    package = _parent(path).split("/") if _parent(path) else []
    around = package[: len(package) - node.level + 1] if node.level else []
    base = ".".join([*around, *([node.module] if node.module else [])])
    # `from package import name`: the name may be a module of its own
    return [base, *(f"{base}.{alias.name}" if base else alias.name for alias in node.names)]


def _files_of(root: Path, name: str) -> Iterator[str]:
    """Yield the files that importing the dotted ``name`` runs: packages on the way, and the module."""
    parts = [part for part in name.split(".") if part and part != "*"]
    for end in range(1, len(parts) + 1):
        stem = "/".join(parts[:end])
        for candidate in (f"{stem}/__init__.py", f"{stem}.py"):
            if (root / candidate).is_file():
                yield candidate


def manifest(
    dag_path: str, contents: Mapping[str, bytes], beside: Mapping[str, str] | None = None
) -> tuple[bytes, dict[str, str]]:
    """Return the manifest of a version, whose hash is the version's source hash, and the hash of every file.

    Args:
        dag_path: the DAG file, relative to the folder.
        contents: every file of the version by its relative path.
        beside: digests of folders of code that it imported from as well; their files are not the version's, and another
            digest is another version, whose tasks start from processes that imported what is there now.
    """
    hashes = {path: hashlib.sha256(data).hexdigest() for path, data in contents.items()}
    others = {"beside": dict(beside)} if beside else {}
    return canonical({"path": dag_path, "files": hashes, **others}), hashes
