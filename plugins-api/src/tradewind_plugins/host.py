"""How operators and hooks reach the outside: connections, variables, XCom, settings, the log.

Code of a provider asks `current()` for its host and never sees a database. The host is bound by whoever runs the code:
the task child's client, the
command line, a test. A host that lacks something inherits the refusing method of `Host`, so a new method never breaks
an old host.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from tradewind_plugins import _binding
from tradewind_plugins.exceptions import HostNotBound, TradewindException

if TYPE_CHECKING:
    from datetime import datetime

    from tradewind_plugins.connection import Connection
    from tradewind_plugins.contracts.executor import ExecutorSetup
    from tradewind_plugins.hook import BaseHook

__all__ = ["XCOM_RETURN_KEY", "Host", "bind", "current"]

XCOM_RETURN_KEY = "return_value"
"""The key under which a task's return value is pushed."""


class Host:
    """What running code may ask of its surroundings. Every method here refuses; a host overrides those it offers."""

    def _refuse(self, what: str) -> NoReturn:
        raise TradewindException(f"the host {type(self).__name__} does not offer {what}")

    def connection(self, conn_id: str) -> Connection:
        """Return the connection of that id.

        Raises:
            TradewindNotFoundException: No secrets backend, environment variable or database row has it.
        """
        self._refuse("connections")

    def hook_class(self, conn_type: str) -> type[BaseHook]:
        """Return the hook that is the client of a connection type, whichever plugin declares it.

        Raises:
            TradewindException: No installed plugin has the type, or its hook cannot be imported.
        """
        self._refuse("hooks of connection types")

    def variable(self, key: str) -> str | None:
        """Return the variable's text, or None where there is no such variable.

        `Variable.get` adds defaults and JSON.
        """
        self._refuse("variables")

    def set_variable(self, key: str, value: str, description: str | None = None) -> None:
        """Create or replace a variable."""
        self._refuse("setting variables")

    def xcom_push(self, key: str, value: Any) -> None:
        """Store a value of the running task under a key, for other tasks to pull.

        Raises:
            SerializationError: The value cannot be written as JSON.
        """
        self._refuse("XCom")

    def xcom_pull(
        self,
        task_ids: str | Sequence[str] | None = None,
        *,
        key: str | None = XCOM_RETURN_KEY,
        map_indexes: int | Sequence[int] | None = None,
        run_id: str | None = None,
        dag_id: str | None = None,
        default: Any = None,
    ) -> Any:
        """Return what other tasks pushed.

        Args:
            task_ids: One id gives one value (for a mapped task: the list of its values); several give a list in that
                order; None means the running task.
            key: The key it was pushed under; None means whatever was pushed last.
            map_indexes: Only these instances of a mapped task.
            run_id: Another run of the DAG; None means the running one.
            dag_id: Another DAG; None means the running one.
            default: The answer where nothing was pushed.
        """
        self._refuse("XCom")

    def read_table(
        self,
        table: str,
        equal: Mapping[str, Sequence[Any]],
        between: Mapping[str, Sequence[int | None]],
        after: Sequence[Any] | None = None,
        without: Sequence[str] = (),
    ) -> Mapping[str, Any]:
        """Return a page of a table that DAG code may look at: `rows`, each a mapping, and `after`, for the next page.

        Args:
            table: `dag_run`, `task_instance`, `xcom`, `dag`, `pool`, `variable` or `connection`.
            equal: For a column, the values that rows may have there; instants as microseconds since 1970.
            between: For a column, the first and the last instant that rows may have there; None for no bound.
            after: The `after` of the page before; None for the first. That of the last page is None.
            without: Columns whose values are not wanted: large ones and secrets, which are None then.
        """
        self._refuse(f"a look at table {table!r}")

    def asset_events(self, of: str, name: str, after: int = 0) -> Mapping[str, Any]:
        """Return a page of events of assets, the oldest first: ``rows``, and ``total``, how many there are in all.

        ``of`` is ``"run"`` for those that the run was made from, ``"asset"`` or ``"alias"`` for those of the one called
        ``name`` (an asset's URI); ``after`` of them are left out.
        """
        self._refuse("events of assets")

    def last_success(self, dag_id: str, *, before: datetime) -> Mapping[str, Any] | None:
        """Return the last successful run of a DAG with an earlier logical date; None where there is none.

        It has `run_id`, `logical_date`, `data_interval_start`, `data_interval_end`, `start_date` and `end_date`.
        """
        self._refuse("a look at earlier runs")

    def trigger_run(
        self, dag_id: str, *, run_id: str | None, logical_date: datetime, conf: Mapping[str, Any], reset: bool = False
    ) -> Mapping[str, Any]:
        """Make a run of a DAG and return its `run_id`, `logical_date`, `state`, and `is_made`.

        Asked again by the same try for the same run, it is made once. `is_made` is false where somebody else has made
        it.

        Args:
            run_id: The run's name; None for one made of the logical date.
            logical_date: What the run is about.
            conf: Values for the run, as JSON has them.
            reset: Whether a run of that name that is there already is cleared and runs again.

        Raises:
            TradewindNotFoundException: There is no such DAG.
            TradewindException: The values do not fit the DAG's params, or a run that is to be reset is running.
        """
        self._refuse("making runs of DAGs")

    def look_at_runs(
        self,
        dag_id: str,
        logical_dates: Sequence[datetime],
        *,
        task_ids: Sequence[str] | None = None,
        group_id: str | None = None,
        checks: bool = False,
    ) -> Sequence[Sequence[Any]]:
        """Tell how runs of a DAG stand: (logical date, state, None, None, 0) of the newest run of each date.

        Where tasks or a group are named it is (logical date, state of the run, task id, state, how many instances).

        Args:
            logical_dates: Which runs; those of a date that has none are not in the answer.
            task_ids: Whose instances are counted.
            group_id: A task group, whose tasks' instances are counted.
            checks: Whether the DAG and the tasks must be there.

        Raises:
            TradewindNotFoundException: They are not, or there is no such group.
        """
        self._refuse("a look at runs of DAGs")

    def maintain(
        self,
        kind: str,
        *,
        most: int,
        dry_run: bool,
        after: str = "",
        dag_id: str | None = None,
        keep_days: float | None = None,
        keep_runs: int | None = None,
    ) -> Mapping[str, Any]:
        """Remove a batch of what is over; for the DAGs that come with Tradewind only.

        The answer has `removed` (kind, DAG, number), `kept` (kind, DAG, reason, number), and `after`: None at the end.

        Args:
            kind: `dag_run`, or another kind of what can be over.
            most: Rows at most.
            dry_run: Whether to count and remove nothing.
            after: Where to go on: empty at first, then the `after` of the answer before.
            dag_id: What belongs to this DAG only.
            keep_days: Days after their end that runs stay, in place of the settings.
            keep_runs: Newest runs of each DAG that stay, in place of the settings.

        Raises:
            TradewindException: The running task is of another DAG.
        """
        self._refuse("maintenance")

    def settings(self, section: str, key: str) -> str | None:
        """Return a setting as text, or None where it is not set."""
        self._refuse("settings")

    def executor_setup(self, name: str) -> ExecutorSetup:
        """Return what an executor of this installation is made with; for commands of its provider."""
        self._refuse("executors")

    def mask(self, secret: str) -> None:
        """Have the text replaced by stars in all that this task logs from now on."""
        self._refuse("masking of secrets")

    def render(self, value: Any, context: Mapping[str, Any]) -> Any:
        """Return the value with its templates filled in, recursively through lists, tuples and dicts."""
        self._refuse("templates")

    def log(self, level: int, message: str) -> None:
        """Write a line to the task's log; the level is one of the `logging` module's numbers."""
        self._refuse("a log")

    def heartbeat(self) -> None:
        """Say that the running code is alive and ask whether it should go on.

        Raises:
            TradewindException: The task was asked to stop.
        """
        self._refuse("heartbeats")


def current() -> Host:
    """Return the host of the running code.

    Raises:
        HostNotBound: None is bound, as while a DAG file is merely imported by a plain interpreter.
    """
    host: Host | None = _binding.bound()
    if host is None:
        raise HostNotBound(
            "connections, variables and XCom can be read only while Tradewind runs this code: in a task, "
            "in `tradewind dags test`, or inside `with tradewind_plugins.host.bind(...)`"
        )
    return host


@contextmanager
def bind(host: Host) -> Iterator[Host]:
    """Make `host` the current one inside the `with` block, for this thread or asyncio task and those that copy its
    context.
    """
    token = _binding.set_bound(host)
    try:
        yield host
    finally:
        _binding.reset(token)
