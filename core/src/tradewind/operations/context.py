"""What an operation is given: who asks, and what it works with."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

import sqlalchemy as sa

from tradewind.access.actors import Actor
from tradewind.access.audit import record
from tradewind.access.authorization import allowed_dags, authorize
from tradewind.access.operations import TABLE, Operation
from tradewind.config import Config
from tradewind.metadata.clock import Clock
from tradewind.metadata.engine import Database
from tradewind.metadata.ids import Ids, RandomIds
from tradewind.metadata.wakeups import SCHEDULER, Wakeups
from tradewind.operations.totals import Totals

if TYPE_CHECKING:
    from tradewind.transitions.graph import Graphs

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)

NAMES = ("dag_id", "run_id", "task_id", "map_index")  # arguments that the audit log has columns for


@dataclass(frozen=True)
class Tools:
    """What a process has for all its operations; safe to be used by several threads.

    Arguments:
        config: the configuration.
        database: the metadata database, which tells listeners of states that it changes.
        clock: the time.
        wakeups: how daemons are told that there is something to do.
        totals: how many rows large tables have.
        password_rule: a further rule for new passwords, from `webserver_config.py`; raises what its sentence says.
    """

    config: Config
    database: Database
    clock: Clock
    wakeups: Wakeups
    totals: Totals = field(default_factory=Totals)
    password_rule: Callable[[str], object] | None = None

    @cached_property
    def graphs(self) -> Graphs:
        """Versions of DAGs in memory, read when the first one is asked for."""
        # Only now: what reads versions takes longer to import than most operations take
        from tradewind.transitions.loading import open_graphs  # noqa: PLC0415

        return open_graphs(self.config.plugins.codec)


@dataclass(slots=True)
class Entry:
    """What the audit log will say of a change; the operation fills in what it learns while it makes it.

    Arguments:
        before, after: JSON values of what was changed; secrets are masked when they are written down. Where `after` stays
            None, the log says what was asked for.
    """

    dag_id: str | None = None
    run_id: str | None = None
    task_id: str | None = None
    map_index: int | None = None
    before: Any = None
    after: Any = None


@dataclass(frozen=True, slots=True)
class Context:
    """Who asks for an operation, and what it works with.

    Arguments:
        actor: who asks.
        tools: what the process has.
        operation: the one under way.
        arguments: what it was called with.
    """

    actor: Actor
    tools: Tools
    operation: Operation = TABLE["health.get"]
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ids(self) -> Ids:
        """Where new rows get their ids; each call returns another source, as sources are not for several threads."""
        return RandomIds(self.tools.clock.now)

    @property
    def dags(self) -> frozenset[str] | None:
        """The DAGs with which the actor may do the operation that is under way; None for all."""
        return allowed_dags(self.actor, self.operation)

    def may(self, name: str, dag_id: str | None = None) -> bool:
        """Tell whether the actor may also do another operation."""
        try:
            authorize(self.actor, TABLE[name], dag_id)
        except PermissionError:
            return False
        return True

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """Yield a connection for reading."""
        with self.tools.database.read() as connection:
            yield connection

    def change(self, work: Callable[[sa.Connection, Entry], Result], *, wakes: Iterable[str] = (SCHEDULER,)) -> Result:
        """Change something in one transaction, with its entry in the audit log, and wake those whom it may concern.

        Arguments:
            work: makes the change and completes the entry; may be called again, after a deadlock.
            wakes: channels of daemons; by default the schedulers'.
        """
        named = {name: self.arguments.get(name) for name in NAMES}

        def whole(connection: sa.Connection) -> Result:
            entry = Entry(**named)
            result = work(connection, entry)
            self._record(connection, entry)
            return result

        result = self.tools.database.write(whole)
        self.tools.wakeups.notify(wakes)
        return result

    def _record(self, connection: sa.Connection, entry: Entry) -> None:
        asked = {name: each for name, each in self.arguments.items() if name not in NAMES and each is not None}
        record(
            connection,
            actor=self.actor,
            event=self.operation.name,
            now=self.tools.clock.now(),
            ids=self.ids,
            **asdict(entry),
            more={"asked": asked} if entry.after is None and asked else None,
        )


class Named(Protocol[Arguments, Result_co]):
    """A function that is an operation."""

    operation: Operation
    __name__: str

    def __call__(self, context: Context, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result_co:
        """Do it, if the context's actor may."""
        ...


def operation(name: str) -> Callable[[Callable[Concatenate[Context, Arguments], Result]], Named[Arguments, Result]]:
    """Make a function the operation of this name: nobody runs it who may not.

    The function is called with a context and keyword arguments; `dag_id` says which DAG it is about, and decides.

    Arguments:
        name: that of an operation in the table.
    Raises:
        KeyError: there is no such operation: write it down in the table, with what it needs.
    """
    described = TABLE[name]

    def make(function: Callable[Concatenate[Context, Arguments], Result]) -> Named[Arguments, Result]:
        @functools.wraps(function)
        def call(context: Context, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
            dag_id = kwargs.get("dag_id")
            authorize(context.actor, described, dag_id if isinstance(dag_id, str) else None)
            return function(replace(context, operation=described, arguments=kwargs), *args, **kwargs)

        named = cast("Named[Arguments, Result]", call)
        named.operation = described
        return named

    return make
