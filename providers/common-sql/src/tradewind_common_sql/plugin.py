"""What this distribution plugs into Tradewind."""

from __future__ import annotations

from tradewind_plugins.declarations import AirflowAlias, Declared
from tradewind_plugins.hooks import hookimpl

__all__ = ["tradewind_airflow_aliases", "tradewind_operators", "tradewind_sensors", "tradewind_triggers"]

_SQL = "tradewind_common_sql.operators.sql"
_NEW = "airflow.providers.common.sql"
_SUMMARIES = {
    "SQLExecuteQueryOperator": "Runs SQL statements.",
    "SQLColumnCheckOperator": "Checks columns of a table by their numbers.",
    "SQLTableCheckOperator": "Checks statements about a table.",
    "SQLCheckOperator": "Checks that a query returns a row of true cells.",
    "SQLValueCheckOperator": "Checks that a query returns a value.",
    "SQLIntervalCheckOperator": "Checks that numbers of a day are near those of an earlier one.",
    "SQLThresholdCheckOperator": "Checks that a query's answer is between two bounds.",
    "BranchSQLOperator": "Goes on by what a query says.",
}
# Airflow's older modules, and which class each of their names is
_OLD = {
    "airflow.operators.sql": {name: name for name in ("BaseSQLOperator", *_SUMMARIES) if "Execute" not in name},
    "airflow.operators.check_operator": {
        "CheckOperator": "SQLCheckOperator",
        "IntervalCheckOperator": "SQLIntervalCheckOperator",
        "SQLCheckOperator": "SQLCheckOperator",
        "SQLIntervalCheckOperator": "SQLIntervalCheckOperator",
        "SQLThresholdCheckOperator": "SQLThresholdCheckOperator",
        "SQLValueCheckOperator": "SQLValueCheckOperator",
        "ThresholdCheckOperator": "SQLThresholdCheckOperator",
        "ValueCheckOperator": "SQLValueCheckOperator",
    },
    "airflow.operators.presto_check_operator": {
        "PrestoCheckOperator": "SQLCheckOperator",
        "PrestoIntervalCheckOperator": "SQLIntervalCheckOperator",
        "PrestoValueCheckOperator": "SQLValueCheckOperator",
        "SQLCheckOperator": "SQLCheckOperator",
        "SQLIntervalCheckOperator": "SQLIntervalCheckOperator",
        "SQLValueCheckOperator": "SQLValueCheckOperator",
    },
    "airflow.operators.sql_branch_operator": {
        "BranchSQLOperator": "BranchSQLOperator",
        "BranchSqlOperator": "BranchSQLOperator",
    },
}
_INSERT = "tradewind_common_sql.operators.insert_rows:SQLInsertRowsOperator"
_TRANSFER = "operators.generic_transfer:GenericTransfer"
_SENSOR = "sensors.sql:SqlSensor"


@hookimpl
def tradewind_operators() -> list[Declared]:
    """Declare the operators."""
    found = [Declared(path=f"{_SQL}:{name}", summary=summary) for name, summary in _SUMMARIES.items()]
    transfer = Declared(path=f"tradewind_common_sql.{_TRANSFER}", summary="Copies rows from one database to another.")
    return [*found, transfer, Declared(path=_INSERT, summary="Inserts rows that another task returned.")]


@hookimpl
def tradewind_sensors() -> list[Declared]:
    """Declare the sensors."""
    return [Declared(path=f"tradewind_common_sql.{_SENSOR}", summary="Waits for what a query says.")]


@hookimpl
def tradewind_triggers() -> list[Declared]:
    """Declare the triggers."""
    path = "tradewind_common_sql.triggers.sql:SqlSensorTrigger"
    return [Declared(path=path, summary="Waits for what a query says, in a triggerer.")]


@hookimpl
def tradewind_airflow_aliases() -> list[AirflowAlias]:
    """Declare where Airflow has what is here."""
    old = [
        AirflowAlias(name=f"{module}:{name}", path=f"{_SQL}:{ours}", instead=f"{_NEW}.operators.sql.{ours}")
        for module, names in _OLD.items()
        for name, ours in names.items()
    ]
    moved = (
        ("airflow.operators.generic_transfer:GenericTransfer", _TRANSFER),
        ("airflow.sensors.sql:SqlSensor", _SENSOR),
        ("airflow.sensors.sql_sensor:SqlSensor", _SENSOR),
    )
    old += [
        AirflowAlias(name=name, path=f"tradewind_common_sql.{path}", instead=f"{_NEW}.{path.replace(':', '.')}")
        for name, path in moved
    ]
    insert = AirflowAlias(name=f"{_NEW}.operators.sql:SQLInsertRowsOperator", path=_INSERT)
    return [AirflowAlias(name=_NEW, path="tradewind_common_sql"), insert, *old]
