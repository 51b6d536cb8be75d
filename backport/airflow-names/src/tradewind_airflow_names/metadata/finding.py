"""The ways to runs, task instances and XComs that Airflow's models offer beside queries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tradewind_airflow_names.metadata.errors import read_only
from tradewind_airflow_names.own.session import provide_session

if TYPE_CHECKING:
    from sqlalchemy.orm import Query, Session

_RETURN_VALUE = "return_value"


def _among(column: Any, wanted: Any) -> Any:
    """Return the condition that a column has the value, or one of the values."""
    return (
        column.in_(list(wanted)) if isinstance(wanted, Iterable) and not isinstance(wanted, str) else column == wanted
    )


class RunFinding:
    """What `DagRun` can be asked."""

    @classmethod
    @provide_session
    def find(  # noqa: PLR0917  (as Airflow has it)
        cls,
        dag_id: str | list[str] | None = None,
        run_id: Iterable[str] | str | None = None,
        execution_date: datetime | Iterable[datetime] | None = None,
        state: str | None = None,
        external_trigger: bool | None = None,
        no_backfills: bool = False,
        run_type: str | None = None,
        session: Session = None,  # type: ignore[assignment]  # as Airflow has it: provided
        execution_start_date: datetime | None = None,
        execution_end_date: datetime | None = None,
        logical_date: datetime | Iterable[datetime] | None = None,
    ) -> list[Any]:
        """Return the runs that have all that is given, by logical date."""
        run: Any = cls
        query = sa.select(run).order_by(run.execution_date)
        wanted = {
            run.dag_id: dag_id,
            run.run_id: run_id,
            run.execution_date: execution_date if logical_date is None else logical_date,
            run.state: state,
            run.external_trigger: external_trigger,
            run.run_type: run_type,
        }
        for column, value in wanted.items():
            if value is not None:
                query = query.where(_among(column, value))
        if no_backfills:
            query = query.where(run.run_type != "backfill")
        if execution_start_date is not None:
            query = query.where(run.execution_date >= execution_start_date)
        if execution_end_date is not None:
            query = query.where(run.execution_date <= execution_end_date)
        return list(session.scalars(query))

    @staticmethod
    def generate_run_id(run_type: str, execution_date: datetime) -> str:
        """Return the id that a run of this type and logical date is given."""
        return f"{str.__str__(run_type)}__{execution_date.isoformat()}"

    @classmethod
    @provide_session
    def get_latest_runs(cls, session: Session) -> list[Any]:
        """Return of each DAG the run with the latest logical date."""
        run: Any = cls
        latest = sa.select(run.dag_id, sa.func.max(run.execution_date).label("at")).group_by(run.dag_id).subquery()
        joined = sa.and_(latest.c.dag_id == run.dag_id, latest.c["at"] == run.execution_date)
        return list(session.scalars(sa.select(run).join(latest, joined)))

    @provide_session
    def get_task_instances(self, state: Any = None, session: Session = None) -> list[Any]:  # type: ignore[assignment]
        """Return the task instances of this run, those in one of some states only if any are given."""
        found = self._task_instances(session)
        wanted = None if state is None else {state} if isinstance(state, str) else set(state)
        return [each for each in found if wanted is None or each.state in wanted]

    @provide_session
    def get_task_instance(self, task_id: str, session: Session, *, map_index: int = -1) -> Any:
        """Return the instance of a task in this run, None where there is none."""
        found = self._task_instances(session)
        return next((each for each in found if (each.task_id, each.map_index) == (task_id, map_index)), None)

    def _task_instances(self, session: Session) -> list[Any]:
        instance: Any = sa.inspect(type(self)).relationships["task_instances"].entity.class_
        run: Any = self
        query = sa.select(instance).where(instance.dag_id == run.dag_id, instance.run_id == run.run_id)
        return list(session.scalars(query.order_by(instance.task_id, instance.map_index)))

    @provide_session
    def get_previous_dagrun(self, state: str | None = None, session: Session = None) -> Any:  # type: ignore[assignment]
        """Return the run of the same DAG with the next earlier logical date, in a state if one is given."""
        run, own = type(self), self
        model: Any = run
        query = sa.select(model).where(model.dag_id == own.dag_id, model.execution_date < own.execution_date)  # type: ignore[attr-defined]
        if state is not None:
            query = query.where(model.state == state)
        return session.scalars(query.order_by(model.execution_date.desc())).first()

    @provide_session
    def refresh_from_db(self, session: Session) -> None:
        """Read this run's state again."""
        model: Any = type(self)
        found = session.scalar(sa.select(model.state).where(model.dag_id == self.dag_id, model.run_id == self.run_id))  # type: ignore[attr-defined]
        self.__dict__["state"] = found


