"""`tradewind dags check`: DAG files imported and described without a database."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from tradewind_plugins.contracts.secrets_backend import SecretsBackend
from tradewind_plugins.exceptions import TradewindException

from tradewind.cli.errors import CommandError
from tradewind.config import load
from tradewind.parsing.checking import CheckedFile, as_json, check, targets
from tradewind.parsing.tree import FolderUnreadable
from tradewind.plugins.behaviour import policies, prepare_imports
from tradewind.plugins.secrets import configured_secrets


def run_check(options: argparse.Namespace) -> int:
    """Check what `paths` of the options name, print what was found, and return the exit code."""
    config = load().config
    try:
        found = targets(options.paths, dags_folder=config.dags.folder, ignore_syntax=config.dags.ignore_file_syntax)
    except FolderUnreadable as error:
        raise CommandError(str(error), error_id="file-unreadable") from error
    prepare_imports()
    policies()  # found once, before the first fork
    answer = _answers(configured_secrets(config.plugins))
    count = sum(len(target.paths) for target in found)
    checked = list(_with_progress(check(found, config, answer, shown=_shown), count))
    checked.sort(key=lambda each: each.file)
    if options.output == "json":
        print(json.dumps([as_json(each) for each in checked], indent=2, ensure_ascii=False))
    else:
        for each in checked:
            print("\n".join(_lines(each, with_details=options.details)))
        print(_summary(checked))
    is_bad = any(each.errors or (options.strict and each.warnings) for each in checked)
    return 1 if is_bad else 0


def _answers(backends: SecretsBackend) -> Callable[[str, str], Any]:
    def answer(kind: str, name: str) -> Any:
        if kind == "table":
            raise TradewindException("dags check looks at no database; read tables inside tasks")
        if kind == "variable":
            return backends.get_variable(name)
        found = backends.get_connection(name)
        return None if found is None else found.to_dict()

    return answer


def _with_progress(checked: Iterable[CheckedFile], count: int) -> Iterator[CheckedFile]:
    """Show on a terminal how far the check is, beside what it prints."""
    is_shown = sys.stderr.isatty() and count > 1
    for number, each in enumerate(checked, 1):
        if is_shown:
            print(f"\r{number} of {count} files", end="", file=sys.stderr, flush=True)
        yield each
    if is_shown:
        print("\r\033[K", end="", file=sys.stderr, flush=True)


def _shown(path: Path) -> str:
    here = Path.cwd().resolve()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else str(path)


def _lines(checked: CheckedFile, *, with_details: bool) -> Iterator[str]:
    if checked.parsed is None and not checked.errors:
        yield f"{checked.file}: not imported, as it mentions no DAG"
        return
    seconds = f" in {checked.parsed.seconds:.2f} s" if checked.parsed is not None else ""
    dags = ", ".join(f"{dag.dag_id} ({dag.tasks} tasks, {dag.edges} edges)" for dag in checked.dags)
    yield f"{checked.file}: {dags or 'no DAGs'}{seconds}"
    for error in checked.errors:
        yield f"  error{f', line {error.line}' if error.line else ''}: {error.told}"
        if with_details and error.trace:
            yield from (f"    {line}" for line in error.trace.splitlines())
    yield from (f"  warning: {warning}" for warning in checked.warnings)
    if checked.slow_imports:
        yield "  slow imports: " + ", ".join(f"{name} {seconds:.2f} s" for name, seconds in checked.slow_imports)
    if with_details and checked.parsed is not None:
        yield f"  reads: {', '.join((*checked.parsed.inputs.files, *checked.parsed.inputs.lookups))}"


def _summary(checked: list[CheckedFile]) -> str:
    dags = sum(len(each.dags) for each in checked)
    errors = sum(len(each.errors) for each in checked)
    warnings = sum(len(each.warnings) for each in checked)
    return (
        ", ".join(
            _counted(number, noun)
            for number, noun in ((len(checked), "file"), (dags, "DAG"), (errors, "error"), (warnings, "warning"))
        )
        + "."
    )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
