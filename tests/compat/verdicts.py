"""What came of each public DAG file: one verdict a file, from what was found of it."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from compat.imports import Needs
from oracle.intended import Judgement, rows
from oracle.structure import differences

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CAUSES: Final = Path(__file__).with_name("causes.toml")

EXCLUDED = "excluded"
READ = "read"
STOOD_IN = "read with stand-ins"
WAITS = "waits for what is not built"
NEITHER = "not read by Airflow either"
OTHER = "not read"


@dataclass(frozen=True)
class Verdict:
    """What came of a file.

    Arguments:
        verdict: one of the constants above.
        about: the import that excluded it; the items it waits for; the cause why it is not read.
        structure: `equal`, or the first difference; empty where there is nothing to compare with.
    """

    verdict: str
    about: tuple[str, ...] = ()
    structure: str = ""

    def fields(self) -> dict[str, Any]:
        """Return it as JSON's values."""
        return {name: value for name, value in asdict(self).items() if value}


@dataclass(frozen=True)
class Found:
    """What is known of a file that counts.

    Arguments:
        asked: as it was read: with which packages and variables it may have had stand-ins.
        ours: what Tradewind made of it.
        further: the same, past what is not built.
        airflow: what the real Airflow made of it, None where it was not asked.
    """

    needs: Needs
    ours: Mapping[str, Any]
    further: Mapping[str, Any] | None
    airflow: Mapping[str, Any] | None


def excluded(needs: Needs) -> Verdict | None:
    """Return the verdict on a file that does not count, None for one that does."""
    if needs.broken:
        return Verdict(EXCLUDED, (f"no Python of today: {needs.broken}",))
    return None if needs.excluded_by is None else Verdict(EXCLUDED, needs.excluded_by)


def verdict(found: Found, causes: Sequence[Mapping[str, str]]) -> Verdict:
    """Return the verdict on a file that counts."""
    if not found.ours["error"]:
        stands_in = found.ours["used"] or found.needs.environment
        return Verdict(STOOD_IN if stands_in else READ, structure=_structure(found))
    further = found.further or found.ours
    if not further["error"] and further["items"]:
        return Verdict(WAITS, tuple(further["items"]))
    if found.airflow is not None and found.airflow["error"]:
        return Verdict(NEITHER, (without_paths(found.airflow["error"]),))
    return Verdict(OTHER, (_cause(further["error"] or found.ours["error"], causes),))


def without_paths(error: str) -> str:
    """Return an error without what is this machine's: folders, process numbers, the name of the exception that carried it."""
    plain = re.sub(r"\s*\((?:/\S+)\)|, PID: \d+", "", re.sub(r"^[\w.]*NotReadError: ", "", error))
    return re.sub(r"/\S*/(?=\S)", "…/", plain)


def causes() -> list[dict[str, str]]:
    """Return the table of causes: `pattern` is looked for in the error, `cause` says what it comes from."""
    found: list[dict[str, str]] = tomllib.loads(CAUSES.read_text())["cause"]
    return found


def _cause(error: str, table: Sequence[Mapping[str, str]]) -> str:
    return next(
        (row["cause"] for row in table if re.search(row["pattern"], error)), f"unexplained: {without_paths(error)}"
    )


def _structure(found: Found) -> str:
    if found.airflow is None or found.airflow["error"] or found.needs.is_for_airflow_3:
        return ""
    recorded, ours = found.airflow["dags"], found.ours["dags"]
    if set(recorded) != set(ours):
        return f"DAGs on one side only: {', '.join(sorted(set(recorded) ^ set(ours)))}"
    judgement = Judgement(rows())
    for dag_id, dag in recorded.items():
        judgement.judge(differences(dag, ours[dag_id]), dag)
    return str(judgement.unexplained[0]) if judgement.unexplained else "equal"
