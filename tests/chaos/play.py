"""One play: a fleet at work, struck again and again, then left in peace until all has ended, then checked."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from random import Random

from chaos.checker import Rows, read_rows, violations
from chaos.fleet import pause
from chaos.ledger import executions
from chaos.stage import SHORT_LEASES, Stage, open_stage
from chaos.strikes import Striker

FLEET = {"scheduler": 3, "worker": 2, "processor": 2}
TRIGGERED = ("chain", "fan", "limited", "mapped", "flaky", "branching", "failing")
MOST_OPEN_RUNS = 16
SAY_EVERY = 10.0
SETTLE_SECONDS = 60.0


@dataclass
class Figures:
    """What a play did and found.

    Arguments:
        executions: how often a task's code began.
        tries: ended tries by their state.
        tracebacks: in the logs of the daemons: of connections that broke, and of processes whose other end was killed.
        settled_after: seconds from when every strike was undone until every run had ended.
        exits: exit codes of daemons before they were asked to stop, by kind.
    """

    database: str
    seed: int
    seconds: float
    strikes: dict[str, int] = field(default_factory=dict)
    runs: int = 0
    instances: int = 0
    executions: int = 0
    tries: dict[str, int] = field(default_factory=dict)
    tracebacks: int = 0
    settled_after: float | None = None
    exits: dict[str, dict[int, int]] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    def as_json(self) -> str:
        """Return all of it as one JSON object."""
        return json.dumps(asdict(self), indent=1)

    def as_table(self) -> str:
        """Return all of it for people."""
        lines = [f"{self.database}, seed {self.seed}, {self.seconds:.0f} s"]
        lines += [f"  {count:6}  {name}" for name, count in sorted(self.strikes.items(), key=lambda item: -item[1])]
        lines += [f"  {sum(self.strikes.values()):6}  strikes in all", ""]
        lines += [
            f"  {self.runs:6}  runs",
            f"  {self.instances:6}  task instances",
            f"  {self.executions:6}  executions",
        ]
        lines += [f"  {count:6}  tries ended as {name}" for name, count in sorted(self.tries.items())]
        lines += [f"  exit codes of {kind}s: {codes}" for kind, codes in self.exits.items()]
        lines.append(f"  {self.tracebacks:6}  tracebacks in logs")
        settled = "never" if self.settled_after is None else f"{self.settled_after:.1f} s"
        lines += [f"  all ended after the last strike: {settled}", f"  violations: {len(self.violations)}"]
        return "\n".join(lines + [f"    {each}" for each in self.violations[:50]])


class Play:
    """Drives one stage.

    Arguments:
        seconds: how long it is struck.
        every: seconds between two strikes, on average.
        say: told what happens, in lines.
    """

    def __init__(self, stage: Stage, seed: int, seconds: float, *, every: float, say: Callable[[str], None]) -> None:
        self._stage = stage
        self._random = Random(seed)
        self._seconds = seconds
        self._every = every
        self._say = say
        self._striker = Striker(stage, Random(seed + 1), say)
        self._fed_at = 0.0
        self._made = 0
        self.figures = Figures(stage.kind, seed, seconds)

    def run(self) -> Figures:
        """Strike for the time that was asked for, wait for peace, check."""
        began = time.monotonic()
        self._strike_until(began + self._seconds, began)
        self._striker.end()
        try:
            self._stage.pause("ticking")
            patience = SETTLE_SECONDS + 2 * self._stage.times.grace
            self._settle(patience)
        except TimeoutError as error:
            self.figures.violations.append(str(error))
        self.figures.exits = self._stage.fleet.exits()
        self.figures.violations += stopped_badly(self._stage.fleet.stop())
        self._check()
        return self.figures

    def _strike_until(self, deadline: float, began: float) -> None:
        next_strike = began + self._every
        next_word = began + SAY_EVERY
        while (now := time.monotonic()) < deadline:
            self._stage.fleet.look()
            self._striker.turn()
            self._feed(now)
            if now >= next_strike:
                self._striker.strike()
                next_strike = now + self._random.expovariate(1 / self._every)
            if now >= next_word:
                self._say(f"{now - began:.0f} s: {self._progress()}")
                next_word += SAY_EVERY
            pause(0.05)

    def _settle(self, patience: float) -> None:
        """Wait until every run has ended, and say now and then what has not."""
        began = time.monotonic()
        left = patience
        while left > 0:
            try:
                self._stage.until("every run has ended", lambda: self._stage.open_runs() == 0, min(left, SAY_EVERY))
            except TimeoutError:
                left = patience - (time.monotonic() - began)
                self._say(f"not ended: {self._stage.unfinished()}")
            else:
                self.figures.settled_after = time.monotonic() - began
                return
        raise TimeoutError(f"not all runs ended within {patience:g} s: {self._stage.unfinished()}")

    def _feed(self, now: float) -> None:
        """Keep some runs open."""
        if now - self._fed_at < 0.5 or self._stage.server.process is None:
            return
        self._fed_at = now
        is_open = self._stage.open_runs()
        for _ in range(0 if is_open is None else min(4, MOST_OPEN_RUNS - is_open)):
            self._made += self._stage.trigger(self._random.choice(TRIGGERED))

    def _progress(self) -> str:
        lines = self._stage.lines()
        struck = sum(self._striker.counts.values())
        return f"{struck} strikes, {sum(each.word == 'start' for each in lines)} executions"

    def _check(self) -> None:
        lines, rows = self._stage.lines(), read_rows(self._stage.database)
        figures = self.figures
        figures.strikes = dict(self._striker.counts)
        figures.runs, figures.instances = len(rows.runs), len(rows.instances)
        figures.executions = len(executions(lines))
        figures.tries = _tries(rows)
        figures.violations += violations(lines, rows) + missing_runs(self._made, rows)
        figures.violations += self._stage.log_lines("which is a bug", "is put into quarantine")
        figures.tracebacks = len(self._stage.log_lines("Traceback (most recent call last)"))


def missing_runs(made: int, rows: Rows) -> list[str]:
    """Return a sentence if runs are gone whose making was answered; one that was not answered may be there all the same."""
    there = sum(dag_id in TRIGGERED for dag_id, _run_id, _state in rows.runs)
    return [f"{made} runs were made, and {there} are there"] if there < made else []


def stopped_badly(codes: Mapping[str, int | None]) -> list[str]:
    """Return a sentence for each daemon that did not stop in order, by the exit codes of all (`Fleet.stop`)."""
    return [
        f"{name} did not stop" if code is None else f"{name} stopped with exit code {code}"
        for name, code in codes.items()
        if code != 0
    ]


def _tries(rows: Rows) -> dict[str, int]:
    return dict(Counter(each[0] for each in rows.tries.values()))


def play(
    kind: str,
    seed: int,
    seconds: float,
    *,
    every: float = 1.5,
    leases: Mapping[str, str] | None = None,
    is_remote: bool = False,
    say: Callable[[str], None] = print,
) -> Figures:
    """Play once on a fresh stage.

    Arguments:
        kind: `postgresql` or `mariadb`.
        leases: see `open_stage`; short ones by default, so that a minute has many take-overs.
        is_remote: workers know a web server in place of the database, and it is struck too.
    """
    fleet = FLEET | ({"server": 1} if is_remote else {})
    with open_stage(kind, fleet, leases=SHORT_LEASES if leases is None else leases) as stage:
        return Play(stage, seed, seconds, every=every, say=say).run()
