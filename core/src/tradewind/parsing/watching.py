"""One DAG folder under watch: which of its files are to be imported now, and which are gone."""

from __future__ import annotations

import logging
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tradewind.authoring.packaged import dag_modules, may_define_dags
from tradewind.metadata.statements.parsing import FileRow
from tradewind.parsing.description import LARGEST_SOURCE
from tradewind.parsing.inputs import Digests, Inputs, fingerprint
from tradewind.parsing.lookups import Lookups
from tradewind.parsing.sources import included_files
from tradewind.parsing.tree import FolderUnreadable, Tree, look

log = logging.getLogger(__name__)
_LOOKUP_SECONDS = 1.6
# A file in error is tried again with any change; a slow one keeps a process busy a fifth of the time at most
_SLOW_SECONDS = 1.0
_REST = 4.0


@dataclass(frozen=True)
class Bundle:
    """A folder of DAG files, and the name it has in the database."""

    name: str
    folder: Path


@dataclass
class KnownFile:
    """What is remembered of a DAG file.

    Args:
        inputs: what its last import read.
        fingerprint: of these inputs then; None if it was never imported.
        is_due: whether it is to be imported at the next look, whatever that sees.
        is_in_error: whether it failed or shares a DAG id with another file: then any change may mend it.
        is_worth_a_try: whether there was such a change since.
        parsed_at: monotonic seconds of the last import by this process.
        seconds: how long that took.
        outcome: a digest of the last result, None if this process has not seen one.
        told: the warnings that the log has.
    """

    inputs: Inputs = field(default_factory=Inputs)
    fingerprint: str | None = None
    is_due: bool = False
    is_in_error: bool = False
    is_worth_a_try: bool = False
    parsed_at: float = 0.0
    seconds: float = 0.0
    outcome: str | None = None
    told: tuple[str, ...] = ()

    def due_at(self) -> float:
        """Return from when on it is to be imported without a further change, in monotonic seconds."""
        if self.is_due or self.fingerprint is None:
            return 0.0
        reparse = self.parsed_at + self.inputs.reparse if self.inputs.reparse is not None else float("inf")
        rest = _REST * self.seconds if self.seconds > _SLOW_SECONDS else 0.0
        again = self.parsed_at + rest if self.is_worth_a_try else float("inf")
        return min(reparse, again)


@dataclass(frozen=True)
class Findings:
    """What a look says: the tree, the files to import, and those that are gone."""

    tree: Tree
    due: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


