"""The suite of executors."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tradewind_plugins.contracts.executor import Capacity, ExecutorSetup, Hint, Submission, Ticket, run_try_words

from tradewind_testing.far_end import Call, FarEnd
from tradewind_testing.suites.suite import Suite, offline, only_if

__all__ = ["Driven", "ExecutorSuite"]

_SECRET = "kit+environ/secret"
_KINDS = frozenset(["started", "ended", "gone"])
_OF_TICKETS = ("hands_environ", "keeps_waiting", "cancels", "tells_started", "tells_ended", "tells_gone", "has_service")
_LAG = 2.0  # seconds by which the kit may hear later of an end than the executor


class Driven:
    """An executor, and what is done with it as by a dispatcher: it is asked now and then what it saw.

    Arguments:
        executor: that was started.
        far_end: where its tickets get to.
        patience: seconds that anything may take.
    """

    def __init__(self, executor: Any, far_end: FarEnd, patience: float) -> None:
        self.executor = executor
        self.far_end = far_end
        self.patience = patience
        self.hints: list[Hint] = []
        self.is_stopped = False

    def stop(self, drain_seconds: float = 0.0) -> None:
        """Stop it, once."""
        if not self.is_stopped:
            self.is_stopped = True
            self.executor.stop(drain_seconds=drain_seconds)

    def submit(self, *tickets: Ticket) -> Sequence[Submission]:
        """Submit tickets that have to be accepted, by a call that does not wait for their tries."""
        answers = self.promptly(lambda: self.executor.submit(list(tickets)))
        refused = [each for each in answers if not each.accepted]
        assert not refused, f"a good ticket is refused: {refused}"
        return list(answers)

    def promptly(self, call: Callable[[], Any]) -> Any:
        """Call something that must not wait for a try. Should it wait, the tries are ended, so that it returns."""
        timer = threading.Timer(self.patience, self.far_end.end_all)
        began = time.monotonic()
        timer.start()
        try:
            result = call()
        finally:
            timer.cancel()
            timer.join()
        assert time.monotonic() - began < self.patience, "the call took as long as a try"
        return result

    def until(self, condition: Callable[[], Any], what: str) -> Any:
        """Observe until a condition holds; return what it gave."""
        limit = time.monotonic() + self.patience
        while True:
            self.observe()
            found = condition()
            if found:
                return found
            assert time.monotonic() < limit, f"waited {self.patience:g} seconds in vain: {what}"
            self.far_end.wait_for_change(0.02)

    def observe(self) -> None:
        """Ask once what was seen, and check that it can be so."""
        hints = list(self.promptly(self.executor.observe))
        for each in hints:
            assert isinstance(each, Hint)
            assert each.kind in _KINDS, f"there is no hint of the kind {each.kind!r}"
        self.hints.extend(hints)
        # Those told before too: what is gone does not begin later either
        for each in [hint for hint in self.hints if hint.kind == "gone"]:
            for call in self.far_end.calls_of(Ticket(instance=each.instance, token=each.token)):
                assert call.wait(_LAG), f"told as gone, and it runs: {call}"

    def start_of(self, ticket: Ticket) -> Call:
        """Wait until a ticket's command runs, and return its start."""
        found: list[Call] = self.until(lambda: self.far_end.calls_of(ticket), f"{ticket} starts")
        return found[0]

    def runs(self, *tickets: Ticket) -> list[Call]:
        """Submit tickets and wait until all run."""
        self.submit(*tickets)
        return [self.start_of(each) for each in tickets]

    def hint(self, ticket: Ticket, *kinds: str) -> Hint:
        """Wait for a hint of a ticket and return it."""

        def seen() -> list[Hint]:
            wanted = (ticket.instance, ticket.token)
            return [each for each in self.hints if (each.instance, each.token) == wanted and each.kind in kinds]

        found: list[Hint] = self.until(seen, f"a hint that {ticket} is {' or '.join(kinds)}")
        return found[0]

    def is_alive(self, ticket: Ticket) -> bool:
        """Tell whether the executor calls a ticket alive."""
        alive = self.promptly(self.executor.list_alive)
        assert all(isinstance(each, Ticket) for each in alive)
        return (ticket.instance, ticket.token) in {(each.instance, each.token) for each in alive}

    def has_passed(self) -> None:
        """Wait until two tickets that are submitted now have run, one after the other: what was to come before has come."""
        for number in (900, 901):
            later = Ticket(instance=number, token=1)
            self.runs(later)[0].end()
            self.until(lambda each=later: not self.far_end.runs(each), f"{later} ends")  # type: ignore[misc]


