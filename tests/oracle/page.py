"""Write `docs/differences.md`: how Tradewind is compared with a real Airflow, and what differs on purpose.

python tests/oracle/page.py
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

if __name__ == "__main__":  # as a script, its own folder is on the path instead of the one above
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from oracle import intended, recordings

PAGE = Path(__file__).parents[2] / "docs" / "differences.md"

HOW = """\
Nobody at Tradewind wrote the expected results of the tests that this page is about: a real Apache Airflow gave them.
`nox -s oracle` installs it in an environment of its own, shows it DAG files, and records what it makes of them; the recordings
are committed (`tests/oracle/recordings/`), and CI replays them on Tradewind.

- **Structure.** `airflow_structure.py` runs in Airflow's interpreter, `tradewind_structure.py` in ours; both load a file in a
  child process at a time that stands still, and print the same JSON: tasks, edges, groups, rules, retries, schedule, params, and
  the next ten runs from that time on. Ours is read from the *serialized* DAG and from the scheduler's own arithmetic.
- **Runs.** `airflow_runs.py` makes a run of each DAG. Airflow's own functions decide (`DagRun.update_state`,
  `DagRun.schedule_tis`) and its own run the tasks, in one process, so that hundreds of DAGs take minutes. Recorded are the states
  of the run and of each task instance, the numbers of tries, and the XComs. On our side the processor, the scheduler and a
  worker do the same as real processes. That the one process ends runs as Airflow's own daemons do was checked by hand, once: eleven
  of the DAGs (`generated_10` to `generated_19`, and a case) under `airflow scheduler` with the SequentialExecutor ended the same
  in every state, number of tries and XCom.
- **Generated DAGs** come from a seed (`generate.py`, `schedules.py`); no text of them is committed, only its SHA-1. They mix
  trigger rules, branches, short circuits, skips, failures, retries, mapping, nested groups, TaskFlow, sensors and templates.
- **Luck is left out.** Each DAG is run in several orders of what could have been next, and a rule on the outcome (`luck.py`)
  finds the tasks that two upstreams settle in two ways: `all_success` behind one that failed and one that was skipped ends by
  whichever came first, in Airflow as here. Such DAGs are listed in the recording's head and not compared.
- **Example DAGs** of Airflow's wheels are recorded by the file's SHA-1; `examples.py` says which are run, by their imports and
  operators. CI has no wheels: `nox -s oracle` downloads them and replays these recordings too."""


def page() -> str:
    """Return the page."""
    return "\n\n".join(_parts()) + "\n"


def _parts() -> Iterator[str]:
    head, lines = recordings.read(recordings.GENERATED)
    yield "# Differences from Apache Airflow"
    yield "<!-- Written by tests/oracle/page.py: change tests/oracle/differences.toml, or the recordings. -->"
    yield HOW
    yield "## What is compared"
    yield "\n".join(_counts(head, lines))
    yield f"## What differs from Airflow {head['airflow']} on purpose"
    yield (
        "Every difference that the replay finds is one of these, recognised by the rules in `tests/oracle/differences.toml`; one "
        "that is none of them is a bug, and fails the test. So does a row that nothing is recognised by."
    )
    yield "\n".join(_rows())


def _counts(head: dict[str, Any], lines: list[dict[str, Any]]) -> Iterator[str]:
    instances = sum(len(line["outcome"]["tasks"]) for line in lines)
    ends = Counter(state for line in lines for state, _tries in line["outcome"]["tasks"].values())
    yield "| recording | what is in it |"
    yield "|---|---|"
    shares = ", ".join(f"{number} {state}" for state, number in ends.most_common())
    yield (
        f"| generated | {len(lines)} DAGs with {instances} task instances ({shares}); "
        f"{len(head['refused'])} more left out as a matter of luck |"
    )
    yield f"| scheduled | {len(recordings.read(recordings.SCHEDULED)[1])} DAGs with schedules of all kinds in seven time zones |"
    yield f"| cases | {len(recordings.read(recordings.CASES)[1])} DAGs written by hand, each for one of the rows below |"
    examples = recordings.read(recordings.EXAMPLES)[1]
    loaded = sum("structure" in line for line in examples)
    ran = sum("outcome" in line for line in examples)
    failed = sum("error" in line for line in examples)
    yield f"| examples | {loaded} DAGs of the wheels' examples, {ran} of them run; {failed} files that Airflow itself cannot load |"


def _rows() -> Iterator[str]:
    yield "| | what | why |"
    yield "|---|---|---|"
    for row in intended.rows():
        yield f"| {row.id} | {row.what} | {row.reason} |"


if __name__ == "__main__":
    PAGE.write_text(page())
