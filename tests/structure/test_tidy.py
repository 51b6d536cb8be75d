"""The house rules that a machine can check. Each failure names the rule's place in CONTRIBUTING.md."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import grimp
import pytest
from distributions.found import package_of, provider_folders

ROOT = Path(__file__).parents[2]
PACKAGES = ("tradewind", "tradewind_plugins", *map(package_of, provider_folders()))
LONGEST_MODULE = 600
LONGEST_FUNCTION = 70
# Imports inside functions: optional dependencies and measured start-up costs, each with its reason beside it.
LOCAL_IMPORTS_AT_MOST = 44


def tracked(pattern: str) -> list[Path]:
    """Files under version control that fit a glob pattern."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", pattern],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).exists()]


def sources() -> list[Path]:
    """Python files of the distributions, without generated migrations."""
    return [path for path in tracked("*.py") if "/src/" in str(path) and "/migrations/versions/" not in str(path)]


@dataclass(frozen=True)
class Facts:
    """What the rules ask of a file, read once: parsing all of them takes seconds.

    Arguments:
        lines: how many it has.
        is_silent: whether it has no docstring.
        functions: name and length in lines of all functions, nested ones too.
        local_imports: line of each import inside a function, and whether a comment is near.
    """

    lines: int
    is_silent: bool
    functions: tuple[tuple[str, int], ...]
    local_imports: tuple[tuple[int, bool], ...]


@cache
def facts(path: Path) -> Facts:
    """Read a file."""
    text = path.read_text()
    lines, tree = text.splitlines(), ast.parse(text)
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    imports = {
        node.lineno
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, (ast.Import, ast.ImportFrom))
    }
    return Facts(
        lines=len(lines),
        is_silent=not ast.get_docstring(tree),
        functions=tuple((node.name, (node.end_lineno or 0) - node.lineno + 1) for node in functions),
        local_imports=tuple((line, "#" in " ".join(lines[max(0, line - 4) : line])) for line in sorted(imports)),
    )


def components(edges: dict[str, set[str]]) -> list[list[str]]:
    """Strongly connected components of more than one node (Tarjan 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in sorted(edges[node]):
            if target not in index:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], index[target])
        if low[node] == index[node]:
            at = stack.index(node)
            if len(stack) - at > 1:
                found.append(sorted(stack[at:]))
            del stack[at:]

    sys.setrecursionlimit(10_000)
    for node in sorted(edges):
        if node not in index:
            visit(node)
    return found


def test_there_are_no_import_cycles_counting_imports_inside_functions() -> None:
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True, cache_dir=None)
    edges = {module: set(graph.find_modules_directly_imported_by(module)) for module in graph.modules}
    assert components(edges) == []


def test_imports_inside_functions_are_few_and_say_why() -> None:
    local = {
        f"{path.relative_to(ROOT)}:{line}": is_explained
        for path in sources()
        for line, is_explained in facts(path).local_imports
    }
    assert [place for place, is_explained in local.items() if not is_explained] == []
    assert len(local) <= LOCAL_IMPORTS_AT_MOST, local


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_and_functions_are_short(path: Path) -> None:
    assert facts(path).lines <= LONGEST_MODULE
    assert [(name, lines) for name, lines in facts(path).functions if lines > LONGEST_FUNCTION] == []


def test_every_module_says_what_it_holds() -> None:
    assert [str(path.relative_to(ROOT)) for path in sources() if facts(path).is_silent] == []


def test_tests_do_not_wait_by_the_clock() -> None:
    waiting = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked("*.py")
        if "/tests/" in f"/{path.relative_to(ROOT)}"
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"\b(time|asyncio)\.sleep\(", line) and "in a task" not in line and path != Path(__file__)
    ]
    assert waiting == []


def test_nothing_is_left_for_later_in_the_code() -> None:
    marks = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in sources()
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", line)
    ]
    assert marks == []
