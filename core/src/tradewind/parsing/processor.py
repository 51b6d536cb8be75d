"""The DAG processor's loop: look, compare, import what changed, write what is new.

A look costs no statement. Only files whose recorded inputs changed are imported, and only results that differ are
written. A file that is being written is waited for: it is imported when two looks in a row see it the same.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import astuple, dataclass, replace
from time import monotonic as system_monotonic

from sqlalchemy.exc import DBAPIError

from tradewind.config.sections import Config
from tradewind.metadata.clock import Clock
from tradewind.metadata.engine import Database
from tradewind.metadata.ids import Ids
from tradewind.metadata.statements import parsing as statements
from tradewind.parsing.child import Job
from tradewind.parsing.children import parse_all
from tradewind.parsing.lookups import Lookups
from tradewind.parsing.recording import Place, Recorded, record
from tradewind.parsing.results import ParsedFile
from tradewind.parsing.tree import Tree
from tradewind.parsing.watching import Bundle, Findings, KnownFile, WatchedFolder
from tradewind.plugins.behaviour import policies

log = logging.getLogger(__name__)
_SETTLE_SECONDS = 0.1


@dataclass(frozen=True)
class Round:
    """What one round did: files imported, files whose result was written, and files gone."""

    parsed: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


class Processor:
    """Keeps the database in step with the DAG folders.

    Args:
        config: its sections ``dags`` and ``parsing`` count.
        database: the metadata database; its connections are closed before each fork.
        bundles: the folders. Each becomes a row of its name.
        lookups: answers what DAG files ask for while they are imported.
        clock, ids, monotonic: where moments, ids and intervals come from.
        notify: called after a commit that schedulers should know of.
        keep_lease: called often, also while a file takes long to import, so that others see that this process lives.
    """

    def __init__(
        self,
        config: Config,
        database: Database,
        bundles: Iterable[Bundle],
        lookups: Lookups,
        *,
        clock: Clock,
        ids: Ids,
        notify: Callable[[], None],
        keep_lease: Callable[[], None] = lambda: None,
        monotonic: Callable[[], float] = system_monotonic,
    ) -> None:
        self._config = config
        self._database = database
        self._lookups = lookups
        self._clock = clock
        self._ids = ids
        self._notify = notify
        self._keep_lease = keep_lease
        self._monotonic = monotonic
        self._stop = threading.Event()
        policies()  # finds and imports what applies to every DAG, before the first fork
        self._folders = [self._open(bundle) for bundle in bundles]
        policies()  # imported here, once, and not in every child

    def _open(self, bundle: Bundle) -> WatchedFolder:
        self._database.write(lambda connection: statements.ensure_bundle(connection, bundle.name, kind="folder"))
        with self._database.read() as connection:
            rows = statements.list_files(connection, bundle.name)
        include = self._config.dags.bundle_include
        return WatchedFolder(bundle, rows, include=include, lookups=self._lookups, monotonic=self._monotonic)

    def stop(self) -> None:
        """End the loop soon; may be called from a signal handler."""
        self._stop.set()

    def run(self, num_runs: int | None = None) -> None:
        """Go round until :meth:`stop`, or ``num_runs`` times."""
        done = 0
        while not self._is_stopped():
            try:
                self.round()
            except DBAPIError as error:
                log.warning("the database cannot be written to, trying again: %s", error.orig)
            done += 1
            if num_runs is not None and done >= num_runs:
                return
            self._stop.wait(self._pause())

    def run_once(self) -> None:
        """Go round until every file has been read once and none is in the middle of being written."""
        self.round()
        while any(each.is_settling for each in self._folders) and not self._stop.wait(_SETTLE_SECONDS):
            self.round()

    def _is_stopped(self) -> bool:
        self._keep_lease()
        return self._stop.is_set()

    def _pause(self) -> float:
        interval = self._config.parsing.scan_interval
        return min(interval, _SETTLE_SECONDS) if any(each.is_settling for each in self._folders) else interval

    def round(self) -> Round:
        """Look at every folder once and bring the database up to date."""
        parsed: list[str] = []
        written: list[str] = []
        gone: list[str] = []
        for folder in self._folders:
            findings = folder.look()
            if findings is None:
                continue
            if findings.gone:
                self._remove(folder, findings.gone)
            gone.extend(findings.gone)
            for path, was_written in self._parse(folder, findings):
                parsed.append(path)
                written.extend([path] if was_written else [])
        if written or gone:
            self._notify()
        return Round(tuple(parsed), tuple(written), tuple(gone))

    def _remove(self, folder: WatchedFolder, gone: tuple[str, ...]) -> None:
        name = folder.bundle.name
        self._database.write(lambda connection: statements.remove_files(connection, name, gone))
        log.info("gone: %s", ", ".join(gone))
        folder.forget(gone)

    def _parse(self, folder: WatchedFolder, findings: Findings) -> Iterable[tuple[str, bool]]:
        if not findings.due:
            return
        for path in findings.due:
            folder.files[path].is_due = True  # until its result is taken in, even if this round breaks off
        jobs = [self._job(findings.tree, path) for path in findings.due]
        at_once = os.cpu_count() or 1
        results = parse_all(
            jobs,
            at_once=at_once,
            answer=self._lookups.answer,
            stopped=self._is_stopped,
            before_fork=self._database.dispose,  # a child must not hold a connection of ours
        )
        with closing(results):  # ends the children, should one result be more than the database takes
            for parsed, asked in results:
                inputs = replace(parsed.inputs, lookups=self._lookups.digests(asked))
                yield parsed.path, self._take_in(folder, findings.tree, replace(parsed, inputs=inputs))

    def _job(self, tree: Tree, path: str) -> Job:
        limits = self._config.parsing
        return Job(
            tree=tree,
            path=path,
            include=self._config.dags.bundle_include,
            timeout=limits.file_timeout,
            memory=limits.file_memory,
            reparse_interval=limits.reparse_interval,
        )

    def _take_in(self, folder: WatchedFolder, tree: Tree, parsed: ParsedFile) -> bool:
        """Remember a result, and write it if it says anything new; return whether it did."""
        known = folder.files[parsed.path]
        found = folder.fingerprint(parsed.inputs, tree, parsed.digests)
        outcome = _outcome(parsed)
        known.parsed_at = self._monotonic()
        if (known.fingerprint, known.outcome) == (found, outcome) and not _may_be_contested(known, parsed):
            known.is_due = False
            return False
        place = Place(folder.bundle.name, self._config.dags.paused_at_creation, folder.is_present)
        recorded = self._database.write(
            lambda connection: record(connection, parsed, found, place, now=self._clock.now(), ids=self._ids),
            collisions=True,
        )
        known.inputs, known.fingerprint, known.outcome = parsed.inputs, found, outcome
        known.is_due, known.is_in_error = False, recorded.failure is not None
        _report(parsed, recorded)
        if recorded.gone:
            folder.retry_errors()
        return True


def _may_be_contested(known: KnownFile, parsed: ParsedFile) -> bool:
    return known.is_in_error and parsed.failure is None


def _outcome(parsed: ParsedFile) -> str:
    failure = astuple(parsed.failure) if parsed.failure is not None else None
    said = [parsed.source_hash, failure, [[dag.dag_id, dag.structure_hash] for dag in parsed.dags]]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _report(parsed: ParsedFile, recorded: Recorded) -> None:
    if recorded.failure is not None:
        log.warning("%s, line %s: %s", parsed.path, recorded.failure.line or "?", recorded.failure.sentence)
    else:
        log.info(
            "%s: %d DAGs, %d new or changed, in %.2f s",
            parsed.path,
            len(parsed.dags),
            len(recorded.changed),
            parsed.seconds,
        )
