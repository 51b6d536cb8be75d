"""Executors that break their contract, each in one way, and two that keep it; `test_executor_suite.py` runs the suite on them."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from tradewind_plugins.contracts.executor import Capacity, Executor, Hint, Submission, Ticket, run_try_words
from tradewind_testing import ExecutorSuite

log = logging.getLogger(__name__)
RUN = 'cd "$0"; "$@"; echo $? > code.new; mv code.new code'


class Spool(Executor):
    """A good one: processes of this machine, with what is known of each ticket in a folder of its own."""

    lists_all = True

    def __init__(self, setup):
        self.setup = setup
        self.folder = Path(setup.options["spool"])
        self.processes = {}
        self.told = set()
        self.hints = []
        self.hurried = threading.Event()

    @classmethod
    def open(cls, setup):
        return cls(setup)

    def place(self, ticket):
        return self.folder / f"{ticket.instance}-{ticket.token}"

    def words(self, ticket):
        return ["tradewind", *run_try_words(ticket, self.setup.name)]

    def submit(self, tickets):
        self.look()
        return [self.take(each) for each in tickets]

    def take(self, ticket):
        unknown = sorted(set(ticket.options) - {"nice"})
        if unknown:
            return Submission(ticket=ticket, accepted=False, reason=f"there is no option {unknown[0]!r}")
        with contextlib.suppress(FileExistsError):
            self.place(ticket).mkdir()
            (self.place(ticket) / "ticket").write_text(json.dumps([ticket.instance, ticket.token, ticket.queue]))
        self.fill()
        return Submission(ticket=ticket, accepted=True)

    def fill(self):
        """Start what waits, as long as there are slots."""
        for ticket in self.tickets():
            if not (self.place(ticket) / "begun").exists() and self.capacity().free:
                (self.place(ticket) / "begun").mkdir()
                self.begin(ticket)

    def begin(self, ticket):
        environ = dict(self.setup.environ, TRADEWIND_KIT_QUEUE=ticket.queue or "")
        words = ["sh", "-c", RUN, str(self.place(ticket)), *self.words(ticket)]
        process = subprocess.Popen(words, env=environ, start_new_session=True)
        (self.place(ticket) / "pid").write_text(str(process.pid))
        self.processes[ticket] = process

    def tickets(self):
        """Return those of which nobody has seen the end."""
        return sorted(
            (
                Ticket(instance=instance, token=token, queue=queue)
                for instance, token, queue in (
                    json.loads((each / "ticket").read_text())
                    for each in self.folder.iterdir()
                    if (each / "ticket").exists() and not (each / "code").exists()
                )
            ),
            key=lambda each: each.instance,
        )

    def look(self):
        """See what began and what ended."""
        for ticket, process in list(self.processes.items()):
            if ticket not in self.told:
                self.told.add(ticket)
                self.tell(ticket, "started")
            ended = self.place(ticket) / "code"
            if process.poll() is None:
                continue
            del self.processes[ticket]
            if ended.exists():
                code = int(ended.read_text())
                self.tell(ticket, "ended", exit_code=128 - code if code > 128 else code)
            else:
                ended.write_text("-1")
                self.tell(ticket, "gone", detail=f"killed by signal {-process.returncode}")
        self.fill()

    def tell(self, ticket, kind, **more):
        self.hints.append(Hint(instance=ticket.instance, token=ticket.token, kind=kind, **more))

    def observe(self):
        with contextlib.suppress(FileNotFoundError):  # the folder is away: nothing is seen
            self.look()
        seen, self.hints = self.hints, []
        return seen

    def list_alive(self):
        return self.tickets()

    def cancel(self, tickets):
        for ticket in tickets:
            if ticket in self.processes:
                os.killpg(self.processes[ticket].pid, signal.SIGKILL)
                self.processes[ticket].wait()
            elif self.place(ticket).exists():
                (self.place(ticket) / "code").write_text("-1")

    def capacity(self):
        running = [each for each in self.tickets() if (self.place(each) / "begun").exists()]
        return Capacity(free=max(0, self.setup.slots - len(running)), total=self.setup.slots)

    def hurry(self):
        self.hurried.set()

    def stop(self, *, drain_seconds=0.0):
        limit = time.monotonic() + drain_seconds
        while self.processes and time.monotonic() < limit and not self.hurried.wait(0.01):
            self.look()
        for process in self.processes.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


class SpoolTests(ExecutorSuite):
    executor = Spool
    patience = 20.0
    good_options = {"nice": 3}
    bad_options = {"nicer": 3}
    bad_option = "nicer"
    queues = ("fast", "slow")
    tells_gone = True
    has_service = True

    @pytest.fixture
    def service(self, tmp_path):
        self.folder = tmp_path / "spool"
        self.folder.mkdir()
        return {"spool": str(self.folder), "password": "kit+spool/secret"}

    def secrets(self, given):
        return [given.options["password"]]

    def lose(self, driven, call, ticket):
        os.killpg(driven.executor.processes[ticket].pid, signal.SIGKILL)

    @contextlib.contextmanager
    def away(self):
        self.folder.rename(self.folder.with_name("elsewhere"))
        yield
        self.folder.with_name("elsewhere").rename(self.folder)


class TestGoodSpool(SpoolTests):
    pass


class Pulling(Executor):
    """A good one whose workers would claim from the database."""

    pulls = True
    lists_all = True

    def submit(self, tickets):
        return [Submission(ticket=each, accepted=True) for each in tickets]

    def cancel(self, tickets):
        """Nothing runs."""

    def list_alive(self):
        return []

    def capacity(self):
        return Capacity(free=4, total=4)


class TestGoodPulling(ExecutorSuite):
    executor = Pulling


class Impatient(SpoolTests):
    """What fails has to fail soon."""

    patience = 1.5


class Doubling(Spool):
    def take(self, ticket):
        if self.place(ticket).exists():
            self.begin(ticket)
        return super().take(ticket)


class TestDoubling(Impatient):
    executor = Doubling


class Misspoken(Spool):
    def words(self, ticket):
        return ["tradewind", *run_try_words(ticket, "LocalExecutor")]


class TestMisspoken(Impatient):
    executor = Misspoken


class Raising(Spool):
    def take(self, ticket):
        answer = super().take(ticket)
        if not answer.accepted:
            raise ValueError(answer.reason)
        return answer


class TestRaising(Impatient):
    executor = Raising


class Curt(Spool):
    def submit(self, tickets):
        return [*super().submit(tickets)][:1]


class TestCurt(Impatient):
    executor = Curt


class Waiting(Spool):
    def submit(self, tickets):
        answers = super().submit(tickets)
        for each in self.processes.values():
            each.wait()
        return answers


class TestWaiting(Impatient):
    executor = Waiting


class Remembering(Spool):
    def list_alive(self):
        self.seen = {*getattr(self, "seen", ()), *super().list_alive()}
        return sorted(self.seen, key=lambda each: each.instance)


class TestRemembering(Impatient):
    executor = Remembering


class Forgetful(Spool):
    def list_alive(self):
        return list(self.processes)


class TestForgetful(Impatient):
    executor = Forgetful


class Careless(Spool):
    def cancel(self, tickets):
        """Does nothing."""


class TestCareless(Impatient):
    executor = Careless


class Sweeping(Spool):
    def cancel(self, tickets):
        for each in tickets:
            super().cancel([other for other in self.tickets() if other.instance == each.instance])


class TestSweeping(Impatient):
    executor = Sweeping


class Strict(Spool):
    def cancel(self, tickets):
        for each in tickets:
            (self.place(each) / "code").write_text("-1")


class TestStrict(Impatient):
    executor = Strict


class Gloomy(Spool):
    def tell(self, ticket, kind, **more):
        super().tell(ticket, "gone" if kind == "started" else kind, **more)


class TestGloomy(Impatient):
    executor = Gloomy


class Repeating(Spool):
    def observe(self):
        seen = super().observe()
        self.hints = [each for each in seen if each.kind == "ended"]
        return seen


class TestRepeating(Impatient):
    executor = Repeating


class Hopeful(Spool):
    """Takes for accepted and for ended what it could not even look at."""

    def submit(self, tickets):
        try:
            return super().submit(tickets)
        except FileNotFoundError:
            return [Submission(ticket=each, accepted=True) for each in tickets]

    def list_alive(self):
        try:
            return super().list_alive()
        except FileNotFoundError:
            return []


class TestHopeful(Impatient):
    executor = Hopeful


class Boasting(Spool):
    def capacity(self):
        return Capacity(free=1000, total=self.setup.slots)


class TestBoasting(Impatient):
    executor = Boasting


class Telling(Spool):
    def begin(self, ticket):
        log.debug("starting %s with %s", ticket, self.setup.environ)
        super().begin(ticket)


class TestTelling(Impatient):
    executor = Telling


class Queueless(Spool):
    def take(self, ticket):
        return super().take(Ticket(instance=ticket.instance, token=ticket.token, options=ticket.options))


class TestQueueless(Impatient):
    executor = Queueless


class Restarting(Spool):
    def tell(self, ticket, kind, exit_code=0, **more):
        super().tell(ticket, kind, exit_code=exit_code, **more)
        if kind == "ended" and exit_code:
            self.begin(ticket)


class TestRestarting(Impatient):
    executor = Restarting


class Hasty(Spool):
    def stop(self, *, drain_seconds=0.0):
        super().stop()


class TestHasty(Impatient):
    executor = Hasty


class Stubborn(Spool):
    def hurry(self):
        """Does nothing."""


class TestStubborn(Impatient):
    executor = Stubborn


class Lingering(Spool):
    """Leaves a thread behind that keeps the process."""

    def start(self):
        self.lingers = threading.Event()
        threading.Thread(target=self.lingers.wait, args=(5,), name="lingering").start()

    def __del__(self):
        self.lingers.set()


class TestLingering(Impatient):
    executor = Lingering


class Bare(Spool):
    """Starts its processes with an environment of its own."""

    def __init__(self, setup):
        super().__init__(setup)
        kept = {name: value for name, value in setup.environ.items() if not name.startswith("TRADEWIND")}
        self.setup = type(setup)(
            name=setup.name, home=setup.home, slots=setup.slots, environ=kept, options=setup.options
        )


class TestBare(Impatient):
    executor = Bare
