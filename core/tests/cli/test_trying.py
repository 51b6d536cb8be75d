"""`tradewind tasks test` and `tasks render`: one task, by its file as it is now."""

from __future__ import annotations

from pathlib import Path

import pytest
from tradewind.metadata.clock import SystemClock
from tradewind.metadata.engine import Database
from tradewind.metadata.statements import listings, xcoms

SHOP = """
import os
from tradewind import DAG, Connection, Variable, task
from tradewind.operators.bash import BashOperator

with DAG("shop", schedule=None, params={"limit": 2}):
    @task
    def numbers():
        return [1, 2]

    @task
    def square(n, params=None):
        return n * n * params["limit"]

    @task
    def secret():
        print("with", Connection.get("db").password, os.environ.get("WORD"))
        raise ValueError("it fails")

    @task
    def remember():
        Variable.set("seen", Variable.get("word", "nothing"))

    square.expand(n=numbers())
    secret()
    remember()
    BashOperator(task_id="say", bash_command="echo {{ ds }} {{ params.limit }}", env={"A": "{{ run_id }}"})
"""


@pytest.fixture
def shop(home: Path, run) -> Path:
    """A DAG folder with one file, which was parsed."""
    folder = home / "dags"
    folder.mkdir()
    (folder / "shop.py").write_text(SHOP)
    assert run("dag-processor", "--once")[0] == 0
    return folder


def test_templates_are_filled_in_without_executing(run, shop: Path) -> None:
    code, out, _ = run("tasks", "render", "shop", "say", "2026-02-03")
    assert code == 0
    assert "# bash_command\necho 2026-02-03 2\n" in out
    assert '# env\n{"A":"manual__2026-02-03T00:00:00+00:00"}' in out
    file = str(shop / "shop.py")
    assert run("tasks", "render", "shop", "say", "2026-02-03", "--subdir", file, "--map-index", "-1")[0] == 0
    out = run("tasks", "test", "shop", "say", "2026-02-03", "--dry-run", "-t", '{"limit": 5}')[1]
    assert "echo 2026-02-03 5" in out


def test_a_task_is_executed_alone_and_nothing_is_recorded(run, shop: Path) -> None:
    code, out, _ = run("tasks", "test", "shop", "say", "2026-02-03", "--task-params", '{"limit": 7}')
    assert code == 0
    assert "say: success." in out
    assert "2026-02-03 7" in out
    assert run("dags", "list-runs")[1] == ""


def test_a_run_gives_its_dates_its_conf_and_its_xcoms(run, shop: Path, sqlite_url: str) -> None:
    run("dags", "trigger", "shop", "-r", "r1", "-c", '{"limit": 3}')
    database = Database(sqlite_url)
    pushed = {"run": 0, "task_id": "numbers", "map_index": -1, "key": "return_value", "value": "[4, 5]"}
    with database.transaction() as connection:
        pushed["run"] = listings.list_runs(connection, run_id="r1")[0].id
        more = {"storage": None, "type": "list", "size": 6, "length": 2, "pushed_at": SystemClock().now()}
        xcoms.store(connection, [pushed | more])
    database.dispose()
    code, out, err = run("tasks", "test", "shop", "square", "r1", "--map-index", "1")
    assert code == 0, err
    assert "75" in out  # 5 * 5 * 3
    assert "is neither a date in ISO 8601 nor a run of DAG 'shop'" in run("tasks", "test", "shop", "say", "r9")[2]


def test_what_fails_raises_with_secrets_masked(run, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADEWIND_CONN_DB", "http://me:sesame@host")
    with pytest.raises(ValueError, match="it fails"):
        run("tasks", "test", "shop", "secret", "--env-vars", '{"WORD": "told"}')


def test_variables_are_those_of_the_installation(run, shop: Path) -> None:
    run("variables", "set", "word", "mine")
    assert run("tasks", "test", "shop", "remember")[0] == 0
    assert run("variables", "get", "seen")[1] == "mine\n"


def test_a_file_may_read_variables_while_it_is_imported(run, home: Path, tmp_path: Path) -> None:
    run("variables", "set", "names", '["a", "b"]')
    file = tmp_path / "many.py"
    file.write_text(
        "from tradewind import DAG, Variable, task\n"
        "with DAG('many', schedule=None):\n"
        "    for name in Variable.get('names', deserialize_json=True):\n"
        "        @task(task_id=name)\n"
        "        def hello():\n"
        "            return 1\n"
        "        hello()\n"
    )
    code, out, err = run("dags", "test", "many", "--file", str(file))
    assert (code, "success  a" in out, "success  b" in out) == (0, True, True), err
    assert run("tasks", "test", "many", "b", "--file", str(file))[0] == 0


def test_a_file_is_enough(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a database and without a DAG folder."""
    monkeypatch.setenv("TRADEWIND_HOME", str(tmp_path / "new"))
    file = tmp_path / "shop.py"
    file.write_text(SHOP)
    code, out, _ = run("tasks", "test", "shop", "numbers", "--subdir", str(file))
    assert code == 0
    assert "1, 2" in out
    assert "did you mean numbers?" in run("tasks", "test", "shop", "number", "-S", str(file))[2]


def test_the_debugger_opens_where_it_fails(run, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    monkeypatch.setattr("pdb.post_mortem", opened.append)
    monkeypatch.setenv("TRADEWIND_CONN_DB", "http://host")
    with pytest.raises(ValueError, match="it fails"):
        run("tasks", "test", "shop", "secret", "--post-mortem")
    assert len(opened) == 1


LOOKING = """
from tradewind import DAG, task
from tradewind_plugins.host import current

def look(table, **equal):
    return current().read_table(table, equal, {})["rows"]

with DAG("looking", schedule=None, tags=[each["dag_id"] for each in look("dag")]):
    @task
    def work():
        (stored,) = look("connection", conn_id=["db"])
        print("with", stored["password"], [each["value"] for each in look("xcom", key=["k"])], look("dag_run"))
    work()
"""


def test_a_tried_task_looks_at_the_installation_s_tables(run, shop: Path) -> None:
    assert run("connections", "add", "db", "--conn-uri", "postgres://me:hunter2@host/shop")[0] == 0
    (shop / "looking.py").write_text(LOOKING)
    code, out, err = run("tasks", "test", "looking", "work")
    assert code == 0, out + err
    assert "with *** [] []" in out
    out, err = run("dags", "check", str(shop))[1:]
    assert (
        "TradewindException: The table 'dag' cannot be read: TradewindException: dags check looks at no database"
        in out + err
    )
    assert "shop.py" in out
