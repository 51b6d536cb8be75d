"""Checks pass or fail as they should, and say what was found and what was wanted."""

from __future__ import annotations

import pytest
from tradewind_common_sql.operators.sql import (
    SQLCheckOperator,
    SQLColumnCheckOperator,
    SQLIntervalCheckOperator,
    SQLTableCheckOperator,
    SQLThresholdCheckOperator,
    SQLValueCheckOperator,
)
from tradewind_plugins.exceptions import TradewindException, TradewindFailException

TODAY = "day = '{{ ds }}'"


def run(host, operator, **arguments):
    return host.run(operator(task_id="check", conn_id="shop", **arguments))


def complaint(host, operator, **arguments):
    """Return with which words a check fails."""
    with pytest.raises(TradewindException) as failed:
        run(host, operator, **arguments)
    text = str(failed.value)
    assert text.startswith("Task 'check', connection 'shop': ")
    return text.partition("'shop': ")[2]


class TestCheck:
    def test_a_row_of_true_cells_passes(self, host, shop):
        run(host, SQLCheckOperator, sql="SELECT 1, 'x', 0.5")
        run(host, SQLCheckOperator, sql="SELECT count(*) FROM visits WHERE day = ?", parameters=["2021-01-01"])

    @pytest.mark.parametrize("cell", ["0", "NULL", "''"])
    def test_a_cell_that_is_not_true_fails(self, host, shop, cell):
        assert complaint(host, SQLCheckOperator, sql=f"SELECT 1, {cell}").startswith(
            "wanted a row of true cells, found [1"
        )

    def test_no_row_fails(self, host, shop):
        said = complaint(host, SQLCheckOperator, sql="SELECT 1 FROM visits WHERE day = 'never'")
        assert said == "returned no rows: SELECT 1 FROM visits WHERE day = 'never'"

    def test_it_can_fail_for_good(self, host, shop):
        with pytest.raises(TradewindFailException):
            run(host, SQLCheckOperator, sql="SELECT 0", retry_on_failure=False)
        with pytest.raises(TradewindException) as failed:
            run(host, SQLCheckOperator, sql="SELECT 0")
        assert not isinstance(failed.value, TradewindFailException)


class TestValue:
    @pytest.mark.parametrize(
        ("cells", "arguments"),
        [
            ("10", {"pass_value": 10}),
            ("10, 10.0, '10'", {"pass_value": "{{ 5 + 5 }}"}),
            ("9", {"pass_value": 10, "tolerance": 0.1}),
            ("-11", {"pass_value": -10, "tolerance": "0.1"}),
            ("'2021-01-01'", {"pass_value": "{{ ds }}"}),
        ],
    )
    def test_the_value_passes(self, host, shop, cells, arguments):
        run(host, SQLValueCheckOperator, sql=f"SELECT {cells}", **arguments)

    def test_another_fails(self, host, shop):
        say = lambda cells, **arguments: complaint(host, SQLValueCheckOperator, sql=f"SELECT {cells}", **arguments)  # noqa: E731
        assert say("10, 11", pass_value=10) == "wanted 10, found [10, 11]: SELECT 10, 11"
        assert say("12", pass_value=10, tolerance=0.1) == "wanted 10 (tolerance 0.1), found [12]: SELECT 12"
        assert say("'red'", pass_value="blue") == "wanted blue, found ['red']: SELECT 'red'"
        assert say("NULL", pass_value=0) == "wanted 0, found [None]: SELECT NULL"

    def test_parameters_are_bound(self, host, shop):
        run(host, SQLValueCheckOperator, sql="SELECT ?", pass_value=3, parameters=[3])


