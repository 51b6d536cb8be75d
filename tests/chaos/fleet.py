"""The fleet: daemons as real processes, each behind a proxy of its own, started again when they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from chaos.proxy import Proxies, Proxy

MARK = "CHAOS_MARK"
RESTART_SECONDS = 0.5
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "scheduler": ("scheduler", "--no-worker"),
    "worker": ("worker",),
    "processor": ("dag-processor",),
    "server": ("webserver",),
}
SECRET = "chaos-of-the-execution-api-0123456789"
"""Of web servers and of workers that do without the database."""


@dataclass
class Daemon:
    """One place in the fleet: a daemon runs in it, and the next one after its end.

    Arguments:
        name: of the place, such as `worker-1`.
        generation: how many hosts stood here; a host that vanished is followed by one that knows nothing of it.
        is_held: whether it is not to be started again for now.
    """

    name: str
    kind: str
    proxy: Proxy
    environment: dict[str, str]
    folder: Path
    generation: int = 0
    is_held: bool = False
    process: subprocess.Popen[bytes] | None = None
    restart_at: float = 0.0
    exits: Counter[int] = field(default_factory=Counter)

    @property
    def host(self) -> str:
        """The host that stands here now."""
        return f"{self.name}.{self.generation}"

    @property
    def mark(self) -> str:
        """What the environment of all its processes holds."""
        return f"{self.environment[MARK]}{self.host}"

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self.folder / f"{self.name}.log"

    def start(self) -> None:
        """Start it."""
        home = self.folder / self.host
        home.mkdir(parents=True, exist_ok=True)
        own = {"TRADEWIND_HOME": str(home), MARK: self.mark, "CHAOS_HOST": self.host}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tradewind", *COMMANDS[self.kind]],
                env=self.environment | own,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def look(self) -> None:
        """Start it again when it has ended, as a service manager would."""
        if self.process is not None and self.process.poll() is not None:
            self.exits[self.process.returncode] += 1
            self.process = None
            self.restart_at = time.monotonic() + RESTART_SECONDS
        if self.process is None and not self.is_held and time.monotonic() >= self.restart_at:
            self.start()

    def hold(self) -> None:
        """Kill it, and start nothing in its place until `let_go`."""
        self.is_held = True
        if self.process is not None:
            self.process.kill()
            self.process.wait(30)

    def let_go(self) -> None:
        """Start it again."""
        self.is_held = False
        self.look()

    def vanish(self) -> None:
        """Kill all its processes at once; what starts here next is another host."""
        kill_marked(self.mark)
        self.generation += 1

    # --- its parts, for a worker

    def own(self) -> list[psutil.Process]:
        """Return the daemon's own process."""
        with suppress(psutil.NoSuchProcess):
            return [psutil.Process(self.process.pid)] if self.process is not None else []
        return []

    def supervisors(self) -> list[psutil.Process]:
        """Return the supervisor, the child of the watcher."""
        return children(self.own())

    def executor(self) -> list[psutil.Process]:
        """Return the watcher and the supervisor: with both gone nobody on the host knows of the tasks."""
        return self.own() + self.supervisors()

    def zygotes(self) -> list[psutil.Process]:
        """Return the zygote."""
        return children(self.supervisors())

    def parents(self) -> list[psutil.Process]:
        """Return the warm parents."""
        return [each for each in children(self.zygotes()) if not leads_session(each)]

    def tasks(self) -> list[psutil.Process]:
        """Return processes that run a task: each leads a session."""
        return [each for each in children(self.parents()) + children(self.zygotes()) if leads_session(each)]

    def everything(self) -> list[psutil.Process]:
        """Return all its processes."""
        return marked(self.mark)


