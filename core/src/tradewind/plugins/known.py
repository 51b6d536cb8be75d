"""Which distribution to install for a name that nothing installed has."""

from __future__ import annotations

import difflib
import json
import re
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

PLANNED: Final[Mapping[str, Mapping[str, Sequence[str]]]] = {
    "amazon": {"connection type": ["aws"]},
    "celery": {"executor": ["CeleryExecutor"]},
    "docker": {"connection type": ["docker"], "task decorator": ["docker"]},
    "google": {"connection type": ["google_cloud_platform"]},
    "http": {"connection type": ["http"]},
    "mysql": {"connection type": ["mysql"]},
    "postgres": {"connection type": ["postgres"]},
    "redis": {"connection type": ["redis"]},
    "sftp": {"connection type": ["sftp"]},
    "slack": {"connection type": ["slack"]},
    "ssh": {"connection type": ["ssh"]},
}
"""By provider and kind, the names that people know from Airflow and that no provider of ours has yet."""

_IN_TOP: Final = frozenset({"decorators", "models", "utils"})
_RENAMED: Final = {"dummy": "empty", "dummy_operator": "empty"}
_OF_TYPES: Final = {
    "for >>: 'list' and 'list'": "; chain and cross_downstream of tradewind join lists of tasks",
    "for <<: 'list' and 'list'": "; chain and cross_downstream of tradewind join lists of tasks",
    "BaseOperator.__init__() missing 1 required keyword-only argument: 'task_id'": "; give it a task_id",
}


@cache
def providers() -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Return the names by provider and kind; each provider is the distribution `tradewind-<name>`.

    The file is generated from what the providers declare. It is read when something is missing, and not before.
    """
    built = json.loads(Path(__file__).with_name("known.json").read_text(encoding="utf-8"))
    return {**PLANNED, **built}


def hint_for_name(kind: str, name: str) -> str:
    """Return `; run: pip install …` where the distribution that has the name is known, else an empty text."""
    provider = next((each for each, names in providers().items() if name in names.get(kind, ())), None)
    return f"; run: pip install tradewind-{provider}" if provider else ""


def hint_for_module(module: str) -> str:
    """Return the way out where a missing module is Airflow's or belongs to a known provider, else an empty text."""
    top, _, rest = module.partition(".")
    if top == "airflow":
        return _hint_for_airflow(rest)
    if top == "tradewind" and rest:
        return _hint_for_own(rest)
    prefix, _, provider = top.replace("_", "-").partition("-")
    return f"; run: pip install tradewind-{provider}" if prefix == "tradewind" and provider in providers() else ""


def _hint_for_airflow(rest: str) -> str:
    """Return the way out for a module of Airflow's."""
    if "airflow" not in sys.modules:
        return (
            "; run: pip install tradewind-airflow-names, or write the names of Tradewind: from tradewind import DAG, dag, task; "
            "from tradewind.operators.bash import BashOperator"
        )
    provider = rest.removeprefix("providers.").replace(".", "-")
    known = [
        each for each in sorted(providers()) if rest.startswith("providers.") and f"{provider}-".startswith(f"{each}-")
    ]
    return f"; run: pip install tradewind-{known[0]}" if known else "; Tradewind has no such module"


def _hint_for_own(rest: str) -> str:
    """Return the way out for a module that Airflow has, with tradewind written for airflow."""
    first, _, last = rest.partition(".")
    if first == "providers":
        return "; providers are packages of their own: from tradewind_sqlite.operators.sqlite import SqliteOperator"
    if first in _IN_TOP:
        return "; import it from tradewind itself: from tradewind import DAG, Param, Variable, dag, task"
    if last in _RENAMED:
        return f"; here it is tradewind.{first}.{_RENAMED[last]}"
    if last.endswith(("_operator", "_sensor")):
        return f"; here it is tradewind.{first}.{last.rpartition('_')[0]}"
    return ""


def hint_for_error(error: BaseException) -> str:
    """Return the way out of an error that a DAG file raised, where Python's own text does not have it."""
    if isinstance(error, ModuleNotFoundError):
        name = error.name or ""
        if "." in name or name.startswith(("tradewind", "airflow")):
            return hint_for_module(name)
        return "; install it where Tradewind runs, or put it into the DAG folder if it is yours" if name else ""
    if isinstance(error, ImportError):
        return _hint_for_name_in(error.name or "", str(error))
    if isinstance(error, TypeError):
        text = str(error)
        return next((hint for mark, hint in _OF_TYPES.items() if mark in text), "")
    return ""


def _hint_for_name_in(module: str, text: str) -> str:
    found = re.match(r"cannot import name '(\w+)'", text)
    if found is None or module.partition(".")[0] != "tradewind" or module not in sys.modules:
        return ""
    known = [name for name in dir(sys.modules[module]) if not name.startswith("_")]
    near = difflib.get_close_matches(found[1], known, n=1)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; tradewind has {', '.join(known)}" if module == "tradewind" else ""
