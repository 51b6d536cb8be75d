"""Pages about pools: who takes the slots, as numbers and as a bar."""

from __future__ import annotations

from typing import Any

from administration import MARKUP, MOST_STATEMENTS, mighty
from stages import Stage
from tradewind.operations.pools import change_pool, create_pool, delete_pool


def test_the_list_shows_who_takes_the_slots(stage: Stage) -> None:
    change_pool(mighty(stage), name="default_pool", slots=4)
    run_id = stage.begin("mapped")
    tickets = stage.start(run_id)
    page = stage.client().get("/pools").text
    assert 'aria-label="3 running, 0 queued, 1 open"' in page
    assert '<rect class="running" width="750.0"' in page
    change_pool(mighty(stage), name="default_pool", slots=2)
    page = stage.client().get("/pools?part=list").text
    assert "<html" not in page
    assert "3 slots are taken, more than there are" in page
    assert '<rect class="running" width="1000.0"' in page
    change_pool(mighty(stage), name="default_pool", slots=0)
    assert "3 running" in stage.client().get("/pools").text
    change_pool(mighty(stage), name="default_pool", slots=128)
    for ticket in tickets:
        stage.end(ticket)


def test_the_default_pool_stays(stage: Stage) -> None:
    create_pool(mighty(stage), name="own", slots=0, description="mine")
    page = stage.client().get("/pools").text
    assert "DELETE /pools/own" in page
    assert "DELETE /pools/default_pool" not in page
    form = stage.client().get("/pools/edit/default_pool").text
    assert 'name="slots"' in form
    assert 'name="description"' not in form
    assert "DELETE" not in form
    assert 'value="mine"' in stage.client().get("/pools/edit/own").text
    delete_pool(mighty(stage), name="own")


def test_what_people_wrote_is_escaped(stage: Stage) -> None:
    name = MARKUP.replace("/", "")
    create_pool(mighty(stage), name=name, slots=1, description=MARKUP)
    for path in ("/pools", f"/pools/edit/{name}"):
        assert "<script>alert" not in stage.client().get(path).text
    delete_pool(mighty(stage), name=name)


def test_who_may_not_see_or_change_is_refused(stage: Stage) -> None:
    nobody = stage.client(("can_read", "Variables"))
    for path in ("/pools", "/pools/new", "/pools/edit/default_pool"):
        assert nobody.get(path).status_code == 403
    reader = stage.client(("can_read", "Pools"))
    assert "data-api" not in reader.get("/pools").text
    assert reader.get("/pools/edit/default_pool").status_code == 403
    assert stage.client().get("/pools/edit/nothing").status_code == 404


def test_statements_do_not_grow(stage: Stage, statements: Any) -> None:
    counts = []
    for names in ([], ["one", "two", "three"]):
        for name in names:
            create_pool(mighty(stage), name=name, slots=1)
        with statements.recorded(stage.tools.database):
            assert stage.client().get("/pools").status_code == 200
        counts.append(len(statements))
    assert counts[0] == counts[1] <= MOST_STATEMENTS
    for name in ("one", "two", "three"):
        delete_pool(mighty(stage), name=name)
