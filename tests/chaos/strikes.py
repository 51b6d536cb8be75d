"""What the chaos does to the fleet and to the database: each kind of strike, drawn by a seed."""

from __future__ import annotations

import heapq
import itertools
import signal
import time
from collections import Counter
from collections.abc import Callable
from random import Random

from chaos.fleet import Daemon, send
from chaos.stage import STOPS, Stage

Work = Callable[[], object]


class Striker:
    """Strikes now, and undoes later what has to be undone.

    Arguments:
        stage: what is struck.
        random: draws kinds, targets and times.
        say: told each strike in one line.
    """

    def __init__(self, stage: Stage, random: Random, say: Callable[[str], None]) -> None:
        self._stage = stage
        self._random = random
        self._say = say
        self._later: list[tuple[float, int, Work]] = []
        self._order = itertools.count()
        self._busy: dict[str, float] = {}
        self.counts: Counter[str] = Counter()
        self._kinds: dict[str, tuple[int, Callable[[], str | None]]] = {
            "kill a scheduler": (4, lambda: self._kill("scheduler", Daemon.own)),
            "kill a processor": (2, lambda: self._kill("processor", Daemon.own)),
            "kill a supervisor": (3, lambda: self._kill("worker", Daemon.supervisors)),
            "kill a watcher": (2, lambda: self._kill("worker", Daemon.own)),
            "kill watcher and supervisor": (2, lambda: self._kill("worker", Daemon.executor, all_of_them=True)),
            "kill a zygote": (2, lambda: self._kill("worker", Daemon.zygotes)),
            "kill a warm parent": (2, lambda: self._kill("worker", Daemon.parents)),
            "kill a task": (3, lambda: self._kill("worker", Daemon.tasks)),
            "kill a whole host": (1, lambda: self._kill("worker", Daemon.everything, all_of_them=True)),
            "a host vanishes": (1, self._vanish),
            "freeze a scheduler": (3, lambda: self._freeze("scheduler", Daemon.own)),
            "freeze a processor": (1, lambda: self._freeze("processor", Daemon.own)),
            "freeze a supervisor": (2, lambda: self._freeze("worker", Daemon.supervisors)),
            "freeze a supervisor past its grace": (1, self._freeze_long),
            "freeze a watcher": (1, lambda: self._freeze("worker", Daemon.own)),
            "freeze a whole host": (1, lambda: self._freeze("worker", Daemon.everything)),
            "cut connections": (4, lambda: self._network(self._cut)),
            "refuse connections": (2, lambda: self._network(self._refuse)),
            "hold packets": (2, lambda: self._network(lambda each: each.proxy.hold())),
            "swallow connections": (3, lambda: self._network(lambda each: each.proxy.swallow())),
            "isolate a worker past its grace": (1, self._isolate),
            "delay packets": (1, lambda: self._network(lambda each: each.proxy.delay(0.1))),
            "restart the database, fast": (1, lambda: self._restart("fast", 0.0)),
            "restart the database, at once": (1, lambda: self._restart("immediate", 0.0)),
            "stop the database for leases": (1, self._outage),
        }
        if stage.fleet.of("server"):
            self._kinds |= {
                "kill the web server": (4, lambda: self._kill("server", Daemon.own)),
                "freeze the web server": (3, lambda: self._freeze("server", Daemon.own)),
            }

    def strike(self) -> None:
        """Strike once, with a kind drawn by its weight."""
        names = list(self._kinds)
        [name] = self._random.choices(names, [self._kinds[each][0] for each in names])
        target = self._kinds[name][1]()
        if target is not None:
            self.counts[name] += 1
            self._say(f"{name}: {target}")

    def turn(self) -> None:
        """Undo what is to be undone by now."""
        while self._later and self._later[0][0] <= time.monotonic():
            heapq.heappop(self._later)[2]()

    def end(self) -> None:
        """Undo everything at once."""
        while self._later:
            heapq.heappop(self._later)[2]()
        self._stage.fleet.heal()

    # --- how

    def _after(self, seconds: float, work: Work) -> None:
        heapq.heappush(self._later, (time.monotonic() + seconds, next(self._order), work))

    def _target(self, kind: str) -> Daemon | None:
        """Draw a daemon that nothing is being done to."""
        free = [each for each in self._stage.fleet.of(kind) if self._busy.get(each.name, 0.0) <= time.monotonic()]
        return self._random.choice(free) if free else None

    def _kill(self, kind: str, parts: Callable[[Daemon], list], *, all_of_them: bool = False) -> str | None:
        daemon = self._target(kind)
        found = parts(daemon) if daemon is not None else []
        if daemon is None or not found:
            return None
        if not all_of_them:
            found = [self._random.choice(found)]
        reached = send(found, signal.SIGKILL)
        return f"{daemon.name}, {reached} processes" if reached else None

    def _vanish(self) -> str | None:
        daemon = self._target("worker")
        if daemon is None or daemon.process is None:
            return None
        daemon.vanish()
        return daemon.name

    def _freeze(self, kind: str, parts: Callable[[Daemon], list], seconds: float | None = None) -> str | None:
        daemon = self._target(kind)
        found = parts(daemon) if daemon is not None else []
        if daemon is None or not found:
            return None
        seconds = seconds or self._moment()
        if not send(found, signal.SIGSTOP):
            return None
        self._busy[daemon.name] = time.monotonic() + seconds
        self._after(seconds, lambda: send(found, signal.SIGCONT))
        return f"{daemon.name} for {seconds:.1f} s"

    def _freeze_long(self) -> str | None:
        times = self._stage.times
        return self._freeze("worker", Daemon.supervisors, times.grace + times.lease)

    def _moment(self) -> float:
        """Draw a time shorter or longer than a lease, and shorter than what ends at the grace."""
        times = self._stage.times
        return self._random.uniform(0.1, min(2.0 * times.lease, times.grace - 2 * times.margin))

    def _network(self, do: Callable[[Daemon], object]) -> str | None:
        daemon = self._target(self._random.choice(["scheduler", "worker", "worker", "processor"]))
        if daemon is None:
            return None
        return self._disturb(daemon, do, self._moment())

    def _disturb(self, daemon: Daemon, do: Callable[[Daemon], object], seconds: float) -> str:
        do(daemon)
        self._busy[daemon.name] = time.monotonic() + seconds
        self._after(seconds, daemon.proxy.heal)
        return f"{daemon.name} for {seconds:.1f} s"

    @staticmethod
    def _cut(daemon: Daemon) -> None:
        daemon.proxy.cut()

    @staticmethod
    def _refuse(daemon: Daemon) -> None:
        daemon.proxy.cut(refuse=True)

    def _isolate(self) -> str | None:
        daemon = self._target("worker")
        if daemon is None:
            return None
        times = self._stage.times
        return self._disturb(daemon, lambda each: each.proxy.swallow(), times.grace + 2 * times.lease)

    def _restart(self, how: str, seconds: float) -> str | None:
        if self._stage.server.process is None:
            return None
        self._stage.server.stop(STOPS[self._stage.kind][how])
        if seconds:
            self._after(seconds, self._stage.server.start)
        else:
            self._stage.server.start()
        return f"{how}, {seconds:.1f} s"

    def _outage(self) -> str | None:
        lease = self._stage.times.lease
        return self._restart(self._random.choice(["fast", "immediate"]), self._random.uniform(1.0, 2.5) * lease)