class ExecutorSuite(Suite):
    """An executor has each ticket's command run once where it gets to, knows what is alive, and never waits for a try.

    Where a ticket gets to, a program of the kit is called for `tradewind`; see `tradewind_testing.far_end`. To be given:
    `executor`, the fixture `service` where it needs something, and what the attributes ask for. Of an executor that `pulls`
    only what makes sense without tickets is asked; its fixture `given` names a whole installation.
    """

    executor: ClassVar[Any]
    """The class, an `Executor`."""
    name: ClassVar[str] = "KitExecutor"
    """The name under which it is declared."""
    slots: ClassVar[int] = 4
    """The setting `executor.slots`; at least four tries have to fit at once."""
    patience: ClassVar[float] = 30.0
    """Seconds that the start of a ticket or its end may take."""
    good_options: ClassVar[Mapping[str, Any]] = {}
    """Options of a ticket that it takes."""
    bad_options: ClassVar[Mapping[str, Any]] = {}
    """Options of a ticket that it refuses; none where it looks at no options."""
    bad_option: ClassVar[str] = ""
    """What the reason of the refusal names: the option that is wrong."""
    queues: ClassVar[Sequence[str]] = ()
    """Queues whose far end has the variable TRADEWIND_KIT_QUEUE with the queue's name; none where it knows no queues."""
    hands_environ: ClassVar[bool] = True
    """Whether the variables of `ExecutorSetup.environ` reach the command."""
    keeps_waiting: ClassVar[bool] = True
    """Whether accepted tickets can wait. Such a state is made by `hold`."""
    cancels: ClassVar[bool] = True
    """Whether a cancelled try that runs is ended by the executor."""
    tells_started: ClassVar[bool] = True
    """Whether `observe` tells of starts."""
    tells_ended: ClassVar[bool] = True
    """Whether `observe` tells of ends."""
    tells_gone: ClassVar[bool] = False
    """Whether `observe` tells of what is gone; made by `lose`."""
    has_service: ClassVar[bool] = False
    """Whether there is a service that can be away; made by `away`."""
    takes_tickets: ClassVar[bool] = True
    """Whether tickets are submitted to it: not where it `pulls`. It follows from `executor`."""
    knows_all: ClassVar[bool] = False
    """Whether it takes tickets and lists all that are alive. It follows from `executor`."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        executor = getattr(cls, "executor", None)
        cls.takes_tickets = not getattr(executor, "pulls", False)
        cls.knows_all = cls.takes_tickets and bool(getattr(executor, "lists_all", False))
        if not cls.takes_tickets:
            for name in _OF_TICKETS:
                setattr(cls, name, False)

    @pytest.fixture
    def far_end(self, tmp_path: Path) -> Iterator[FarEnd]:
        """The program that is called for `tradewind`, and what is known of its calls."""
        with FarEnd(tmp_path / "far-end") as far_end:
            yield far_end

    @pytest.fixture
    def service(self, far_end: FarEnd) -> Mapping[str, Any]:
        """What the executor needs, running, and nothing in it: the options of its setup. Override it where there is one."""
        return {}

    @pytest.fixture
    def given(self, far_end: FarEnd, service: Mapping[str, Any], tmp_path: Path) -> ExecutorSetup:
        """What the executor is told when it is made."""
        home = tmp_path / "home"
        home.mkdir()
        environ = dict(far_end.environ(), TRADEWIND_HOME=str(home), TRADEWIND_KIT_SECRET=_SECRET)
        return ExecutorSetup(name=self.name, home=str(home), slots=self.slots, environ=environ, options=service)

    @pytest.fixture
    def opened(self, given: ExecutorSetup, far_end: FarEnd) -> Iterator[Callable[[], Driven]]:
        """A maker of executors that are started, as another process would make one; they are stopped at the end."""
        made: list[Driven] = []

        def open_one() -> Driven:
            found = self.executor.open(given)
            found.start()
            made.append(Driven(found, far_end, self.patience))
            return made[-1]

        yield open_one
        far_end.end_all()
        for each in made:
            each.stop()

    @pytest.fixture
    def driven(self, opened: Callable[[], Driven]) -> Driven:
        """An executor that is started."""
        return opened()

    def secrets(self, given: ExecutorSetup) -> Sequence[str]:
        """Return what no repr, no log and no error may show besides the environment: passwords in the options."""
        return ()

    @contextmanager
    def hold(self, driven: Driven) -> Iterator[None]:
        """Have tickets that are submitted meanwhile wait. All slots are filled; override it where there is no limit."""
        free = driven.executor.capacity().free
        assert free, "without a limit of slots, `hold` has to be given"
        calls = driven.runs(*[Ticket(instance=800 + number, token=1) for number in range(free)])
        yield
        for each in calls:
            each.end()

    def lose(self, driven: Driven, call: Call, ticket: Ticket) -> None:
        """Have a try that runs vanish with its surroundings. To be given where `tells_gone`."""
        raise NotImplementedError(f"{type(self).__name__} needs a method `lose`")

    def away(self) -> AbstractContextManager[None]:
        """Have the service refuse connections meanwhile. To be given where `has_service`."""
        raise NotImplementedError(f"{type(self).__name__} needs a method `away`")

    # --- what every executor keeps ------------------------------------------------------------------------------------

    @offline
    def test_it_says_what_it_can(self) -> None:
        assert isinstance(self.executor.pulls, bool)
        assert isinstance(self.executor.lists_all, bool)
        assert self.executor.contract_version.partition(".")[0].isdigit()
        assert self.executor.__doc__, "people read in its docstring what it is"

    def test_each_ticket_is_answered_once(self, driven: Driven) -> None:
        assert list(driven.promptly(lambda: driven.executor.submit([]))) == []
        tickets = [Ticket(instance=number, token=1, options=self.good_options) for number in (1, 2, 3)]
        answers = driven.submit(*tickets)
        assert all(isinstance(each, Submission) for each in answers)
        assert sorted(each.ticket.instance for each in answers) == [1, 2, 3]
        assert {each.ticket for each in answers} == set(tickets)

    def test_capacity_is_sane(self, driven: Driven) -> None:
        capacity = driven.promptly(driven.executor.capacity)
        assert isinstance(capacity, Capacity)
        assert capacity.free is None or capacity.free >= 0
        assert capacity.total is None or capacity.total >= (capacity.free or 0)

    def test_nothing_is_alive_where_nothing_was_submitted(self, driven: Driven) -> None:
        assert list(driven.promptly(driven.executor.list_alive)) == []
        driven.observe()
        assert driven.hints == []

    def test_cancelling_what_is_unknown_is_no_error(self, driven: Driven) -> None:
        driven.promptly(lambda: driven.executor.cancel([]))
        driven.promptly(lambda: driven.executor.cancel([Ticket(instance=404, token=1)]))

    def test_it_stops_and_leaves_no_thread_that_keeps_the_process(self, opened: Callable[[], Driven]) -> None:
        before = set(threading.enumerate())
        driven = opened()
        driven.stop()
        left = [each.name for each in set(threading.enumerate()) - before if not each.daemon and each.is_alive()]
        assert left == []

    def test_secrets_stand_in_no_repr_and_no_log(
        self, given: ExecutorSetup, opened: Callable[[], Driven], caplog: Any
    ) -> None:
        caplog.set_level(logging.DEBUG)
        secrets = [_SECRET, *self.secrets(given)]
        driven = opened()
        shown = [repr(driven.executor), str(driven.executor), repr(given)]
        ticket = Ticket(instance=1, token=1, options=self.good_options)
        driven.submit(ticket)
        if self.takes_tickets:
            driven.start_of(ticket).end(1)
            driven.until(lambda: not driven.far_end.runs(ticket), "the ticket ends")
        driven.executor.cancel([ticket])
        shown += [repr(driven.executor.list_alive()), repr(driven.executor.capacity()), repr(driven.hints), caplog.text]
        assert [each for each in secrets if any(each in text for text in shown)] == []

    # --- tickets ------------------------------------------------------------------------------------------------------

    @only_if("takes_tickets")
    def test_a_ticket_runs_its_command_once(self, driven: Driven) -> None:
        ticket = Ticket(instance=7, token=3, options=self.good_options)
        call = driven.runs(ticket)[0]
        assert list(call.words) == run_try_words(ticket, self.name)
        call.end()
        driven.until(lambda: not call.is_running, "the command ends")
        driven.has_passed()
        assert len(driven.far_end.calls_of(ticket)) == 1

    @only_if("takes_tickets")
    def test_a_command_that_fails_is_not_run_again(self, driven: Driven) -> None:
        failed, killed = Ticket(instance=7, token=1), Ticket(instance=8, token=1)
        calls = driven.runs(failed, killed)
        calls[0].end(1)
        calls[1].end(-9)
        driven.until(lambda: not driven.is_alive(failed) and not driven.is_alive(killed), "their ends are known")
        driven.has_passed()
        assert [len(driven.far_end.calls_of(each)) for each in (failed, killed)] == [1, 1]

    @only_if("takes_tickets")
    def test_a_ticket_that_comes_twice_starts_once(self, driven: Driven) -> None:
        ticket = Ticket(instance=7, token=1)
        driven.submit(ticket)
        driven.submit(ticket)
        driven.start_of(ticket)
        driven.submit(ticket)
        driven.has_passed()
        assert len(driven.far_end.calls_of(ticket)) == 1

    @only_if("takes_tickets")
    def test_another_token_is_another_ticket(self, driven: Driven) -> None:
        older, newer = Ticket(instance=7, token=1), Ticket(instance=7, token=2)
        calls = driven.runs(older, newer)
        assert [list(each.words) for each in calls] == [run_try_words(each, self.name) for each in (older, newer)]

    @only_if("takes_tickets")
    def test_each_of_many_runs_once(self, driven: Driven) -> None:
        tickets = [Ticket(instance=number, token=1) for number in range(1, 9)]
        for ticket in tickets:
            driven.until(lambda: driven.executor.capacity().free != 0, "there is room")
            driven.runs(ticket)[0].end()
        driven.has_passed()
        assert [len(driven.far_end.calls_of(each)) for each in tickets] == [1] * len(tickets)

    @only_if("bad_options")
    def test_what_can_never_run_is_refused_with_a_reason_and_the_others_run(self, driven: Driven) -> None:
        bad = Ticket(instance=2, token=1, options=self.bad_options)
        good = [Ticket(instance=number, token=1) for number in (1, 3)]
        answers = {
            each.ticket: each for each in driven.promptly(lambda: driven.executor.submit([good[0], bad, good[1]]))
        }
        assert len(answers) == 3
        assert not answers[bad].accepted
        assert self.bad_option in (answers[bad].reason or ""), "the reason names the option"
        for each in good:
            assert answers[each].accepted
            driven.start_of(each)
        assert driven.far_end.calls_of(bad) == []
        assert not driven.is_alive(bad)

    @only_if("queues")
    def test_a_ticket_gets_to_its_queue(self, driven: Driven) -> None:
        tickets = {
            queue: Ticket(instance=number, token=1, queue=queue) for number, queue in enumerate(self.queues, start=1)
        }
        driven.submit(*tickets.values())
        got = {queue: driven.start_of(each).environ.get("TRADEWIND_KIT_QUEUE") for queue, each in tickets.items()}
        assert got == {queue: queue for queue in self.queues}

    @only_if("hands_environ")
    def test_the_environment_reaches_the_command(self, driven: Driven) -> None:
        call = driven.runs(Ticket(instance=1, token=1))[0]
        assert call.environ["TRADEWIND_KIT_SECRET"] == _SECRET

    @only_if("takes_tickets")
    def test_slots_that_are_taken_are_not_free(self, driven: Driven) -> None:
        before = driven.executor.capacity().free
        call = driven.runs(Ticket(instance=1, token=1))[0]
        taken = driven.executor.capacity().free
        assert (before is None) == (taken is None)
        if before is not None:
            assert taken < before
            call.end()
            driven.until(lambda: driven.executor.capacity().free == before, "the slot is free again")

    # --- what is alive ------------------------------------------------------------------------------------------------

    @only_if("takes_tickets")
    def test_what_ended_is_not_alive(self, driven: Driven) -> None:
        ended, running = Ticket(instance=1, token=1), Ticket(instance=2, token=5)
        calls = driven.runs(ended, running)
        if self.knows_all:  # asked before the end too: an executor that keeps what it once said is found here
            assert driven.is_alive(ended)
        calls[0].end()
        driven.until(lambda: not driven.is_alive(ended), "what ended is called alive no more")
        assert driven.far_end.runs(running)
        if self.knows_all:
            assert driven.is_alive(running)

    @only_if("knows_all")
    def test_what_was_accepted_is_alive_at_once(self, driven: Driven) -> None:
        tickets = [Ticket(instance=number, token=1) for number in (1, 2, 3)]
        driven.submit(*tickets)
        assert [each for each in tickets if not driven.is_alive(each)] == []

    @only_if("knows_all")
    def test_one_that_is_opened_later_knows_what_runs(self, opened: Callable[[], Driven]) -> None:
        ticket = Ticket(instance=7, token=2)
        call = opened().runs(ticket)[0]
        later = opened()
        assert later.is_alive(ticket)
        later.submit(ticket)
        later.has_passed()
        assert len(later.far_end.calls_of(ticket)) == 1, "submitted again after a restart, it starts no second time"
        call.end()
        later.until(lambda: not later.is_alive(ticket), "what ended is called alive no more")

    # --- cancelling ---------------------------------------------------------------------------------------------------

    @only_if("cancels")
    def test_cancelled_a_running_one_ends_and_no_other(self, driven: Driven) -> None:
        ticket, other = Ticket(instance=1, token=1), Ticket(instance=1, token=2)
        cancelled, running = driven.runs(ticket, other)
        driven.promptly(lambda: driven.executor.cancel([ticket]))
        driven.until(lambda: not cancelled.is_running, "the cancelled one ends")
        driven.until(lambda: not driven.is_alive(ticket), "the cancelled one is called alive no more")
        driven.promptly(lambda: driven.executor.cancel([ticket]))
        assert running.is_running
        assert not cancelled.was_told

    @only_if("keeps_waiting")
    def test_cancelled_a_waiting_one_never_starts(self, driven: Driven) -> None:
        ticket = Ticket(instance=1, token=1)
        with self.hold(driven):
            driven.submit(ticket)
            if self.knows_all:
                assert driven.is_alive(ticket)
            driven.promptly(lambda: driven.executor.cancel([ticket]))
        driven.has_passed()
        assert driven.far_end.calls_of(ticket) == []
        driven.until(lambda: not driven.is_alive(ticket), "the cancelled one is called alive no more")

    # --- hints --------------------------------------------------------------------------------------------------------

    @only_if("tells_started")
    def test_a_start_is_told(self, driven: Driven) -> None:
        ticket = Ticket(instance=7, token=2)
        driven.runs(ticket)
        driven.hint(ticket, "started")

    @only_if("tells_ended")
    def test_an_end_is_told_once_with_its_exit_code(self, driven: Driven) -> None:
        ticket, other = Ticket(instance=7, token=2), Ticket(instance=8, token=1)
        driven.runs(ticket, other)[0].end(3)
        assert driven.hint(ticket, "ended").exit_code in (3, None)
        driven.has_passed()
        ends = [each for each in driven.hints if each.instance == 7 and each.kind in ("ended", "gone")]
        assert len(ends) == 1
        assert [each for each in driven.hints if each.instance == 8 and each.kind != "started"] == []

    @only_if("tells_ended")
    def test_an_end_by_a_signal_is_told(self, driven: Driven) -> None:
        ticket = Ticket(instance=7, token=2)
        driven.runs(ticket)[0].end(-9)
        assert driven.hint(ticket, "ended", "gone").exit_code in (-9, None)

    @only_if("tells_gone")
    def test_what_vanished_is_told_as_gone(self, driven: Driven) -> None:
        ticket, other = Ticket(instance=7, token=2), Ticket(instance=8, token=1)
        call, _ = driven.runs(ticket, other)
        self.lose(driven, call, ticket)
        hint = driven.hint(ticket, "gone")
        assert hint.detail, "a sentence for people says why"
        assert not driven.is_alive(ticket)
        assert driven.far_end.runs(other)

    # --- a service that is away ---------------------------------------------------------------------------------------

    @only_if("has_service")
    def test_a_service_that_is_away_is_an_error_and_a_retry_succeeds(
        self, given: ExecutorSetup, driven: Driven, caplog: Any
    ) -> None:
        caplog.set_level(logging.DEBUG)
        ticket = Ticket(instance=7, token=1)
        with self.away():
            with pytest.raises(Exception) as caught:  # noqa: PT011 - each executor has its own
                driven.executor.submit([ticket])
            assert not isinstance(caught.value, NotImplementedError)
            assert str(caught.value), "the error says what is wrong"
        shown = f"{caught.value}{caught.value!r}{caplog.text}"
        assert [each for each in [_SECRET, *self.secrets(given)] if each in shown] == []
        call = driven.runs(ticket)[0]
        assert list(call.words) == run_try_words(ticket, self.name)
        driven.has_passed()
        assert len(driven.far_end.calls_of(ticket)) == 1

    @only_if("has_service")
    def test_nothing_counts_as_ended_while_the_service_is_away(self, driven: Driven) -> None:
        ticket = Ticket(instance=7, token=1)
        call = driven.runs(ticket)[0]
        with self.away():
            if self.knows_all:
                with pytest.raises(Exception):  # noqa: B017, PT011 - each executor has its own
                    driven.executor.list_alive()
            driven.observe()
        assert [each for each in driven.hints if each.kind != "started"] == []
        assert call.is_running
        if self.knows_all:
            driven.until(lambda: driven.is_alive(ticket), "it is known again")

    # --- stopping -----------------------------------------------------------------------------------------------------

    @only_if("takes_tickets")
    def test_a_drain_lets_tries_end(self, driven: Driven) -> None:
        call = driven.runs(Ticket(instance=1, token=1))[0]
        ending = threading.Timer(0.2, call.end)
        ending.start()
        driven.stop(self.patience)
        ending.join()
        assert call.was_told, "it was ended before its time"
        assert call.wait(self.patience)

    @only_if("takes_tickets")
    def test_hurried_it_waits_no_longer(self, driven: Driven) -> None:
        driven.runs(Ticket(instance=1, token=1))
        hurrying = threading.Timer(0.2, driven.executor.hurry)
        began = time.monotonic()
        hurrying.start()
        driven.stop(self.patience)
        took = time.monotonic() - began
        hurrying.join()
        assert took < self.patience, "it waited for the try although it was hurried"
