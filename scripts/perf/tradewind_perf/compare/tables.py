"""The comparison as a table of figures with ratios, and as a plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tradewind_perf.compare.cells import OURS
from tradewind_perf.figures import plain

# scenario, figure, whether more is better
LINES: tuple[tuple[str, str, bool], ...] = (
    ("chain30", "lag median ms", False),
    ("chain30", "lag p95 ms", False),
    ("chain30", "statements per task", False),
    ("fan200", "tasks/s", True),
    ("fan200", "CPU ms per task", False),
    ("fan200", "statements per task", False),
    ("empty1000", "makespan s", False),
    ("layers50x20", "makespan s", False),
    ("parse200", "first s", False),
    ("parse200", "first statements", False),
    ("parse200", "unchanged s", False),
    ("parse200", "unchanged statements", False),
)
LEGEND = {
    "chain30": "chain of 30 no-op tasks",
    "fan200": "200 independent no-op tasks",
    "empty1000": "1,000 empty tasks at once",
    "layers50x20": "50 layers of 20 empty tasks",
    "parse200": "one file of 200 DAGs × 5 tasks",
}
# scenario, figure, whether more is better, against whom, how many times better ours is to be
GOALS: tuple[tuple[str, str, bool, str, float], ...] = (
    ("chain30", "lag median ms", False, "Airflow 3.3", 100),
    ("chain30", "lag median ms", False, "Airflow 3.3 tuned", 10),
    ("fan200", "tasks/s", True, "Airflow 3.3", 20),
)
Cells = Mapping[tuple[str, str], Mapping[str, float]]


def figures(found: Sequence[Mapping[str, Any]]) -> Cells:
    """Return the figures of cells by (system, scenario), the sums that the table shows among them."""
    cells = {(each["system"], each["scenario"]): dict(each["figures"]) for each in found}
    for each in cells.values():
        parts = [value for name, value in each.items() if name.startswith("CPU ms per task, ")]
        if parts:
            each["CPU ms per task"] = sum(parts)
    return cells


def ratio(ours: float, theirs: float, more_is_better: bool) -> float | None:
    """Return how many times better ours is; None where that has no meaning."""
    better, worse = (ours, theirs) if more_is_better else (theirs, ours)
    return better / worse if worse > 0 else None


def table(found: Sequence[Mapping[str, Any]]) -> str:
    """Return the table in Markdown: ours, and each Airflow with how many times better ours is."""
    cells = figures(found)
    systems = sorted({system for system, _ in cells} - {OURS})
    lines = [f"| scenario | figure | {OURS} | {' | '.join(systems)} |", "|---|---|---|" + "---|" * len(systems)]
    for scenario, figure, more in LINES:
        ours = cells.get((OURS, scenario), {}).get(figure)
        words = [_cell(ours, cells.get((system, scenario), {}).get(figure), more) for system in systems]
        lines.append(
            f"| {LEGEND[scenario]} | {figure} | {'–' if ours is None else plain(ours)} | {' | '.join(words)} |"
        )
    return "\n".join([*lines, "", *_loads(found)])


def goals(found: Sequence[Mapping[str, Any]]) -> str:
    """Return, as lines of Markdown, which of the goals against Airflow are reached."""
    cells = figures(found)
    lines = []
    for scenario, figure, more, system, wanted in GOALS:
        times = _times(cells, system, (scenario, figure, more))
        said = (
            "not measured"
            if times is None
            else f"{plain(times)}, {'reached' if times >= wanted else '**not reached**'}"
        )
        lines.append(f"- {LEGEND[scenario]}, {figure}, at least {wanted:g} times better than {system}: {said}")
    return "\n".join(lines)


def _cell(ours: float | None, theirs: float | None, more_is_better: bool) -> str:
    if theirs is None:
        return "–"
    times = None if ours is None else ratio(ours, theirs, more_is_better)
    return plain(theirs) if times is None else f"{plain(theirs)} (× {plain(times)})"


def _loads(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say of each cell when it was measured and how busy the machine was with other work."""
    return [
        f"- {each['system']} {each['version']}, {each['scenario']}: {each['when']} UTC, {each['runs']} run(s), "
        f"load {each['load']['average']:.1f}, others {each['load']['others']:.0%}"
        for each in found
    ]


def plot(found: Sequence[Mapping[str, Any]], path: Path) -> bool:
    """Draw how many times better ours is, on a logarithmic scale; False without matplotlib, which is an extra."""
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415  (optional)
    except ModuleNotFoundError:
        return False
    cells = figures(found)
    systems = sorted({system for system, _ in cells} - {OURS})
    bars = [line for line in LINES if any(_times(cells, system, line) for system in systems)]
    drawing = Figure(figsize=(9, 0.6 + 0.5 * len(bars)), layout="constrained")
    axes = drawing.subplots()
    height = 0.8 / max(1, len(systems))
    for place, system in enumerate(systems):
        widths = [_times(cells, system, line) or 0 for line in bars]
        spots = [number + place * height for number in range(len(bars))]
        drawn = axes.barh(spots, widths, height=height, label=system)
        axes.bar_label(drawn, labels=[f" {plain(width)} ×" if width else "" for width in widths], fontsize=7)
    axes.set_yticks([number + 0.4 - height / 2 for number in range(len(bars))])
    axes.set_yticklabels([f"{LEGEND[scenario]}: {figure}" for scenario, figure, _ in bars], fontsize=8)
    axes.set_xscale("log")
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xlabel(f"times better: {OURS} against Apache Airflow, same machine, same run")
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.legend(fontsize=8)
    drawing.savefig(path)
    return True


def _times(cells: Cells, system: str, line: tuple[str, str, bool]) -> float | None:
    scenario, figure, more = line
    ours, theirs = cells.get((OURS, scenario), {}).get(figure), cells.get((system, scenario), {}).get(figure)
    return None if ours is None or theirs is None else ratio(ours, theirs, more)