class TestThreshold:
    SUM = "SELECT sum(visitors) FROM visits"

    def test_bounds_are_included_and_may_be_queries(self, host, shop):
        run(host, SQLThresholdCheckOperator, sql=self.SUM, min_threshold=30, max_threshold=30.0)
        run(host, SQLThresholdCheckOperator, sql=self.SUM, min_threshold="SELECT 30", max_threshold="{{ 40 }}")
        run(host, SQLThresholdCheckOperator, sql="SELECT ?", parameters=[7], min_threshold=7, max_threshold="SELECT 8")

    def test_what_is_outside_fails(self, host, shop):
        said = complaint(host, SQLThresholdCheckOperator, sql=self.SUM, min_threshold=31, max_threshold="SELECT 99")
        assert said == f"wanted 31.0 to 99.0, found 30: {self.SUM}"
        said = complaint(host, SQLThresholdCheckOperator, sql="SELECT NULL", min_threshold=0, max_threshold=1)
        assert said == "wanted 0.0 to 1.0, found None: SELECT NULL"

    def test_a_subclass_may_keep_what_was_found(self, host, shop):
        kept = []

        class Keeping(SQLThresholdCheckOperator):
            def push(self, meta_data):
                kept.append(dict(meta_data))

        run(host, Keeping, sql=self.SUM, min_threshold=0, max_threshold=99)
        assert kept == [
            {"result": 30, "task_id": "check", "min_threshold": 0.0, "max_threshold": 99.0, "within_threshold": True}
        ]


class TestInterval:
    def check(self, host, **arguments):
        metrics = {"COUNT(*)": 2.5, "SUM(visitors)": 1.5}
        given = {"table": "visits", "metrics_thresholds": metrics, "date_filter_column": "day", **arguments}
        task = SQLIntervalCheckOperator(task_id="check", conn_id="shop", **given)
        # The kit's templates have no macros
        return host.run(task, macros=type("Macros", (), {"ds_add": staticmethod(days_later)}))

    def test_near_numbers_pass(self, host, shop):
        self.check(host, metrics_thresholds={"COUNT(*)": 2.5, "SUM(visitors)": 2.1})
        self.check(host, metrics_thresholds={"SUM(visitors)": 1.1}, ratio_formula="relative_diff")

    def test_far_numbers_fail(self, host, shop):
        with pytest.raises(TradewindException) as failed:
            self.check(host, days_back=7)
        assert str(failed.value).endswith(
            "1 number(s) of table 'visits' moved too far: SUM(visitors) is 20, was 10 7 day(s) earlier: 2, "
            "max_over_min wanted < 1.5"
        )
        with pytest.raises(TradewindException, match=r": 1, relative_diff wanted < 1$"):
            self.check(host, metrics_thresholds={"SUM(visitors)": 1}, ratio_formula="relative_diff")

    def test_zeros_pass_unless_they_count(self, host, shop):
        self.check(host, days_back=1)
        self.check(host, days_back=-2)
        with pytest.raises(
            TradewindException, match=r"SUM\(visitors\) is 20, was 0 1 day\(s\) earlier, max_over_min wanted"
        ):
            self.check(host, days_back=1, ignore_zero=False)
        with pytest.raises(TradewindException, match="was None 2 day"):
            self.check(host, days_back=2, ignore_zero=False)

    def test_a_formula_that_is_not_there_is_named(self):
        with pytest.raises(TradewindException, match="ratio_formula is one of max_over_min, relative_diff, not 'x'"):
            SQLIntervalCheckOperator(task_id="t", table="t", metrics_thresholds={"a": 1}, ratio_formula="x")


def days_later(ds, days):
    return {-7: "2020-12-25", -1: "2020-12-31", -2: "2020-12-30"}[days]


