"""One DAG folder under watch: which of its files are to be imported now, and which are gone."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tradewind.metadata.statements.parsing import FileRow
from tradewind.parsing.inputs import Digests, Inputs, fingerprint
from tradewind.parsing.lookups import Lookups
from tradewind.parsing.sources import included_files
from tradewind.parsing.tree import FolderUnreadable, Tree, look

log = logging.getLogger(__name__)
_LOOKUP_SECONDS = 5.0
_MENTIONS_DAG = re.compile(rb"(?i)dag")
_MENTIONS_US = re.compile(rb"(?i)tradewind|airflow")


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
        parsed_at: monotonic seconds of the last import by this process.
        outcome: a digest of the last result, None if this process has not seen one.
    """

    inputs: Inputs = field(default_factory=Inputs)
    fingerprint: str | None = None
    is_due: bool = False
    is_in_error: bool = False
    parsed_at: float = 0.0
    outcome: str | None = None


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
        lookups: asked whether variables and connections have changed.
        monotonic: the clock for intervals.
    """

    def __init__(
        self,
        bundle: Bundle,
        rows: Iterable[FileRow],
        *,
        include: tuple[str, ...],
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
        self._lookups = lookups
        self._monotonic = monotonic
        self._tree: Tree | None = None
        self._digests = Digests()
        self._settling: set[str] = set()
        self._complaint: str | None = None
        self._looked_up_at = monotonic()

    @property
    def is_settling(self) -> bool:
        """Whether something changes just now, so that it is worth looking again soon."""
        return bool(self._settling)

    def is_present(self, path: str) -> bool:
        """Tell whether a DAG file was there at the last look."""
        return self._tree is not None and path in self._tree.files

    def look(self) -> Findings | None:
        """Look at the folder; None if it cannot be listed, which says nothing about its files."""
        try:
            tree = self._with_hidden_inputs(look(self.bundle.folder))
        except FolderUnreadable as error:
            if self._complaint != str(error):
                self._complaint = str(error)
                log.warning("%s Its DAGs stay as they are.", error)
            return None
        self._complaint = None
        settled = self._settled(tree)
        self._tree = tree
        gone = tuple(sorted(path for path in self.files if path not in tree.files and path not in self._settling))
        self._discover(tree, settled)
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
        """Make files in error due: DAG ids have become free."""
        for known in self.files.values():
            known.is_due = known.is_due or known.is_in_error

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
            if path.endswith(".py") and path in tree.files and path not in self.files and _may_define_dags(tree, path):
                self.files[path] = KnownFile()

    def _due(self, tree: Tree, settled: set[str]) -> set[str]:
        now = self._monotonic()
        due = {path for path, known in self.files.items() if self._is_overdue(known, now)}
        if settled:
            included: dict[str, set[str]] = {}
            due |= {
                path
                for path, known in self.files.items()
                if known.is_in_error or self._differs(path, known, tree, included)
            }
        return {
            path for path in due | self._with_changed_lookups(now) if path in tree.files and path not in self._settling
        }

    def _is_overdue(self, known: KnownFile, now: float) -> bool:
        reparse = known.inputs.reparse
        return known.is_due or known.fingerprint is None or (reparse is not None and now - known.parsed_at >= reparse)

    def _differs(self, path: str, known: KnownFile, tree: Tree, included: dict[str, set[str]]) -> bool:
        folder = path.rpartition("/")[0]
        if folder not in included:  # the same for all DAG files of a folder
            included[folder] = included_files(path, tree.files, self._include)
        files = tuple(sorted({*known.inputs.files, *included[folder]}))
        inputs = Inputs(files, known.inputs.folders, known.inputs.lookups, known.inputs.reparse)
        return self.fingerprint(inputs, tree) != known.fingerprint

    def _with_changed_lookups(self, now: float) -> set[str]:
        if now - self._looked_up_at < _LOOKUP_SECONDS:
            return set()
        self._looked_up_at = now
        asking = {path: known.inputs.lookups for path, known in self.files.items() if known.inputs.lookups}
        return {path for path, before in asking.items() if self._lookups.have_changed(before)}

    def fingerprint(self, inputs: Inputs, tree: Tree, read: Mapping[str, str] | None = None) -> str:
        """Return the fingerprint of inputs; ``read`` has the digests of files as an import read them."""
        known = read or {}
        return fingerprint(inputs, tree, lambda path: known.get(path) or self._digests.of(tree, path))


def _may_define_dags(tree: Tree, path: str) -> bool:
    """Tell whether a Python file is worth importing: it mentions DAGs and us, in whatever case."""
    try:
        text = (tree.root / path).read_bytes()
    except OSError:
        return False
    return bool(_MENTIONS_DAG.search(text) and _MENTIONS_US.search(text))
