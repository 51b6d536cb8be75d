"""Sessions on the view of the tables: what they read, what they fetch for it, and what they refuse."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa
import tradewind_airflow_names
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import orm
from tradewind_airflow_names.metadata.errors import MetadataReadOnly, MetadataViewError
from tradewind_airflow_names.metadata.loading import MOST_ROWS, SOURCES
from tradewind_airflow_names.metadata.models import Base, DagModel, DagRun, DagTag, Pool, TaskInstance, XCom
from tradewind_airflow_names.metadata.queried import Connection, Variable
from tradewind_airflow_names.metadata.session import NonScopedSession, Session, engine
from tradewind_airflow_names.own.session import create_session, provide_session
from tradewind_airflow_names.own.state import DagRunState
from tradewind_plugins import connection, host, variable

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
DAY = timedelta(days=1)
MICRODAY = 86_400_000_000


def run_row(number: int, dag_id: str = "a", state: str = "success", **values: Any) -> dict[str, Any]:
    """A run as the host has it, on the `number`th day since 1970."""
    at = number * 86_400_000_000
    row = {"id": number, "dag_id": dag_id, "run_id": f"r{number}", "run_type": "manual", "state": state}
    times = dict.fromkeys(("data_interval_start", "data_interval_end", "started_at", "ended_at"), at)
    return row | times | {"logical_date": at, "queued_at": at, "conf": "{}", "triggered_by": "x"} | values


def task_row(number: int, run: dict[str, Any], task_id: str = "t", state: str = "success") -> dict[str, Any]:
    """A task instance of a run as the host has it."""
    row = {"id": number, "run": run["id"], "task_id": task_id, "map_index": -1, "state": state, "pool": "p"}
    row |= {name: run[name] for name in ("dag_id", "run_id", "logical_date", "queued_at", "started_at", "ended_at")}
    return row | {"try_number": 1, "max_tries": 0, "priority": 1, "pool_slots": 1, "executor": "e", "queue": "q"}


class Rows(host.Host):
    """A host with tables in memory; it notes what it is asked for. One that is careless narrows nothing."""

    def __init__(self, tables: Mapping[str, list[dict[str, Any]]], *, careless: bool = False, page: int = 1000) -> None:
        self.tables = tables
        self.careless = careless
        self.page = page
        self.without: dict[str, list[str]] = {}
        self.asked: list[tuple[str, dict[str, list[Any]]]] = []

    def read_table(
        self,
        table: str,
        equal: Mapping[str, Sequence[Any]],
        between: Mapping[str, Sequence[int | None]],
        after: Sequence[Any] | None = None,
        without: Sequence[str] = (),
    ) -> Mapping[str, Any]:
        """See `Host.read_table`."""
        self.without[table] = list(without)
        self.asked.append((table, {name: list(values) for name, values in [*equal.items(), *between.items()]}))
        rows = self.tables.get(table, [])
        if not self.careless:
            rows = [row | dict.fromkeys(without) for row in rows if self._matters(row, equal, between)]
        begin = 0 if after is None else after[0]
        end = begin + self.page
        return {"rows": rows[begin:end], "after": [end] if end < len(rows) else None}

    @staticmethod
    def _matters(row: dict[str, Any], equal: Mapping[str, Any], between: Mapping[str, Any]) -> bool:
        bounds = [(row[name], *each) for name, each in between.items()]
        within = all(
            value is not None and (least is None or value >= least) and (most is None or value <= most)
            for value, least, most in bounds
        )
        return within and all(row[name] in values for name, values in equal.items())


RUNS = [run_row(1), run_row(2, "b", "failed"), run_row(3, state="running", conf='{"x": [1]}'), run_row(4, "b")]
SCHEDULES = {"a": '{"type":"cron","expression":"0 5 * * *","timezone":"UTC"}', "b": '{"type":"delta","seconds":7200.0}'}
CONNECTION = dict.fromkeys(("description", "host", "schema", "port", "extra"), None)
TABLES: dict[str, list[dict[str, Any]]] = {
    "dag_run": RUNS,
    "task_instance": [
        task_row(10, RUNS[0]),
        task_row(11, RUNS[1], state="failed"),
        task_row(12, RUNS[2], state="none"),
    ],
    "xcom": [
        {"run": 1, "task_id": "t", "map_index": -1, "key": "return_value", "value": '{"a":1}', "pushed_at": 5}
        | {name: RUNS[0][name] for name in ("dag_id", "run_id", "logical_date")}
    ],
    "connection": [
        {**CONNECTION, "conn_id": each, "conn_type": "http", "login": "me", "password": "pw"} for each in ("one", "two")
    ],
    "variable": [{"key": "k", "value": "v", "description": None}],
    "pool": [{"name": "default_pool", "slots": 128, "description": None}],
    "dag": [
        {"dag_id": each, "path": f"{each}.py", "is_paused": each == "b", "is_active": True, "description": None}
        | {
            "owners": "me",
            "tags": '["red","blue"]',
            "schedule": SCHEDULES[each],
            "max_active_runs": 1,
            "max_active_tasks": 2,
        }
        | {
            "next_run": f'{{"logical_date": "{EPOCH.isoformat()}"}}',
            "due_at": MICRODAY,
            "parsed_at": MICRODAY,
            "has_import_errors": False,
        }
        for each in SCHEDULES
    ],
}


@pytest.fixture
def rows() -> Iterator[Rows]:
    """The host of the test, with a little of everything."""
    bound = Rows(TABLES)
    with host.bind(bound):
        yield bound
    Session.remove()


@pytest.fixture
def session(rows: Rows) -> Iterator[orm.Session]:
    """A session of its own."""
    with NonScopedSession() as made:
        yield made


QUERIES: list[tuple[Callable[[orm.Session], Any], Any, dict[str, dict[str, list[Any]]]]] = [
    (
        lambda s: [
            r.id
            for r in s.query(DagRun).filter(
                DagRun.execution_date > EPOCH + DAY, DagRun.execution_date <= EPOCH + 3 * DAY
            )
        ],
        [2, 3],
        {"dag_run": {"logical_date": [MICRODAY, 3 * MICRODAY]}},
    ),
    (
        lambda s: s.query(TaskInstance.id).filter(TaskInstance.start_date.between(EPOCH, EPOCH + DAY)).all(),
        [(10,)],
        {"task_instance": {"started_at": [0, MICRODAY]}},
    ),
    (
        lambda s: (
            s.query(XCom.key).filter(XCom.timestamp < EPOCH, XCom.timestamp < EPOCH + DAY, XCom.task_id == "t").all()
        ),
        [],
        {"xcom": {"task_id": ["t"], "pushed_at": [None, 0]}},
    ),
    (lambda s: s.query(DagRun).count(), 4, {"dag_run": {}}),
    (
        lambda s: s.query(DagRun.id).filter(DagRun.state == DagRunState.RUNNING).all(),
        [(3,)],
        {"dag_run": {"state": ["running"]}},
    ),
    (lambda s: s.query(DagRun).filter(DagRun.dag_id == "a").count(), 2, {"dag_run": {"dag_id": ["a"]}}),
    (
        lambda s: [r.id for r in s.query(DagRun).filter_by(dag_id="a", state="running")],
        [3],
        {"dag_run": {"dag_id": ["a"], "state": ["running"]}},
    ),
    (
        lambda s: s.query(sa.func.max(DagRun.execution_date)).filter(DagRun.dag_id.in_(["a"])).scalar(),
        EPOCH + 3 * DAY,
        {"dag_run": {"dag_id": ["a"]}},
    ),
    (
        lambda s: s.scalars(sa.select(DagRun.id).where(DagRun.logical_date == EPOCH + DAY)).all(),
        [1],
        {"dag_run": {"logical_date": [86_400_000_000]}},
    ),
    (
        lambda s: s.scalars(sa.select(DagRun.id).where(sa.or_(DagRun.dag_id == "a", DagRun.id == 2))).all(),
        [1, 2, 3],
        {"dag_run": {}},
    ),
    (
        lambda s: s.scalars(sa.select(DagRun.id).where(DagRun.dag_id == "a", DagRun.dag_id == "b")).all(),
        [],
        {"dag_run": {"dag_id": []}},
    ),
    (lambda s: s.get(DagRun, 3).conf, {"x": [1]}, {"dag_run": {"id": [3]}}),
    (
        lambda s: s.query(TaskInstance.id).join(TaskInstance.dag_run).filter(DagRun.state == "failed").all(),
        [(11,)],
        {"dag_run": {"state": ["failed"]}, "task_instance": {}},
    ),
    (lambda s: s.query(TaskInstance).filter(TaskInstance.state.is_(None)).one().task_id, "t", {"task_instance": {}}),
    (
        lambda s: s.query(Connection).filter(Connection.conn_id == "two").one().get_uri(),
        "http://me:pw@",
        {"connection": {"conn_id": ["two"]}},
    ),
    (lambda s: s.get(Connection, "one").login, "me", {"connection": {"conn_id": ["one"]}}),
    (
        lambda s: [each.conn_id for each in s.scalars(sa.select(Connection).order_by(Connection.conn_id))],
        ["one", "two"],
        {"connection": {}},
    ),
    (lambda s: s.query(Variable.val).filter_by(key="k").scalar(), "v", {"variable": {"key": ["k"]}}),
    (lambda s: s.query(Variable).filter(Variable.key == "none").first(), None, {"variable": {"key": ["none"]}}),
    (lambda s: sorted(tag.name for tag in s.get(DagModel, "a").tags), ["blue", "red"], {"dag": {"dag_id": ["a"]}}),
    (lambda s: s.query(DagTag.dag_id).filter(DagTag.name == "red").count(), 2, {"dag": {}}),
    (
        lambda s: s.query(XCom).filter(XCom.key == "return_value").one().value,
        {"a": 1},
        {"xcom": {"key": ["return_value"]}},
    ),
    (lambda s: s.execute("SELECT pool, slots FROM slot_pool").all(), [("default_pool", 128)], {"pool": {}}),
    (
        lambda s: s.execute(
            sa.text("SELECT count(*) FROM public.dag WHERE is_paused AND dag_id = :d"), {"d": "b"}
        ).scalar(),
        1,
        {"dag": {}},
    ),
    (
        lambda s: s.execute(sa.text("SELECT id FROM dag_run WHERE execution_date = :at"), {"at": EPOCH + DAY}).scalar(),
        1,
        {"dag_run": {}},
    ),
    (lambda s: s.execute(sa.text("SELECT 'public.x', now() > '2020'")).one(), ("public.x", 1), {}),
]


@pytest.mark.parametrize(("query", "expected", "asked"), QUERIES)
def test_queries_find_rows_and_fetch_what_they_name(
    rows: Rows, session: orm.Session, query: Callable[[orm.Session], Any], expected: Any, asked: dict[str, Any]
) -> None:
    assert query(session) == expected
    assert dict(rows.asked[: len(asked)]) == asked


def test_what_is_large_or_secret_is_fetched_only_for_who_reads_it(rows: Rows, session: orm.Session) -> None:
    assert session.query(XCom.key, XCom.task_id).all() == [("return_value", "t")]
    assert session.query(sa.func.count(Connection.conn_id)).scalar() == 2
    assert session.query(DagRun.id).filter(DagRun.conf.is_not(None)).count() == 4
    assert session.execute(sa.text("SELECT count(*) FROM variable")).scalar() == 1
    assert rows.without == {
        "xcom": ["value", "storage"],
        "connection": ["password", "extra"],
        "dag_run": [],
        "variable": ["value"],
    }
    assert session.execute(sa.select(Connection.extra, Connection.is_encrypted).filter_by(conn_id="one")).one() == (
        None,
        True,
    )
    assert session.execute(sa.text("SELECT * FROM variable")).one()[1] == "v"
    assert (rows.without["connection"], rows.without["variable"]) == ([], [])


@pytest.mark.parametrize(
    "condition",
    [
        DagRun.dag_id.in_(["a", "\0"]),
        DagRun.dag_id.in_(["a", "x" * 2000]),
        DagRun.id.in_([1, 3, *range(10, 1100)]),
        DagRun.execution_date <= datetime.max.replace(tzinfo=timezone.utc),
        DagRun.execution_date >= datetime.min.replace(tzinfo=timezone.utc),
    ],
)
def test_what_the_host_does_not_take_is_left_to_the_copy(rows: Rows, session: orm.Session, condition: Any) -> None:
    assert session.query(DagRun.id).filter(DagRun.dag_id == "a").filter(condition).order_by(DagRun.id).all() == [
        (1,),
        (3,),
    ]
    (asked,) = rows.asked
    assert asked[1].pop("dag_id", ["a"]) == ["a"]
    assert asked[1] in ({}, {"logical_date": [None, None]})


def test_models_are_asked_as_in_airflow(rows: Rows) -> None:
    assert [each.id for each in DagRun.find(dag_id="b", state="failed")] == [2]
    assert [each.id for each in DagRun.find(run_id=["r1", "r4"], external_trigger=True, no_backfills=True)] == [1, 4]
    assert [
        each.id for each in DagRun.find(execution_start_date=EPOCH + 2 * DAY, execution_end_date=EPOCH + 3 * DAY)
    ] == [2, 3]
    assert sorted(each.id for each in DagRun.get_latest_runs()) == [3, 4]
    (run,) = DagRun.find(run_id="r3")
    assert run.get_previous_dagrun().id == 1
    assert run.get_previous_dagrun(state="failed") is None
    assert [each.id for each in run.get_task_instances()] == [12]
    assert run.get_task_instances(state="failed") == []
    assert run.get_task_instance("t").state is None
    assert XCom.get_one(run_id="r1", task_id="t", dag_id="a") == {"a": 1}
    assert XCom.get_one(execution_date=EPOCH + DAY, key="other") is None
    assert XCom.get_many(run_id="r3", include_prior_dates=True).count() == 1
    with pytest.raises(ValueError, match="by run_id or by execution_date"):
        XCom.get_many(key="return_value")
    assert DagModel.get_dagmodel("b").is_paused
    assert DagModel.get_dagmodel("c") is None
    assert Pool.get_pool("default_pool").slots == 128
    assert [each.pool for each in Pool.get_pools()] == ["default_pool"]
    model = DagModel.get_dagmodel("a")
    assert (model.last_parsed_time, model.next_dagrun, model.next_dagrun_create_after) == (
        EPOCH + DAY,
        EPOCH,
        EPOCH + DAY,
    )
    assert [DagModel.get_dagmodel(each).schedule_interval for each in "ab"] == ["0 5 * * *", "2:00:00"]
    (instance,) = DagRun.find(run_id="r1")[0].get_task_instances()
    assert XCom.get_value(ti_key=instance, key="return_value") == {"a": 1}
    assert DagRun.generate_run_id("manual", EPOCH) == "manual__1970-01-01T00:00:00+00:00"
    assert TaskInstance(run_id="r2", dag_id="b", task_id="t").current_state() == "failed"


def test_each_statement_sees_what_is_there_now(rows: Rows, session: orm.Session) -> None:
    query = sa.select(DagRun.state).where(DagRun.id == 3)
    assert session.scalar(query) == "running"
    rows.tables = {"dag_run": [run_row(3, state="success")]}
    assert session.scalar(query) == "success"
    held = session.execute(sa.select(DagRun.__table__.c.id))
    rows.tables = {"dag_run": []}
    assert session.query(DagRun).all() == []
    assert held.all() == [(3,)], "a result that is read later is what was there"


def test_a_connection_of_the_driver_reads_too(rows: Rows) -> None:
    raw = engine.raw_connection()
    cursor = raw.cursor()
    cursor.execute("SELECT conn_id FROM connection ORDER BY 1")
    assert (cursor.fetchone(), cursor.fetchmany(5), cursor.fetchall()) == (("one",), [("two",)], [])
    with pytest.raises(MetadataReadOnly, match="insert into 'variable'"):
        cursor.executemany("INSERT INTO variable (key) VALUES (?)", [("x",)])
    raw.close()
    assert sa.inspect(engine).get_table_names() == sorted(SOURCES)


WRITES: list[tuple[Callable[[orm.Session], Any], str]] = [
    (lambda s: s.add(Connection("mine", "http")), "insert 'mine' into 'connection'.*tradewind connections add"),
    (lambda s: s.add(Variable("k", "v")), "insert 'k' into 'variable'.*Variable.set"),
    (lambda s: s.add_all([DagRun(dag_id="x")]), "into 'dag_run'.*tradewind dags trigger"),
    (lambda s: s.merge(Variable("k", "v")), "insert 'k' into 'variable'"),
    (lambda s: s.delete(s.query(Connection).first()), "delete 'one' from 'connection'.*tradewind connections delete"),
    (lambda s: s.query(DagRun).filter(DagRun.dag_id == "a").delete(), "delete from 'dag_run'.*tradewind db clean"),
    (lambda s: s.query(DagModel).update({"is_paused": True}), "update 'dag'.*tradewind dags pause"),
    (lambda s: s.bulk_save_objects([Pool(pool="p", slots=1)]), "into 'slot_pool'.*tradewind pools set"),
    (lambda s: s.execute(sa.insert(DagTag), [{"name": "n", "dag_id": "a"}] * 2), "insert into 'dag_tag'"),
    (lambda s: s.execute("update dag set is_paused = true"), "update 'dag'"),
    (lambda s: s.execute("CREATE TABLE mine (a INT)"), "create table 'mine'.*a database of your own"),
    (lambda s: s.execute("DROP TABLE dag"), "drop table 'dag'"),
    (lambda s: s.execute("ATTACH '/etc/passwd' AS p"), "read-only view"),
    (lambda s: s.execute("PRAGMA writable_schema = 1"), "read-only view"),
    (lambda s: Variable.delete("k"), "delete 'k' from 'variable'.*tradewind variables delete"),
    (lambda s: XCom.set("k", "v", task_id="t"), "insert into 'xcom'.*xcom_push"),
]


@pytest.mark.parametrize(("write", "told"), WRITES)
def test_a_write_is_refused_and_the_session_goes_on(
    rows: Rows, session: orm.Session, write: Callable[[orm.Session], Any], told: str
) -> None:
    with pytest.raises(MetadataReadOnly, match=told):
        write(session)
    session.rollback()
    assert session.query(DagRun).count() == 4
    session.commit()


def test_a_changed_row_is_refused_at_the_commit(session: orm.Session) -> None:
    model = session.get(DagModel, "a")
    session.add(model)
    model.is_paused = True
    with pytest.raises(MetadataReadOnly, match=r"update 'a' in 'dag'.*tradewind dags pause"):
        session.commit()
    session.rollback()
    session.expunge_all()
    session.commit()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("SELECT * FROM ab_user", r"no table 'ab_user' in the view.*connection, dag, dag_run"),
        ("SELECT now() - interval '1 day'", "cannot be answered: .*understands SQLite's SQL"),
        ("SELEC 1", "cannot be answered"),
    ],
)
def test_a_text_that_cannot_be_answered_is_told(session: orm.Session, text: str, told: str) -> None:
    with pytest.raises(MetadataViewError, match=told):
        session.execute(text)
    assert session.query(Pool).count() == 1


def test_too_much_is_told_with_what_narrows_it(rows: Rows, session: orm.Session) -> None:
    rows.tables = {"dag_run": [run_row(each) for each in range(MOST_ROWS + 1)] + [run_row(MOST_ROWS + 2, "b")]}
    with pytest.raises(MetadataViewError, match=r"more than 10000 rows of 'dag_run'.*narrow it with dag_id =="):
        session.query(DagRun).count()
    assert session.query(DagRun).filter(DagRun.dag_id == "b").count() == 1
    assert len(rows.asked) == 12, "as many pages as it takes to know"


def test_sessions_are_made_and_given_back(rows: Rows) -> None:
    @provide_session
    def count(dag_id: str, session: Any = None) -> tuple[int, Any]:
        return session.query(DagRun).filter_by(dag_id=dag_id).count(), session

    found, own = count("a")
    assert found == 2
    assert not own.in_transaction()
    with create_session() as session:
        assert count("b", session=session) == (2, session)
        assert count("b", session)[1] is session
    with pytest.raises(KeyError), create_session(scoped=False) as session:
        raise KeyError("x")
    with pytest.raises(ValueError, match="no parameter 'session'"):
        provide_session(len)


def test_without_a_host_it_is_told() -> None:
    with pytest.raises(host.HostNotBound), NonScopedSession() as session:
        session.query(DagRun).all()


def test_classes_that_stand_for_a_model_are_what_they_were() -> None:
    made = Connection("mine", uri="postgres://u:p@h:5/s")
    assert (made.conn_id, made.conn_type, made.port) == ("mine", "postgres", 5)
    assert Connection(conn_id="c", conn_type="http", extra={"a": 1}).extra_dejson == {"a": 1}
    assert isinstance(made, connection.Connection)
    assert isinstance(connection.Connection(conn_id="c"), Connection)
    assert not isinstance(variable.Variable(), Connection)
    assert issubclass(Variable, variable.Variable)
    with pytest.raises(AttributeError, match="'Connection' has no attribute 'nothing'"):
        Connection.nothing  # noqa: B018
    assert all(name in Base.metadata.tables["connection"].columns for name in Connection.queried)


def test_sqlalchemy_is_imported_by_what_needs_it_only() -> None:
    source = str(tradewind_airflow_names.__path__[0]).rpartition("/")[0]
    code = f"""
