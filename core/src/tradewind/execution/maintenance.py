"""Carrying out what a maintenance DAG asks for: to remove one batch of what is over, in a transaction of its own.

A task asks again and again until nothing is left or its limit is reached, so that no answer keeps the worker's database
thread for long. Only the DAGs that come with Tradewind may ask: the try is looked up, and the bundle that its version came
from decides, which the processor has written and no DAG file can.
"""

from __future__ import annotations

import itertools
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa
from tradewind_plugins.contracts.log_store import LogStore
from tradewind_plugins.contracts.xcom_storage import XComStorage

from tradewind.config import Config, ConfigError
from tradewind.config.retention import RunLimits, before, configured_limits
from tradewind.execution.left_logs import of_gone_runs
from tradewind.execution.log_keys import dag_prefix, run_prefix
from tradewind.execution.logs import FileLogStore
from tradewind.execution.messages import Maintain, Reply, Start
from tradewind.execution.other_dags import OVERTAKEN
from tradewind.execution.settings import versions_path
from tradewind.execution.versions import VersionStore
from tradewind.metadata.cleaning import delete_stored
from tradewind.metadata.clock import Clock
from tradewind.metadata.engine import Database
from tradewind.metadata.statements import cleaning, retention, sources
from tradewind.metadata.statements.cleaning import Deleted
from tradewind.metadata.statements.retention import Limits

log = logging.getLogger(__name__)

RUNS, STORED, LOGS, FILES = "dag_run", "stored_xcom", "task_log", "version_files"
KINDS: Final = (*retention.RULES, STORED, LOGS, FILES)
A_DAY = 1.0
AT_ONCE: Final = {RUNS: 50, "dag": 50}
ROWS_AT_ONCE = 1000
LOOKED_AT_ONCE = 200
Counts = dict[str, dict[str, int]]


class RefusedError(Exception):
    """The request is not carried out; the message says why."""


@dataclass
class Report:
    """What came of one request: rows removed, by kind and DAG; rows kept, by kind, DAG and reason; where to go on."""

    removed: Counts = field(default_factory=dict)
    kept: dict[str, Counts] = field(default_factory=dict)
    after: str | None = None

    def add(self, kind: str, by_dag: Mapping[str, int]) -> None:
        """Count rows as removed."""
        if by_dag:
            self.removed[kind] = dict(Counter(self.removed.get(kind, {})) + Counter(by_dag))

    def keep(self, kind: str, by_dag: Mapping[str, Mapping[str, int]]) -> None:
        """Tell of rows that stay."""
        for dag_id, reasons in by_dag.items():
            self.kept.setdefault(kind, {}).setdefault(dag_id, {}).update(reasons)