class WatchedFolder:
    """A bundle with what was seen of it last.

    Args:
        bundle: the folder.
        rows: what the database knows of its files.
        include: patterns of files beside a DAG file that belong to its versions.
        ignore_syntax: of ``.airflowignore``.
        lookups: asked whether variables and connections have changed.
        monotonic: the clock for intervals.
    """

    def __init__(
        self,
        bundle: Bundle,
        rows: Iterable[FileRow],
        *,
        include: tuple[str, ...],
        ignore_syntax: str,
        lookups: Lookups,
        monotonic: Callable[[], float],
    ) -> None:
        self.bundle = bundle
        self.files = {
            row.path: KnownFile(
                Inputs.from_json(row.inputs), row.fingerprint, is_in_error=row.error is not None, parsed_at=monotonic()
            )
            for row in rows
        }
        self._include = include
        self._ignore_syntax = ignore_syntax
        self._lookups = lookups
        self._monotonic = monotonic
        self._tree: Tree | None = None
        self._digests = Digests()
        self._settling: set[str] = set()
        self._flying: set[str] = set()
        self._unchecked: set[str] = set()
        self._complaint: str | None = None
        self._looked_up_at = monotonic()

    @property
    def is_settling(self) -> bool:
        """Whether something changes just now, so that it is worth looking again soon."""
        return bool(self._settling)

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders in which a change would be seen, as of the last look."""
        return self._tree.folders if self._tree is not None else ()

    def due_at(self) -> float:
        """Return from when on a look is worth while without any change, in monotonic seconds."""
        there = self._tree.files if self._tree is not None else {}
        waiting = (known.due_at() for path, known in self.files.items() if path in there and path not in self._flying)
        return 0.0 if self._unchecked - self._flying else min(waiting, default=float("inf"))

    def is_present(self, path: str) -> bool:
        """Tell whether a DAG file was there at the last look."""
        return self._tree is not None and self._tree.may_have(path)

    def take_off(self, path: str) -> None:
        """Note that a file is being imported: until it has landed it is not due."""
        self._flying.add(path)

    def land(self, path: str) -> None:
        """Note that an import is over."""
        self._flying.discard(path)

    def look(self) -> Findings | None:
        """Look at the folder; None if it cannot be listed, which says nothing about its files."""
        try:
            tree = self._with_hidden_inputs(look(self.bundle.folder, ignore_syntax=self._ignore_syntax))
        except FolderUnreadable as error:
            if self._complaint != str(error):
                self._complaint = str(error)
                log.warning("%s Its DAGs stay as they are.", error)
            return None
        self._complaint = None
        settled = self._settled(tree)
        self._tree = tree
        gone = tuple(sorted(path for path in self.files if not tree.may_have(path) and path not in self._settling))
        self._discover(tree, settled)
        self.look_up()
        return Findings(tree, tuple(sorted(self._due(tree, settled))), gone)

    def _with_hidden_inputs(self, tree: Tree) -> Tree:
        read = {path for known in self.files.values() for path in known.inputs.files}
        return tree.with_unlisted(read - tree.files.keys())

    def forget(self, paths: Iterable[str]) -> None:
        """Forget files that are gone, once that is written; files that lacked a DAG id are worth another try."""
        for path in paths:
            del self.files[path]
        self.retry_errors()

    def retry_errors(self) -> None:
        """Try files in error again: something has changed that may be what they lacked."""
        for known in self.files.values():
            known.is_worth_a_try = known.is_in_error

    def _settled(self, tree: Tree) -> set[str]:
        """Return the paths that have changed and are the same in two looks; at the first look, all."""
        if self._tree is None:
            return set(tree.files)
        moved = set(tree.files) if tree.root != self._tree.root else set()
        changed = tree.changed_since(self._tree)
        settled = self._settling - changed | moved - changed
        self._settling = changed
        return settled

    def _discover(self, tree: Tree, settled: Iterable[str]) -> None:
        for path in settled:
            if path in tree.files and path not in self.files and (path in tree.problems or is_dag_file(tree, path)):
                self.files[path] = KnownFile()

    def _due(self, tree: Tree, settled: set[str]) -> set[str]:
        now = self._monotonic()
        if settled:
            self.retry_errors()
            self._unchecked.update(self.files)
        checked = {path for path in self._unchecked - self._flying if path in self.files}
        self._unchecked &= self._flying
        included: dict[str, set[str]] = {}
        due = {path for path in checked if self._differs(path, self.files[path], tree, included)}
        due |= {path for path, known in self.files.items() if known.due_at() <= now}
        return {path for path in due - self._settling - self._flying if path in tree.files}

    def _differs(self, path: str, known: KnownFile, tree: Tree, included: dict[str, set[str]]) -> bool:
        folder = path.rpartition("/")[0]
        if folder not in included:  # the same for all DAG files of a folder
            included[folder] = included_files(path, tree.files, self._include)
        files = tuple(sorted({*known.inputs.files, *included[folder]}))
        return self.fingerprint(replace(known.inputs, files=files), tree) != known.fingerprint

    @property
    def look_up_at(self) -> float:
        """From when on it is worth asking for variables and connections again, in monotonic seconds."""
        has_any = any(known.inputs.lookups for known in self.files.values())
        return self._looked_up_at + _LOOKUP_SECONDS if has_any else float("inf")

    def look_up(self) -> bool:
        """Ask whether variables and connections have changed, if it is time; return whether a file is due for that."""
        now = self._monotonic()
        if now < self.look_up_at:
            return False
        self._looked_up_at = now
        asking = {path: known.inputs.lookups for path, known in self.files.items() if known.inputs.lookups}
        changed = self._lookups.changed(asking)
        for path in changed:
            self.files[path].is_due = True
        return bool(changed)

    def fingerprint(self, inputs: Inputs, tree: Tree, read: Mapping[str, str] | None = None) -> str:
        """Return the fingerprint of inputs; ``read`` has the digests of files as an import read them."""
        known = read or {}
        return fingerprint(inputs, tree, lambda path: known.get(path) or self._digests.of(tree, path))


def is_dag_file(tree: Tree, path: str) -> bool:
    """Tell whether a file is worth importing; one that cannot be read is, so that its import says why."""
    if path.endswith(".zip"):
        return _is_package(tree.root / path)
    if not path.endswith(".py"):
        return False
    try:
        with (tree.root / path).open("rb") as file:
            return may_define_dags(file.read(LARGEST_SOURCE))
    except FileNotFoundError:
        return False
    except OSError:
        return True


def _is_package(path: Path) -> bool:
    try:
        return bool(dag_modules(path))
    except FileNotFoundError:
        return False
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError):
        return True  # cut off, unreadable, encrypted, or packed in a way that Python does not know
