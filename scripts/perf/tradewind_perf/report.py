"""Results as Markdown: goals with whether they are reached, and all figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from tradewind_perf.figures import plain
from tradewind_perf.goals import Goal, Verdict
from tradewind_perf.results import Result
from tradewind_perf.scenario import Scenario

MARKS = {Verdict.REACHED: "reached", Verdict.NOT_REACHED: "**not reached**", Verdict.NOT_MEASURED: "not measured"}


def judged(result: Result, scenario: Scenario) -> Iterator[tuple[Goal, Verdict]]:
    """Yield the goals that hold on the result's database, each with what the result says; none at another scale."""
    for goal in scenario.goals:
        if result.database in goal.databases and result.scale == 1.0:
            yield goal, Verdict.NOT_MEASURED if result.skipped else goal.judge(result.figures)


def missed(result: Result, scenario: Scenario) -> int:
    """Return how many goals a result misses: not reached, or without their figure though the machine can show it."""
    bad = {Verdict.NOT_REACHED} if result.skipped else {Verdict.NOT_REACHED, Verdict.NOT_MEASURED}
    return max(sum(verdict in bad for _, verdict in judged(result, scenario)), int(result.has_failed))


def goals_table(results: Sequence[Result], catalogue: Mapping[str, Scenario]) -> str:
    """Return the table of goals, in the catalogue's order."""
    lines = ["| scenario | goal | median (min to max) | | load | when, commit |", "|---|---|---|---|---|---|"]
    order = list(catalogue)
    for result in sorted(known(results, catalogue), key=lambda each: order.index(each.scenario)):
        for goal, verdict in judged(result, catalogue[result.scenario]):
            found = result.figures.get(goal.figure)
            lines.append(
                f"| {result.scenario} | {goal} | {found or '–'} | "
                f"{'skipped: ' + result.skipped if result.skipped else MARKS[verdict]} | "
                f"{load_cell(result)} | {result.when}, {result.commit} |"
            )
    return "\n".join(lines)


def figures_list(results: Iterable[Result], catalogue: Mapping[str, Scenario]) -> str:
    """Return every figure of every scenario, with the command that makes it."""
    lines, order = [], list(catalogue)
    for result in sorted(known(results, catalogue), key=lambda each: order.index(each.scenario)):
        command = f"tradewind-perf run {result.scenario} --database {result.database}"
        lines.append(
            f"- `{command}` ({_runs(result)}, {result.seconds:.0f} s, {load_cell(result)}): {figures_line(result)}"
        )
    return "\n".join(lines)


def figures_line(result: Result) -> str:
    """Return all figures of a result in one line."""
    if result.skipped:
        return f"SKIPPED: {result.skipped}"
    return "; ".join(f"{name} {figure}" for name, figure in result.figures.items())


def load_cell(result: Result) -> str:
    """Return the worst load of a result's runs, marked where it puts the figures in doubt."""
    if not result.loads:
        return "–"
    return f"{result.load}{' (busy!)' if result.load.is_busy else ''}"


BEGIN, END = "<!-- begin: tradewind-perf report -->", "<!-- end: tradewind-perf report -->"


def put_into(page: str, text: str) -> str:
    """Return a page with `text` in place of what stands between its two marks.

    Raises:
        ValueError: the page lacks one of them.
    """
    before, begin, rest = page.partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"The page has no place for the tables: write a line {BEGIN} and a line {END} into it.")
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{after}"


def machines(results: Iterable[Result]) -> str:
    """Say on what the results were measured, each machine once."""
    lines = {
        f"{each.machine.get('cores', '?')} cores, Python {each.machine.get('python', '?')}, "
        f"{each.machine.get('system', '?')} {each.machine.get('kernel', '?')}; {each.machine.get('server', '?')}."
        for each in results
    }
    return "\n".join(f"- {line}" for line in sorted(lines))


def known(results: Iterable[Result], catalogue: Mapping[str, Scenario]) -> list[Result]:
    """Return those whose scenario still exists."""
    return [each for each in results if each.scenario in catalogue]


def _runs(result: Result) -> str:
    number = len(result.loads)
    size = "" if result.scale == 1.0 else f" at {plain(result.scale)} of the size"
    return f"{number} run{'' if number == 1 else 's'}{size}"
