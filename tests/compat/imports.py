"""The rule by which a public DAG file counts: what it imports, itself and through the local modules it imports.

A file *needs core only* when no import that runs while the file is read (at module level, not under `TYPE_CHECKING`, not in a
`try` that catches a failed import, not in a function) names

- a provider: `airflow.providers.*` but `standard`, `airflow.contrib.*`, or what became a provider's since Airflow 1.10
  (`became_providers.txt`);
- a package that stands on Airflow: one whose name contains "airflow", or one of `ON_AIRFLOW`;
- Airflow's own inside: its web server, its jobs, its command line (`INSIDE`).

Other packages have nothing to do with orchestration. Where they are not installed they may be stood in for; see `stand_ins`.
"""

from __future__ import annotations

import ast
import re
import sys
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final

ON_AIRFLOW: Final = frozenset(
    {
        "astro",
        "astro_databricks",
        "astronomer",
        "cosmos",
        "dagfactory",
        "fivetran_provider_async",
        "great_expectations_provider",
        "openlineage",
        "ray_provider",
    }
)
"""Packages that orchestrate with Airflow's classes: never stood in for."""

INSIDE: Final = (
    "airflow.api_connexion",
    "airflow.cli",
    "airflow.jobs",
    "airflow.migrations",
    "airflow.www",
    "airflow.executors",
)
"""Airflow's own inside, which DAG files are not meant to import."""

_BECAME_PROVIDERS: Final = frozenset(Path(__file__).with_name("became_providers.txt").read_text().split())
"""Modules of Airflow 1.10, and single names `module:name`, whose classes are a provider's today."""

_ENVIRONMENT: Final = re.compile(
    r"""(?:environ\[|environ\.get\(|getenv\(|\benv(?:\.str|\.int)?\()\s*["']([A-Za-z_]\w*)["']\s*[\])]"""
)


@dataclass(frozen=True)
class Imported:
    """One import: a module, and the name taken from it (empty for `import module`)."""

    module: str
    name: str = ""

    @property
    def whole(self) -> str:
        """The dotted name for people."""
        return f"{self.module}.{self.name}" if self.name else self.module


@dataclass(frozen=True)
class Needs:
    """What a file needs while it is read.

    Arguments:
        excluded_by: the import that keeps it out of the count, and whose it is (`provider`, `on Airflow`, `inside`).
        airflow: names of Airflow's core.
        others: top-level packages that are neither Airflow's, nor local, nor the standard library's.
        local: local modules, as files.
        roots: folders to put on `sys.path`, so that the local modules are found.
        environment: variables of the environment that are asked for without a default.
        broken: why the file is no Python of today, empty for one that is.
    """

    excluded_by: tuple[str, str] | None = None
    airflow: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    local: tuple[Path, ...] = ()
    roots: tuple[Path, ...] = ()
    environment: tuple[str, ...] = ()
    broken: str = ""

    @property
    def is_for_airflow_3(self) -> bool:
        """Whether Airflow 2 does not know what it imports."""
        return any(name.startswith(("airflow.sdk", "airflow.providers.standard")) for name in self.airflow)


@dataclass
class _Found:
    airflow: dict[str, None] = field(default_factory=dict)
    others: dict[str, None] = field(default_factory=dict)
    local: dict[Path, None] = field(default_factory=dict)
    roots: dict[Path, None] = field(default_factory=dict)
    environment: dict[str, None] = field(default_factory=dict)


def needs_of(file: Path, top: Path) -> Needs:
    """Return what a DAG file needs.

    Arguments:
        file: the DAG file.
        top: the folder of the whole source (a repository, a package); local modules are looked for below it only.
    """
    found = _Found()
    waiting = [file]
    try:
        while waiting:
            here = waiting.pop()
            found.environment.update(dict.fromkeys(environment_of(here)))
            for each in imports_of(here):
                waiting.extend(_sort_in(each, file, top, found))
    except SyntaxError as error:
        return Needs(broken=f"{error.msg} (line {error.lineno})")
    excluded = next((why for each in [*found.airflow, *found.others] if (why := _excluded(each)) is not None), None)
    names = tuple(sorted(each.replace(":", ".") for each in found.airflow))
    others = tuple(sorted(found.others))
    return Needs(excluded, names, others, tuple(found.local), tuple(found.roots), tuple(sorted(found.environment)))


def _sort_in(each: Imported, file: Path, top: Path, found: _Found) -> Iterable[Path]:
    """Note one import, and return the local files that it adds."""
    head = each.module.partition(".")[0]
    if head == "airflow":
        found.airflow[f"{each.module}:{each.name}" if each.name else each.module] = None
        return ()
    if head in sys.stdlib_module_names:
        return ()
    root = _root_of(head, file, top)
    if root is None:
        found.others[each.module if "airflow" in each.module else head] = None
        return ()
    found.roots[root] = None
    files = _files_of(each, root)
    if not files:  # a namespace that is here in part, as that of Airflow's own test suite
        found.others[head] = None
    added = [path for path in files if path not in found.local and path != file]
    found.local.update(dict.fromkeys(added))
    return added


