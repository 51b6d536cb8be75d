"""`docs/airflow-compatibility.md` and the list of excluded files, from the verdicts.

`python tests/compat/page.py` writes both again.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from compat import ends
from compat.corpus import sources
from compat.verdicts import EXCLUDED, NEITHER, OTHER, READ, STOOD_IN, WAITS, Verdict

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "airflow-compatibility.md"
LIST: Final = ROOT / "docs" / "airflow-compatibility-excluded.md"
RESULTS: Final = Path(__file__).with_name("results.json")

Results = Mapping[str, Mapping[str, Verdict]]

_WRITTEN = "<!-- Written by tests/compat/page.py from tests/compat/results.json: change it there. -->"
_KINDS = {
    "core_examples": "examples in Airflow's own wheels",
    "provider_examples": "examples of providers",
    "public_repo": "public repositories",
}
_HEAD = """# Existing Airflow DAG files on Tradewind

{written}

How many public DAG files Tradewind reads as they are, with `tradewind-airflow-names` installed. Nobody here wrote them; they are
named in `tests/compat/corpus.json`, and none of their contents is in this project. `nox -s compat` lays them out, reads each in a
process of its own on Tradewind and on a real Apache Airflow 2.11, and writes this page. What Tradewind does not read of the files
that are written for Airflow 3 (`airflow.sdk`, `airflow.providers.standard`) is shown to a real Airflow 3.1.

**Which files count.** Those that need Airflow's core only: no import that runs while the file is read, in the file or in a local
module that it imports, is a provider's, a package's that stands on Airflow, or of Airflow's own inside. The rule is
`tests/compat/imports.py`; the [other files are listed](airflow-compatibility-excluded.md), each with the import that excluded it.

**What stands in.** Packages that have nothing to do with orchestration and are not installed here (never one whose name contains
"airflow"), and environment variables that only the file's owner has: such files are counted apart. Airflow variables and
connections that only the owner has stand in on both sides.

