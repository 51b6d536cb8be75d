"""Airflow's models as SQLAlchemy's, with Airflow 2's names of columns, over the copy in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.orm import mapped_column
from tradewind_plugins import connection as plain

from tradewind_airflow_names.metadata.columns import Decoded, Utc
from tradewind_airflow_names.metadata.finding import RunFinding, TaskFinding, XComFinding
from tradewind_airflow_names.own.session import provide_session

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

_Text = sa.String()


class Base(orm.DeclarativeBase):
    """What all models have in common."""

    def __repr__(self) -> str:
        keys = (f"{key.name}={getattr(self, key.name)!r}" for key in self.__table__.primary_key)
        return f"<{type(self).__name__} {', '.join(keys)}>"


class DagRun(RunFinding, Base):
    """A run of a DAG."""

    __tablename__ = "dag_run"
    id = mapped_column(sa.BigInteger, primary_key=True)
    dag_id = mapped_column(_Text)
    run_id = mapped_column(_Text)
    run_type = mapped_column(_Text)
    state = mapped_column(_Text)
    execution_date = mapped_column(Utc)
    data_interval_start = mapped_column(Utc)
    data_interval_end = mapped_column(Utc)
    queued_at = mapped_column(Utc)
    start_date = mapped_column(Utc)
    end_date = mapped_column(Utc)
    external_trigger = mapped_column(sa.Boolean)
    conf = mapped_column(Decoded)
    logical_date = orm.synonym("execution_date")
    task_instances = orm.relationship(
        lambda: TaskInstance, primaryjoin=lambda: orm.foreign(TaskInstance.dag_run_id) == DagRun.id, viewonly=True
    )


class TaskInstance(TaskFinding, Base):
    """A task of a run."""

    __tablename__ = "task_instance"
    id = mapped_column(sa.BigInteger, primary_key=True)
    dag_run_id: orm.Mapped[Any] = mapped_column(sa.BigInteger)
    dag_id = mapped_column(_Text)
    task_id = mapped_column(_Text)
    run_id = mapped_column(_Text)
    map_index = mapped_column(sa.Integer)
    execution_date = mapped_column(Utc)
    state = mapped_column(_Text)
    try_number = mapped_column(sa.Integer)
    max_tries = mapped_column(sa.Integer)
    start_date = mapped_column(Utc)
    end_date = mapped_column(Utc)
    duration = mapped_column(sa.Float)
    queued_dttm = mapped_column(Utc)
    pool = mapped_column(_Text)
    pool_slots = mapped_column(sa.Integer)
    queue = mapped_column(_Text)
    priority_weight = mapped_column(sa.Integer)
    executor = mapped_column(_Text)
    logical_date = orm.synonym("execution_date")
    dag_run = orm.relationship(
        lambda: DagRun, primaryjoin=lambda: orm.foreign(TaskInstance.dag_run_id) == DagRun.id, viewonly=True
    )


class XCom(XComFinding, Base):
    """A value that a task has pushed."""

    __tablename__ = "xcom"
    dag_run_id = mapped_column(sa.BigInteger, primary_key=True)
    task_id = mapped_column(_Text, primary_key=True)
    map_index = mapped_column(sa.Integer, primary_key=True)
    key = mapped_column(_Text, primary_key=True)
    dag_id = mapped_column(_Text)
    run_id = mapped_column(_Text)
    execution_date = mapped_column(Utc)
    value = mapped_column(Decoded)
    timestamp = mapped_column(Utc)
    logical_date = orm.synonym("execution_date")
    dag_run = orm.relationship(
        lambda: DagRun, primaryjoin=lambda: orm.foreign(XCom.dag_run_id) == DagRun.id, viewonly=True
    )


class DagModel(Base):
    """A DAG, as the last import of its file has left it."""

    __tablename__ = "dag"
    dag_id = mapped_column(_Text, primary_key=True)
    is_paused = mapped_column(sa.Boolean)
    is_active = mapped_column(sa.Boolean)
    fileloc = mapped_column(_Text)
    owners = mapped_column(_Text)
    description = mapped_column(_Text)
    schedule_interval = mapped_column(_Text)
    max_active_runs = mapped_column(sa.Integer)
    max_active_tasks = mapped_column(sa.Integer)
    last_parsed_time = mapped_column(Utc)
    has_import_errors = mapped_column(sa.Boolean)
    next_dagrun = mapped_column(Utc)
    next_dagrun_data_interval_start = mapped_column(Utc)
    next_dagrun_data_interval_end = mapped_column(Utc)
    next_dagrun_create_after = mapped_column(Utc)
    tags = orm.relationship(
        lambda: DagTag, primaryjoin=lambda: orm.foreign(DagTag.dag_id) == DagModel.dag_id, viewonly=True
    )

    @classmethod
    @provide_session
    def get_dagmodel(cls, dag_id: str, session: Session) -> DagModel | None:
        """Return the DAG of that id, None where there is none."""
        return session.scalar(sa.select(cls).where(cls.dag_id == dag_id))

    get_current = get_dagmodel

    @property
    def safe_dag_id(self) -> str:
        """The id with its dots written out."""
        return str(self.dag_id).replace(".", "__dot__")


class DagTag(Base):
    """A tag of a DAG."""

    __tablename__ = "dag_tag"
    name = mapped_column(_Text, primary_key=True)
    dag_id: orm.Mapped[Any] = mapped_column(_Text, primary_key=True)


class Pool(Base):
    """A pool of slots."""

    __tablename__ = "slot_pool"
    pool = mapped_column(_Text, primary_key=True)
    slots = mapped_column(sa.Integer)
    description = mapped_column(sa.Text)
    DEFAULT_POOL_NAME = "default_pool"

    @classmethod
    @provide_session
    def get_pool(cls, pool_name: str, session: Session) -> Pool | None:
        """Return the pool of that name, None where there is none."""
        return session.scalar(sa.select(cls).where(cls.pool == pool_name))

    @classmethod
    @provide_session
    def get_pools(cls, session: Session) -> list[Pool]:
        """Return all pools."""
        return list(session.scalars(sa.select(cls).order_by(cls.pool)))


class Variable(Base):
    """A variable as a row."""

    __tablename__ = "variable"
    key = mapped_column(_Text, primary_key=True)
    val = mapped_column(sa.Text)
    description = mapped_column(sa.Text)
    is_encrypted = mapped_column(sa.Boolean)

    def get_val(self) -> str:
        """Return the text."""
        return str(self.val)


class Connection(Base):
    """A connection as a row."""

    __tablename__ = "connection"
    conn_id = mapped_column(_Text, primary_key=True)
    conn_type = mapped_column(_Text)
    description = mapped_column(sa.Text)
    host = mapped_column(_Text)
    schema = mapped_column(_Text)
    login = mapped_column(sa.Text)
    password = mapped_column(sa.Text)
    port = mapped_column(sa.Integer)
    extra = mapped_column(sa.Text)
    is_encrypted = mapped_column(sa.Boolean)
    is_extra_encrypted = mapped_column(sa.Boolean)

    def plain(self) -> plain.Connection:
        """Return it as hooks get it."""
        return plain.Connection(**{name: getattr(self, name) for name in plain.Connection.__fields__})

    @property
    def extra_dejson(self) -> dict[str, Any]:
        """The extra as a dict; empty where there is none."""
        return self.plain().extra_dejson

    def get_uri(self) -> str:
        """Return the URI of the connection. It holds the secrets."""
        return self.plain().get_uri()

    def as_json(self) -> str:
        """Return the connection as JSON. It holds the secrets."""
        return self.plain().as_json()

    def get_password(self) -> str | None:
        """Return the password."""
        return self.plain().password

    def get_extra(self) -> str | None:
        """Return the extra as text."""
        return self.plain().extra