class TaskFinding:
    """What `TaskInstance` can be asked."""

    def __init__(
        self,
        task: Any = None,
        execution_date: datetime | None = None,
        run_id: str | None = None,
        state: str | None = None,
        map_index: int = -1,
        **values: Any,
    ) -> None:
        if task is not None:
            values |= {"task_id": task.task_id, "dag_id": task.dag_id}
            self.task = task
        values |= {"execution_date": execution_date, "run_id": run_id, "state": state, "map_index": map_index}
        for name, value in values.items():
            setattr(self, name, value)

    @provide_session
    def current_state(self, session: Session) -> str | None:
        """Return the state that this task instance has now."""
        found = self._found(session)
        return None if found is None else found.state

    @provide_session
    def refresh_from_db(self, session: Session) -> None:
        """Read state, try and dates again."""
        found = self._found(session)
        for name in ("state", "try_number", "max_tries", "start_date", "end_date", "duration"):
            self.__dict__[name] = None if found is None else getattr(found, name)

    def _found(self, session: Session) -> Any:
        model: Any = type(self)
        own: Any = self
        which = model.run_id == own.run_id if own.run_id is not None else model.execution_date == own.execution_date
        is_same = (model.dag_id == own.dag_id, model.task_id == own.task_id, model.map_index == own.map_index)
        columns = (model.state, model.try_number, model.max_tries, model.start_date, model.end_date, model.duration)
        return session.execute(sa.select(*columns).where(*is_same, which)).first()


class XComFinding:
    """What `XCom` can be asked."""

    @classmethod
    @provide_session
    def get_one(  # noqa: PLR0917  (as Airflow has it)
        cls,
        execution_date: datetime | None = None,
        key: str | None = None,
        task_id: str | None = None,
        dag_id: str | None = None,
        include_prior_dates: bool = False,
        session: Session = None,  # type: ignore[assignment]
        *,
        run_id: str | None = None,
        map_index: int | None = None,
    ) -> Any:
        """Return the value that was pushed last of those that fit, None where there is none."""
        found: Any = cls.get_many(
            execution_date,
            key=key,
            task_ids=task_id,
            dag_ids=dag_id,
            map_indexes=map_index,
            include_prior_dates=include_prior_dates,
            limit=1,
            run_id=run_id,
            session=session,
        ).first()
        return None if found is None else found.value

    @classmethod
    @provide_session
    def get_many(  # noqa: PLR0917  (as Airflow has it)
        cls,
        execution_date: datetime | None = None,
        key: str | None = None,
        task_ids: str | Sequence[str] | None = None,
        dag_ids: str | Sequence[str] | None = None,
        map_indexes: int | Sequence[int] | None = None,
        include_prior_dates: bool = False,
        limit: int | None = None,
        session: Session = None,  # type: ignore[assignment]
        *,
        run_id: str | None = None,
    ) -> Query[Any]:
        """Return the query for XComs that fit, those pushed last first.

        Raises:
            ValueError: neither a run nor a logical date is given, or both.
        """
        if (execution_date is None) == (run_id is None):
            raise ValueError("an XCom is found by run_id or by execution_date: give one of them")
        xcom: Any = cls
        query = session.query(xcom)
        for column, wanted in (
            (xcom.key, key),
            (xcom.task_id, task_ids),
            (xcom.dag_id, dag_ids),
            (xcom.map_index, map_indexes),
        ):
            if wanted is not None:
                query = query.filter(_among(column, wanted))
        if include_prior_dates:
            query = query.filter(xcom.execution_date <= _date_of_run(session, xcom, execution_date, run_id, dag_ids))
        elif run_id is not None:
            query = query.filter(xcom.run_id == run_id)
        else:
            query = query.filter(xcom.execution_date == execution_date)
        query = query.order_by(xcom.execution_date.desc(), xcom.timestamp.desc())
        found: Query[Any] = query if limit is None else query.limit(limit)
        return found

    @classmethod
    @provide_session
    def get_value(cls, *, ti_key: Any, key: str | None = None, session: Session) -> Any:
        """Return what the task instance of a key (with dag_id, task_id, run_id and map_index) pushed."""
        return cls.get_one(
            key=key,
            task_id=ti_key.task_id,
            dag_id=ti_key.dag_id,
            map_index=ti_key.map_index,
            run_id=ti_key.run_id,
            session=session,
        )

    @classmethod
    def set(cls, *_arguments: Any, **_values: Any) -> None:
        """Refuse: values are pushed by the task that has them."""
        raise read_only("insert into", "xcom")

    @classmethod
    def clear(cls, *_arguments: Any, **_values: Any) -> None:
        """Refuse: values go with their runs."""
        raise read_only("delete from", "xcom")


def _date_of_run(session: Session, xcom: Any, date: datetime | None, run_id: str | None, dag_ids: Any) -> Any:
    """Return the logical date of a run, as given or as its id tells."""
    if date is not None:
        return date
    run: Any = sa.inspect(xcom).relationships["dag_run"].entity.class_
    query = sa.select(run.execution_date).where(run.run_id == run_id)
    if dag_ids is not None:
        query = query.where(_among(run.dag_id, dag_ids))
    return session.scalars(query).first()