class Maintenance:
    """Removes what is over. Used by one thread.

    Arguments:
        storage: where large XComs are.
        open_logs: opens the log store; called when a log is to be removed for the first time.
    """

    def __init__(
        self,
        database: Database,
        config: Config,
        *,
        storage: XComStorage,
        open_logs: Callable[[], LogStore],
        clock: Clock,
    ) -> None:
        self._database = database
        self._config = config
        self._storage = storage
        self._open_logs = open_logs
        self._clock = clock
        self._logs: LogStore | None = None
        # What a try has still to look at of what cannot be asked for page by page
        self._sweeps: dict[tuple[int, int, str], Iterator[Any]] = {}

    def answer(self, start: Start, request: Maintain) -> Reply:
        """Carry out one request and return what was removed and kept, and where to go on: None at the end.

        Raises:
            sqlalchemy.exc.DBAPIError: the database could not be asked; asked again, it goes on from there.
        """
        try:
            report = self._carry_out(start, request)
        except (RefusedError, ConfigError) as error:
            return Reply(error=str(error))
        return Reply({"removed": report.removed, "kept": report.kept, "after": report.after})

    def _carry_out(self, start: Start, request: Maintain) -> Report:
        if request.kind not in KINDS:
            raise RefusedError(f"Maintenance knows nothing of {request.kind!r}; it knows {', '.join(KINDS)}.")
        if request.kind == RUNS:
            return self._remove_runs(start, request)
        if request.kind == STORED:
            return self._remove_stored(start, request)
        if request.kind == LOGS:
            return self._remove_logs(start, request)
        if request.kind == FILES:
            return self._remove_files(start, request)
        return self._remove_rows(start, request)

    def _remove_runs(self, start: Start, request: Maintain) -> Report:
        """Remove a batch of runs of the next DAG that has some; go on with it until nothing of it is left to go."""
        with self._asked_by(start) as conn:
            dag_id = retention.next_dag(conn, request.after)
        if request.dag_id is not None:
            dag_id = None if request.after else request.dag_id
        if dag_id is None:
            return Report()
        limits = self._limits_of_runs(dag_id, request)
        if limits is None:
            return Report(after=dag_id)
        report = self._remove(start, request, limits)
        is_left = bool(report.removed) and not request.dry_run
        report.after = request.after if is_left else dag_id
        return report

    def _limits_of_runs(self, dag_id: str, request: Maintain) -> Limits | None:
        config = self._config
        if request.keep_days is not None or request.keep_runs is not None:
            of_dag = RunLimits(request.keep_days or 0.0, request.keep_runs or 0)
        else:
            of_dag = configured_limits(config.retention, unsaid_days=config.maintenance.keep_days).of(dag_id)
        if of_dag.is_for_ever:
            return None
        return Limits(before(self._clock.now(), of_dag.keep_days), dag_id, of_dag.keep_runs)

    def _remove_rows(self, start: Start, request: Maintain) -> Report:
        days: float = getattr(self._config.retention, request.kind)
        if request.kind != "xcom":  # those of runs go with their runs, unless they are to go earlier
            days = days or self._config.maintenance.keep_days
        if days <= 0:
            with self._asked_by(start):
                return Report()
        report = self._remove(start, request, Limits(before(self._clock.now(), days), request.dag_id))
        report.after = request.kind if report.removed and not request.dry_run else None
        return report

    def _remove(self, start: Start, request: Maintain, limits: Limits) -> Report:
        """Remove a batch of rows; where there are none (any more), tell what is kept."""
        kind = request.kind
        most = max(1, min(request.most, AT_ONCE.get(kind, ROWS_AT_ONCE)))

        def work(conn: sa.Connection) -> Deleted:
            check(conn, start)
            return cleaning.delete_some(conn, kind, limits, most=most)

        done = Deleted(0) if request.dry_run else self._database.write(work)
        goes: Mapping[str, int] = {}
        stays: Mapping[str, Mapping[str, int]] = {}
        if not done.rows:  # read, not in the transaction above: on SQLite nobody else could write meanwhile
            with self._asked_by(start) as conn:
                goes, stays = retention.judge(conn, kind, limits)
        delete_stored(self._storage, done.references)
        report = Report()
        report.add(RUNS if done.runs else kind, goes if request.dry_run else done.by_dag)
        report.keep(kind, stays)
        self._remove_logs_of(done, report)
        return report

    def _remove_logs_of(self, done: Deleted, report: Report) -> None:
        prefixes = [(dag_id, run_prefix(dag_id, run_id)) for dag_id, run_id in done.runs]
        prefixes += [(dag_id, dag_prefix(dag_id)) for dag_id in done.dags]
        for dag_id, prefix in prefixes:
            self._remove_log(dag_id, prefix, report)

    def _remove_log(self, dag_id: str, prefix: str, report: Report) -> None:
        if self._logs is None:
            self._logs = self._open_logs()
        if not self._logs.capabilities.delete_prefix:
            report.keep(LOGS, {dag_id: {f"the log store {self._config.logs.store!r} cannot delete": 1}})
            return
        try:
            number = self._logs.delete(prefix)
        except Exception as error:  # noqa: BLE001  (a plugin's store, or a full disk: the rows are gone, and we go on)
            log.warning("the logs %s could not be deleted: %s", prefix, error)
            report.keep(LOGS, {dag_id: {f"could not be deleted ({type(error).__name__})": 1}})
            return
        if number:
            report.add(LOGS, {dag_id: number})

    def _remove_stored(self, start: Start, request: Maintain) -> Report:
        """Remove values in the XCom storage that nothing refers to, a few hundred looked at in each request."""
        try:
            part = self._next_part(start, request, self._storage.references)
        except NotImplementedError:
            return Report(kept={STORED: {"": {"the XCom storage cannot list what it holds": 1}}})
        report = Report(after=STORED if part else None)
        if part:
            with self._database.read() as conn:
                found = cleaning.orphans(conn, part)
            if not request.dry_run:
                delete_stored(self._storage, found)
            report.add(STORED, {"": len(found)} if found else {})
        return report

    def _remove_logs(self, start: Start, request: Maintain) -> Report:
        """Remove logs whose runs are gone, from this host's log folder; only where `retention.task_log` asks for it."""
        days = self._config.retention.task_log
        if self._logs is None:
            self._logs = self._open_logs()
        store = self._logs
        if days <= 0 or not isinstance(store, FileLogStore):
            with self._asked_by(start):
                return Report()
        part = self._next_part(start, request, lambda: store.run_folders(before(self._clock.now(), days).timestamp()))
        report = Report(after=LOGS if part else None)
        if part:
            for dag_id, prefix in of_gone_runs(self._database, part):
                if request.dag_id not in (None, dag_id):
                    continue
                if request.dry_run:
                    report.add(LOGS, {dag_id: 1})
                else:
                    self._remove_log(dag_id, prefix, report)
        return report

    def _remove_files(self, start: Start, request: Maintain) -> Report:
        """Remove the files of versions that are not in the database, from this host's copies.

        Not those of the last day: a file that was changed and changed back has the version of before again, with its files.
        """
        store = VersionStore(versions_path(self._config.home))
        with self._asked_by(start) as conn:
            used = sources.list_sources(conn)
        written = store.written_before(before(self._clock.now(), A_DAY).timestamp())
        unused = [each for each in written if each not in used][: max(1, min(request.most, LOOKED_AT_ONCE))]
        for source_hash in () if request.dry_run else unused:
            store.remove(source_hash)
        report = Report(after=FILES if unused and not request.dry_run else None)
        report.add(FILES, {"": len(unused)} if unused else {})
        return report

    @contextmanager
    def _asked_by(self, start: Start) -> Iterator[sa.Connection]:
        """Yield a connection for reading; refuse, unless the try may ask."""
        with self._database.read() as conn:
            check(conn, start)
            yield conn

    def _next_part(self, start: Start, request: Maintain, begin: Callable[[], Any]) -> list[Any]:
        """Return what a try has to look at next; it begins anew with an empty `after`."""
        with self._asked_by(start):
            key = (start.instance, start.token, request.kind)
        if not request.after:
            self._sweeps = {each: rest for each, rest in self._sweeps.items() if each[2] != request.kind}
            self._sweeps[key] = iter(begin())
        part = list(itertools.islice(self._sweeps.get(key, iter(())), LOOKED_AT_ONCE))
        if not part:
            self._sweeps.pop(key, None)
        return part


def check(conn: sa.Connection, start: Start) -> None:
    """Refuse, unless the try is at work and its DAG comes with Tradewind.

    Raises:
        RefusedError: saying why.
    """
    found = retention.bundle_of_try(conn, start.instance)
    if found is None or found.bundle != retention.MAINTENANCE:
        raise RefusedError(
            f"Task {start.task_id!r} of DAG {start.dag_id!r} may not remove what is over: only workers do that for the DAGs that "
            "come with Tradewind (setting maintenance.enabled); `tradewind db clean` does it by hand."
        )
    if found.token != start.token or found.state != "running":
        raise RefusedError(OVERTAKEN)
