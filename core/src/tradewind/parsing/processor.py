"""The DAG processor's loop: look, compare, import what changed, write what is new.

A look costs no statement. Only files whose recorded inputs changed are imported, and only results that differ are
written. A file that is being written is waited for: it is imported when two looks in a row see it the same. A file whose
import takes long holds up no other: looks go on meanwhile.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from time import monotonic as system_monotonic

from sqlalchemy.exc import DBAPIError

from tradewind.config.sections import Config
from tradewind.metadata.clock import Clock
from tradewind.metadata.engine import Database
from tradewind.metadata.ids import Ids
from tradewind.metadata.statements import parsing as statements
from tradewind.parsing.children import Children, Finished
from tradewind.parsing.description import Job
from tradewind.parsing.eyes import Eyes, Pace
from tradewind.parsing.failures import failure_of_tree
from tradewind.parsing.housekeeping import Housekeeper
from tradewind.parsing.intake import Intake
from tradewind.parsing.lookups import Lookups
from tradewind.parsing.requests import Requests
from tradewind.parsing.results import ParsedFile
from tradewind.parsing.second_look import SecondLook, SecondLooks
from tradewind.parsing.tree import Tree
from tradewind.parsing.watching import Bundle, WatchedFolder
from tradewind.plugins.behaviour import policies, prepare_imports
from tradewind.plugins.named_xcoms import storage_names

log = logging.getLogger(__name__)
_SETTLE_SECONDS = 0.1
_TURN_SECONDS = 0.2
_LONGEST_TURN = 1.0  # the lease is kept between two turns


@dataclass(frozen=True)
class Round:
    """What one round did: files imported, files whose result was written, and files gone."""

    parsed: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()


@dataclass
class _Tally:
    parsed: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)

    def has_news(self) -> bool:
        return bool(self.written or self.gone)

    def round(self) -> Round:
        return Round(tuple(self.parsed), tuple(self.written), tuple(self.gone))


@dataclass(frozen=True)
class _Flight:
    """An import under way: of which folder, with which tree, and for which second look, if it is one."""

    folder: WatchedFolder
    tree: Tree
    second: SecondLook | None = None


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
        has_orphans: whether this process is the reaper of its descendants and has no other children, see ``orphans``.
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
        has_orphans: bool = False,
    ) -> None:
        self._config = config
        self._storages = storage_names(config.plugins.xcom_storages)
        self._database = database
        self._lookups = lookups
        self._notify = notify
        self._keep_lease = keep_lease
        self._monotonic = monotonic
        self._stop = threading.Event()
        self._ringer = -1
        prepare_imports()
        policies()  # finds and imports what applies to every DAG: here, once, and not in every child
        self._folders = [self._open(bundle) for bundle in bundles]
        self._retire_others()
        self._intake = Intake(config, database, lookups, clock=clock, ids=ids, monotonic=monotonic)
        self._second_looks = SecondLooks(database, lookups)
        self._housekeeper = Housekeeper(database, monotonic=monotonic)
        self._requests = Requests(database, monotonic=monotonic)
        self._waiting: list[tuple[Job, _Flight]] = []
        self._children = Children(
            at_once=os.cpu_count() or 1,
            answer=lookups.answer,
            before_fork=database.dispose,  # a child must not hold a connection of ours
            has_orphans=has_orphans,
        )

    def _open(self, bundle: Bundle) -> WatchedFolder:
        # Two processors may begin at once
        self._database.write(
            lambda connection: statements.ensure_bundle(connection, bundle.name, kind="folder"), collisions=True
        )
        with self._database.read() as connection:
            rows = statements.list_files(connection, bundle.name)
        return WatchedFolder(
            bundle,
            rows,
            include=self._config.dags.bundle_include,
            ignore_syntax=self._config.dags.ignore_file_syntax,
            lookups=self._lookups,
            monotonic=self._monotonic,
        )

    def _retire_others(self) -> None:
        """Deactivate what is left of folders that are not configured any more, such as the examples."""
        names = [each.bundle.name for each in self._folders]
        retired = self._database.write(lambda connection: statements.retire_bundles(connection, names))
        if retired:
            log.info("no longer configured, their DAGs are deactivated: %s", ", ".join(retired))

    def stop(self) -> None:
        """End the loop soon; may be called from a signal handler."""
        self._stop.set()
        if self._ringer >= 0:
            os.write(self._ringer, b"!")

    def run(self, num_runs: int | None = None) -> None:
        """Look whenever something changes, until :meth:`stop`; or ``num_runs`` times, and until all is read."""
        eyes = Eyes(self._config.parsing, self._folders)
        bell, self._ringer = os.pipe()
        os.set_blocking(self._ringer, False)
        pace = Pace()
        descriptors = [bell] if eyes.fileno() < 0 else [bell, eyes.fileno()]
        try:
            for each in descriptors:
                self._children.watch(each)
            looks = 0
            while not self._is_stopped() and (num_runs is None or looks < num_runs or self._is_busy()):
                looks += self._turn(eyes, pace, is_last=num_runs is not None and looks >= num_runs)
        finally:
            for each in descriptors:
                self._children.forget(each)
            self._children.end()
            eyes.close()
            os.close(bell)
            os.close(self._ringer)
            self._ringer = -1

    def _turn(self, eyes: Eyes, pace: Pace, *, is_last: bool) -> int:
        """Look if it is time, take in what has been imported, and wait for more; return the number of looks."""
        tally = _Tally()
        looks = 0
        try:
            if not is_last and pace.seconds_left() == 0:
                looks = 1
                began = time.monotonic()
                self._look(tally)
                eyes.follow()
                settling = any(each.is_settling for each in self._folders)
                interval = min(_SETTLE_SECONDS, eyes.interval) if settling else eyes.interval
                pace.looked(began, interval=interval, soonest=min(_SETTLE_SECONDS, interval))
            self._launch()
            pace.wait_until(time.monotonic() + self._seconds_until_due())
            timeout = (
                _LONGEST_TURN if is_last else min(_LONGEST_TURN, pace.seconds_left(), self._seconds_until_look_up())
            )
            self._take_in(self._children.wait(timeout), tally)
            if not self._is_busy():
                self._use_quiet()
            if self._requests.hear(self._folders) or eyes.see() or any(each.look_up() for each in self._folders):
                pace.wait_until(0.0)
        except DBAPIError as error:
            self._wait_for_database(error)
            pace.wait_until(0.0)
        if tally.has_news():
            self._notify()
        return looks

    def _seconds_until_due(self) -> float:
        """Return how long nothing is due without a change."""
        return max(0.0, min(each.due_at() for each in self._folders) - self._monotonic())

    def _seconds_until_look_up(self) -> float:
        return max(0.0, min(each.look_up_at for each in self._folders) - self._monotonic())

    def _wait_for_database(self, error: DBAPIError) -> None:
        log.warning("the database cannot be written to, trying again: %s", error.orig)
        self._stop.wait(self._config.parsing.scan_interval)

    def _is_busy(self) -> bool:
        return bool(self._waiting or len(self._children))

    def _use_quiet(self) -> None:
        """Do what has time: a second look at what was new, or housekeeping."""
        second = self._second_looks.next()
        if second is None:
            self._housekeeper.keep()
            return
        if second.path in second.folder.files:
            self._queue(second.folder, second.tree, second.path, second)
            self._launch()

    def run_once(self) -> None:
        """Go round until every file has been read, none is in the middle of being written, and all is looked at twice."""
        self.round()
        while any(each.is_settling for each in self._folders) and not self._stop.wait(_SETTLE_SECONDS):
            self.round()
        self.look_again()

    def _is_stopped(self) -> bool:
        self._keep_lease()
        return self._stop.is_set()

    def round(self) -> Round:
        """Look at every folder once and bring the database up to date."""
        tally = _Tally()
        self._look(tally)
        self._finish(tally)
        if tally.has_news():
            self._notify()
        return tally.round()

    def look_again(self) -> None:
        """Import what was new a second time, as far as that has not happened, to see whether it stays the same."""
        while not self._is_stopped() and self._second_looks:
            self._use_quiet()
            self._finish(_Tally())

    def _finish(self, tally: _Tally) -> None:
        self._launch()
        while self._is_busy() and not self._is_stopped():
            self._take_in(self._children.wait(_TURN_SECONDS), tally)
            self._launch()

    def _look(self, tally: _Tally) -> None:
        for folder in self._folders:
            findings = folder.look()
            if findings is None:
                continue
            if findings.gone:
                self._remove(folder, findings.gone)
                tally.gone.extend(findings.gone)
            for path in findings.due:
                folder.files[path].is_due = True  # until its result is taken in, even if something breaks off
                if path in findings.tree.problems:
                    self._take_problem(_Flight(folder, findings.tree), path, tally)
                else:
                    self._queue(folder, findings.tree, path)

    def _remove(self, folder: WatchedFolder, gone: tuple[str, ...]) -> None:
        name = folder.bundle.name
        self._database.write(lambda connection: statements.remove_files(connection, name, gone))
        log.info("gone: %s", ", ".join(gone))
        folder.forget(gone)

    def _queue(self, folder: WatchedFolder, tree: Tree, path: str, second: SecondLook | None = None) -> None:
        limits = self._config.parsing
        job = Job(
            tree=tree,
            path=path,
            include=self._config.dags.bundle_include,
            timeout=limits.file_timeout,
            memory=limits.file_memory,
            reparse_interval=limits.reparse_interval,
            volatile=folder.files[path].inputs.volatile,
            storages=self._storages,
        )
        folder.take_off(path)
        self._waiting.append((job, _Flight(folder, tree, second)))

    def _launch(self) -> None:
        has_started = False
        while self._waiting and self._children.has_room():
            job, flight = self._waiting.pop(0)
            self._children.start(job, flight)
            has_started = True
        if has_started:
            self._database.connect_ahead()  # while they import: the fork has closed what there was

    def _take_in(self, finished: Iterable[Finished], tally: _Tally) -> None:
        for each in finished:
            flight: _Flight = each.tag
            path = each.job.path
            flight.folder.land(path)
            if path not in flight.folder.files:
                continue  # gone while it was imported
            try:
                if flight.second is not None:
                    self._second_looks.compare(flight.second, each.parsed, each.asked)
                else:
                    self._take(flight, each, tally)
            except DBAPIError as error:
                self._wait_for_database(error)

    def _take(self, flight: _Flight, done: Finished, tally: _Tally) -> None:
        path = done.job.path
        tally.parsed.append(path)
        changed = self._intake.take(flight.folder, flight.tree, done.parsed, done.asked)
        if changed is None:
            return
        tally.written.append(path)
        if changed and not done.parsed.rewrites:  # to import those again would be a change, and no end of it
            self._second_looks.plan(SecondLook(flight.folder, flight.tree, path))

    def _take_problem(self, flight: _Flight, path: str, tally: _Tally) -> None:
        failed = ParsedFile(path, failure=failure_of_tree(flight.tree, path))
        if self._intake.take(flight.folder, flight.tree, failed, {}) is not None:
            tally.written.append(path)