import sys
sys.path.insert(0, {source!r})
import tradewind_airflow_names
tradewind_airflow_names.install()
from airflow import DAG, settings
from airflow.models import Connection, Variable, BaseOperator
from airflow.utils.session import NEW_SESSION, create_session, provide_session
Connection(conn_id="c"), isinstance(1, Variable), provide_session(lambda session: 1)
assert "sqlalchemy" not in sys.modules
settings.Session
assert "sqlalchemy" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


# --- What is narrowed never changes a result -------------------------------------------------------------------------

IDS = st.sampled_from(["a", "b", "A"])
STATES = st.sampled_from(["success", "failed", "none"])
Other = orm.aliased(DagRun)
OtherTask = orm.aliased(TaskInstance)


ALL_RUNS = [
    run_row(3 * i + j, dag_id, state)
    for i, dag_id in enumerate("abA")
    for j, state in enumerate(["success", "failed", "none"])
]
ALL_TASKS = [
    task_row(100 * run["id"] + number, run, task_id, state)
    for run in ALL_RUNS
    for number, (task_id, state) in enumerate([("a", "success"), ("b", "failed"), ("b", "none")])
]
ALL = {"dag_run": ALL_RUNS[:-1], "task_instance": ALL_TASKS[3:]}  # one run has no tasks, and some tasks no run