def _excluded(name: str) -> tuple[str, str] | None:
    module, _, single = name.partition(":")
    whole = name.replace(":", ".")
    head = module.partition(".")[0]
    if head != "airflow":
        return (whole, "on Airflow") if "airflow" in whole or head in ON_AIRFLOW else None
    if whole.startswith("airflow.providers.") and not whole.startswith("airflow.providers.standard"):
        return whole, "provider"
    became = name in _BECAME_PROVIDERS or any(_below(module, each) for each in _BECAME_PROVIDERS)
    if _below(module, "airflow.contrib") or (module == "airflow" and single == "contrib") or became:
        return whole, "provider"
    return (whole, "inside") if any(_below(whole, each) for each in INSIDE) else None


def _below(module: str, above: str) -> bool:
    return module == above or module.startswith(f"{above}.")


def dag_folder(file: Path, top: Path) -> Path:
    """Return the folder that would be the DAG folder: the nearest one above the file named so, else the file's own."""
    above = [folder for folder in file.parents if folder == top or top in folder.parents]
    return next((folder for folder in above if folder.name == "dags" or folder.name.endswith("_dags")), file.parent)


@lru_cache(maxsize=4096)
def imports_of(file: Path) -> tuple[Imported, ...]:
    """Return the imports that run while a file is read.

    Raises:
        SyntaxError: it is no Python of today.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a file's own invalid escapes are not ours to tell
        try:
            tree = ast.parse(file.read_bytes())
        except ValueError as error:
            raise SyntaxError(str(error)) from None
    return tuple(dict.fromkeys(_walk(tree.body, file)))


@lru_cache(maxsize=4096)
def environment_of(file: Path) -> tuple[str, ...]:
    """Return the variables of the environment that a file asks for without a default: `os.environ["X"]`, `os.getenv("X")` …"""
    return tuple(dict.fromkeys(_ENVIRONMENT.findall(file.read_text(errors="replace"))))


def _walk(body: Sequence[ast.stmt], file: Path) -> Iterator[Imported]:
    for node in body:
        match node:
            case ast.Import():
                yield from (Imported(alias.name) for alias in node.names)
            case ast.ImportFrom(level=0):
                yield from (Imported(node.module or "", alias.name) for alias in node.names)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                continue
            case ast.If() if "TYPE_CHECKING" in ast.dump(node.test):
                yield from _walk(node.orelse, file)
            case ast.Try() if any(_catches_imports(handler) for handler in node.handlers):
                yield from _walk([*node.finalbody], file)
            case _:
                for part in ("body", "orelse", "finalbody", "handlers"):
                    yield from _walk([each for each in getattr(node, part, ()) if isinstance(each, ast.stmt)], file)


def _catches_imports(handler: ast.ExceptHandler) -> bool:
    caught = "" if handler.type is None else ast.dump(handler.type)
    return handler.type is None or any(
        f"'{name}'" in caught
        for name in ("ImportError", "ModuleNotFoundError", "Exception", "AirflowOptionalProviderFeatureException")
    )


def _root_of(head: str, file: Path, top: Path) -> Path | None:
    """Return the folder that makes a top-level name importable.

    As Airflow has them: the DAG folder and those above it, each with its `plugins`, `include`, `config`, `src` and `dags`.
    """
    if head == top.name:
        return top.parent  # a repository that is itself the package
    start = dag_folder(file, top)
    above = [folder for folder in (start, *start.parents) if folder == top or top in folder.parents]
    for folder in above:
        for candidate in (folder, *(folder / each for each in ("plugins", "include", "config", "src", "dags"))):
            if _has(candidate, head):
                return candidate
    return None


@lru_cache(maxsize=65536)
def _has(folder: Path, head: str) -> bool:
    package = folder / head
    return (folder / f"{head}.py").is_file() or (package.is_dir() and any(package.rglob("*.py")))


def _files_of(each: Imported, root: Path) -> list[Path]:
    parts = each.module.split(".")
    found = [root.joinpath(*parts[:length], "__init__.py") for length in range(1, len(parts) + 1)]
    found += [root.joinpath(*parts).with_suffix(".py")] if parts else []
    if each.name and each.name != "*":
        found += [root.joinpath(*parts, f"{each.name}.py"), root.joinpath(*parts, each.name, "__init__.py")]
    return [path for path in found if path.is_file()]
