"""Users, roles, permissions, tokens and the audit log by the REST API."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import airflow_client.client as airflow
import pytest
import sqlalchemy as sa
from airflow_client.client.api import event_log_api, permission_api, role_api, user_api
from airflow_client.client.exceptions import NotFoundException
from airflow_client.client.model.action import Action
from airflow_client.client.model.action_resource import ActionResource
from airflow_client.client.model.resource import Resource
from airflow_client.client.model.role import Role
from airflow_client.client.model.user import User
from airflow_client.client.model.user_collection_item_roles import UserCollectionItemRoles
from flask.testing import FlaskClient
from tradewind.access.actors import Actor
from tradewind.access.audit import record
from tradewind.access.operations import ACTIONS
from tradewind.metadata.access_tables import audit_event
from tradewind.metadata.ids import RandomIds
from tradewind.metadata.statements import users
from tradewind.operations.context import Tools

URL = "/api/v1"
PLANTED = "hunter2-planted"
ADA = {"username": "ada", "first_name": "Ada", "last_name": "L", "email": "ada@example.com", "password": PLANTED}
NOON = datetime(2026, 11, 23, 12, tzinfo=timezone.utc)
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def note(tools: Tools, event: str, owner: str, hour: int, **what: Any) -> None:
    ids = RandomIds(tools.clock.now)
    actor = Actor(owner, None, None, via="session")
    tools.database.write(lambda c: record(c, actor=actor, event=event, now=NOON.replace(hour=hour), ids=ids, **what))


def test_the_published_client_works_on_users(airflow_client: airflow.ApiClient) -> None:
    api = user_api.UserApi(airflow_client)
    made = api.post_user(User(**ADA, roles=[UserCollectionItemRoles(name="Viewer")]))
    assert (made.username, [each.name for each in made.roles], "password" in made) == ("ada", ["Viewer"], False)
    assert (made.active, made.login_count, made.failed_login_count, made.last_login) == (True, 0, 0, None)
    api.post_user(User(**{**ADA, "username": "bob", "email": "bob@example.com"}))
    listed = api.get_users(limit=10, offset=0, order_by="-username")
    assert ([each.username for each in listed.users], listed.total_entries) == (["bob", "ada"], 2)
    changed = api.patch_user(
        "ada", User(**{**ADA, "first_name": "Augusta", "email": "no@x.y"}), update_mask=["first_name"]
    )
    assert (changed.first_name, changed.email) == ("Augusta", "ada@example.com")
    api.patch_user("ada", User(**{**ADA, "username": "augusta"}), update_mask=["username"])
    assert api.get_user("augusta").email == "ada@example.com"
    api.delete_user("augusta")
    with pytest.raises(NotFoundException):
        api.get_user("augusta")


def test_the_published_client_works_on_roles_and_permissions(airflow_client: airflow.ApiClient) -> None:
    api = role_api.RoleApi(airflow_client)
    read = ActionResource(action=Action(name="can_read"), resource=Resource(name="DAGs"))
    edit = ActionResource(action=Action(name="can_edit"), resource=Resource(name="DAG:reports"))
    assert api.post_role(Role(name="Analyst", actions=[read])).name == "Analyst"
    listed = api.get_roles(limit=3, offset=0, order_by="-name")
    assert ([each.name for each in listed.roles], listed.total_entries) == (["Viewer", "User", "Public"], 6)
    api.patch_role("Analyst", Role(name="Analyst", actions=[edit]))
    found = api.get_role("Analyst").actions
    assert [(each.action.name, each.resource.name) for each in found] == [("can_edit", "DAG:reports")]
    api.delete_role("Analyst")
    with pytest.raises(NotFoundException):
        api.get_role("Analyst")
    actions = permission_api.PermissionApi(airflow_client).get_permissions(limit=2, offset=1)
    assert ([each.name for each in actions.actions], actions.total_entries) == (
        ["can_delete", "can_edit"],
        len(ACTIONS),
    )


def test_the_published_client_works_on_the_audit_log(airflow_client: airflow.ApiClient, tools: Tools) -> None:
    note(tools, "runs.trigger", "ada", 1, dag_id="reports", run_id="r", task_id="t", after={"password": PLANTED})
    note(tools, "login", "ada", 2)
    note(tools, "runs.clear", "bob", 3, dag_id="other", logical_date=NOON)
    api = event_log_api.EventLogApi(airflow_client)

    def events(**query: Any) -> list[str]:
        return [each.event for each in api.get_event_logs(**query).event_logs]

    assert events(order_by="-when") == ["runs.clear", "login", "runs.trigger"]
    assert events(limit=1, offset=1, order_by="when") == ["login"]
    assert events(dag_id="reports", run_id="r", task_id="t") == ["runs.trigger"]
    assert events(owner="bob", event="runs.clear") == ["runs.clear"]
    assert events(before=NOON.replace(hour=3), after=NOON.replace(hour=1)) == ["login"]
    assert events(included_events="login,runs.clear") == ["login", "runs.clear"]
    assert events(excluded_events="login,runs.clear") == ["runs.trigger"]
    first = api.get_event_log(api.get_event_logs(owner="bob").event_logs[0].event_log_id)
    assert (first.owner, first.execution_date, first.dag_id) == ("bob", NOON, "other")
    with pytest.raises(NotFoundException):
        api.get_event_log(5)


@on_sqlite
def test_the_audit_log_of_other_peoples_dags_is_not_shown(
    client: FlaskClient, client_of: Callable[..., FlaskClient], tools: Tools
) -> None:
    note(tools, "runs.trigger", "ada", 1, dag_id="reports")
    note(tools, "runs.trigger", "ada", 2, dag_id="other")
    note(tools, "login", "ada", 3)
    everything = client.get(f"{URL}/eventLogs").json["event_logs"]
    assert len(everything) == 3
    mine = client_of(("can_read", "Audit Logs"), ("can_read", "DAG:reports"))
    listed = mine.get(f"{URL}/eventLogs").json
    assert ([each["dag_id"] for each in listed["event_logs"]], listed["total_entries"]) == (["reports"], 1)
    seen = [mine.get(f"{URL}/eventLogs/{each['event_log_id']}").status_code for each in everything]
    assert seen == [200, 404, 404]
    assert mine.get(f"{URL}/eventLogs?dag_id=other").status_code == 403


@on_sqlite
def test_passwords_are_in_no_answer_and_no_audit_log(client: FlaskClient, tools: Tools) -> None:
    answers = [
        client.post(f"{URL}/users", json=ADA),
        client.post(f"{URL}/users", json=ADA),
        client.get(f"{URL}/users"),
        client.patch(f"{URL}/users/ada", json={"password": f"{PLANTED}2"}),
        client.patch(f"{URL}/users/ada", json={"password": PLANTED, "roles": [{"name": "None"}]}),
        client.patch(f"{URL}/users/ada", json={"password": [PLANTED]}),
        client.get(f"{URL}/eventLogs"),
    ]
    assert [each.status_code for each in answers] == [200, 409, 200, 200, 400, 400, 200]
    assert all(PLANTED not in each.text for each in answers)
    events = [each["event"] for each in answers[-1].json["event_logs"]]
    assert events == ["users.create", "users.change"]
    assert list(answers[4].json["fields"]) == ["roles"]


@on_sqlite
def test_every_change_by_the_api_is_in_the_audit_log(client: FlaskClient, tools: Tools) -> None:
    client.post(f"{URL}/variables", json={"key": "region", "value": PLANTED})
    client.post(f"{URL}/connections", json={"connection_id": "db", "conn_type": "sqlite", "password": PLANTED})
    client.patch(f"{URL}/connections/db", json={"password": f"{PLANTED}2", "host": "h"})
    client.delete(f"{URL}/variables/region")
    client.delete(f"{URL}/variables/region")
    with tools.database.read() as connection:
        rows = connection.execute(sa.select(audit_event).order_by(audit_event.c.id)).all()
    assert [row.event for row in rows] == [
        "variables.create",
        "connections.create",
        "connections.change",
        "variables.delete",
    ]
    assert {row.owner for row in rows} == {"ada"}
    assert all(PLANTED not in row.extra for row in rows)
    assert json.loads(rows[2].extra)["after"]["host"] == "h"


@on_sqlite
@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("users", {**ADA, "username": ""}, "username"),
        ("users", {**ADA, "username": "a\x00"}, "username"),
        ("users", {**ADA, "email": "e" * 321}, "email"),
        ("users", {**ADA, "first_name": 3}, "first_name"),
        ("users", {**ADA, "password": "short"}, "password"),
        ("users", {**ADA, "password": "ada"}, "password"),
        ("users", {**ADA, "roles": ["Admin"]}, "roles"),
        ("users", {**ADA, "roles": [{"name": "Nobody"}]}, "roles"),
        ("users", {**ADA, "is_admin": True}, "is_admin"),
        ("roles", {"name": "r" * 65}, "name"),
        ("roles", {"name": "r", "actions": [{"action": {"name": "fly"}, "resource": {"name": "DAGs"}}]}, "actions"),
        ("roles", {"name": "r", "actions": [{"action": {"name": "can_read"}}]}, "actions"),
        ("tokens", {"name": "t", "days": 10**9}, "days"),
        ("tokens", {"name": "t", "days": "NaN"}, "days"),
        ("tokens", {"name": "t", "scopes": []}, "scopes"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(client: FlaskClient, path: str, body: Any, field: str) -> None:
    refused = client.post(f"{URL}/{path}", json=body)
    assert (refused.status_code, list(refused.json["fields"])) == (400, [field])


@on_sqlite
def test_built_in_roles_stay_and_roles_keep_their_names(client: FlaskClient) -> None:
    assert client.delete(f"{URL}/roles/Admin").status_code == 400
    assert client.patch(f"{URL}/roles/Viewer", json={"name": "Reader"}).status_code == 400
    assert client.post(f"{URL}/roles", json={"name": "Viewer"}).status_code == 409
    assert client.patch(f"{URL}/roles/None", json={"actions": []}).status_code == 404


@on_sqlite
def test_tokens_are_ones_own_and_shown_once(client: FlaskClient, tools: Tools, app_of: Callable[..., Any]) -> None:
    client.post(f"{URL}/users", json=ADA)
    client.post(f"{URL}/users", json={**ADA, "username": "bob", "email": "bob@example.com"})
    with tools.database.read() as connection:
        keys = {each.username: each.id for each in users.list_users(connection)}
    ada, bob = (app_of(tools, Actor(each, keys[each], None)).test_client() for each in ("ada", "bob"))
    made = ada.post(f"{URL}/tokens", json={"name": "export", "days": 2, "scopes": ["runs.*"], "dags": ["reports"]}).json
    assert made["token"].startswith(f"twd_{made['made']['token_id']}_")
    listed = ada.get(f"{URL}/tokens")
    assert (listed.json["total_entries"], listed.json["tokens"][0]["scopes"]) == (1, ["runs.*"])
    assert made["token"] not in listed.text + client.get(f"{URL}/eventLogs").text
    assert bob.get(f"{URL}/tokens").json["total_entries"] == 0
    own = f"{URL}/tokens/{made['made']['token_id']}"
    assert [each.delete(own).status_code for each in (bob, ada, ada)] == [404, 204, 404]
    by_token = app_of(tools, replace(Actor("ada", keys["ada"], None), via="token")).test_client()
    assert by_token.post(f"{URL}/tokens", json={"name": "for ever"}).status_code == 403
    assert ada.post(f"{URL}/tokens", json={"name": "odd", "scopes": ["nothing.*"]}).status_code == 400


def test_a_page_costs_the_same_whatever_its_length(client: FlaskClient, tools: Tools, statements: Any) -> None:
    for each in range(3):
        client.post(f"{URL}/roles", json={"name": f"role{each}"})
    for path, most in (("users", 3), ("roles", 4), ("eventLogs", 2)):
        with statements.recorded(tools.database) as recorded:
            assert client.get(f"{URL}/{path}").status_code == 200
        recorded.assert_at_most(most)
