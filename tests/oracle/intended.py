"""The rows of `differences.toml`: what Tradewind does otherwise than Apache Airflow, how that is recognised, and why."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from oracle.structure import Difference

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TABLE = Path(__file__).with_name("differences.toml")


@dataclass(frozen=True)
class Row:
    """An intended difference.

    Arguments:
        id: its name, for messages.
        what: what differs, in a sentence.
        reason: why it stays so.
        fields: the fields it shows in; patterns.
        values: pairs of JSON texts, the recorded value and ours; empty for any.
        operators: only for tasks of these classes, by Airflow's names; empty for any.
        schedule: only for DAGs whose recorded `schedule` and `catchup` have these values.
        dags: only for DAGs whose id is like one of these; patterns.
        where: only for places in the DAG that are like one of these; patterns.
    """

    id: str
    what: str
    reason: str
    fields: tuple[str, ...]
    values: tuple[tuple[str, str], ...] = ()
    operators: tuple[str, ...] = ()
    schedule: Mapping[str, Any] = field(default_factory=dict)
    dags: tuple[str, ...] = ("*",)
    where: tuple[str, ...] = ("*",)

    def explains(self, difference: Difference, recorded: Mapping[str, Any]) -> bool:
        """Tell whether a difference is this one.

        Arguments:
            recorded: the structure of the DAG as recorded.
        """
        found = (json.dumps(difference.recorded, sort_keys=True), json.dumps(difference.ours, sort_keys=True))
        known = {**recorded["schedule"], "catchup": recorded["catchup"]}
        return (
            any(fnmatchcase(difference.field, each) for each in self.fields)
            and any(fnmatchcase(difference.dag_id, each) for each in self.dags)
            and any(fnmatchcase(difference.where, each) for each in self.where)
            and (not self.values or found in self.values)
            and (not self.operators or _operator(difference, recorded) in self.operators)
            and all(known.get(name) == value for name, value in self.schedule.items())
        )


def rows(table: Path = TABLE) -> list[Row]:
    """Return the rows of the table."""
    return [_row(**each) for each in tomllib.loads(table.read_text())["difference"]]


@dataclass(frozen=True)
class Missing:
    """Why Tradewind does not load a file that Airflow loads.

    Arguments:
        pattern: a regular expression that is found in the last line of the error.
        reason: what is missing, or why it stays so.
        issue: the issue that builds it, 0 for none.
    """

    pattern: str
    reason: str
    issue: int = 0


def missing(table: Path = TABLE) -> list[Missing]:
    """Return the table's reasons why files are not loaded."""
    return [Missing(**each) for each in tomllib.loads(table.read_text())["missing"]]


def _row(values: Iterable[Iterable[str]] = (), **given: Any) -> Row:
    plain = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    return Row(**plain, values=tuple((there, here) for there, here in values))


def _operator(difference: Difference, recorded: Mapping[str, Any]) -> str | None:
    kind, _, name = difference.where.partition(" ")
    task = recorded["tasks"].get(name.partition("[")[0].partition(" ")[0]) if kind in ("task", "xcom") else None
    return None if task is None else str(task["operator"])


@dataclass
class Judgement:
    """Differences, sorted into the intended ones and the others.

    Arguments:
        table: the rows.
        used: ids of the rows that a difference was recognised by.
        unexplained: the differences that no row explains.
    """

    table: list[Row]
    used: set[str] = field(default_factory=set)
    unexplained: list[Difference] = field(default_factory=list)

    def judge(self, differences: Iterable[Difference], recorded: Mapping[str, Any]) -> None:
        """Take in the differences of a DAG."""
        for difference in differences:
            found = [row.id for row in self.table if row.explains(difference, recorded)]
            self.used.update(found)
            if not found:
                self.unexplained.append(difference)

    @property
    def unused(self) -> list[str]:
        """The ids of the rows that nothing was recognised by."""
        return [row.id for row in self.table if row.id not in self.used]
