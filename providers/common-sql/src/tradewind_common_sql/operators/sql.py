"""Operators that run SQL by any connection whose hook can: execute, check, branch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from tradewind_plugins.dbapi import fetch_all_handler
from tradewind_plugins.exceptions import TradewindException, TradewindFailException
from tradewind_plugins.operator import BaseOperator

from tradewind_common_sql.branching import follow
from tradewind_common_sql.databases import database_hook
from tradewind_common_sql.verdicts import as_number, as_truth, bounds_text, check_bounds, holds, within

if TYPE_CHECKING:
    from tradewind_plugins.dbapi import DbApiHook

__all__ = [
    "BaseSQLOperator",
    "BranchSQLOperator",
    "SQLCheckOperator",
    "SQLColumnCheckOperator",
    "SQLExecuteQueryOperator",
    "SQLIntervalCheckOperator",
    "SQLTableCheckOperator",
    "SQLThresholdCheckOperator",
    "SQLValueCheckOperator",
]


class BaseSQLOperator(BaseOperator):
    """The base of operators that run SQL: from a connection's id to its hook.

    Arguments:
        conn_id: the connection; the hook of its type runs the SQL, whichever provider has it.
        database: another database than the connection's.
        hook_params: further arguments for the hook.
        retry_on_failure: whether a check that did not pass is tried again, where the task has retries.
    """

    template_fields: Sequence[str] = ("conn_id", "database", "hook_params")
    conn_id_field: ClassVar[str] = "conn_id"
    """The attribute that holds the connection's id."""
    _hook: DbApiHook | None = None  # the one at work, for on_kill

    def __init__(
        self,
        *,
        conn_id: str | None = None,
        database: str | None = None,
        hook_params: Mapping[str, Any] | None = None,
        retry_on_failure: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id
        self.database = database
        self.hook_params = hook_params
        self.retry_on_failure = retry_on_failure

    def get_db_hook(self) -> DbApiHook:
        """Return the hook of the connection.

        Raises:
            TradewindException: there is none, or it runs no SQL.
        """
        dag_id = getattr(self, "dag_id", None)
        self._hook = database_hook(
            getattr(self, self.conn_id_field),
            hook_params=self.hook_params,
            database=self.database,
            client_name=f"{dag_id}.{self.task_id}" if dag_id else self.task_id,
        )
        return self._hook

    def get_hook(self) -> DbApiHook:
        """Return the hook of the connection: the name that `get_db_hook` has in later Airflow."""
        return self.get_db_hook()

    def on_kill(self) -> None:
        """End the statement that is running, where the database's driver can."""
        if self._hook is not None:
            self.log.info("Ending the statement that is running.")
            self._hook.cancel()

    def first_row(self, sql: str, parameters: Any = None) -> list[Any]:
        """Run a query and return the cells of its first row.

        Raises:
            TradewindException: it returned no rows.
        """
        row = self.get_db_hook().get_first(sql, parameters)
        if row is None:
            self.fail_check(f"returned no rows: {sql}")
        return list(row.values() if isinstance(row, Mapping) else row)

    def fail_check(self, what: str) -> NoReturn:
        """Fail the task; without a retry, if `retry_on_failure` is off."""
        kind = TradewindException if self.retry_on_failure else TradewindFailException
        raise kind(f"Task {self.task_id!r}, connection {getattr(self, self.conn_id_field)!r}: {what}")


class SQLExecuteQueryOperator(BaseSQLOperator):
    """Run SQL statements.

    The result is what the last statement answers: a list of rows, or None where it has none.

    Arguments:
        sql: statements as one text, as a list of texts, or as the path of a `.sql` file (templated).
        autocommit: commit after each statement; else all run in one transaction.
        parameters: values bound to every statement, as its driver writes them (templated).
        handler: called with the cursor after each statement, in place of fetching all rows; None to fetch nothing.
        output_processor: called with the list of the answers and the list of the cursors' descriptions; returns a list.
        split_statements: split a text at its semicolons; None for what the hook does by itself.
        return_last: the result is that of the last statement; else a list with that of each.
        show_return_value_in_logs: write the result to the log.
        requires_result_fetch: fetch although nothing is kept (`do_xcom_push=False`), for drivers that want it.
    """

    template_fields: Sequence[str] = ("sql", "parameters", *BaseSQLOperator.template_fields)
    template_ext: Sequence[str] = (".sql", ".json")
    template_fields_renderers: Mapping[str, str] = {"sql": "sql", "parameters": "json"}
    ui_color = "#dfe3c9"

    def __init__(
        self,
        *,
        sql: str | Sequence[str],
        autocommit: bool = False,
        parameters: Sequence[Any] | Mapping[str, Any] | None = None,
        handler: Callable[[Any], Any] | None = fetch_all_handler,
        output_processor: Callable[[list[Any], list[Any]], Any] | None = None,
        split_statements: bool | None = None,
        return_last: bool = True,
        show_return_value_in_logs: bool = False,
        requires_result_fetch: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sql = sql
        self.autocommit = autocommit
        self.parameters = parameters
        self.handler = handler
        self.output_processor = output_processor
        self.split_statements = split_statements
        self.return_last = return_last
        self.show_return_value_in_logs = show_return_value_in_logs
        self.requires_result_fetch = requires_result_fetch

    def execute(self, context: Any) -> Any:
        """Run the statements and return what the handler makes of them; None with `do_xcom_push=False`."""
        hook = self.get_db_hook()
        is_fetched = self.do_xcom_push or self.requires_result_fetch or self.show_return_value_in_logs
        handler = self.handler if is_fetched else None
        split = {} if self.split_statements is None else {"split_statements": self.split_statements}
        answer = hook.run(
            self.sql,
            autocommit=self.autocommit,
            parameters=self.parameters,
            handler=handler,
            return_last=self.return_last,
            **split,
        )
        if handler is None:
            return None
        is_one = self.return_last or (isinstance(self.sql, str) and not self.split_statements)
        answers = [answer] if is_one else answer
        processed = self._process_output(answers, hook.descriptions[-len(answers) :])
        if self.show_return_value_in_logs:
            self._show(processed)
        if not self.do_xcom_push:
            return None
        return processed[-1] if is_one else processed

    def _process_output(self, results: list[Any], descriptions: list[Any]) -> list[Any]:
        if self.output_processor is None:
            return results
        return list(self.output_processor(results, descriptions))

    def _show(self, results: Iterable[Any]) -> None:
        for result in results:
            for row in result if isinstance(result, list) else [result]:
                self.log.info("%s", row)


class SQLColumnCheckOperator(BaseSQLOperator):
    """Check columns of a table, each by one or more of its numbers.

    Arguments:
        table: the table, as SQL has it (templated).
        column_mapping: by column, by check, what is wanted: `{"visitors": {"min": {"geq_to": 0}}}`. Checks are
            `null_check` (how many are NULL), `distinct_check` (how many different values), `unique_check` (how many
            repeat another), `min` and `max`; wanted is `equal_to`, `greater_than`, `geq_to`, `less_than`, `leq_to`,
            with `tolerance` (0.1 makes a bound wider by ten per cent), and `partition_clause` for that check alone.
        partition_clause: a condition on the rows that are looked at (templated).
        accept_none: whether a check that has no value, as `min` of no rows, counts as 0; else it fails.
    """

    template_fields: Sequence[str] = ("table", "partition_clause", *BaseSQLOperator.template_fields)
    ui_color = "#dfe3c9"
    column_checks: ClassVar[Mapping[str, str]] = {
        "null_check": "SUM(CASE WHEN {column} IS NULL THEN 1 ELSE 0 END)",
        "distinct_check": "COUNT(DISTINCT {column})",
        "unique_check": "COUNT({column}) - COUNT(DISTINCT {column})",
        "min": "MIN({column})",
        "max": "MAX({column})",
    }
    """The SQL of each check."""

    def __init__(
        self,
        *,
        table: str,
        column_mapping: Mapping[str, Mapping[str, Mapping[str, Any]]],
        partition_clause: str | None = None,
        accept_none: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.table = table
        self.column_mapping = column_mapping
        self.partition_clause = partition_clause
        self.accept_none = accept_none
        for column, checks in column_mapping.items():
            for check, wanted in checks.items():
                where = f"Task {self.task_id!r}: the check {check!r} of column {column!r}"
                if check not in self.column_checks:
                    raise TradewindException(f"{where} is unknown; there are {', '.join(self.column_checks)}")
                check_bounds(where, wanted)

    def execute(self, context: Any) -> dict[str, dict[str, Any]]:
        """Check, and return what was found, by column and check.

        Raises:
            TradewindException: checks did not pass; the message has each, with what was found and what was wanted.
        """
        found: dict[str, dict[str, Any]] = {column: {} for column in self.column_mapping}
        failed = []
        for partition, checks in self._by_partition().items():
            row = self.first_row(self._sql(partition, checks))
            for (column, check), value in zip(checks, row):  # noqa: B905 - strict is of Python 3.10
                found[column][check] = value
                sentence = self._complaint(column, check, value)
                if sentence:
                    failed.append(sentence)
        if failed:
            self.fail_check(f"{len(failed)} check(s) of table {self.table!r} failed: {'; '.join(failed)}")
        self.log.info("All checks of table %s passed: %s", self.table, found)
        return found

    def _by_partition(self) -> dict[str, list[tuple[str, str]]]:
        """Return the checks by the rows that they look at: one scan of the table answers all that look at the same."""
        grouped: dict[str, list[tuple[str, str]]] = {}
        for column, checks in self.column_mapping.items():
            for check, wanted in checks.items():
                grouped.setdefault(_where(self.partition_clause, wanted), []).append((column, check))
        return grouped

    def _sql(self, where: str, checks: Sequence[tuple[str, str]]) -> str:
        wanted = (self.column_checks[check].format(column=column) for column, check in checks)
        columns = ", ".join(f"{expression} AS check_{number}" for number, expression in enumerate(wanted))
        return f"SELECT {columns} FROM {self.table}{where}"

    def _complaint(self, column: str, check: str, value: Any) -> str:
        """Return what is wrong with a value, or an empty text."""
        wanted = self.column_mapping[column][check]
        found = f"{check} of column {column!r} is {value!r}, wanted {bounds_text(wanted)}"
        if value is None and not self.accept_none:
            return found
        try:
            return "" if holds(0 if value is None else value, wanted) else found
        except TypeError as error:
            return f"{found}: {error}"


class SQLTableCheckOperator(BaseSQLOperator):
    """Check statements about a table that are true or false.

    Arguments:
        table: the table, as SQL has it (templated).
        checks: by name, `{"check_statement": "COUNT(*) > 0"}`, about all rows or about each row (`a < b`); with
            `partition_clause` for that check alone (templated).
        partition_clause: a condition on the rows that are looked at (templated).
    """

    template_fields: Sequence[str] = ("table", "partition_clause", "checks", *BaseSQLOperator.template_fields)
    template_fields_renderers: Mapping[str, str] = {"checks": "json"}
    ui_color = "#dfe3c9"

    def __init__(
        self,
        *,
        table: str,
        checks: Mapping[str, Mapping[str, Any]],
        partition_clause: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.table = table
        self.checks = checks
        self.partition_clause = partition_clause

    def execute(self, context: Any) -> None:
        """Check.

        Raises:
            TradewindException: checks did not pass; the message has each with its statement and how many rows broke it.
        """
        failed = [self._complaint(name, check) for name, check in self.checks.items()]
        failed = [sentence for sentence in failed if sentence]
        if failed:
            self.fail_check(f"{len(failed)} check(s) of table {self.table!r} failed: {'; '.join(failed)}")
        self.log.info("All checks of table %s passed: %s", self.table, ", ".join(self.checks))

    def _complaint(self, name: str, check: Mapping[str, Any]) -> str:
        """Return what is wrong, or an empty text."""
        if not check.get("check_statement"):
            return f"{name!r} has no check_statement"
        statement = check["check_statement"]
        where = _where(self.partition_clause, check)
        rows, broken = self.first_row(
            "SELECT COUNT(*), SUM(broken) FROM"
            f" (SELECT CASE WHEN {statement} THEN 0 ELSE 1 END AS broken FROM {self.table}{where}) AS looked_at"
        )
        if not rows:
            return f"{name!r} ({statement}) has no row to look at"
        if not broken:
            return ""
        return f"{name!r} ({statement}) is false" + (f" in {broken} of {rows} rows" if rows > 1 else "")


class SQLCheckOperator(BaseSQLOperator):
    """Check that a query returns a row whose cells are all true: not 0, empty, false or NULL.

    Arguments:
        sql: the query (templated).
        parameters: values bound to it.
    """

    template_fields: Sequence[str] = ("sql", *BaseSQLOperator.template_fields)
    template_ext: Sequence[str] = (".hql", ".sql")
    template_fields_renderers: Mapping[str, str] = {"sql": "sql"}
    ui_color = "#dfe3c9"

    def __init__(self, *, sql: str, parameters: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.sql = sql
        self.parameters = parameters

    def execute(self, context: Any) -> None:
        """Check.

        Raises:
            TradewindException: there is no row, or a cell is not true.
        """
        row = self.first_row(self.sql, self.parameters)
        if not all(row):
            self.fail_check(f"wanted a row of true cells, found {row!r}: {self.sql}")
        self.log.info("The check passed: %r", row)


class SQLValueCheckOperator(BaseSQLOperator):
    """Check that all cells of a query's first row are a value.

    Arguments:
        sql: the query (templated).
        pass_value: the value; a number is compared as one, anything else by its text (templated).
        tolerance: how far from a number a cell may be, as a part of it: 0.1 is ten per cent.
        parameters: values bound to the query.
    """

    template_fields: Sequence[str] = ("sql", "pass_value", *BaseSQLOperator.template_fields)
    template_ext: Sequence[str] = (".hql", ".sql")
    template_fields_renderers: Mapping[str, str] = {"sql": "sql"}
    ui_color = "#dfe3c9"

    def __init__(
        self, *, sql: str, pass_value: Any, tolerance: float | str | None = None, parameters: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.sql = sql
        self.pass_value = str(pass_value)
        self.tolerance = float(tolerance) if tolerance is not None else None
        self.parameters = parameters

    def execute(self, context: Any) -> None:
        """Check.

        Raises:
            TradewindException: there is no row, or a cell is another value.
        """
        row = self.first_row(self.sql, self.parameters)
        wanted = as_number(self.pass_value)
        told = f"{self.pass_value} (tolerance {self.tolerance})" if self.tolerance else self.pass_value
        if not all(self._is_it(cell, wanted) for cell in row):
            self.fail_check(f"wanted {told}, found {row!r}: {self.sql}")
        self.log.info("The check passed: %r is %s", row, told)

    def _is_it(self, cell: Any, wanted: Any) -> bool:
        if isinstance(wanted, str):
            return str(cell) == wanted
        found = as_number(cell)
        return isinstance(found, float) and within(found, wanted, self.tolerance)


class SQLIntervalCheckOperator(BaseSQLOperator):
    """Check that numbers of a table's day are near those of an earlier one.

    Arguments:
        table: the table, as SQL has it.
        metrics_thresholds: by SQL expression, such as `COUNT(*)`, the ratio that it has to stay below.
        date_filter_column: the column that has the day.
        days_back: how many days earlier the other day is; the sign means nothing.
        ratio_formula: `max_over_min`, or `relative_diff` (the difference over the earlier number).
        ignore_zero: whether a number that is 0 or missing, on either day, passes; else it fails.
    """

    template_fields: Sequence[str] = ("sql1", "sql2", *BaseSQLOperator.template_fields)
    template_ext: Sequence[str] = (".hql", ".sql")
    template_fields_renderers: Mapping[str, str] = {"sql1": "sql", "sql2": "sql"}
    ui_color = "#dfe3c9"
    ratio_formulas: ClassVar[Mapping[str, Callable[[float, float], float]]] = {
        "max_over_min": lambda now, then: max(now, then) / min(now, then),
        "relative_diff": lambda now, then: abs(now - then) / abs(then),
    }
    """How each formula makes a ratio of the two days' numbers."""

    def __init__(
        self,
        *,
        table: str,
        metrics_thresholds: Mapping[str, float],
        date_filter_column: str = "ds",
        days_back: int = -7,
        ratio_formula: str = "max_over_min",
        ignore_zero: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if ratio_formula not in self.ratio_formulas:
            raise TradewindException(
                f"Task {self.task_id!r}: ratio_formula is one of {', '.join(self.ratio_formulas)}, not {ratio_formula!r}"
            )
        self.table = table
        self.metrics_thresholds = metrics_thresholds
        self.metrics_sorted = sorted(metrics_thresholds)
        self.date_filter_column = date_filter_column
        self.days_back = -abs(days_back)
        self.ratio_formula = ratio_formula
        self.ignore_zero = ignore_zero
        query = f"SELECT {', '.join(self.metrics_sorted)} FROM {table} WHERE {date_filter_column}="
        self.sql1 = query + "'{{ ds }}'"
        self.sql2 = query + f"'{{{{ macros.ds_add(ds, {self.days_back}) }}}}'"

    def execute(self, context: Any) -> None:
        """Check.

        Raises:
            TradewindException: a ratio is too large; the message has each, with both numbers.
        """
        earlier = self.first_row(self.sql2)
        today = self.first_row(self.sql1)
        failed = [
            sentence
            for metric, now, then in zip(self.metrics_sorted, today, earlier)  # noqa: B905 - strict is of Python 3.10
            for sentence in self._complaints(metric, now, then)
        ]
        if failed:
            self.fail_check(f"{len(failed)} number(s) of table {self.table!r} moved too far: {'; '.join(failed)}")
        self.log.info("All numbers of table %s stayed near: %s of %s", self.table, today, self.metrics_sorted)

    def _complaints(self, metric: str, now: Any, then: Any) -> list[str]:
        """Return what is wrong with a number, in a list that may be empty."""
        told = f"{metric} is {now!r}, was {then!r} {-self.days_back} day(s) earlier"
        limit = f"{self.ratio_formula} wanted < {self.metrics_thresholds[metric]}"
        if not now or not then:
            return [] if self.ignore_zero else [f"{told}, {limit}"]
        ratio = self.ratio_formulas[self.ratio_formula](float(now), float(then))
        return [] if ratio < float(self.metrics_thresholds[metric]) else [f"{told}: {ratio:.4g}, {limit}"]


class SQLThresholdCheckOperator(BaseSQLOperator):
    """Check that a query's first cell is between two bounds, both included.

    Arguments:
        sql: the query (templated).
        min_threshold: the lower bound, a number or a query whose first cell it is (templated).
        max_threshold: the upper bound, likewise (templated).
        parameters: values bound to the query, not to those of the bounds.
    """

    template_fields: Sequence[str] = ("sql", "min_threshold", "max_threshold", *BaseSQLOperator.template_fields)
    template_ext: Sequence[str] = (".hql", ".sql")
    template_fields_renderers: Mapping[str, str] = {"sql": "sql"}
    ui_color = "#dfe3c9"

    def __init__(
        self, *, sql: str, min_threshold: Any, max_threshold: Any, parameters: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.sql = sql
        self.min_threshold = as_number(min_threshold)
        self.max_threshold = as_number(max_threshold)
        self.parameters = parameters

    def execute(self, context: Any) -> None:
        """Check.

        Raises:
            TradewindException: there is no row, or its first cell is outside of the bounds.
        """
        found = self.first_row(self.sql, self.parameters)[0]
        lowest, highest = self._bound(self.min_threshold), self._bound(self.max_threshold)
        if found is None or lowest is None or highest is None:
            self.fail_check(f"wanted {lowest} to {highest}, found {found!r}: {self.sql}")
        is_inside = bool(lowest <= as_number(found) <= highest)
        self.push(
            {
                "result": found,
                "task_id": self.task_id,
                "min_threshold": lowest,
                "max_threshold": highest,
                "within_threshold": is_inside,
            }
        )
        if not is_inside:
            self.fail_check(f"wanted {lowest} to {highest}, found {found!r}: {self.sql}")

    def push(self, meta_data: Mapping[str, Any]) -> None:
        """Take note of what was found. A subclass may write it somewhere; here it goes to the log."""
        self.log.info("The check found: %s", dict(meta_data))

    def _bound(self, threshold: Any) -> Any:
        number = as_number(threshold)  # once more: a template has become a text
        return as_number(self.first_row(number)[0]) if isinstance(number, str) else number


class BranchSQLOperator(BaseSQLOperator):
    """Go on by what a query's first cell says: a truth, a number (0 is false), or a word such as `yes` or `off`.

    Arguments:
        sql: the query (templated).
        follow_task_ids_if_true: the task or group to go on with, or a list of them; other direct downstream is skipped.
        follow_task_ids_if_false: the same for the other answer.
        parameters: values bound to the query (templated).
    """

    template_fields: Sequence[str] = ("sql", "parameters", *BaseSQLOperator.template_fields)
    template_ext: Sequence[str] = (".sql",)
    template_fields_renderers: Mapping[str, str] = {"sql": "sql"}
    ui_color = "#dfe3c9"

    def __init__(
        self,
        *,
        sql: str,
        follow_task_ids_if_true: str | Sequence[str],
        follow_task_ids_if_false: str | Sequence[str],
        parameters: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sql = sql
        self.follow_task_ids_if_true = follow_task_ids_if_true
        self.follow_task_ids_if_false = follow_task_ids_if_false
        self.parameters = parameters

    def execute(self, context: Any) -> list[str]:
        """Ask, have the other branch skipped, and return the ids that are followed.

        Raises:
            TradewindException: there is no row, its cell says neither yes nor no, or an id is no task of the DAG.
        """
        found = self.first_row(self.sql, self.parameters)[0]
        answer = as_truth(found)
        if answer is None:
            self.fail_check(f"wanted a truth, a number or yes or no, found {found!r}: {self.sql}")
        chosen = self.follow_task_ids_if_true if answer else self.follow_task_ids_if_false
        ids = [chosen] if isinstance(chosen, str) else list(chosen)
        self.log.info("The query says %r: following %s", found, ", ".join(ids))
        follow(context, ids)
        return ids


def _where(*parts: Any) -> str:
    """Return the WHERE of the conditions that there are: texts, or checks that have a `partition_clause`."""
    clauses = [part.get("partition_clause") if isinstance(part, Mapping) else part for part in parts]
    given = [f"({clause})" for clause in clauses if clause]
    return f" WHERE {' AND '.join(given)}" if given else ""
