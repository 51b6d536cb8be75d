"""Importing DAG files to be told about them, without a database: what they define, need, and leave behind."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tradewind.config.sections import Config
from tradewind.parsing.children import Answer, parse_all
from tradewind.parsing.description import Job, volatile_warning
from tradewind.parsing.failures import failure_of_tree
from tradewind.parsing.results import ImportFailure, ParsedFile
from tradewind.parsing.tree import FolderUnreadable, Tree, look, signature_of
from tradewind.parsing.watching import is_dag_file
from tradewind.plugins.named_xcoms import storage_names
from tradewind.serialization import SerializedDag, deserialize
from tradewind.serialization.differences import differences


@dataclass(frozen=True)
class CheckedDag:
    """A DAG as the check shows it."""

    dag_id: str
    tasks: int
    edges: int


@dataclass(frozen=True)
class CheckedFile:
    """What the check found out about one file.

    Args:
        file: the path, as whoever asked would write it.
        parsed: the result of its import; None for a file that mentions no DAG and was not imported.
        dags: what it defines.
        errors: why it cannot be used.
        warnings: what its author should know.
        slow_imports: the modules that took longest, each with its own seconds.
    """

    file: str
    parsed: ParsedFile | None = None
    dags: tuple[CheckedDag, ...] = ()
    errors: tuple[ImportFailure, ...] = ()
    warnings: tuple[str, ...] = ()
    slow_imports: tuple[tuple[str, float], ...] = ()

    @property
    def is_fork_safe(self) -> bool:
        """Whether its tasks can be forked from a process that has imported it."""
        return self.parsed is None or not self.parsed.hazards


@dataclass(frozen=True)
class Target:
    """Files to check below one root, which is first on ``sys.path`` as the DAG folder would be."""

    tree: Tree
    paths: tuple[str, ...]


_SLOW_SHOWN = 5
_SLOW_SECONDS = 0.01


def targets(given: Sequence[Path], *, dags_folder: Path, ignore_syntax: str) -> list[Target]:
    """Return what is to be checked, by root.

    A folder is a root of its own, unless it is in the DAG folder; so is the folder of a file, or, where that is a package,
    the one above it.

    Args:
        given: folders and files.
        dags_folder: the configured DAG folder.
        ignore_syntax: of ``.airflowignore``.

    Raises:
        FolderUnreadable: a folder cannot be listed, or a path leads to nothing.
    """
    wanted: dict[Path, dict[str, None]] = {}
    trees: dict[Path, Tree] = {}
    for path in given:
        here = path.resolve()
        root = _root_of(here, dags_folder.resolve())
        if root not in trees:
            trees[root] = look(root, ignore_syntax=ignore_syntax) if here.is_dir() else Tree(root)
        names = wanted.setdefault(root, {})
        if here.is_dir():
            trees[root] = look(root, ignore_syntax=ignore_syntax)
            inside = here.relative_to(root).as_posix()
            prefix = "" if inside == "." else f"{inside}/"
            tree = trees[root]
            below = (name for name in tree.files if name.startswith(prefix))
            names.update((name, None) for name in below if name in tree.problems or is_dag_file(tree, name))
        elif os.path.lexists(path):
            names[here.relative_to(root).as_posix()] = None
        else:
            raise FolderUnreadable(f"There is no file or folder {path}.")
    return [Target(_with_files(trees[root], names), tuple(names)) for root, names in wanted.items()]


def _root_of(here: Path, dags_folder: Path) -> Path:
    if here.is_relative_to(dags_folder):
        return dags_folder
    if here.is_dir():
        return here
    folder = here.parent
    while (folder / "__init__.py").exists():
        folder = folder.parent
    return folder


def _with_files(tree: Tree, names: Iterable[str]) -> Tree:
    """Return a tree that has the files, also where the folder was not listed: a hook gives names, and is to be quick."""
    folders = {(tree.root / name).parent for name in names}
    files = dict(tree.files)
    if not files:
        for path in sorted(path for folder in folders for path in folder.iterdir() if path.is_file()):
            signature = signature_of(path)
            if signature is not None:
                files[path.relative_to(tree.root).as_posix()] = signature
    return replace(tree, files=files)


def check(
    found: Iterable[Target], config: Config, answer: Answer, *, shown: Callable[[Path], str]
) -> Iterator[CheckedFile]:
    """Import files, each twice, and yield what there is to say, in the order of their ends.

    Args:
        found: what is to be checked.
        config: limits, and what belongs to a version.
        answer: what answers for variables and connections.
        shown: a path as it is to be shown.
    """
    owners: dict[str, str] = {}
    for target in found:
        plain = []
        for path in target.paths:
            name = shown(target.tree.root / path)
            if path in target.tree.problems:
                yield CheckedFile(name, errors=(failure_of_tree(target.tree, path),))
            elif _is_worth_it(target.tree, path):
                plain.append(path)
            else:
                yield CheckedFile(name)
        first: dict[str, ParsedFile] = {}
        jobs = [_job(target.tree, path, config, is_profiled=number == 0) for path in plain for number in (0, 1)]
        for parsed, asked in parse_all(jobs, at_once=os.cpu_count() or 1, answer=answer, stopped=lambda: False):
            before = first.pop(parsed.path, None)
            if before is None:
                inputs = replace(parsed.inputs, lookups=dict.fromkeys(asked, ""))
                first[parsed.path] = replace(parsed, inputs=inputs)
                continue
            profiled, other = (before, parsed) if before.profile else (parsed, before)
            profiled = replace(profiled, inputs=replace(profiled.inputs, lookups=dict.fromkeys(asked, "")))
            yield _checked(shown(target.tree.root / parsed.path), profiled, other, owners)


def _is_worth_it(tree: Tree, path: str) -> bool:
    if path.endswith((".py", ".zip")):
        return is_dag_file(tree, path)
    return False


def _job(tree: Tree, path: str, config: Config, *, is_profiled: bool) -> Job:
    return Job(
        tree=tree,
        path=path,
        include=config.dags.bundle_include,
        timeout=config.parsing.file_timeout,
        memory=config.parsing.file_memory,
        reparse_interval=config.parsing.reparse_interval,
        is_profiled=is_profiled,
        storages=storage_names(config.plugins.xcom_storages),
    )


def _checked(name: str, parsed: ParsedFile, again: ParsedFile, owners: dict[str, str]) -> CheckedFile:
    errors = [parsed.failure] if parsed.failure is not None else []
    for dag in parsed.dags:
        owner = owners.setdefault(dag.dag_id, name)
        if owner != name:
            sentence = f"A DAG id belongs to one file: {dag.dag_id!r} is defined in {owner} too."
            errors.append(ImportFailure(sentence, error_id="duplicate-dag-id"))
    return CheckedFile(
        name,
        parsed,
        tuple(_dag(deserialize(dag.serialized)) for dag in parsed.dags),
        tuple(errors),
        (*parsed.warnings, *_unsteady(parsed, again)),
        _slowest(parsed),
    )


def _dag(dag: SerializedDag) -> CheckedDag:
    return CheckedDag(dag.dag_id, len(dag.tasks), sum(len(task.downstream) for task in dag.tasks.values()))


def _unsteady(parsed: ParsedFile, again: ParsedFile) -> list[str]:
    """Return a sentence for each DAG that the second import did not make in the same way."""
    second = {dag.dag_id: dag for dag in again.dags}
    if parsed.failure is not None or again.failure is not None:
        return []
    found = []
    for dag in parsed.dags:
        other = second.get(dag.dag_id)
        if other is None:
            found.append(f"DAG {dag.dag_id!r} is not defined by the next import of the file: its id must not change.")
        elif other.structure_hash != dag.structure_hash:
            found.append(volatile_warning(dag.dag_id, dag.serialized, differences(dag.serialized, other.serialized)))
    return found


def _slowest(parsed: ParsedFile) -> tuple[tuple[str, float], ...]:
    """Return the packages that took longest to import, the time of their modules summed."""
    by_package: dict[str, float] = {}
    for module, seconds in parsed.profile.items():
        package = module.partition(".")[0]
        by_package[package] = by_package.get(package, 0.0) + seconds
    slow = sorted(by_package.items(), key=lambda item: -item[1])
    return tuple((name, round(seconds, 3)) for name, seconds in slow[:_SLOW_SHOWN] if seconds >= _SLOW_SECONDS)


def as_json(checked: CheckedFile) -> dict[str, Any]:
    """Return all that is known of a file, as JSON values."""
    parsed = checked.parsed
    return {
        "file": checked.file,
        "dags": [{"dag_id": dag.dag_id, "tasks": dag.tasks, "edges": dag.edges} for dag in checked.dags],
        "errors": [
            {"id": each.error_id, "error": each.sentence, "line": each.line, "trace": each.trace}
            for each in checked.errors
        ],
        "warnings": list(checked.warnings),
        "seconds": round(parsed.seconds, 3) if parsed is not None else None,
        "slow_imports": [{"package": name, "seconds": seconds} for name, seconds in checked.slow_imports],
        "fork_safe": checked.is_fork_safe,
        "hazards": list(parsed.hazards) if parsed is not None else [],
        "inputs": _inputs(parsed) if parsed is not None else None,
    }


def _inputs(parsed: ParsedFile) -> dict[str, Any]:
    lookups = sorted(parsed.inputs.lookups)
    return {
        "files": list(parsed.inputs.files),
        "folders": list(parsed.inputs.folders),
        "variables": [name.partition(":")[2] for name in lookups if name.startswith("variable:")],
        "connections": [name.partition(":")[2] for name in lookups if name.startswith("connection:")],
        "reparse_seconds": parsed.inputs.reparse,
    }