def _equalities(model: Any) -> st.SearchStrategy[Any]:
    """Conditions that narrow."""
    return st.one_of(
        IDS.map(lambda value: model.dag_id == value),
        STATES.map(lambda value: model.state == value),
        st.lists(IDS, max_size=3).map(model.dag_id.in_),
        st.integers(0, 8).map(lambda day: model.execution_date == EPOCH + day * DAY),
        st.integers(0, 8).map(lambda day: model.execution_date >= EPOCH + day * DAY),
        st.integers(0, 8).map(lambda day: model.execution_date < EPOCH + day * DAY),
        st.integers(0, 8).map(lambda day: model.start_date.between(EPOCH + 2 * DAY, EPOCH + day * DAY)),
    )


def _others(model: Any) -> st.SearchStrategy[Any]:
    """Conditions that do not."""
    return st.one_of(
        st.integers(0, 8).map(lambda day: model.execution_date != EPOCH + day * DAY),
        STATES.map(lambda value: model.state != value),
        st.just(model.state.is_(None)),
    )


def _conditions(*models: Any) -> st.SearchStrategy[Any]:
    equal = st.one_of([_equalities(model) for model in models])
    some = st.recursive(
        st.one_of([equal, *(_others(model) for model in models)]),
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: sa.and_(*parts)),
            st.lists(inner, min_size=1, max_size=2).map(lambda parts: sa.or_(*parts)),
            inner.map(sa.not_),
        ),
        max_leaves=3,
    )
    return st.tuples(st.lists(equal, max_size=1), some).map(lambda parts: sa.and_(*parts[0], parts[1]))


