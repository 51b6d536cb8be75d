"""A mapped group: the same steps for each file, each file going on by itself; and a list that is changed on its way."""

from __future__ import annotations

import pendulum

from tradewind import dag, task, task_group


def numbered(name: str) -> str:
    """Return what each element becomes before a task gets it."""
    return f"{name}.csv"


@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1, tz="UTC"), tags=["example"])
def example_mapped_group():
    """Load each file by itself, then tell of all."""

    @task
    def names() -> list[str]:
        """Return what there is today."""
        return ["north", "south", "east"]

    @task
    def fetch(file: str, folder: str) -> str:
        """Work on one file."""
        return f"{folder}/{file}"

    @task
    def count(path: str) -> dict[str, int]:
        """Go on with the same file, when its own fetch is done."""
        return {path: len(path)}

    @task
    def report(counts: list[dict[str, int]], pairs: list[tuple[str, int]]) -> None:
        """Get the results of all instances as one list, and a list that two outputs were zipped to."""
        print(f"{len(counts)} files, {pairs}")

    @task_group
    def load(file: str, folder: str):
        """Two steps for one file."""
        return count(fetch(file, folder))

    @task
    def weights() -> list[int]:
        """Return numbers to go with the names."""
        return [3, 1, 2]

    found = names()
    report(load.partial(folder="inbox").expand(file=found.map(numbered)), found.zip(weights()))


example_mapped_group()