"""


def as_text(results: Results) -> str:
    """Return results as the text of `results.json`: a line a file."""
    files = [
        json.dumps([source, path, each.fields()], separators=(",", ":"))
        for source, of_source in results.items()
        for path, each in of_source.items()
    ]
    return "[\n" + ",\n".join(files) + "\n]\n"


def committed() -> dict[str, dict[str, Verdict]]:
    """Return the committed results."""
    results: dict[str, dict[str, Verdict]] = {}
    for source, path, fields in json.loads(RESULTS.read_text()):
        made = Verdict(fields["verdict"], tuple(fields.get("about", ())), fields.get("structure", ""))
        results.setdefault(source, {})[path] = made
    return results


def write(results: Results) -> None:
    """Write both pages."""
    PAGE.write_text(page(results))
    LIST.write_text(listing(results))


def page(results: Results) -> str:
    """Return the page."""
    kinds = {source.name: source.kind for source in sources()}
    parts = [
        _HEAD.format(written=_WRITTEN),
        *_totals(results, kinds),
        *_waiting(results),
        *_causes(results),
        *_ends(),
        *_by_source(results),
    ]
    return "".join(parts).rstrip("\n") + "\n"


def share(part: int, whole: int) -> str:
    """Return a share for people."""
    return f"{100 * part / whole:.1f} %" if whole else "–"


class Counts:
    """The verdicts of some files, counted."""

    def __init__(self, verdicts: Iterable[Verdict]) -> None:
        every = list(verdicts)
        self.of = Counter(each.verdict for each in every)
        self.files = len(every)
        self.core_only = self.files - self.of[EXCLUDED]
        self.read = self.of[READ] + self.of[STOOD_IN]
        self.could = self.read + self.of[OTHER]
        compared = [each for each in every if each.structure]
        self.compared = len(compared)
        self.equal = sum(each.structure == "equal" for each in compared)


def _totals(results: Results, kinds: Mapping[str, str]) -> Iterator[str]:
    yield "## In all\n\n"
    yield (
        "| files | core only | read | with stand-ins | wait for what is not built | not read by Airflow either | not read "
        "| share read | compared with Airflow | equal in structure |\n|---|---|---|---|---|---|---|---|---|---|\n"
    )
    for kind, words in [*_KINDS.items(), ("", "**all**")]:
        counts = Counts(each for name, of in results.items() if kind in ("", kinds[name]) for each in of.values())
        yield f"| {words} ({counts.files}) {_row(counts)}"
    yield (
        "\n*Share read*: of the files that count, without those that wait for what is not built, and without those that "
        "Airflow does not read either. *Equal in structure*: tasks with their classes, edges, rules, retries, pools, "
        "priorities, groups, schedule and next ten runs are those that Airflow has, but for the rows of "
        "[differences](differences.md).\n\n"
    )


def _row(counts: Counts) -> str:
    of = counts.of
    equal = f"{counts.equal}: {share(counts.equal, counts.compared)}"
    return (
        f"| {counts.core_only} | {of[READ]} | {of[STOOD_IN]} | {of[WAITS]} | {of[NEITHER]} | {of[OTHER]} "
        f"| {share(counts.read, counts.could)} | {counts.compared} | {equal} |\n"
    )


def _of(results: Results, wanted: str) -> list[tuple[str, str, Verdict]]:
    return [
        (source, path, each) for source, of in results.items() for path, each in of.items() if each.verdict == wanted
    ]


def _waiting(results: Results) -> Iterator[str]:
    waiting = [each for _, _, each in _of(results, WAITS)]
    every = Counter(item for each in waiting for item in each.about)
    alone = Counter(each.about[0] for each in waiting if len(each.about) == 1)
    yield "## Files that wait for what is not built\n\nRead to their end past what is not built, they need nothing else.\n\n"
    yield "| what | files | that wait for this alone |\n|---|---|---|\n"
    yield from (f"| {item} | {count} | {alone[item]} |\n" for item, count in every.most_common())
    yield "\n"


def _causes(results: Results) -> Iterator[str]:
    yield "## Files that are not read, by cause\n\n| cause | files | for instance |\n|---|---|---|\n"
    yield from _grouped(_of(results, OTHER))
    yield "\n## Files that Airflow does not read either\n\n| its error | files | for instance |\n|---|---|---|\n"
    yield from _grouped(_of(results, NEITHER))
    odd = [
        found
        for verdict in (READ, STOOD_IN)
        for found in _of(results, verdict)
        if found[2].structure not in ("", "equal")
    ]
    yield "\n## Files that differ in structure\n\n| file | first difference |\n|---|---|\n"
    yield from (f"| `{source}` {_cell(path)} | {_cell(each.structure)} |\n" for source, path, each in odd)
    yield "\n"


def _grouped(found: Iterable[tuple[str, str, Verdict]]) -> Iterator[str]:
    by_cause: dict[str, list[str]] = {}
    for source, path, each in found:
        by_cause.setdefault(each.about[0], []).append(f"`{source}` {path}")
    for cause, files in sorted(by_cause.items(), key=lambda item: (-len(item[1]), item[0])):
        yield f"| {_cell(cause)} | {len(files)} | {_cell(files[0])} |\n"


def _ends() -> Iterator[str]:
    rows = ends.committed()
    ran = [each for each in rows if not each[2].startswith(ends.LUCK)]
    equal = sum(said == ends.EQUAL for _, _, said in ran)
    yield (
        "## How their runs end\n\n"
        "Run on both sides, without a network, are the files that can harm nobody and need nobody: read without stand-ins, of one "
        "module, with tasks of core's operators only, and without a word by which code reaches outside of its own process (the "
        "rule is `tests/compat/ends.py`). Compared are the states of the run and of each task instance.\n\n"
        f"{len(rows)} files are run; {len(rows) - len(ran)} of them are left out, as Airflow's own outcome is not the same each "
        f"time, its runs take more than {ends.PATIENCE} s, or their start date lies behind the logical date. "
        f"Of the other {len(ran)}, {equal} end alike: {share(equal, len(ran))}.\n\n"
    )
    odd = [each for each in ran if each[2] != ends.EQUAL]
    if odd:
        yield "| file | first difference |\n|---|---|\n"
        yield from (f"| `{source}` {_cell(path)} | {_cell(said)} |\n" for source, path, said in odd)
        yield "\n"


def _by_source(results: Results) -> Iterator[str]:
    yield (
        "## By source\n\n| source | core only | read | with stand-ins | wait | not by Airflow either | not read | share read "
        "| compared | equal |\n|---|---|---|---|---|---|---|---|---|---|\n"
    )
    for name, of in results.items():
        counts = Counts(of.values())
        if counts.core_only:
            yield f"| `{name}` ({counts.files}) {_row(counts)}"
    yield "\n"


def listing(results: Results) -> str:
    """Return the page of excluded files."""
    head = (
        f"# Public DAG files that need more than Airflow's core\n\n{_WRITTEN}\n\nSee [the page](airflow-compatibility.md). "
        "By source: the import that excluded, and the files.\n"
    )
    lines = [head]
    for source, of in results.items():
        by_import: dict[str, list[str]] = {}
        for path, each in of.items():
            if each.verdict == EXCLUDED:
                by_import.setdefault(each.about[0], []).append(path)
        if by_import:
            lines.append(f"\n## {source}\n\n")
            lines += [f"- `{name}`: {', '.join(paths)}\n" for name, paths in sorted(by_import.items())]
    return "".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")[:300]


if __name__ == "__main__":
    write(committed())
