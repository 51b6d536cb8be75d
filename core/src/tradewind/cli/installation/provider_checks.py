"""What a provider's folder must have beside code that keeps the contract, which the conformance kit tests."""

from __future__ import annotations

import ast
import contextlib
import importlib
import importlib.util
import io
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from tradewind.cli.groups import GROUPS, module_of
from tradewind.cli.parser import Parser

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CONTRACT = "tradewind-plugins-api"
_COMMAND = re.compile(r"^(?: {4,}|\$ )tradewind ([^\n…#]+)|`tradewind ([a-z][^`\n…]*)`", re.MULTILINE)
_PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


class Finding(NamedTuple):
    """What is wrong, and in which file of the provider."""

    where: str
    what: str


class Checked(NamedTuple):
    """A provider's folder with what its pyproject.toml says.

    Arguments:
        folder: where it is.
        project: the table `[project]`.
        settings: the table `[tool.tradewind]`.
        modules: the plugin modules that its entry points name.
    """

    folder: Path
    project: Mapping[str, Any]
    settings: Mapping[str, Any]
    modules: tuple[str, ...]

    @property
    def packages(self) -> list[str]:
        """The packages of the plugin modules."""
        return sorted({module.partition(".")[0] for module in self.modules})

    @property
    def sources(self) -> list[Path]:
        """The Python files of the packages."""
        return sorted(path for each in self.packages for path in (self.folder / "src" / each).rglob("*.py"))


def check_provider(folder: Path) -> list[Finding]:
    """Return what is wrong with a provider's folder; nothing where it is as it should be."""
    path = folder / "pyproject.toml"
    if not path.exists():
        return [Finding(path.name, "is not there: a provider is a folder with a pyproject.toml")]
    try:
        whole = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        return [Finding(path.name, f"is no TOML: {error}")]
    project = whole.get("project", {})
    modules = tuple(project.get("entry-points", {}).get("tradewind", {}).values())
    checked = Checked(folder, project, whole.get("tool", {}).get("tradewind", {}), modules)
    return [finding for check in _CHECKS for finding in check(checked)]


def _facts(checked: Checked) -> Iterator[Finding]:
    """Check what an index of packages shows of it."""
    where, project = "pyproject.toml", checked.project
    missing = [key for key in ("name", "version", "description", "readme", "requires-python") if not project.get(key)]
    if missing:
        yield Finding(where, f"has no {', '.join(missing)} in [project]")
    try:
        Version(project.get("version", "0"))
    except InvalidVersion:
        yield Finding(where, f"has the version {project['version']!r}, which is none")
    try:
        if SpecifierSet(project.get("requires-python", ">=3.10")).contains("3.9"):
            yield Finding(where, "allows Python 3.9, which Tradewind does not run on: requires-python = '>=3.10'")
    except InvalidSpecifier:
        yield Finding(where, f"has the requires-python {project['requires-python']!r}, which is no range")
    if not checked.modules:
        yield Finding(
            where, "has no [project.entry-points.tradewind], so nothing of it is found: name = 'package.plugin'"
        )


def _requirements(checked: Checked) -> Iterator[Finding]:
    """Check that it needs the contract within bounds, not core, and says from which version on libraries work."""
    where, found = "pyproject.toml", set()
    for text in checked.project.get("dependencies", ()):
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            yield Finding(where, f"needs {text!r}, which is no requirement: {error}")
            continue
        name, operators = canonicalize_name(requirement.name), {each.operator for each in requirement.specifier}
        found.add(name)
        if name == "tradewind":
            yield Finding(where, f"needs {text}: a provider needs {CONTRACT}, and core only for tests")
        elif not operators & {">=", "==", "~=", ">"}:
            yield Finding(where, f"needs {text} without saying from which version on")
        if name == CONTRACT and not operators & {"<", "<=", "==", "~="}:
            yield Finding(where, f"needs {text}: name the first contract that it may not work with, as <0.2")
        if name == CONTRACT and not requirement.specifier.contains(version(CONTRACT), prereleases=True):
            yield Finding(where, f"needs {text}, and {version(CONTRACT)} is installed: it cannot be used here")
    if CONTRACT not in found:
        yield Finding(where, f"does not need {CONTRACT}, the contract that it is written against")


