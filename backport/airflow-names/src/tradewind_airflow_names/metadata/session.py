"""The engine and the sessions on the copy: `airflow.settings.engine` and `airflow.settings.Session`."""

from __future__ import annotations

from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, orm
from sqlalchemy.dialects import sqlite
from sqlalchemy.pool import NullPool

from tradewind_airflow_names.metadata.copy import Copy
from tradewind_airflow_names.metadata.errors import MetadataReadOnly, read_only
from tradewind_airflow_names.metadata.loading import load
from tradewind_airflow_names.metadata.models import Base
from tradewind_airflow_names.metadata.narrowing import narrowed

_NAMES = ("conn_id", "run_id", "task_id", "dag_id", "pool", "key")


@cache
def _tables() -> dict[str, dict[str, str]]:
    dialect = sqlite.dialect()
    return {
        name: {column.name: column.type.compile(dialect) for column in table.columns}
        for name, table in Base.metadata.tables.items()
    }


def _connect() -> Copy:
    return Copy(_tables(), load)


engine = sa.create_engine("sqlite://", creator=_connect, poolclass=NullPool)


@event.listens_for(engine, "before_cursor_execute")
def _narrow(_conn: Any, cursor: Any, _text: str, _parameters: Any, context: Any, executemany: bool) -> None:
    """Tell the cursor which rows the statement needs."""
    if context is not None and context.compiled is not None and not executemany:
        cursor.narrowed = narrowed(context.invoked_statement, context.compiled_parameters[0])


class ViewSession(orm.Session):
    """A session that only reads: what would be written is refused where it is added, or where it is flushed."""

    def execute(self, statement: Any, *args: Any, **kwargs: Any) -> Any:
        """See `sqlalchemy.orm.Session`; a plain text is one of SQL, as Airflow 2 takes it."""
        return super().execute(_statement(statement), *args, **kwargs)

    def scalar(self, statement: Any, *args: Any, **kwargs: Any) -> Any:
        """See `execute`."""
        return super().scalar(_statement(statement), *args, **kwargs)

    def scalars(self, statement: Any, *args: Any, **kwargs: Any) -> Any:
        """See `execute`."""
        return super().scalars(_statement(statement), *args, **kwargs)

    def get(self, entity: Any, ident: Any, **kwargs: Any) -> Any:
        """See `sqlalchemy.orm.Session`."""
        return super().get(_model(entity), ident, **kwargs)

    def add(self, instance: Any, *, _warn: bool = True) -> None:
        """Refuse what is new.

        Raises:
            MetadataReadOnly: it does not come from this session.
        """
        if not (isinstance(instance, Base) and sa.inspect(instance).persistent):
            raise _refusal("insert", "into", instance)
        super().add(instance, _warn=_warn)

    def merge(self, instance: Any, **kwargs: Any) -> Any:
        """Refuse what is no row; whether it differs from its row is seen when it is flushed."""
        if not isinstance(instance, Base):
            raise _refusal("insert", "into", instance)
        return super().merge(instance, **kwargs)

    def delete(self, instance: Any) -> None:
        """Refuse."""
        raise _refusal("delete", "from", instance)


def _statement(given: Any) -> Any:
    return sa.text(given) if isinstance(given, str) else given


def _model(entity: Any) -> Any:
    """Return the model of a class that stands for one, see `queried`."""
    find = getattr(type(entity), "model", None)
    return entity if find is None else find(entity)


def _refusal(verb: str, preposition: str, instance: Any) -> MetadataReadOnly:
    """Return the error for writing an instance, by its name where it has one."""
    table = getattr(_model(type(instance)), "__tablename__", type(instance).__name__)
    name = next((getattr(instance, each) for each in _NAMES if getattr(instance, each, None)), None)
    return read_only(f"{verb} {preposition}" if name is None else f"{verb} {name!r} {preposition}", table)


@event.listens_for(ViewSession, "before_flush")
def _refuse(session: orm.Session, _context: Any, _instances: Any) -> None:
    for instance in session.new:
        raise _refusal("insert", "into", instance)
    for instance in session.dirty:
        if session.is_modified(instance):
            raise _refusal("update", "in", instance)


_make = orm.sessionmaker(engine, class_=ViewSession, autoflush=False, expire_on_commit=False)
Session = orm.scoped_session(_make)
NonScopedSession = _make