def children(parents: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Return the children of processes that may have ended."""
    found: list[psutil.Process] = []
    for parent in parents:
        with suppress(psutil.NoSuchProcess):
            found += parent.children()
    return found


def leads_session(process: psutil.Process) -> bool:
    """Tell whether a process leads a session."""
    try:
        return os.getsid(process.pid) == process.pid
    except ProcessLookupError:
        return False


def catches(pid: int, number: signal.Signals) -> bool:
    """Tell whether a process has a handler for a signal (proc(5), status, SigCgt); one that has ended has none."""
    with suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("SigCgt:"):
                return bool(int(line.split()[1], 16) >> (number - 1) & 1)
    return False


def pause(seconds: float) -> None:
    """Let time pass: a driver looks again and again at what nobody announces."""
    threading.Event().wait(seconds)


def send(processes: Iterable[psutil.Process], number: signal.Signals) -> int:
    """Send a signal to processes that may have ended; return how many got it."""
    reached = 0
    for each in processes:
        with suppress(psutil.NoSuchProcess):
            each.send_signal(number)
            reached += 1
    return reached


def marked(mark: str) -> list[psutil.Process]:
    """Return the living processes whose environment holds this mark or begins with it."""
    found: list[psutil.Process] = []
    wanted = f"{MARK}={mark}".encode()
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            with suppress(OSError, psutil.NoSuchProcess):
                words = (path / "environ").read_bytes().split(b"\0")
                if any(word == wanted or (mark.endswith("/") and word.startswith(wanted)) for word in words):
                    found.append(psutil.Process(int(path.name)))
    return found


def kill_marked(mark: str) -> None:
    """Kill all processes of a mark, until none is left.

    Raises:
        RuntimeError: some cannot be killed.
    """
    for _round in range(500):
        found = marked(mark)
        if not found:
            return
        send(found, signal.SIGKILL)
        pause(0.01)  # nothing announces the end of processes that are not our children
    raise RuntimeError(f"processes of {mark} cannot be killed: {found}")


class Fleet:
    """All daemons.

    Arguments:
        kinds: how many of each kind.
        environment: of all; it holds the mark of this chaos, ending with `/`.
        url: of the database, with `{port}` for its port.
        port: that of the database.
        web_port: of the web server, where workers know that one in place of the database; None where they do not.
    """

    def __init__(
        self,
        kinds: Mapping[str, int],
        *,
        environment: Mapping[str, str],
        folder: Path,
        url: str,
        port: int,
        proxies: Proxies,
        web_port: int | None = None,
    ) -> None:
        self.mark = environment[MARK]
        self.daemons: list[Daemon] = []
        for kind, count in kinds.items():
            for number in range(count):
                if kind == "worker" and web_port is not None:
                    proxy = proxies.open(web_port)
                    own = {"TRADEWIND__WORKER__SERVER": f"http://127.0.0.1:{proxy.port}"}
                else:
                    proxy = proxies.open(port)
                    own = {"TRADEWIND__DATABASE__URL": url.format(port=proxy.port)}
                self.daemons.append(Daemon(f"{kind}-{number}", kind, proxy, {**environment, **own}, folder))

    def of(self, kind: str) -> list[Daemon]:
        """Return the daemons of a kind."""
        return [each for each in self.daemons if each.kind == kind]

    def look(self) -> None:
        """Start what has ended again."""
        for each in self.daemons:
            each.look()

    def heal(self) -> None:
        """Let everything run and pass."""
        for each in self.daemons:
            each.proxy.heal()
        send(marked(self.mark), signal.SIGCONT)

    def stop(self, seconds: float = 30.0) -> dict[str, int | None]:
        """Ask every daemon to stop; return the exit codes, None of what has not ended by then: `close` kills it."""
        running = {each.name: each.process for each in self.daemons if each.process is not None}
        deadline = time.monotonic() + seconds
        for process in running.values():
            # One that was started a moment ago is not yet a daemon: the interpreter itself would end at the signal
            while process.poll() is None and not catches(process.pid, signal.SIGTERM) and time.monotonic() < deadline:
                pause(0.01)
            process.terminate()
        codes: dict[str, int | None] = dict.fromkeys(running)
        for name, process in running.items():
            with suppress(subprocess.TimeoutExpired):
                codes[name] = process.wait(max(0.1, deadline - time.monotonic()))
        return codes

    def close(self) -> None:
        """Kill whatever is left."""
        kill_marked(self.mark)
        for each in self.daemons:
            if each.process is not None:
                each.process.wait(30)

    def exits(self) -> dict[str, dict[int, int]]:
        """Return how often daemons of each kind ended with each exit code, before they were asked to stop."""
        found: dict[str, Counter[int]] = {}
        for each in self.daemons:
            found.setdefault(each.kind, Counter()).update(each.exits)
        return {kind: dict(sorted(codes.items())) for kind, codes in found.items()}