def _files(checked: Checked) -> Iterator[Finding]:
    """Check that the files are there that people and tools look for."""
    folder = checked.folder
    for each in checked.packages:
        for name in (f"src/{each}/__init__.py", f"src/{each}/py.typed"):
            if not (folder / name).exists():
                yield Finding(name, "is not there")
    for module in checked.modules:
        name = f"src/{module.replace('.', '/')}.py"
        if not (folder / name).exists():
            yield Finding(name, "is not there, and pyproject.toml names it as the plugin module")
    for pattern, what in (
        ("README.md", "the page that people read before they install it"),
        ("examples/*.py", "a DAG that shows its use"),
        ("tests/test_contract*.py", "the conformance kit's suites on what it has"),
    ):
        if not list(folder.glob(pattern)):
            yield Finding(pattern, f"is not there: {what}")
    changelog = folder / "CHANGELOG.md"
    current = f"## {checked.project.get('version')}"
    if not changelog.exists() or not re.search(rf"^{re.escape(current)}\b", changelog.read_text("utf-8"), re.MULTILINE):
        yield Finding("CHANGELOG.md", f"has no entry {current!r}")


def _imports(checked: Checked) -> Iterator[Finding]:
    """Check that no module imports core, not even where type checkers alone read it."""
    for path in checked.sources:
        where = str(path.relative_to(checked.folder))
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except SyntaxError as error:
            yield Finding(where, f"is no Python: {error}")
            continue
        for line, name in _imported(tree):
            if name.partition(".")[0] in {"tradewind", "airflow"}:
                yield Finding(f"{where}:{line}", f"imports {name}; a provider imports tradewind_plugins")


def _imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Return line and module of each import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, each.name) for each in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.lineno, node.module or ""


def _page(checked: Checked) -> Iterator[Finding]:
    """Check what the README shows: how to install it, commands that exist, Python that is Python."""
    path = checked.folder / "README.md"
    if not path.exists():
        return
    text = path.read_text(encoding="utf-8")
    name = checked.project.get("name", "")
    if f"pip install {name}" not in text:
        yield Finding("README.md", f"does not say how to install it: pip install {name}")
    for each in _PYTHON.findall(text):
        try:
            ast.parse(each)
        except SyntaxError as error:
            yield Finding("README.md", f"shows Python that is none, {each.splitlines()[0]!r}: {error}")
    for first, second in _COMMAND.findall(text):
        line = (first or second).strip()
        group, *words = shlex.split(line)
        if group in GROUPS and not _is_taken(group, words):
            yield Finding("README.md", f"shows a command that there is not: tradewind {line}")


def _is_taken(group: str, words: list[str]) -> bool:
    """Return whether a command line is one that the parsers take; a verb alone names it."""
    parser = Parser(prog=f"tradewind {group}")
    importlib.import_module(module_of(group)).configure(parser)
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        try:
            parser.parse_args([*words, "--help"] if len(words) < 2 else words)
        except SystemExit as end:
            return end.code in {0, None}
    return True


def _dialect(checked: Checked) -> Iterator[Finding]:
    """Check that it can be lowered for Airflow 1.10, where the builder is installed and it does not say that it is not."""
    builder = "tradewind_backport_builder"
    if checked.settings.get("no-backport") or importlib.util.find_spec(builder) is None:
        return
    for each in checked.packages:
        command = [sys.executable, "-m", builder, "check", str(checked.folder / "src" / each)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own program
        if done.returncode:
            yield Finding(f"src/{each}", f"cannot be lowered for Airflow 1.10: {(done.stdout + done.stderr).strip()}")


_CHECKS: tuple[Callable[[Checked], Iterator[Finding]], ...] = (
    _facts,
    _requirements,
    _files,
    _imports,
    _page,
    _dialect,
)