class TestColumns:
    def test_what_was_found_is_the_result(self, host, shop):
        mapping = {
            "visitors": {
                "min": {"equal_to": 0},
                "max": {"greater_than": 11, "leq_to": 12},
                "distinct_check": {"geq_to": 4},
                "unique_check": {"equal_to": 0},
            },
            "colour": {"null_check": {"less_than": 2}, "unique_check": {"equal_to": 1}},
        }
        assert run(host, SQLColumnCheckOperator, table="visits", column_mapping=mapping) == {
            "visitors": {"min": 0, "max": 12, "distinct_check": 4, "unique_check": 0},
            "colour": {"null_check": 1, "unique_check": 1},
        }

    def test_rows_may_be_chosen_for_all_checks_and_for_one(self, host, shop):
        mapping = {"visitors": {"min": {"equal_to": 8}, "max": {"equal_to": 8, "partition_clause": "colour = 'blue'"}}}
        run(host, SQLColumnCheckOperator, table="visits", column_mapping=mapping, partition_clause=TODAY)

    def test_all_that_fails_is_told(self, host, shop):
        mapping = {
            "visitors": {"min": {"geq_to": 1}, "max": {"equal_to": 10, "tolerance": 0.1}},
            "colour": {"null_check": {"equal_to": 0}, "min": {"greater_than": 3}},
        }
        assert complaint(host, SQLColumnCheckOperator, table="visits", column_mapping=mapping) == (
            "4 check(s) of table 'visits' failed: min of column 'visitors' is 0, wanted >= 1; "
            "max of column 'visitors' is 12, wanted = 10 (tolerance 0.1); "
            "null_check of column 'colour' is 1, wanted = 0; "
            "min of column 'colour' is 'blue', wanted > 3: '>' not supported between instances of 'str' and 'int'"
        )

    @pytest.mark.parametrize(
        ("wanted", "passes"),
        [
            ({"equal_to": 11, "tolerance": 0.1}, True),
            ({"equal_to": 13, "tolerance": 0.05}, False),
            ({"greater_than": 12}, False),
            ({"greater_than": 12, "tolerance": 0.1}, True),
            ({"geq_to": 12.5}, False),
            ({"geq_to": 12.5, "tolerance": 0.1}, True),
            ({"less_than": 12}, False),
            ({"less_than": 12, "tolerance": 0.1}, True),
            ({"leq_to": 11, "tolerance": 0.1}, True),
            ({"leq_to": 11}, False),
        ],
    )
    def test_bounds_and_tolerances(self, host, shop, wanted, passes):
        arguments = {"table": "visits", "column_mapping": {"visitors": {"max": wanted}}}
        if passes:
            run(host, SQLColumnCheckOperator, **arguments)
        else:
            assert "max of column 'visitors' is 12" in complaint(host, SQLColumnCheckOperator, **arguments)

    def test_no_value_is_zero_unless_it_counts(self, host, shop):
        arguments = {
            "table": "visits",
            "column_mapping": {"visitors": {"min": {"equal_to": 0}}},
            "partition_clause": "day = 'never'",
        }
        assert run(host, SQLColumnCheckOperator, **arguments) == {"visitors": {"min": None}}
        said = complaint(host, SQLColumnCheckOperator, accept_none=False, **arguments)
        assert said.endswith("min of column 'visitors' is None, wanted = 0")

    @pytest.mark.parametrize(
        ("checks", "told"),
        [
            ({"median": {"equal_to": 1}}, "'median' of column 'a' is unknown; there are null_check, distinct_check"),
            ({"min": {}}, "'min' of column 'a' compares with nothing; give one of equal_to"),
            ({"min": {"equals": 1}}, "has 'equals'; it may have equal_to"),
            ({"min": {"equal_to": 1, "leq_to": 1}}, "has equal_to and leq_to: equal_to stands alone"),
            ({"min": {"greater_than": 1, "geq_to": 1}}, "has greater_than and geq_to: give one"),
            ({"min": {"less_than": 1, "leq_to": 1}}, "has less_than and leq_to: give one"),
        ],
    )
    def test_a_check_that_makes_no_sense_is_refused_when_the_file_is_read(self, checks, told):
        with pytest.raises(TradewindException, match=told):
            SQLColumnCheckOperator(task_id="t", table="t", column_mapping={"a": checks})


class TestTable:
    def test_statements_about_all_rows_or_each_pass(self, host, shop):
        checks = {
            "rows": {"check_statement": "COUNT(*) = 2"},
            "each": {"check_statement": "visitors > 0"},
            "blue": {"check_statement": "visitors = 8", "partition_clause": "colour = 'blue'"},
        }
        run(host, SQLTableCheckOperator, table="visits", checks=checks, partition_clause=TODAY)

    def test_what_fails_is_told_with_how_many_rows(self, host, shop):
        checks = {
            "rows": {"check_statement": "COUNT(*) > 9"},
            "each": {"check_statement": "visitors > 8"},
            "colours": {"check_statement": "colour <> ''"},
            "none": {"check_statement": "visitors > 0", "partition_clause": "day = 'never'"},
            "empty": {},
            "good": {"check_statement": "visitors >= 0"},
        }
        assert complaint(host, SQLTableCheckOperator, table="visits", checks=checks) == (
            "5 check(s) of table 'visits' failed: 'rows' (COUNT(*) > 9) is false; "
            "'each' (visitors > 8) is false in 2 of 4 rows; 'colours' (colour <> '') is false in 1 of 4 rows; "
            "'none' (visitors > 0) has no row to look at; 'empty' has no check_statement"
        )
