"""A trigger with an `Idempotency-Key` is done once, however often it is sent."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from flask.testing import FlaskClient
from tradewind.access.actors import Actor
from tradewind.metadata.statements.browsing import idempotency
from tradewind.metadata.tables import idempotency_key

URL = "/api/v1/dags/empty/dagRuns"


def send(client: FlaskClient, key: str, **body: Any) -> Any:
    return client.post(URL, json=body, headers={"Idempotency-Key": key})


def runs(client: FlaskClient) -> int:
    return client.get(URL).json["total_entries"]


def test_the_same_request_gets_the_first_answer_again(stage: Any, client: FlaskClient) -> None:
    before = runs(client)
    first = send(client, "a", conf={"n": 1}, note="mine")
    client.patch(f"{URL}/{first.json['dag_run_id']}/setNote", json={"note": "changed since"})
    assert send(client, "a", conf={"n": 1}, note="mine").json == first.json
    assert runs(client) == before + 1
    other = send(client, "a", conf={"n": 2}, note="mine")
    assert other.status_code == 409
    assert "choose a new one" in other.json["detail"]
    elsewhere = client.post("/api/v1/dags/chain/dagRuns", json={"conf": {}}, headers={"Idempotency-Key": "a"})
    assert elsewhere.status_code == 409


def test_another_person_s_key_is_another_one(stage: Any, client: FlaskClient) -> None:
    first = send(client, "b").json["dag_run_id"]
    other = stage.client(("can_edit", "DAGs"), ("can_create", "DAG Runs"))
    assert other.post(URL, json={}, headers={"Idempotency-Key": "b"}).json["dag_run_id"] == first
    stranger = stage.app_of(stage.tools, Actor("eve", 3, None)).test_client()
    assert stranger.post(URL, json={}, headers={"Idempotency-Key": "b"}).json["dag_run_id"] != first


def test_a_key_is_kept_for_a_day(stage: Any, client: FlaskClient) -> None:
    first = send(client, "c").json["dag_run_id"]
    earlier = stage.tools.clock.now() - idempotency.KEPT - timedelta(hours=1)
    with stage.tools.database.transaction() as connection:
        connection.execute(sa.update(idempotency_key).values(created_at=earlier))
    assert send(client, "c").json["dag_run_id"] != first
    with stage.tools.database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(idempotency_key)).scalar_one() == 1


def test_what_was_refused_may_be_sent_again(stage: Any, client: FlaskClient) -> None:
    refused = client.post("/api/v1/dags/none/dagRuns", json={}, headers={"Idempotency-Key": "d"})
    assert refused.status_code == 404
    assert send(client, "d").status_code == 200


def test_many_at_once_make_one_run(stage: Any, client: FlaskClient) -> None:
    before = runs(client)
    answers: list[Any] = []

    def ask(other: FlaskClient) -> None:
        answers.append(send(other, "e", conf={"n": 1}))

    # Made one after the other, as a server makes its one application: Python 3.11 compiles in one thread at a time
    threads = [threading.Thread(target=ask, args=(stage.client(),)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.status_code for each in answers] == [200] * 8
    assert len({each.json["dag_run_id"] for each in answers}) == 1
    assert runs(client) == before + 1


def test_a_key_is_of_128_characters_at_most(client: FlaskClient) -> None:
    for key in ("", "k" * 129):
        refused = send(client, key)
        assert (refused.status_code, list(refused.json["fields"])) == (400, ["Idempotency-Key"])
