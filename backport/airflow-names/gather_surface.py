"""Write `src/tradewind_airflow_names/surface.txt`: which names Apache Airflow has, by module, read from its wheels.

    for each in apache-airflow==1.10.15 apache-airflow==2.0.2 apache-airflow==2.10.5 apache-airflow==2.11.2 \
        apache-airflow-core==3.1.0 apache-airflow-task-sdk==1.1.0 apache-airflow-providers-standard==1.21.0; do
        python -m pip download --no-deps -d WHEELS $each
    done
    python backport/airflow-names/gather_surface.py WHEELS

Nothing is imported or executed: modules are parsed. A line is a module and its public names; `@amazon` before them says that
Airflow 2 has them in a provider. Names are facts; no code of Airflow's is kept.
"""

from __future__ import annotations

import ast
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tradewind_airflow_names.items import INNER

OUTPUT = Path(__file__).parent / "src" / "tradewind_airflow_names" / "surface.txt"
TWO_WORDS = ("apache", "atlassian", "cncf", "common", "microsoft")


def main(folder: Path) -> None:
    """Read every wheel in a folder and write the list."""
    names: dict[str, set[str]] = defaultdict(set)
    providers: dict[str, str] = {}
    for wheel in sorted(folder.glob("*.whl")):
        for module, text in _modules(wheel):
            tree = ast.parse(text)
            names[module] |= set(_public(tree))
            for below, name, provider in _moved(module, tree):
                names[below].add(name)
                providers[below] = provider
    lines = [_line(module, sorted(found), providers.get(module)) for module, found in sorted(names.items()) if found]
    OUTPUT.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _line(module: str, names: list[str], provider: str | None) -> str:
    return " ".join([module, *([f"@{provider}"] if provider else []), *names])


def _modules(wheel: Path) -> Iterator[tuple[str, str]]:
    """Yield each module of a wheel that people may import, and its text."""
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            module = name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            if not name.startswith("airflow/") or not name.endswith(".py") or _is_left_out(module):
                continue
            yield module, archive.read(name).decode("utf-8")


def _is_left_out(module: str) -> bool:
    private = any(part.startswith("_") for part in module.split("."))
    return private or any(f"{module}.".startswith(f"{each}.") for each in INNER)


def _public(tree: ast.Module) -> Iterator[str]:
    """Yield the public names that a module's own statements define, or that it takes over from others of Airflow."""
    for statement in _reached(tree.body):
        for name in _defined(statement):
            if not name.startswith("_"):
                yield name


def _reached(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements, those in `if` and `try` included, but for what is there for type checkers alone."""
    for statement in body:
        if (isinstance(statement, ast.If) and "TYPE_CHECKING" not in ast.unparse(statement.test)) or isinstance(
            statement, ast.Try
        ):
            yield from _reached([*statement.body, *statement.orelse])
        else:
            yield statement


def _defined(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield statement.name
    elif isinstance(statement, ast.ImportFrom):
        if statement.level or (statement.module or "").startswith("airflow"):
            yield from (each.asname or each.name for each in statement.names if each.name != "*")
    elif isinstance(statement, (ast.Assign, ast.AnnAssign)):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        yield from (each.id for each in targets if isinstance(each, ast.Name) and each.id not in {"log", "logger"})
        if any(isinstance(each, ast.Name) and each.id.endswith(("__all__", "lazy_imports")) for each in targets):
            yield from _texts(statement.value)


def _texts(value: ast.expr | None) -> Iterator[str]:
    """Yield the texts of a list, or the keys of a dict."""
    items = (
        value.keys if isinstance(value, ast.Dict) else value.elts if isinstance(value, (ast.List, ast.Tuple)) else []
    )
    for each in items:
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value


def _moved(module: str, tree: ast.Module) -> Iterator[tuple[str, str, str]]:
    """Yield what Airflow 2 says has moved into providers: old module, name, provider.

    Packages of old paths have a dict of it: module -> name -> new path.
    """
    for statement in tree.body:
        value = statement.value if isinstance(statement, (ast.Assign, ast.AnnAssign)) else None
        if not isinstance(value, ast.Dict):
            continue
        try:
            table = ast.literal_eval(value)
        except ValueError:
            continue
        for below, moved in table.items():
            for name, new in moved.items() if isinstance(moved, dict) else ():
                provider = _provider(str(new))
                if provider:
                    yield below if below.startswith("airflow.") else f"{module}.{below}", name, provider


def _provider(path: str) -> str | None:
    """Return the provider that a path is of; some are two words, as `microsoft.azure`."""
    parts = path.split(".")
    if parts[:2] != ["airflow", "providers"] or parts[2] in {
        "standard",
        "smtp",
    }:  # those two are core's own matters here
        return None
    return "-".join(parts[2:4] if parts[2] in TWO_WORDS else parts[2:3])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