R, T, RT, RO, OTHER = (
    _conditions(*each) for each in ((DagRun,), (TaskInstance,), (DagRun, TaskInstance), (DagRun, Other), (Other,))
)
OF_RUN = TaskInstance.dag_run_id == DagRun.id
STATEMENTS = st.one_of(
    R.map(lambda c: sa.select(DagRun.id).where(c).order_by(DagRun.id.desc()).limit(2)),
    R.map(lambda c: sa.select(sa.func.count()).select_from(sa.select(DagRun).where(c).subquery().alias())),
    R.map(lambda c: sa.select(DagRun.dag_id, sa.func.count()).where(c).group_by(DagRun.dag_id)),
    st.tuples(R, R).map(lambda c: sa.union_all(sa.select(DagRun.id).where(c[0]), sa.select(DagRun.id).where(c[1]))),
    st.tuples(RT, st.booleans(), st.booleans()).map(
        lambda c: (
            sa.select(TaskInstance.id, DagRun.id)
            .join_from(TaskInstance, DagRun, OF_RUN, isouter=c[1], full=c[2])
            .where(c[0])
        )
    ),
    st.tuples(RT, RT, st.booleans()).map(
        lambda c: (
            sa.select(DagRun.id, TaskInstance.id)
            .join_from(DagRun, TaskInstance, sa.and_(OF_RUN, c[0]), isouter=c[2])
            .where(c[1])
        )
    ),
    RT.map(lambda c: sa.select(TaskInstance.id).join(TaskInstance.dag_run).where(c)),
    RO.map(lambda c: sa.select(DagRun.id, Other.id).where(DagRun.state == Other.state, c)),
    st.tuples(RO, st.booleans()).map(
        lambda c: (
            sa.select(DagRun.id, Other.id)
            .join_from(DagRun, Other, DagRun.dag_id == Other.dag_id, isouter=c[1])
            .where(c[0])
        )
    ),
    st.tuples(RT, T, st.booleans()).map(
        lambda c: sa.select(TaskInstance.id).where(
            (sa.not_ if c[2] else sa.and_)(sa.exists(sa.select(DagRun.id).where(OF_RUN, c[0]))), c[1]
        )
    ),
    st.tuples(R, OTHER).map(
        lambda c: sa.select(DagRun.id).where(
            c[0], DagRun.id >= sa.select(sa.func.max(Other.id)).where(c[1]).scalar_subquery()
        )
    ),
    st.tuples(R, R, st.booleans()).map(
        lambda c: sa.select(DagRun.id).where(
            c[0], (DagRun.id.not_in if c[2] else DagRun.id.in_)(sa.select(DagRun.id).where(c[1]).correlate(None))
        )
    ),
    st.tuples(R, RT).map(lambda c: _twice(sa.select(DagRun.id, DagRun.dag_id).where(c[0]).cte(), c[1])),
    st.tuples(R, R).map(
        lambda c: (
            sa.select(DagRun.id)
            .where(c[0])
            .join(sa.select(DagRun.id).where(c[1]).subquery("s"), sa.literal_column("s.id") == DagRun.id)
        )
    ),
    R.map(
        lambda c: sa.select(DagRun.id).where(
            c, sa.text("dag_run.id IN (SELECT id FROM dag_run AS d WHERE d.dag_id = 'a')")
        )
    ),
)


def _twice(cte: Any, condition: Any) -> Any:
    other = cte.alias()
    return sa.select(cte.c.id, other.c.id, TaskInstance.id).where(
        cte.c.dag_id == other.c.dag_id,
        other.c.id == TaskInstance.dag_run_id,
        sa.exists().where(DagRun.id == cte.c.id, condition),
    )


@settings(max_examples=100, deadline=None)
@given(STATEMENTS)
def test_what_is_narrowed_never_changes_a_result(statement: Any) -> None:
    def result(bound: Rows) -> list[Any]:
        with host.bind(bound), NonScopedSession() as session:
            return sorted(session.execute(statement).all(), key=repr)

    assert result(Rows(ALL, page=5)) == result(Rows(ALL, careless=True))
