"""A second import of what was new, when there is time: is it the same again?

``datetime.now()`` as an argument, or the order of a set, would make a version at each import. What two imports of the
same sources differ in is remembered with the file, named in a warning, and does not count from then on.
"""

from __future__ import annotations

import json
import logging
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tradewind.metadata.engine import Database
from tradewind.metadata.statements import parsing as statements
from tradewind.metadata.statements.parsing import CurrentVersion
from tradewind.parsing.description import volatile_warning
from tradewind.parsing.inputs import Volatile
from tradewind.parsing.lookups import Lookups
from tradewind.parsing.results import ParsedFile
from tradewind.parsing.tree import Tree
from tradewind.parsing.watching import WatchedFolder
from tradewind.serialization.differences import differences, hash_without

log = logging.getLogger("tradewind.parsing.processor")


@dataclass(frozen=True)
class SecondLook:
    """A file to import once more.

    Args:
        folder: where it is.
        tree: the folder as it was when the file was imported first.
        path: the file.
        before: what a second import made, where that was another thing than the first: then a third one is to tell a
            file that is another one each time from one that has read something new outside.
    """

    folder: WatchedFolder
    tree: Tree
    path: str
    before: Mapping[str, str] | None = None


class SecondLooks:
    """The files that are to be imported once more.

    Args:
        database: where what is found is kept.
        lookups: gives the digests of what an import asked for.
    """

    def __init__(self, database: Database, lookups: Lookups) -> None:
        self._database = database
        self._lookups = lookups
        self._planned: deque[SecondLook] = deque()

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._planned)

    def plan(self, look: SecondLook) -> None:
        """Have a file imported once more, later."""
        self._planned.append(look)

    def next(self) -> SecondLook | None:
        """Return the file that is to be imported now, and forget it."""
        return self._planned.popleft() if self._planned else None

    def compare(self, look: SecondLook, again: ParsedFile, asked: Mapping[str, Any]) -> None:
        """Compare a further result with what is stored, and remember what differs; costs one statement if nothing does.

        Args:
            look: what was planned.
            again: the result.
            asked: variables and connections that the import asked for, with the answers.
        """
        folder, path = look.folder, look.path
        known = folder.files[path]
        if again.failure is not None or known.is_in_error or known.is_due:
            return  # there is news, or there will be
        inputs = replace(again.inputs, lookups=self._lookups.digests(asked))
        if folder.fingerprint(inputs, look.tree, again.digests) != known.fingerprint:
            return  # something has changed between the two: the next look tells
        with self._database.read() as connection:
            stored = statements.list_versions(connection, folder.bundle.name, path)
        now = {dag.dag_id: dag for dag in again.dags}
        differing = [
            version
            for version in stored
            if version.dag_id not in now or now[version.dag_id].structure_hash != version.structure_hash
        ]
        if not differing:
            return
        made = {dag.dag_id: dag.serialized for dag in again.dags}
        if look.before is None:
            self.plan(replace(look, before=made))
        elif look.before == made:
            known.is_due = True  # the same twice: what it read outside has changed after the first import
        else:
            self._remember(look, again, differing, made)

    def _remember(
        self, look: SecondLook, again: ParsedFile, differing: list[CurrentVersion], made: Mapping[str, str]
    ) -> None:
        folder, path, before = look.folder, look.path, look.before or {}
        places: dict[str, tuple[str, ...]] = {}
        warnings = []
        for version in differing:
            dag_id = version.dag_id
            if dag_id not in made:
                warnings.append(
                    f"DAG {dag_id!r} is defined by one import of the file and not by the next: its id must not depend on "
                    "when the file is imported."
                )
                continue
            first = differences(version.serialized, made[dag_id])
            then = differences(before[dag_id], made[dag_id]) if dag_id in before else ()
            places[dag_id] = tuple(dict.fromkeys((*first, *then)))
            warnings.append(volatile_warning(dag_id, made[dag_id], places[dag_id]))
        for warning in warnings:
            log.warning("%s: %s", path, warning)
        known = folder.files[path]
        known.told = (*known.told, *warnings)
        known.inputs = replace(known.inputs, volatile=Volatile(again.source_hash, places))
        hashes = {each.version_id: hash_without(each.serialized, places.get(each.dag_id, ())) for each in differing}
        text, told = known.inputs.to_json(), json.dumps([*again.warnings, *warnings])
        self._database.write(
            lambda connection: statements.put_volatile(
                connection, bundle_name=folder.bundle.name, path=path, inputs=text, warnings=told, hashes=hashes
            )
        )
