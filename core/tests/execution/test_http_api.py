"""Who may call the execution API, and what it says to who may not: nothing is done, nothing is told, never a 500."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from functools import partial
from typing import Any

import jwt
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError
from tradewind.api.execution import schemas
from tradewind.api.execution.document import document
from tradewind.api.execution.routes import ROUTES
from tradewind.execution.http import wire
from tradewind.execution.http.tokens import Keys, Pass
from tradewind.metadata.secrets import open_cipher
from tradewind.metadata.statements import variables
from tradewind.transitions.values import Outcome, XComValue
from tradewind.web.app import create_app
from werkzeug.test import TestResponse

SECRET = "planted-execution-secret-0123456789abcdef"
OTHER_SECRET = "another-execution-secret-0123456789abcdef"
PLANTED = "planted-value-of-a-variable"
FLOW = "from tradewind import DAG, task\nwith DAG('flow'):\n    @task\n    def work(): ...\n    work()\n"
WIDE = "from tradewind import DAG, task\nwith DAG('wide'):\n    for n in range(7):\n        task(task_id=f't{n}')(print)()\n"
CALLS = """
from tradewind import DAG, task
def tell(context): ...
with DAG('calls', on_success_callback=tell):
    @task(on_success_callback=tell)
    def work(): ...
    work()
