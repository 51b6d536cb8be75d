"""The invariants, looked at after every commit that changed anything, and once more when all is over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from simulation.asset_watch import AssetWatch
from simulation.baton import Turn
from simulation.model import FinishedRun, above, index_of
from simulation.scenario import Station
from simulation.violation import Violation
from simulation.watch import Watch
from simulation.watch_asset_watchers import AssetWatcherWatch
from simulation.watch_backfills import BackfillWatch
from simulation.watch_children import ChildWatch
from simulation.watch_cleaning import CleaningWatch
from simulation.watch_deadlines import DeadlineWatch
from simulation.watch_drains import DrainWatch
from simulation.watch_fail_stop import FailStopWatch
from simulation.watch_groups import GroupWatch
from simulation.watch_limits import HoldWatch, LimitWatch, held_now
from simulation.watch_markers import MarkerWatch
from simulation.watch_marks import MarkWatch
from simulation.watch_past import PastWatch
from simulation.watch_renames import RenameWatch
from simulation.watch_schedule import PauseWatch, ScheduleWatch
from simulation.watching import (
    InstanceSeen,
    Limits,
    Seen,
    TrySeen,
    ended_daemons,
    limits,
    live_slots,
    look,
    pushed,
    tries,
)

if TYPE_CHECKING:
    from simulation.world import World

ENDS = ("success", "failed", "upstream_failed", "skipped", "removed")
WOKEN = "check: nobody waits for a poll"
SERVED_IN_ORDER = "check: the highest priority goes first"
RUN_ENDS = {"success", "failed"}
WATCHES: dict[str, type[Watch]] = {
    "past": PastWatch,
    "limits": LimitWatch,
    "holds": HoldWatch,
    "backfill": BackfillWatch,
    "deadlines": DeadlineWatch,
    "pausing": PauseWatch,
    "catchup": ScheduleWatch,
    "children": ChildWatch,
    "drains": DrainWatch,
    "fail_stop": FailStopWatch,
    "xcom_groups": GroupWatch,
    "markers": MarkerWatch,
    "marks": MarkWatch,
    "watchers": AssetWatcherWatch,
    "renames": RenameWatch,
    "cleaning": CleaningWatch,
}
"""Who knows the promise of each feature that has one of its own."""


class Checker:
    """Compares what the database says with what must be so and with what really happened to the processes."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.seen = Seen({}, {})
        self._most: list[tuple[int, Limits]] = []
        self._ended: dict[str, str] = {}
        self._resumed: list[tuple[int, int]] = []
        conditions = [each.timetable.asset_condition for each in world.scenario.dags]
        self.assets = AssetWatch(next((each for each in conditions if each is not None), None))
        self.watches = {name: WATCHES[name](world) for name in sorted(world.scenario.features & WATCHES.keys())}

    def after_commit(self, turn: Turn) -> None:
        """Check what must hold in every committed state.

        Raises:
            Violation: naming what does not.
        """
        before, self.seen = self.seen, look(self.world.calm)
        for watch in self.watches.values():
            watch.look(before, self.seen, turn)
        self._occupancy(before, turn)
        self._processes()
        self._counters()
        self._runs()
        self._tries()
        if self.world.scenario.news:
            self.assets.look(self.world.calm)
        if self.world.has_callbacks:
            self.world.account.after_commit(before, self.seen)
        # What others did meanwhile, or held locked, may rightly have been passed over.
        if not turn.is_alone or turn.began_at != self.world.commits - 1:
            return
        if turn.name.startswith("worker"):
            self.world.count(SERVED_IN_ORDER)
            self._hand_over(before, self.world.station_of(turn.name))
        elif turn.name.startswith("scheduler"):
            self._admission(before)

    def _occupancy(self, before: Seen, turn: Turn) -> None:
        now = limits(self.world.calm)
        since = [each for at, each in self._most if at >= turn.began_at] or [each for _, each in self._most[-1:]]
        if not self._most or self._most[-1][1] != now:
            self._most.append((self.world.commits, now))
        allowed = [*since, now]
        # What was deferred goes on past every limit; for all others what it takes counts
        resumed = {
            each.id
            for each in self.seen.instances.values()
            if each.state == "queued" and each.id in before.instances and before.instances[each.id].state == "deferred"
        }
        # A backfill starts its runs whatever the DAG says, and has a limit of its own
        apart = self.world.backfilled()
        # Nor does who admits see what went on since he counted
        self._resumed += [(self.world.commits, key) for key in resumed]
        unseen = self.resumed_since(turn.began_at) - resumed
        used, was = Use(self.seen, apart=apart, without=unseen), Use(before, resumed, apart=apart)
        _no_more(used.pools, was.pools, [each.pools for each in allowed], "pool")
        _no_more(used.dags, was.dags, [each.dags for each in allowed], "DAG")
        _no_more(used.runs, was.runs, [each.runs for each in allowed], "runs of")
        self._paused(before, frozenset.intersection(*(each.paused for each in allowed)), apart)

    def resumed_since(self, commit: int) -> set[int]:
        """Return what went on after it was deferred, after a commit: who began before counted without it."""
        return {key for at, key in self._resumed if at > commit}

    def _paused(self, before: Seen, paused: frozenset[str], apart: Collection[int]) -> None:
        for run in self.seen.runs.values():
            was = before.runs.get(run.id)
            if run.id in apart:
                continue
            if run.dag_id in paused and run.state == "running" and (was is None or was.state != "running"):
                raise Violation(f"run {run.run_id} starts although DAG {run.dag_id} is paused")

    def after_judgement(self) -> None:
        """Check that no lease was judged before the database had been reachable for one full lease, after a long outage.

        Raises:
            Violation: naming who was judged.
        """
        known, self._ended = self._ended, ended_daemons(self.world.calm)
        world = self.world
        if world.up_again is None or world.clock.at - world.up_again >= world.leases.duration:
            return
        for daemon, cause in self._ended.items():
            if daemon not in known and ("expired" in cause or "silent" in cause):
                raise Violation(
                    f"daemon {daemon} was declared ended ({cause}) {world.clock.at - world.up_again} after an outage"
                )

    def _processes(self) -> None:
        for process in self.world.live_processes():
            row = self.seen.instances.get(process.ticket.instance)
            if process.ticket.run in self.world.timed_out or process.key in self.world.overruled:
                continue  # its worker learns with its next renewal that it is not its own any more
            if row is None or row.state != "running" or row.token != process.ticket.token:
                state = "gone" if row is None else f"{row.state} with token {row.token}"
                raise Violation(f"{process} runs, but its row is {state}")

    def _counters(self) -> None:
        of_run: dict[int, list[InstanceSeen]] = {}
        for each in self.seen.instances.values():
            of_run.setdefault(each.run, []).append(each)
        for run, instances in of_run.items():
            seen = self.seen.runs[run]
            is_pending = seen.continuations > 0
            if seen.state == "queued" or is_pending:
                continue
            of_task: dict[str, list[InstanceSeen]] = {}
            for each in instances:
                of_task.setdefault(each.task_id, []).append(each)
            dag = self.world.dag_of(run)
            for each in instances:
                seen_above = [
                    above_it.state for above_it in above(dag, of_task, each, dag.tasks[each.task_id].upstream)
                ]
                states = Counter(seen_above)
                expected = (len(seen_above), *(states[end] for end in ENDS))
                stored = (each.waits, each.success, each.failed, each.upstream_failed, each.skipped, each.removed)
                if stored != expected:
                    raise Violation(f"counters of {each.name} are {stored}, a recount says {expected}")

    def _runs(self) -> None:
        for run in self.seen.runs.values():
            unfinished = sum(each.state not in ENDS for each in self.seen.of_run(run.id))
            if run.unfinished != unfinished:
                raise Violation(f"run {run.run_id} has {run.unfinished} unfinished stored, a recount says {unfinished}")
            if run.state in RUN_ENDS and unfinished:
                raise Violation(f"run {run.run_id} is {run.state} with {unfinished} instances unfinished")
            if run.state == "running" and not unfinished and not run.continuations:
                raise Violation(f"run {run.run_id} is running with nothing unfinished")

    def _tries(self) -> None:
        for each in self.seen.instances.values():
            if each.try_number > each.max_tries + 1:
                raise Violation(f"{each.name} is at try {each.try_number} of {each.max_tries + 1}")

    def _hand_over(self, before: Seen, station: Station) -> None:
        new = [
            each
            for each in self.seen.instances.values()
            if each.state in {"queued", "running"} and each.id in before.instances
            if before.instances[each.id].state == "none"
        ]
        for waiting in self.seen.instances.values():
            was = before.instances.get(waiting.id)
            if was is None or was.state != "scheduled" or waiting.state != "scheduled":
                continue
            for each in new:
                if each.pool == waiting.pool and each.priority < waiting.priority:
                    raise Violation(
                        f"{each.name} was handed slots that {waiting.name} waited for with a higher priority"
                    )
        self._worker_priority(before, station)

    def _worker_priority(self, before: Seen, station: Station) -> None:
        started = [
            each
            for each in self.seen.instances.values()
            if each.state == "running" and each.id in before.instances
            if before.instances[each.id].state in {"none", "queued"}
        ]
        for waiting in self.seen.instances.values():
            was = before.instances.get(waiting.id)
            if was is None or was.state != "queued" or waiting.state != "queued" or not station.serves(waiting.queue):
                continue
            for each in started:
                if each.executor == waiting.executor and each.priority < waiting.priority:
                    raise Violation(
                        f"{each.name} was started before {waiting.name}, which was queued with a higher priority"
                    )

    def _admission(self, before: Seen) -> None:
        was = {each.id: each.state for each in before.instances.values()}
        new = [
            each for each in self.seen.instances.values() if each.state == "queued" and was.get(each.id) == "scheduled"
        ]
        limited, held = self.watches.get("limits"), held_now(self.world.calm)
        for waiting in self.seen.instances.values():
            if waiting.state != "scheduled" or was.get(waiting.id) != "scheduled":
                continue
            has_limit = isinstance(limited, LimitWatch) and limited.has_limit(waiting)
            if has_limit or any(each.is_about(waiting) for each in held):
                continue
            for each in new:
                # What the one got would have been enough for the other.
                is_alike = (each.pool, each.dag_id, each.executor) == (waiting.pool, waiting.dag_id, waiting.executor)
                if is_alike and each.priority < waiting.priority and each.pool_slots >= waiting.pool_slots:
                    raise Violation(f"{each.name} was admitted before {waiting.name}, which has a higher priority")

    def when_quiet(self) -> None:
        """Check, right after a scheduler has done all it could, that nothing that fits is left waiting."""
        seen, found = look(self.world.calm), limits(self.world.calm)
        pools, dags = found.pools, found.dags
        executors = live_slots(self.world.calm, self.world.now_stored())
        for each in seen.instances.values():
            if each.state in {"queued", "running"}:
                pools[each.pool] -= each.pool_slots
                dags[each.dag_id] -= 1
                executors[each.executor] = executors.get(each.executor, 0) - 1
        limited, held = self.watches.get("limits"), held_now(self.world.calm)
        for each in seen.instances.values():
            if isinstance(limited, LimitWatch) and not limited.has_room(seen, each):
                continue
            if any(hold.is_about(each) for hold in held):
                continue
            fits = each.pool_slots <= pools[each.pool] and dags[each.dag_id] > 0 and executors.get(each.executor, 0) > 0
            if each.state == "scheduled" and fits:
                raise Violation(f"{each.name} fits and is not admitted")
        for watch in self.watches.values():
            watch.when_quiet(seen)

    def when_calm(self) -> None:
        """Check, in a world without losses that is about to let time pass, that wake-ups have set everything going.

        Raises:
            Violation: naming what waits for somebody to look by himself.
        """
        self.when_quiet()
        seen, found = look(self.world.calm), limits(self.world.calm)
        running = Use(seen).runs
        for run in seen.runs.values():
            if run.state == "running" and run.continuations:
                raise Violation(f"run {run.run_id} has work left, and nobody was woken for it")
            at_work = running[run.dag_id]
            if run.run_type == "backfill":
                at_work = sum(
                    each.dag_id == run.dag_id and each.run_type == "backfill" and each.state == "running"
                    for each in seen.runs.values()
                )
            has_room = at_work < found.runs[run.dag_id] and run.dag_id not in found.paused
            if run.state == "queued" and has_room:
                raise Violation(f"run {run.run_id} may start, and nobody was woken for it")
        for each in seen.instances.values():
            if each.state == "queued" and self.world.has_free_slot(each.executor, each.queue):
                raise Violation(f"{each.name} is queued, and nobody was woken who has room for it")

    def has_room(self, seen: Seen, dag_id: str) -> bool:
        """Whether one more run of a DAG may be made by its schedule: it may have so many open ones."""
        of_dag = [run for run in seen.runs.values() if run.dag_id == dag_id and run.run_type != "backfill"]
        return sum(run.state not in RUN_ENDS for run in of_dag) < limits(self.world.calm).runs[dag_id]

    def is_all_over(self) -> bool:
        """Whether nothing goes on any more: runs may wait for ever where their DAG is paused, or their past is against them."""
        world, seen = self.world, self.seen
        if not world.scenario.features:
            return all(run.state in RUN_ENDS for run in seen.runs.values())
        is_resting = all(watch.is_at_rest() for watch in self.watches.values())
        if not is_resting or any(run.continuations for run in seen.runs.values()):
            return False
        backfills, deadlines, schedule = (self.watches.get(name) for name in ("backfill", "deadlines", "catchup"))
        if isinstance(backfills, BackfillWatch) and not backfills.is_over():
            return False
        if isinstance(deadlines, DeadlineWatch) and not deadlines.is_over():
            return False
        if isinstance(schedule, ScheduleWatch) and not schedule.is_over(seen):
            return False
        return all(run.state in RUN_ENDS for run in seen.runs.values()) or self._waits_for_ever()

    def _waits_for_ever(self) -> bool:
        """Whether each run that is left may wait for ever: with what is open it is neither ready, nor at work, nor due."""
        world, seen, now = self.world, self.seen, limits(self.world.calm)
        gates = self.watches.get("past")
        if isinstance(gates, PastWatch) and gates.has_open(seen):
            return False
        closed = gates.closed(seen) if isinstance(gates, PastWatch) else set()
        stuck = {run for run, _ in closed}
        for run in seen.runs.values():
            if run.state == "running":
                open_now = {each.state for each in seen.of_run(run.id) if each.state not in ENDS}
                if run.id not in stuck or open_now != {"none"}:
                    return False
            elif run.state == "queued":
                full = {"backfill": 0}.get(run.run_type, Use(seen).runs[run.dag_id]) >= now.runs[run.dag_id]
                if run.dag_id not in now.paused and not full:
                    return False
        world.count("check: waits for ever, and rightly")
        return True

    def at_the_end(self) -> None:
        """Check that every finished run looks as its tries and trigger rules say.

        Raises:
            Violation: with everything that nothing explains.
        """
        self.seen = look(self.world.calm)
        if self.world.scenario.news:
            self.assets.at_the_end(self.world.calm)
        ended, stored = tries(self.world.calm), pushed(self.world.calm)
        self._once(ended)
        self.world.account.at_the_end()
        for watch in self.watches.values():
            watch.at_the_end(self.seen)
        for run in self.seen.runs.values():
            if run.state not in RUN_ENDS:
                self._left(run.id)
                continue
            finished = self._finished(run.id, ended)
            # What a clear let stand beside a setup that ran once more, what a timeout cut short, and what somebody said, no
            # rule explains
            is_marked = run.id in self.world.marked_runs
            is_cut = is_marked or run.id in self.world.timed_out
            is_torn = run.id in self.world.cleared_runs and finished.dag.has_scopes
            complaints = [] if is_cut or is_torn else finished.complaints()
            complaints += [] if is_cut else self._end_state(run.id)
            mine = {key[1:]: length for key, length in stored.items() if key[0] == run.id}
            complaints += [] if is_marked or run.id in self.world.emptied else finished.of_pushed(mine)
            if complaints:
                raise Violation(f"run {run.run_id}: " + "; ".join(complaints))

    def _left(self, run: int) -> None:
        """Check of a run that waits for ever that each of its tasks waits for one above, or for the run before."""
        gates, dag = self.watches.get("past"), self.world.dag_of(run)
        closed = gates.closed(self.seen) if isinstance(gates, PastWatch) else set()
        instances = self.seen.of_run(run)
        if self.seen.runs[run].state == "queued":
            return
        open_tasks = {each.task_id for each in instances if each.state not in ENDS}
        for each in instances:
            task = dag.tasks[each.task_id]
            if (
                each.state == "none"
                and not open_tasks & {*task.upstream, *task.setups}
                and (run, each.task_id) not in closed
            ):
                raise Violation(f"{each.name} waits for ever, and for nothing")

    def _once(self, ended: Iterable[TrySeen]) -> None:
        consumed = Counter((each.instance, each.try_number) for each in ended if each.is_consumed)
        for (instance, try_number), count in consumed.items():
            if count > 1 and instance in self.seen.instances:
                raise Violation(f"try {try_number} of {self.seen.instances[instance].name} was consumed {count} times")

    def _finished(self, run: int, ended: Iterable[TrySeen]) -> FinishedRun:
        world, dag = self.world, self.world.dag_of(run)
        instances = self.seen.of_run(run)
        mine = {each.id: each for each in instances}
        found = FinishedRun(dag, instances)
        found.stopped = {each.id for each in instances if world.stopped.get(each.id) == each.token}
        for each in ended:
            if each.instance not in mine:
                continue
            task_id, map_index = mine[each.instance].task_id, mine[each.instance].map_index
            if each.token <= world.cleared_tokens.get(each.instance, -1):
                continue
            found.last_try[each.instance] = each.state
            found.attempts[each.instance] += each.is_consumed
            if world.may_follow(each):
                found.retryable.add(each.instance)
            else:
                found.retryable.discard(each.instance)
            if each.state == "success":
                skipped = world.skipped_by(dag, each.instance, each.token)
                direct = skipped & set(dag.tasks[task_id].downstream)
                found.may_skip |= {(name, index_of(dag, task_id, name, map_index)) for name in skipped}
                found.must_skip |= {(name, index_of(dag, task_id, name, map_index)) for name in direct}
                if map_index < 0:
                    found.lengths[task_id] = world.pushed_length(each.instance, each.token)
        if run in world.cleared_runs:
            found.must_skip.clear()
        return found

    def _end_state(self, run: int) -> list[str]:
        dag = self.world.dag_of(run)
        counted = {task.task_id for task in dag.tasks.values() if not task.is_teardown}
        leaves = {name for name in counted if not counted & set(dag.tasks[name].downstream)}
        leaves = leaves or {task.task_id for task in dag.tasks.values() if not task.downstream}
        bad = {"failed", "upstream_failed"}
        is_failed = any(each.state in bad for each in self.seen.of_run(run) if each.task_id in leaves)
        expected = "failed" if is_failed else "success"
        state = self.seen.runs[run].state
        return [] if state == expected else [f"the run is {state}, its leaves say {expected}"]


class Use:
    """What queued and running instances and running runs take up; runs of backfills, and those `apart`, do not count."""

    def __init__(
        self,
        seen: Seen,
        besides: Collection[int] = (),
        apart: Collection[int] = (),
        without: Collection[int] = (),
    ) -> None:
        self.pools: Counter[str] = Counter()
        self.dags: Counter[str] = Counter()
        for each in seen.instances.values():
            if each.id in without:
                continue
            if each.state in {"queued", "running"} or each.id in besides:
                self.pools[each.pool] += each.pool_slots
                self.dags[each.dag_id] += 1
        self.runs = Counter(
            run.dag_id
            for run in seen.runs.values()
            if run.state == "running" and run.run_type != "backfill" and run.id not in apart
        )


def _no_more(used: Counter[str], was: Counter[str], most: list[dict[str, int]], what: str) -> None:
    """Return if no use passes its limit, or a limit that held while the transaction went on; what shrank may be above it."""
    for name, count in used.items():
        limit = max(each.get(name, 0) for each in most)
        if count > limit and count > was[name]:
            raise Violation(f"{what} {name} holds {count} of at most {limit}")
