"""DAG code that queries Airflow's tables gets rows through its supervisor, on every database, and can write none."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from cryptography.fernet import Fernet
from tradewind.metadata import tables
from tradewind.metadata.secrets import open_cipher
from tradewind.metadata.statements import connections, variables
from tradewind_plugins.connection import Connection

NAMES = Path(__file__).parents[3] / "backport" / "airflow-names" / "src"
SHOWN = """
from tradewind import DAG, task
with DAG('flow'):
    @task
    def first(): ...
    @task
    def work(): ...
    @task
    def large(): ...
    [first(), large()] >> work()
"""
FLOW = """
import sys
from airflow import settings
from airflow.decorators import task
from airflow.hooks.base import BaseHook
from airflow.models import Connection, DAG, Variable
from airflow.utils.session import create_session, provide_session

assert "sqlalchemy" not in sys.modules, "importing the names costs nothing"

@provide_session
def states(dag_id, session=None):
    from airflow.models import TaskInstance as TI
    query = session.query(TI.task_id, TI.state).filter(TI.dag_id == dag_id, TI.run_id.like("manual__%"))
    return sorted([list(each) for each in query])

with DAG("flow"):
    @task
    def first():
        BaseHook.get_connection("db")
        Variable.get("plain")
        assert "sqlalchemy" not in sys.modules, "a task that asks for no table does not pay for it"
        return {"at": 7}

    @task
    def large():
        return "x" * 200_000

    @task
    def work(dag_run=None):
        from airflow.models import DagModel, DagRun, Pool, XCom
        from airflow.settings import Session
        from sqlalchemy import func, select, text
        with create_session() as session:
            found = session.query(DagRun).filter(DagRun.dag_id == "flow").order_by(DagRun.execution_date.desc()).all()
            runs = [[run.dag_id, run.run_id, run.state, run.conf, run.execution_date.isoformat()] for run in found]
            latest = session.query(func.max(DagRun.execution_date)).filter_by(dag_id="flow").scalar()
            conn = session.query(Connection).filter(Connection.conn_id == "db").one()
            variable = session.query(Variable).filter(Variable.key == "api_token").first()
            print("the password is", conn.password, "and the token", variable.val)
            uri = conn.get_uri()
            model = session.get(DagModel, "flow")
            paused = session.execute(text("SELECT dag_id FROM public.dag WHERE is_paused")).fetchall()
            joined = session.execute(
                select(XCom.task_id).join(DagRun, XCom.dag_run_id == DagRun.id).where(XCom.dag_id == "flow")
            ).scalars().all()
            refused = []
            for write in (
                lambda: session.add(Connection(conn_id="new", conn_type="http")),
                lambda: session.execute(text("UPDATE dag SET is_paused = true")),
                lambda: session.query(DagRun).filter(DagRun.dag_id == "flow").delete(),
                lambda: session.execute(text("SELECT * FROM ab_user")),
            ):
                try:
                    write()
                except Exception as error:
                    refused.append(str(error))
            model.is_paused = True
            try:
                session.commit()
            except Exception as error:
                refused.append(str(error))
            session.rollback()
        Variable.set("beside", "still works")
        return {
            "runs": runs,
            "found": [each.run_id for each in DagRun.find(dag_id="flow", state="running")],
            "latest": latest.isoformat(),
            "states": states("flow"),
            "one": XCom.get_one(run_id=dag_run.run_id, task_id="first"),
            "large": len(XCom.get_one(run_id=dag_run.run_id, task_id="large", key="return_value")),
            "many": len(XCom.get_many(run_id=dag_run.run_id, dag_ids="flow").all()),
            "joined": sorted(joined),
            "pool": Pool.get_pool("small").slots,
            "paused": [each[0] for each in paused],
            "uri": uri,
            "refused": refused,
        }

    [first(), large()] >> work()
"""

EARLY = """
from airflow.decorators import task
from airflow.models import DAG, DagRun, Variable
from airflow.settings import Session

session = Session()
seen = session.query(Variable).filter(Variable.key == "api_token").first()
print("at import", seen.val)
session.close()

with DAG("early"):
    @task
    def work(run_id=None):
        (run,) = DagRun.find(run_id=run_id)
        return [seen.key, run.dag_id]
    work()
"""
SHOWN_EARLY = "from tradewind import DAG, task\nwith DAG('early'):\n    @task\n    def work(): ...\n    work()\n"


def test_a_task_queries_the_tables_that_people_query(house: Any) -> None:
    house.environ["PYTHONPATH"] = os.pathsep.join([str(NAMES), *filter(None, [os.environ.get("PYTHONPATH")])])
    house.environ["TRADEWIND__SECURITY__FERNET_KEY"] = key = Fernet.generate_key().decode()
    (house.home / "tradewind.toml").write_text('[plugins]\nmodules = ["tradewind_airflow_names.plugin"]\n')
    cipher = open_cipher(key, house.home)

    def prepare(conn: sa.Connection) -> None:
        found = Connection(
            conn_id="db", conn_type="postgres", host="h", login="me", password="hunter2", extra='{"a": 1}'
        )
        connections.add_connection(conn, found, cipher=cipher)
        variables.set_variable(conn, "api_token", "t0psecret", description=None, cipher=cipher)
        variables.set_variable(conn, "plain", "text", description=None, cipher=cipher)
        conn.execute(tables.pool.insert(), [{"name": "small", "slots": 3}])

    house.database.write(prepare)
    house.deploy({"flow.py": FLOW}, unchecked=True, shown=SHOWN)
    house.start_worker()
    run, state = house.run_dag(conf={"a": [1]})
    log = house.log(run)
    assert state == "success", log
    assert "the password is *** and the token ***" in log
    found = house.last_value(run)
    refused = found.pop("refused")
    with house.database.read() as conn:
        name = conn.execute(sa.select(tables.dag_run.c.run_id)).scalar_one()
        assert not conn.execute(sa.select(tables.dag.c.is_paused)).scalar_one()
        assert connections.list_ids(conn) == ["db"]
        assert variables.get_variable(conn, "beside", cipher=cipher).value == "still works"
    assert found == {
        "runs": [["flow", name, "running", {"a": [1]}, "2026-01-02T03:04:05+00:00"]],
        "found": [name],
        "latest": "2026-01-02T03:04:05+00:00",
        "states": [["first", "success"], ["large", "success"], ["work", "running"]],
        "one": {"at": 7},
        "large": 200_000,
        "many": 2,
        "joined": ["first", "large"],
        "pool": 3,
        "paused": [],
        "uri": "postgres://me:hunter2@h/?__extra__=%7B%22a%22%3A+1%7D",
    }
    assert json.dumps(refused).count("DAG code has a read-only view of Tradewind's tables") == 4
    assert "tradewind connections add" in refused[0]
    assert "there is no table 'ab_user'" in refused[3]
    assert refused[4].startswith("update 'flow' in 'dag' is not possible")
    if house.database.engine.dialect.name == "sqlite":  # nothing of this depends on the database
        house.deploy({"early.py": EARLY}, path="early.py", unchecked=True, shown=SHOWN_EARLY)
        run, state = house.run_dag("early")
        assert (state, house.last_value(run)) == ("success", ["api_token", "early"]), house.log(run)
        assert "at import ***" in house.log(run)
