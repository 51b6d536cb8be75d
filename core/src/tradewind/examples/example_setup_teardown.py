"""Setup and teardown: a folder that is made for some tasks, and removed when they are done, whatever became of them."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pendulum

from tradewind import dag, setup, task, teardown


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), tags=["example"])
def example_setup_teardown():
    """Write into a folder and read from it; a check that fails would not leave the folder behind."""

    @setup
    def make_folder() -> str:
        """Make what the tasks in the scope need."""
        return tempfile.mkdtemp(prefix="tradewind-example-")

    @teardown
    def remove_folder(folder: str) -> None:
        """Clean up, if it was made."""
        shutil.rmtree(folder)

    @task
    def write(folder: str) -> str:
        """Use it."""
        path = Path(folder) / "numbers.txt"
        path.write_text("1 2 3")
        return str(path)

    @task
    def add(path: str) -> int:
        """Use it once more."""
        return sum(map(int, Path(path).read_text().split()))

    folder = make_folder()
    with remove_folder(folder).as_teardown(setups=folder):
        add(write(folder))


example_setup_teardown()