"""
KEYS = Keys(SECRET)


@dataclasses.dataclass
class Desk:
    """Calls of workers at an app of a house, and what is claimed there."""

    house: Any
    client: FlaskClient

    def post(self, path: str, body: Any, token: str | None) -> TestResponse:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = self.client.post(f"{wire.PREFIX}{path}", data=data, headers=headers, content_type=wire.JSON)
        assert answer.status_code < 500 or answer.status_code == 503
        assert SECRET not in answer.text
        return answer

    def of(self, worker: str, what: str, body: Any) -> TestResponse:
        return self.post(f"/workers/{worker}/{what}", body, KEYS.credential(worker, time.time()))

    def claim(self, worker: str) -> tuple[dict[str, Any], str]:
        """Register a worker and have it claim the one try of a new run; return the start and its pass."""
        place = {"executor": "LocalExecutor", "queues": None}
        answer = self.of(worker, "register", {**place, "slots": 1, "host": "h", "pid": 1})
        assert answer.status_code == 200, answer.text
        self.house.start_run()
        found = self.exchange(worker, [], 1)
        return found["starts"][0], found["passes"][0]["pass"]

    def exchange(self, worker: str, outcomes: list[Any], free: int) -> dict[str, Any]:
        answer = self.of(worker, "exchange", exchange_body(outcomes, free, self.house.ids.nonce()))
        assert answer.status_code == 200, answer.text
        schemas.ExchangedSchema().load(answer.json)
        return dict(answer.json)

    def ask(self, start: dict[str, Any], word: str | None, request: str, **arguments: Any) -> TestResponse:
        path = f"/tries/{start['instance']}/{start['token']}/answer"
        return self.post(path, {"request": request, "arguments": arguments}, word)


def exchange_body(outcomes: list[Any], free: int, nonce: str) -> dict[str, Any]:
    body: dict[str, Any] = {"executor": "LocalExecutor", "queues": None, "outcomes": outcomes, "free": free}
    return {**body, "nonce": nonce, "is_repeated": False, "missing": []}


def outcome(start: dict[str, Any], **changes: Any) -> dict[str, Any]:
    made = Outcome(start["instance"], start["token"], "success", datetime.now(timezone.utc))
    return wire.outcome_to_json(dataclasses.replace(made, **changes))


@pytest.fixture(scope="module")
def desk(
    sqlite_template: Any, tmp_path_factory: pytest.TempPathFactory, make_house: Callable[..., Any]
) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("api")
    (folder / "tradewind.db").write_bytes(sqlite_template.read_bytes())
    for house in make_house(f"sqlite:///{folder}/tradewind.db", folder):
        house.deploy(FLOW)
        cipher = open_cipher(house.config.security.fernet_key, house.home)
        house.database.write(
            partial(variables.set_variable, key="api_secret", value=PLANTED, description=None, cipher=cipher)
        )
        app = create_app(with_api(house.config, secret=SECRET), house.database)
        with app.test_client() as client:
            yield Desk(house, client)
        app.extensions["execution"].close()


def with_api(config: Any, **api: Any) -> Any:
    return dataclasses.replace(config, execution_api=dataclasses.replace(config.execution_api, **api))


def refused(answer: TestResponse, status: int, code: str, *words: str) -> None:
    assert (answer.status_code, answer.json["code"]) == (status, code), answer.text
    assert answer.mimetype == wire.PROBLEM
    assert answer.headers["Tradewind-Execution"] == "1"
    schemas.ProblemSchema().load(answer.json)
    for word in words:
        assert word in answer.text


# --- Who calls --------------------------------------------------------------------------------------------------------


def test_every_call_needs_a_token(desk: Desk) -> None:
    for route in ROUTES:
        refused(desk.post(f"/workers/w1/{route.path}", {}, None), 401, "unauthorized")
    for path in ("/workers/w1/wait", "/workers/w1/sources/abc", "/workers/w1/values"):
        answer = desk.client.get(f"{wire.PREFIX}{path}")
        refused(answer, 401, "unauthorized")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    refused(desk.post("/tries/1/1/answer", {}, None), 401, "unauthorized")
    refused(desk.client.put(f"{wire.PREFIX}/workers/w1/tries/1/1/values?key=x"), 401, "unauthorized")


@pytest.mark.parametrize(
    ("credential", "status", "code"),
    [
        (lambda now: KEYS.credential("w2", now), 403, "other-worker"),
        (lambda now: Keys(OTHER_SECRET).credential("w1", now), 401, "unauthorized"),
        (lambda now: KEYS.credential("w1", now - 1000), 401, "expired"),
        (lambda now: KEYS.credential("w1", now + 1000), 401, "unauthorized"),
        (lambda _now: "no.token.atall", 401, "unauthorized"),
        (
            lambda _now: jwt.encode({"sub": "w1", "aud": "tradewind-credential", "iat": 0, "exp": 2**40}, "x" * 32),
            401,
            "unauthorized",
        ),
        (
            lambda _now: jwt.encode(
                {"sub": "w1", "aud": "tradewind-credential", "iat": 0, "exp": 2**40}, None, algorithm="none"
            ),
            401,
            "unauthorized",
        ),
        (lambda now: KEYS.pass_of(Pass("w1", 1, 1, 1, 1, "d", "r", "t", -1), now, 60), 401, "unauthorized"),
        (lambda now: KEYS._sign("credential", {"sub": "w1"}, now, 10_000), 401, "unauthorized"),
    ],
)
def test_a_credential_must_be_the_workers_own_and_of_now(
    desk: Desk, credential: Callable[[float], str], status: int, code: str
) -> None:
    refused(desk.post("/workers/w1/renew", {"passes": []}, credential(time.time())), status, code)


def test_a_secret_can_be_rotated() -> None:
    old, both = Keys(SECRET), Keys(f"{OTHER_SECRET}, {SECRET}")
    assert both.worker_of(old.credential("w", 1000.0), 1000.0) == "w"
    assert Keys(OTHER_SECRET).worker_of(both.credential("w", 1000.0), 1000.0) == "w"
    with pytest.raises(ValueError, match="at least 32 characters"):
        Keys(f"{SECRET},short")


def test_the_pass_of_one_try_asks_nothing_for_another(desk: Desk) -> None:
    mine, word = desk.claim("passes-1")
    other, others_word = desk.claim("passes-2")
    refused(desk.ask(other, word, "PushXCom", key="k", value="1", type="int", size=1), 403, "other-try")
    refused(desk.ask(mine, others_word, "GetVariable", key="api_secret"), 403, "other-try")
    refused(desk.ask(mine, KEYS.credential("passes-1", time.time()), "Beat"), 401, "unauthorized")
    what = KEYS.read_pass(word, time.time())
    refused(desk.ask(mine, KEYS.pass_of(what, time.time() - 100, 50), "Beat"), 401, "expired")
    refused(desk.ask(mine, Keys(OTHER_SECRET).pass_of(what, time.time(), 50), "Beat"), 401, "unauthorized")
    refused(desk.ask(mine, word[:-4] + "AAAA", "Beat"), 401, "unauthorized")
    callback = dataclasses.replace(what, callback=(7, 1))
    refused(desk.ask(mine, KEYS.pass_of(callback, time.time(), 50), "Beat"), 403, "other-try")
    body = {"request": "Beat", "arguments": {}}
    refused(desk.post("/callbacks/7/1/answer", body, word), 403, "other-try")
    refused(desk.post("/callbacks/7/1/answer", body, KEYS.pass_of(callback, time.time(), 50)), 403, "overtaken")
    assert desk.ask(mine, word, "PushXCom", key="k", value="1", type="int", size=1).json["reply"]["error"] is None
    assert {(row.key, row.task_id) for row in desk.house.xcom_rows(mine["run"])} == {("k", "work")}
    assert desk.house.xcom_rows(other["run"]) == []


def test_a_pass_ends_with_its_try(desk: Desk) -> None:
    start, word = desk.claim("ends-1")
    found = desk.ask(start, word, "GetVariable", key="api_secret")
    schemas.AnsweredSchema().load(found.json)
    assert (found.json["reply"]["value"], found.json["mask"]) == (PLANTED, [PLANTED])
    assert desk.exchange("ends-1", [outcome(start)], 0)["answers"][0]["verdict"] == "recorded"
    answer = desk.ask(start, word, "GetVariable", key="api_secret")
    refused(answer, 403, "overtaken", "a newer dispatch of this task exists")
    assert PLANTED not in answer.text
    renewed = desk.of("ends-1", "renew", {"passes": [[start["instance"], start["token"]]]}).json
    schemas.LeaseSchema().load(renewed)
    assert (renewed["is_alive"], renewed["tries"], renewed["passes"]) == (True, [], [])


def test_a_newer_dispatch_ends_the_pass_of_the_one_before(desk: Desk) -> None:
    start, word = desk.claim("newer-1")
    ended = desk.of("newer-1", "end", {"cause": "killed", "is_evidence": True, "started": []})
    schemas.EndedSchema().load(ended.json)
    assert ended.json == {"requeued": [start["instance"]], "lost": []}
    refused(desk.ask(start, word, "Beat"), 403, "overtaken")
    place = {"executor": "LocalExecutor", "queues": None, "slots": 1, "host": "h", "pid": 1}
    assert desk.of("newer-2", "register", place).status_code == 200
    desk.house.admit()
    (again,) = desk.exchange("newer-2", [], 1)["starts"]
    assert (again["instance"], again["token"] > start["token"]) == (start["instance"], True)
    refused(desk.ask(start, word, "PushXCom", key="k", value="1", type="int", size=1), 403, "overtaken")
    # The late report of the first one changes nothing, and says so
    assert desk.exchange("newer-1", [outcome(start)], 0)["answers"][0]["verdict"] == "overtaken"
    desk.exchange("newer-2", [outcome(again)], 0)


def test_a_renewal_brings_passes_of_what_is_the_workers_own(desk: Desk) -> None:
    start, _ = desk.claim("renew-1")
    other, _ = desk.claim("renew-2")
    asked = [[each["instance"], each["token"]] for each in (start, other)] + [[-5, 1], [start["instance"], 99]]
    found = desk.of("renew-1", "renew", {"passes": asked}).json
    assert [(each["instance"], each["token"]) for each in found["passes"]] == [(start["instance"], start["token"])]
    assert desk.ask(start, found["passes"][0]["pass"], "Beat").json["reply"]["error"] is None
    assert found["tries"] == [[start["instance"], start["token"]]]


def test_a_callback_has_a_pass_of_its_own_until_it_was_reported(desk: Desk) -> None:
    desk.house.deploy(CALLS, "calls.py")
    place = {"executor": "LocalExecutor", "queues": None, "slots": 1, "host": "h", "pid": 1}
    for worker in ("calls-1", "calls-2"):
        assert desk.of(worker, "register", place).status_code == 200
    desk.house.start_run("calls")
    (start,) = desk.exchange("calls-1", [], 1)["starts"]
    assert desk.exchange("calls-1", [outcome(start)], 0)["has_callbacks"]
    claimed = desk.of("calls-1", "callbacks/claim", {"most": 9}).json
    schemas.ClaimedCallbacksSchema().load(claimed)
    ask = {"request": "GetVariable", "arguments": {"key": "api_secret"}}
    assert [each["callback"]["is_run"] for each in claimed["starts"]] == [False], "that of the run comes after"
    for _ in range(2):
        (called,), (given,) = claimed["starts"], claimed["passes"]
        key = [-called["callback"]["id"], called["callback"]["token"]]
        assert [given["instance"], given["token"]] == key
        path = f"/callbacks/{-key[0]}/{key[1]}/answer"
        assert desk.post(path, ask, given["pass"]).json["reply"]["value"] == PLANTED
        assert desk.of("calls-2", "renew", {"passes": [key]}).json["passes"] == []
        (renewed,) = desk.of("calls-1", "renew", {"passes": [key]}).json["passes"]
        assert desk.post(path, ask, renewed["pass"]).json["reply"]["value"] == PLANTED
        refused(desk.ask(start, given["pass"], "Beat"), 403, "other-try")
        report = {"key": -key[0], "token": key[1], "done": [0], "error": None, "attempts": 1}
        assert desk.of("calls-2", "callbacks/report", report).json == {"done": True}
        assert desk.post(path, ask, given["pass"]).status_code == 200, "another worker's report changed nothing"
        for _again in range(2):
            assert desk.of("calls-1", "callbacks/report", report).json == {"done": True}
        refused(desk.post(path, ask, renewed["pass"]), 403, "overtaken")
        claimed = desk.of("calls-1", "callbacks/claim", {"most": 9}).json
        if claimed["starts"]:
            assert claimed["starts"][0]["callback"]["is_run"]
    assert claimed == {"starts": [], "passes": []}


def test_outcomes_and_values_of_another_workers_try_are_refused(desk: Desk) -> None:
    mine, _ = desk.claim("own-1")
    other, _ = desk.claim("own-2")
    body = exchange_body([outcome(mine), outcome(other, xcoms=(XComValue("k", "1", "int", 1),))], 0, "n")
    refused(desk.of("own-1", "exchange", body), 403, "not-yours", "outcomes.1")
    assert desk.house.states(mine["run"]) == desk.house.states(other["run"]) == {"work": "running"}
    put = f"{wire.PREFIX}/workers/own-1/tries/{other['instance']}/{other['token']}/values?key=k"
    headers = {"Authorization": f"Bearer {KEYS.credential('own-1', time.time())}"}
    refused(desk.client.put(put, data=b"1", headers=headers), 403, "not-yours")
    put = f"{wire.PREFIX}/workers/own-1/tries/{mine['instance']}/{mine['token']}/values?key=large"
    handle = desk.client.put(put, data=b'"large"', headers=headers).json["handle"]
    refused(desk.client.put(f"{put}&storage=lake", data=b"1", headers=headers), 422, "no-such-storage", "'lake'")
    assert desk.client.put(f"{put}&storage=default", data=b'"large"', headers=headers).status_code == 200
    for key, storage in (("other", handle), ("large", "../../fernet.key"), ("large", handle[:-3] + "AAA")):
        pushed = XComValue(key, None, "str", 7, storage=storage)
        answer = desk.of("own-1", "exchange", exchange_body([outcome(mine, xcoms=(pushed,))], 0, "n"))
        refused(answer, 422, "no-such-value")
    pushed = XComValue("large", None, "str", 7, storage=handle)
    desk.exchange("own-1", [outcome(mine, xcoms=(pushed,))], 0)
    (row,) = desk.house.xcom_rows(mine["run"])
    assert (desk.house.home / "xcoms" / row.storage).read_bytes() == b'"large"'
    got = desk.client.get(f"{wire.PREFIX}/workers/own-1/values?handle={handle}", headers=headers)
    assert got.data == b'"large"'
    refused(desk.client.get(f"{wire.PREFIX}/workers/own-1/values?handle=x", headers=headers), 403, "unauthorized")
    got.close()


def test_who_was_declared_ended_is_told_and_who_is_unknown_is_not_told_to_die(desk: Desk) -> None:
    desk.claim("ended-1")
    assert desk.of("ended-1", "leave", {"cause": "stopped"}).json == {"done": True}
    assert desk.of("ended-1", "renew", {"passes": []}).json["is_alive"] is False
    refused(desk.of("nobody-1", "renew", {"passes": []}), 409, "unknown-worker", "is it the right server?")
    place = {"executor": "LocalExecutor", "queues": None, "slots": 1, "host": "h", "pid": 1}
    refused(desk.of("ended-1", "register", place), 409, "worker-ended")


def test_without_a_secret_nobody_is_served_and_a_short_one_is_refused(desk: Desk) -> None:
    app = create_app(desk.house.config, desk.house.database)
    with app.test_client() as client:
        headers = {"Authorization": f"Bearer {KEYS.credential('w1', time.time())}"}
        answer = client.post(f"{wire.PREFIX}/workers/w1/terms", json={}, headers=headers)
    refused(answer, 403, "off", "execution_api.secret")
    with pytest.raises(ValueError, match="at least 32 characters"):
        create_app(with_api(desk.house.config, secret="short"), desk.house.database)


# --- What is brought --------------------------------------------------------------------------------------------------


def test_an_unknown_version_is_refused_with_what_to_do(desk: Desk) -> None:
    answer = desk.client.post("/execution/v9/workers/w1/renew", json={"passes": []})
    refused(answer, 426, "unknown-version", "v9", "upgrade")
    refused(desk.client.get(f"{wire.PREFIX}/nothing/here"), 404, "no-such-call")


BAD: dict[str, tuple[str, Any, str]] = {
    "no json": ("renew", b"{", "not JSON"),
    "not utf-8": ("renew", b"\xff\xfe", "not JSON"),
    "nan": ("renew", b'{"passes": NaN}', "not JSON"),
    "deep": ("renew", b"[" * 100_000, "not JSON"),
    "deep object": ("exchange", b'{"a":' * 5_000 + b"1" + b"}" * 5_000, ""),
    "huge number": ("register", b'{"slots": ' + b"9" * 5000 + b"}", ""),
    "list": ("renew", [], "Invalid input"),
    "unknown": ("renew", {"passes": [], "more": 1}, "more: Unknown field."),
    "missing": ("leave", {}, "cause: Missing data"),
    "type": ("leave", {"cause": 7}, "cause: Not a valid string."),
    "boolean": ("end", {"cause": "c", "is_evidence": "yes", "started": []}, "is_evidence: Not a valid boolean."),
    "true is no number": ("callbacks/claim", {"most": True}, "most: Not a valid integer."),
    "text is no number": ("callbacks/claim", {"most": "3"}, "most: Not a valid integer."),
    "below": ("callbacks/claim", {"most": -1}, "most: Must be greater"),
    "beyond": ("renew", {"passes": [[2**64, 1]]}, "passes.0.0: Must be"),
    "three": ("renew", {"passes": [[1, 2, 3]]}, "passes.0: Length must be 2."),
    "nul": ("leave", {"cause": "a\x00b"}, "cause: Has a character"),
    "surrogate": ("leave", {"cause": "\ud800"}, "cause: Has a character"),
    "state": ("exchange", None, "outcomes.0.state: Must be one of"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_as_it_should_be_is_a_400_that_names_the_field(desk: Desk, name: str) -> None:
    path, body, sentence = BAD[name]
    if name == "state":
        ended = {"instance": 1, "token": 1, "state": "running", "ended_at": 0}
        body = exchange_body([ended], 0, "n")
    refused(desk.of("bad-1", path, body), 400, "invalid", sentence)


def test_what_a_task_asks_wrongly_is_a_400_that_names_the_argument(desk: Desk) -> None:
    start, word = desk.claim("asks-1")
    refused(desk.ask(start, word, "Nothing"), 400, "invalid", "request: Must be one of")
    refused(desk.ask(start, word, "Start"), 400, "invalid", "request: Must be one of")
    refused(desk.ask(start, word, "GetVariable"), 400, "invalid", "arguments.key: Missing")
    refused(desk.ask(start, word, "GetVariable", key=1), 400, "invalid", "arguments.key: Not what")
    refused(desk.ask(start, word, "PullXCom", task_ids=[1], key="k"), 400, "invalid", "arguments.task_ids")
    refused(desk.ask(start, word, "Beat", more=1), 400, "invalid", "arguments.more: Unknown")


def test_too_large_is_said_before_it_is_read(desk: Desk) -> None:
    app = create_app(with_api(desk.house.config, secret=SECRET, max_body=0, max_value=0), desk.house.database)
    with app.test_client() as client:
        small = Desk(desk.house, client)
        refused(small.of("large-1", "leave", {"cause": "c"}), 413, "too-large", "max_body")
        headers = {"Authorization": f"Bearer {KEYS.credential('large-1', time.time())}"}
        answer = client.put(f"{wire.PREFIX}/workers/large-1/tries/1/1/values?key=k", data=b"1", headers=headers)
        refused(answer, 413, "too-large", "max_value")
    app.extensions["execution"].close()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_body_is_answered_with_a_500(desk: Desk, data: st.DataObject) -> None:
    route = data.draw(st.sampled_from(ROUTES))
    fields = route.body().fields
    body = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(fields, JSON)) | JSON)
    answer = desk.of("fuzz-1", route.path, body)
    assert answer.status_code in {200, 400, 403, 409, 413, 422}
    assert str(answer.status_code) in document()["paths"][f"/workers/{{worker}}/{route.path}"]["post"]["responses"]


def test_a_database_that_is_away_is_a_503_and_a_surprise_tells_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    start, word = desk.claim("away-1")

    def away(*_: Any, **__: Any) -> Any:
        raise OperationalError(f"SELECT {PLANTED}", {"secret": PLANTED}, Exception("server closed the connection"))

    with monkeypatch.context() as patch:
        patch.setattr(type(desk.house.database), "read", away)
        patch.setattr(type(desk.house.database), "write", away)
        refused(desk.ask(start, word, "Beat"), 503, "unreachable")
        refused(desk.of("away-1", "renew", {"passes": []}), 503, "unreachable")
        refused(desk.of("away-1", "exchange", exchange_body([outcome(start)], 1, "n")), 503, "unreachable")

    def surprise(*_: Any, **__: Any) -> Any:
        raise sa.exc.DataError("INSERT", {"secret": PLANTED}, Exception(f"too long\nDETAIL: {PLANTED}"))

    with monkeypatch.context() as patch:
        patch.setattr(type(desk.house.database), "write", surprise)
        answer = desk.of("away-1", "exchange", exchange_body([outcome(start)], 0, "n"))
        refused(answer, 422, "refused")
    assert PLANTED not in answer.text
    assert PLANTED not in caplog.text
    assert SECRET not in caplog.text
    assert word not in caplog.text


# --- What is documented -----------------------------------------------------------------------------------------------


def test_answers_are_what_the_document_says(desk: Desk) -> None:
    start, word = desk.claim("shape-1")
    schemas.StartSchema().load(start)
    schemas.TermsSchema().load(desk.of("shape-1", "terms", {}).json)
    schemas.ClaimedCallbacksSchema().load(desk.of("shape-1", "callbacks/claim", {"most": 1}).json)
    report = {"key": 1, "token": 1, "done": [], "error": None, "attempts": 1}
    schemas.DoneSchema().load(desk.of("shape-1", "callbacks/report", report).json)
    headers = {"Authorization": f"Bearer {KEYS.credential('shape-1', time.time())}"}
    where = f"{wire.PREFIX}/workers/shape-1"
    waited = desk.client.get(f"{where}/wait?executor=LocalExecutor&mark=&seconds=0", headers=headers)
    schemas.WaitedSchema().load(waited.json)
    source = desk.client.get(f"{where}/sources/{start['source_hash']}", headers=headers)
    assert (source.status_code, source.mimetype) == (200, wire.BYTES)
    refused(desk.client.get(f"{where}/sources/none", headers=headers), 404, "no-such-source")
    assert desk.client.get(f"{wire.PREFIX}/openapi.json").json == json.loads(json.dumps(document()))
    assert word


def test_every_field_of_a_start_and_of_an_outcome_is_documented() -> None:
    assert set(schemas.OutcomeSchema().fields) == {each.name for each in dataclasses.fields(Outcome)}
    assert set(schemas.StartSchema().fields) == set(wire.Start.fields) - wire.OF_THE_WORKER
    described = document()["components"]["schemas"]
    assert {"Outcome", "Start", "Exchange", "Exchanged", "Problem"} <= set(described)


def test_the_number_of_statements_does_not_grow_with_what_is_brought(desk: Desk) -> None:
    desk.house.deploy(WIDE, "wide.py")
    place = {"executor": "LocalExecutor", "queues": None, "slots": 9, "host": "h", "pid": 1}
    assert desk.of("count-1", "register", place).status_code == 200
    desk.house.start_run("wide")
    started = desk.exchange("count-1", [], 7)["starts"]
    counts = []

    def count(*_: Any) -> None:
        counts[-1] += 1

    engine = desk.house.database.engine
    sa.event.listen(engine, "before_cursor_execute", count)
    try:
        for some in (started[:1], started[1:6]):
            counts.append(0)
            passes = [[each["instance"], each["token"]] for each in some]
            assert len(desk.of("count-1", "renew", {"passes": passes}).json["passes"]) == len(some)
            desk.exchange("count-1", [outcome(each) for each in some], 0)
    finally:
        sa.event.remove(engine, "before_cursor_execute", count)
    assert counts[0] == counts[1]
    desk.exchange("count-1", [outcome(started[6])], 0)
