"""The floor probe runs the graphs that it is given, in their order, through a real database and real forks."""

from pathlib import Path

import pytest
from tradewind_perf import graphs
from tradewind_perf.floor import Sqlite, measure, run


def test_the_published_graphs() -> None:
    assert graphs.read("linear:2x3") == [None, 0, 1, None, 3, 4]
    assert graphs.read("tree:1x5") == [None, 0, 0, 1, 1]
    assert graphs.read("tree:2x3") == [None, 0, 0, None, 3, 3]
    for wrong in ("ring:1x3", "linear:3", "linear:axb"):
        with pytest.raises(ValueError, match="is no graph"):
            graphs.read(wrong)


@pytest.mark.parametrize("graph", ["linear:3x4", "tree:2x7"])
def test_no_task_begins_before_the_one_that_it_waits_for_has_ended(tmp_path: Path, graph: str) -> None:
    parents = graphs.read(graph)
    store = Sqlite(tmp_path, parents)
    try:
        bodies = {task: (began, ended) for task, began, ended in run(store, parents, slots=3)}
    finally:
        store.close()
    assert sorted(bodies) == list(range(len(parents)))
    for task, parent in enumerate(parents):
        if parent is not None:
            assert bodies[parent][1] <= bodies[task][0]


def test_a_chain_has_a_lag_and_a_bushy_graph_a_makespan_only() -> None:
    assert measure("sqlite", graph="linear:1x5", private=0, slots=1)["lag_ms_median"] > 0
    assert "lag_ms_median" not in measure("sqlite", graph="tree:2x3", private=0, slots=2)
