"""The bar of `--wait`, as a terminal shows it."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from tradewind.cli.runs.following import progress_bar


@pytest.mark.parametrize("width", [60, 80, 120])
def test_long_names_leave_room_for_the_bar_and_its_count(width: int) -> None:
    console = Console(width=width, force_terminal=True, color_system=None, legacy_windows=False, file=io.StringIO())
    progress = progress_bar(console)
    progress.add_task("a_task_with_a_rather_long_name[0], " * 4, total=6, completed=3)
    with console.capture() as capture:
        console.print(progress)
    [line] = capture.get().splitlines()
    assert len(line) <= width
    assert " 3/6 " in line
    assert line.startswith("━" * 15)
    assert line.rstrip().endswith("…")
