"""Lists of runs and task instances: what they cost, who sees what, and how many rows they say there are."""

from __future__ import annotations

from typing import Any

import pytest

RUNS = "/api/v1/dags/~/dagRuns"
INSTANCES = f"{RUNS}/~/taskInstances"
OF_CHAIN = (("can_read", "DAG:chain"), ("can_read", "DAG Run:chain"), ("can_read", "Task Instances"))


def test_a_list_costs_as_many_statements_for_many_rows_as_for_one(stage: Any, statements: Any) -> None:
    runs = [stage.begin(dag_id) for dag_id in ("chain", "empty", "mapped", "chain")]
    client = stage.client()
    for url in (RUNS, INSTANCES, f"/api/v1/dags/mapped/dagRuns/{runs[2]}/taskInstances/square/listMapped"):
        client.get(url)  # versions are in memory from here on
        costs = []
        for limit in (1, 100):
            with statements.recorded(stage.tools.database):
                assert client.get(url, query_string={"limit": limit}).status_code == 200
            costs.append(len(statements))
        assert costs[1] <= costs[0] <= 4


def test_versions_of_many_dags_are_read_with_one_statement(stage: Any, statements: Any) -> None:
    for dag_id in ("chain", "empty", "mapped"):
        stage.begin(dag_id)
    stage.tools.graphs._kept.clear()
    with statements.recorded(stage.tools.database):
        assert {each["dag_id"] for each in stage.client().get(INSTANCES).json["task_instances"]} >= {"chain", "empty"}
    statements.assert_at_most(3)


def test_lists_over_all_dags_have_those_that_one_may_see(stage: Any) -> None:
    for dag_id in ("chain", "empty"):
        stage.begin(dag_id)
    reader = stage.client(*OF_CHAIN)
    for url, key in ((RUNS, "dag_runs"), (INSTANCES, "task_instances")):
        found = reader.get(url).json
        assert {each["dag_id"] for each in found[key]} == {"chain"}
        assert found["total_entries"] == reader.get(url.replace("~", "chain", 1)).json["total_entries"]
        assert reader.post(f"{url}/list", json={"dag_ids": ["empty"]}).json["total_entries"] == 0
    assert reader.get("/api/v1/dags/empty/dagRuns").status_code == 403
    assert stage.client(("can_read", "DAGs")).get(RUNS).status_code == 403
    assert stage.client(*OF_CHAIN, dags=frozenset({"empty"})).get(RUNS).json["total_entries"] == 0


def test_a_total_is_never_too_small(stage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        stage.begin("chain")
    exact = stage.client().get(INSTANCES).json["total_entries"]
    for module in ("tradewind.operations.task_instances.reading", "tradewind.operations.runs.reading"):
        monkeypatch.setattr(f"{module}.COUNTED_MOST", 3)
    client = stage.client()
    assert client.get(INSTANCES, query_string={"limit": 2}).json["total_entries"] == exact
    stage.begin("chain")
    assert client.get(INSTANCES, query_string={"limit": 2}).json["total_entries"] == exact + 3
    some = client.get(INSTANCES, query_string={"limit": 2, "pool": "default_pool"}).json["total_entries"]
    assert some == exact + 3
    assert client.get(INSTANCES, query_string={"limit": 2, "pool": "none"}).json["total_entries"] == 0
