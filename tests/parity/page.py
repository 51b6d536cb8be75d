"""Write `docs/reference/parity.md`: how much of Airflow 2.11's surface is here, and every difference with its reason.

python tests/parity/page.py
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

if __name__ == "__main__":  # as a script, its own folder is on the path instead of the one above
    sys.path.insert(0, str(Path(__file__).parents[1]))

from parity import surface

PAGE = surface.ROOT / "docs" / "reference" / "parity.md"
TITLES = {
    "dag": "parameters of `DAG`",
    "operator": "parameters of `BaseOperator`",
    "task": "parameters of `@task`",
    "decorator": "variants of `@task`",
    "context": "template variables",
    "cli": "commands and their arguments",
}


def page() -> str:
    """Return the page."""
    return "\n\n".join(_parts()) + "\n"


def _parts() -> Iterator[str]:
    items, ours, rows = surface.airflow_items(), surface.our_items(), surface.differences()
    version = json.loads(surface.RECORDED.read_text())["airflow"]
    yield f"# Parity with Apache Airflow {version}"
    yield "<!-- Written by tests/parity/page.py: change tests/parity/differences.toml. -->"
    yield (
        f"Compared by introspection with Apache Airflow {version} (`nox -s parity` records it anew). An item counts as built where "
        "Tradewind takes it, does what it says, and a test shows that; what is taken and ignored counts as missing. *Sensible* "
        "leaves out what never will be here, and what belongs to a part of Tradewind that is still to come, such as access "
        "control and the web UI; each has its reason below."
    )
    yield "\n".join(_table(items, ours, rows))
    yield "## What is different"
    yield "\n".join(_rows(items, ours, rows))


def _table(items: list[str], ours: set[str], rows: list[surface.Difference]) -> Iterator[str]:
    yield "| | in Airflow | never | with a part to come | sensible | built | share of the sensible |"
    yield "|---|---|---|---|---|---|---|"
    for kind, title in [*TITLES.items(), ("", "**all**")]:
        named = [item for item in items if item.startswith(f"{kind}:" if kind else "")]
        built = sum(item in ours for item in named)
        issues = [surface.issue_of(item, rows) for item in named if item not in ours]
        never, later = issues.count(None), sum(issue is not None and issue > surface.ISSUE for issue in issues)
        sensible = len(named) - never - later
        yield f"| {title} | {len(named)} | {never} | {later} | {sensible} | {built} | {built / (sensible or 1):.0%} |"


def _rows(items: list[str], ours: set[str], rows: list[surface.Difference]) -> Iterator[str]:
    yield "| of Airflow | why | comes with issue |"
    yield "|---|---|---|"
    missing = [item for item in items if item not in ours]
    for row in rows:
        named = ", ".join(f"`{_shown(item)}`" for item in _whole(item for item in missing if row.covers(item)))
        yield f"| {named} | {row.reason} | {row.issue or 'none: it stays so'} |"


def _whole(items: Iterator[str]) -> Iterator[str]:
    """Leave out the arguments of a command that stands in the list itself."""
    commands: set[str] = set()
    for item in items:
        command, _, argument = item.rpartition(" ")
        is_argument = item.startswith("cli:") and (argument.startswith("--") or argument.isupper())
        if is_argument and command in commands:
            continue
        if not is_argument:
            commands.add(item)
        yield item


def _shown(item: str) -> str:
    kind, _, name = item.partition(":")
    return {"decorator": f"@task.{name}", "dag": f"DAG({name}=)"}.get(kind, name)


if __name__ == "__main__":
    PAGE.write_text(page())
    built = next(line for line in PAGE.read_text().splitlines() if line.startswith("| **all**"))
    numbers = " ".join(built.replace("|", " ").split()[1:])
    print(f"Airflow's surface: {numbers} (in Airflow, never, later, sensible, built, share). See {PAGE}.")
