"""Pages about roles: what each gives, as a table of resources and actions."""

from __future__ import annotations

from typing import Any

from administration import MARKUP, MOST_STATEMENTS, mighty
from stages import Stage
from tradewind.access.operations import ACTIONS
from tradewind.access.roles import ADMIN, BUILT_IN, VIEWER
from tradewind.operations.roles import create_role, delete_role
from tradewind.web.pages.roles import rows_of


def test_the_table_has_what_can_be_given_and_what_is() -> None:
    rows = {row.resource: dict(zip(ACTIONS, row.given, strict=True)) for row in rows_of([("can_read", "DAG:reports")])}
    assert rows["DAG:reports"] == {"can_read": True} | dict.fromkeys(ACTIONS[1:])
    assert rows["Pools"]["can_edit"] is False
    assert rows["Providers"]["can_delete"] is None, "nothing asks for it"
    whole = {
        (action, row.resource)
        for row in rows_of(BUILT_IN[ADMIN])
        for action, on in zip(ACTIONS, row.given, strict=True)
        if on
    }
    assert whole == set(BUILT_IN[ADMIN]), "what is not in the table would be taken away"


def test_the_list_tells_how_much_each_gives(stage: Stage) -> None:
    create_role(
        mighty(stage), name="Analyst", pairs=[("can_read", "DAG:a"), ("can_edit", "DAG:a"), ("can_read", "Pools")]
    )
    page = stage.client().get("/roles").text
    line = page.split("<strong>Analyst</strong>")[1].split("</tr>")[0]
    assert '<td class="number">3</td>' in line
    assert '<td class="number">2</td>' in line, "on single DAGs"
    assert "DELETE /roles/Analyst" in line
    assert "DELETE /roles/Viewer" not in page, "it is built in"
    delete_role(mighty(stage), name="Analyst")


def test_a_role_shows_what_it_gives(stage: Stage) -> None:
    page = stage.client().get("/roles/of/Viewer").text
    assert page.count(" checked") == len(BUILT_IN[VIEWER])
    assert 'aria-label="can_read on Pools" checked' in page
    assert 'aria-label="can_edit on Pools">' in page
    assert "built in" in page
    assert "DELETE" not in page


def test_what_people_wrote_is_escaped(stage: Stage) -> None:
    name = MARKUP.replace("/", "")
    create_role(mighty(stage), name=name, pairs=[("can_read", MARKUP), ("can_read", 'it\'s "quoted"')])
    for path in ("/roles", f"/roles/of/{name}"):
        page = stage.client().get(path)
        assert page.status_code == 200
        assert "<script>alert" not in page.text
    assert "it\\u0027s" in page.text, "JSON in an attribute ends where it should"
    delete_role(mighty(stage), name=name)


def test_who_may_not_see_or_change_is_refused(stage: Stage) -> None:
    nobody = stage.client(("can_read", "Pools"))
    for path in ("/roles", "/roles/new", "/roles/of/Viewer"):
        assert nobody.get(path).status_code == 403
    reader = stage.client(("can_read", "Roles")).get("/roles/of/Viewer").text
    assert "data-api" not in reader
    assert reader.count(" disabled") == reader.count('type="checkbox" data-item')
    assert stage.client().get("/roles/of/nothing").status_code == 404


def test_statements_do_not_grow(stage: Stage, statements: Any) -> None:
    for path in ("/roles", "/roles/of/Viewer"):
        counts = []
        for number in (0, 1, 2):
            create_role(mighty(stage), name=f"{path}{number}", pairs=[("can_read", f"DAG:{number}")])
            with statements.recorded(stage.tools.database):
                assert stage.client().get(path).status_code == 200
            counts.append(len(statements))
        assert counts[1] == counts[2] <= MOST_STATEMENTS
        for number in (0, 1, 2):
            delete_role(mighty(stage), name=f"{path}{number}")
