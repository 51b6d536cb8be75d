"""A second import of what was new, when there is time: is it the same again?

``datetime.now()`` as an argument, or the order of a set, would make a version at each import. What two imports of the
same sources differ in is remembered with the file, named in a warning, and does not count from then on.
"""

from __future__ import annotations

import json
import logging
from collections import deque
from dataclasses import replace

from tradewind.metadata.engine import Database
from tradewind.metadata.statements import parsing as statements
from tradewind.parsing.description import volatile_warning
from tradewind.parsing.inputs import Volatile
from tradewind.parsing.results import ParsedFile
from tradewind.parsing.tree import Tree
from tradewind.parsing.watching import WatchedFolder
from tradewind.serialization.differences import differences, hash_without

log = logging.getLogger(__name__)


class SecondLooks:
    """The files that are to be imported once more."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._planned: deque[tuple[WatchedFolder, Tree, str]] = deque()

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._planned)

    def plan(self, folder: WatchedFolder, tree: Tree, path: str) -> None:
        """Have a file imported once more, later."""
        self._planned.append((folder, tree, path))

    def next(self) -> tuple[WatchedFolder, Tree, str] | None:
        """Return the file that is to be imported now, and forget it."""
        return self._planned.popleft() if self._planned else None

    def compare(self, folder: WatchedFolder, path: str, again: ParsedFile) -> None:
        """Compare a second result with what is stored, and remember what differs; costs nothing if nothing does."""
        known = folder.files[path]
        if again.failure is not None or known.is_in_error or known.is_due:
            return  # there is news, or there will be
        with self._database.read() as connection:
            stored = statements.list_versions(connection, folder.bundle.name, path)
        second = {dag.dag_id: dag for dag in again.dags}
        places, warnings = {}, list(again.warnings)
        for version in stored:
            dag = second.get(version.dag_id)
            if version.source_hash != again.source_hash:
                return  # the sources are others by now
            if dag is None:
                warnings.append(
                    f"DAG {version.dag_id!r} is defined by one import of the file and not by the next: its id must not "
                    "depend on when the file is imported."
                )
            elif dag.structure_hash != version.structure_hash:
                places[version.dag_id] = differences(version.serialized, dag.serialized)
                warnings.append(volatile_warning(version.dag_id, dag.serialized, places[version.dag_id]))
        if len(warnings) == len(again.warnings):
            return
        for warning in warnings[len(again.warnings) :]:
            log.warning("%s: %s", path, warning)
        volatile = Volatile(again.source_hash, places)
        known.inputs = replace(known.inputs, volatile=volatile)
        hashes = {each.version_id: hash_without(each.serialized, places.get(each.dag_id, ())) for each in stored}
        text, told = known.inputs.to_json(), json.dumps(warnings)
        self._database.write(
            lambda connection: statements.put_volatile(
                connection, bundle_name=folder.bundle.name, path=path, inputs=text, warnings=told, hashes=hashes
            )
        )
