"""Datasets with their events, and backfills with their progress."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from page_statements import MOST_STATEMENTS, statements_of
from stages import FIRST_DATE, Stage
from tradewind.access.actors import Actor
from tradewind.metadata.asset_tables import asset_watcher
from tradewind.operations.backfills import change_backfill, create_backfill
from tradewind.operations.context import Context
from tradewind.operations.datasets.changing import create_dataset_event

EVERYBODY = Actor("ada", 1, None)
RUNS = (("can_read", "DAGs"), ("can_read", "DAG Runs"))


def context_of(stage: Stage) -> Context:
    return Context(EVERYBODY, stage.tools)


def test_datasets_show_who_has_to_do_with_them(stage: Stage) -> None:
    page = stage.client().get("/datasets").text
    assert "s3://one" in page
    assert 'href="/dags/told"' in page
    assert "s3://two" not in stage.client().get("/datasets?uri_pattern=one").text


def test_watchers_show_what_is_wrong_with_them(stage: Stage) -> None:
    row = {"id": 1, "dag_id": "told", "uri": "s3://one/", "name": "of_folder", "classpath": "a.B", "kwargs": "{}"}
    stage.tools.database.write(lambda c: c.execute(sa.insert(asset_watcher).values(**row, problem="<u>no folder")))
    page = stage.client().get("/datasets").text
    assert "of_folder" in page
    assert "&lt;u&gt;no folder" in page
    stage.tools.database.write(lambda c: c.execute(sa.delete(asset_watcher)))


def test_events_are_shown_with_what_was_said_and_for_whom_they_wait(stage: Stage) -> None:
    create_dataset_event(context_of(stage), uri="s3://two/", extra={"rows": "<i>12"})
    page = stage.client().get("/dataset?uri=s3://two/").text
    assert "<i>12" not in page
    assert "outside" in page
    assert "Tell of new data" in page
    looking = stage.client(("can_read", "Datasets")).get("/dataset?uri=s3://two/").text
    assert "Tell of new data" not in looking
    assert "data-api" not in looking
    assert "told" in looking
    assert 'href="/dags/told"' not in looking, "who may not see the DAG gets no link"


def test_a_dataset_that_is_not_there_is_told(stage: Stage) -> None:
    assert stage.client().get("/dataset?uri=s3://nothing").status_code == 404
    assert stage.client().get("/dataset").status_code == 400
    for path in ("/datasets", "/dataset?uri=s3://one"):
        assert stage.client(("can_read", "Pools")).get(path).status_code == 403


def backfill(stage: Stage) -> int:
    made = create_backfill(
        context_of(stage),
        dag_id="chain",
        first_date=FIRST_DATE.replace(month=3),
        last_date=FIRST_DATE.replace(month=3, day=4),
    )
    assert made.made is not None
    return made.made.backfill.id


def test_backfills_show_their_progress_and_can_be_cancelled(stage: Stage) -> None:
    key = backfill(stage)
    page = stage.client().get("/backfills").text
    assert "0 of 4" in page
    assert f'data-api="PATCH /dags/chain/backfills/{key}"' in page
    one = stage.client().get(f"/dags/chain/backfills/{key}").text
    assert one.count("pending") == 4
    assert "data-api" not in stage.client(*RUNS).get("/backfills").text
    change_backfill(context_of(stage), dag_id="chain", key=key, state="cancelled")
    assert "cancelled" in stage.client().get("/backfills").text
    assert f"/backfills/{key}" not in stage.client().get("/backfills?only_open=true").text
    assert f"/backfills/{key}" not in stage.client().get("/backfills?dag_id=mapped").text


def test_the_form_is_for_those_who_may_start_one(stage: Stage) -> None:
    assert 'id="backfill"' in stage.client().get("/dags/chain/backfills").text
    assert 'id="backfill"' not in stage.client(*RUNS).get("/dags/chain/backfills").text
    assert "This DAG is paused" in stage.client().get("/dags/often/backfills").text


def test_who_may_not_see_backfills_is_refused(stage: Stage) -> None:
    nobody = stage.client(("can_read", "Datasets"))
    for path in ("/backfills", "/dags/chain/backfills", "/dags/chain/backfills/1"):
        assert nobody.get(path).status_code == 403
    assert stage.client().get("/dags/chain/backfills/1").status_code == 404
    assert stage.client().get("/dags/nothing/backfills").status_code == 404


@pytest.mark.parametrize("path", ["/datasets", "/dataset?uri=s3://one/", "/backfills", "/dags/chain/backfills"])
def test_statements_do_not_grow_with_what_there_is(stage: Stage, path: str) -> None:
    counts = []
    for _ in range(2):
        create_dataset_event(context_of(stage), uri="s3://one/")
        key = backfill(stage)
        stage.client().get(path)
        counts.append(len(statements_of(stage, path)))
        change_backfill(context_of(stage), dag_id="chain", key=key, state="cancelled")
    assert counts[0] == counts[1]
    assert counts[1] < MOST_STATEMENTS
