"""Hot statements: past SQLAlchemy or through it, the same rows; errors, and what waits, in the right transaction."""

from __future__ import annotations

import random
from datetime import datetime, timezone

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import DBAPIError, IntegrityError
from tradewind.metadata import tables
from tradewind.metadata.engine import Database
from tradewind.metadata.hot import Hot, HotRows, any_of
from tradewind.metadata.wire import array_text

NOW = datetime(2026, 1, 1, 12, 30, 0, 250000, tzinfo=timezone.utc)
ADD_TRIES = HotRows(tables.task_try)
END_TRIES = HotRows(tables.task_try, "instance")
TRIES = Hot(
    sa.select(tables.task_try.c.instance, tables.task_try.c.ended_at, tables.task_try.c.cause)
    .where(any_of(tables.task_try.c.instance, "ids"), tables.task_try.c.state == "success")
    .order_by(tables.task_try.c.instance)
)
CAUSES = ["plain", 'quo"ted', "back\\slash", "{braces,and commas}", "", "NULL", "line\nbreak", "ümläut 🙂", None]


@pytest.fixture(params=["direct", "through SQLAlchemy"])
def postgres(request, postgres_database_url):
    database = Database(postgres_database_url, is_direct=request.param == "direct")
    yield database
    database.dispose()


def try_row(instance, cause=None, *, token=1):
    row = {"instance": instance, "token": token, "try_number": 1, "state": "success", "started_at": None}
    return row | {"ended_at": NOW, "worker": "w", "cause": cause, "exit_code": 0}


def found(database, ids):
    with database.read() as conn:
        return [tuple(row) for row in TRIES.rows(conn, {"ids": ids})]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_rows_come_back_as_they_were_written(kind, request):
    database = Database(request.getfixturevalue(f"{'sqlite' if kind == 'sqlite' else 'postgres_database'}_url"))
    direct = Database(database.url.render_as_string(hide_password=False), is_direct=True)
    rows = [try_row(number, cause) for number, cause in enumerate(CAUSES)]
    direct.write(lambda conn: ADD_TRIES.run(conn, rows))
    expected = [(number, NOW, cause) for number, cause in enumerate(CAUSES)]
    assert found(direct, range(len(CAUSES))) == found(database, range(len(CAUSES))) == expected
    assert found(direct, []) == []
    database.dispose()
    direct.dispose()


def test_a_write_that_waits_is_seen_by_every_later_statement_of_its_transaction(postgres):
    with postgres.transaction() as conn:
        ADD_TRIES.run(conn, [try_row(1), try_row(2)])
        END_TRIES.run(conn, [{"key": 1, "cause": "a"}, {"key": 2, "cause": "b"}])
        assert [row[2] for row in TRIES.rows(conn, {"ids": [1, 2]})] == ["a", "b"]
        END_TRIES.run(conn, [{"key": 2, "cause": "c"}])
        assert conn.execute(sa.select(sa.func.max(tables.task_try.c.cause))).scalar_one() == "c"
        END_TRIES.run(conn, [{"key": 1, "cause": "d"}])
    assert [row[2] for row in found(postgres, [1, 2])] == ["d", "c"]


def test_an_error_of_a_write_ends_its_transaction_and_nothing_else(postgres):
    def twice(conn):
        ADD_TRIES.run(conn, [try_row(1)])
        ADD_TRIES.run(conn, [try_row(1, "again")])

    with pytest.raises(IntegrityError) as told:
        postgres.write(twice)
    assert told.value.orig.sqlstate == "23505"
    assert "INSERT INTO task_try" in str(told.value)
    assert "again" not in str(told.value), "parameters may be secrets"
    assert found(postgres, [1]) == []
    postgres.write(lambda conn: ADD_TRIES.run(conn, [try_row(1, "good neighbour")]))
    assert [row[2] for row in found(postgres, [1])] == ["good neighbour"]


def test_what_waits_is_dropped_with_its_transaction(postgres):
    def work(conn):
        ADD_TRIES.run(conn, [try_row(1)])
        raise LookupError

    with pytest.raises(LookupError):
        postgres.write(work)
    postgres.write(lambda conn: ADD_TRIES.run(conn, [try_row(2)]))
    assert [row[0] for row in found(postgres, [1, 2])] == [2]


def test_a_collision_of_keys_is_repeated(postgres):
    tokens = iter([1, 1, 2])

    def work(conn):
        ADD_TRIES.run(conn, [try_row(1, token=next(tokens))])

    postgres.write(work)
    postgres.write(work, collisions=True)
    assert len(found(postgres, [1])) == 2


def test_a_connection_that_is_cut_is_replaced(postgres, postgres_database_url):
    postgres.write(lambda conn: ADD_TRIES.run(conn, [try_row(1)]))

    def cut(conn):
        (pid,) = conn.exec_driver_sql("SELECT pg_backend_pid()").one()
        other = Database(postgres_database_url)
        with other.transaction() as killer:
            killer.execute(sa.text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
        other.dispose()
        ADD_TRIES.run(conn, [try_row(2)])
        TRIES.rows(conn, {"ids": [1]})

    with pytest.raises(DBAPIError) as told:
        postgres.write(cut)
    assert told.value.connection_invalidated
    assert [row[0] for row in found(postgres, [1, 2])] == [1]


def test_many_rows_are_one_statement(postgres, statements):
    rows = [try_row(number) for number in range(500)]
    random.Random(1).shuffle(rows)  # noqa: S311  (any order will do)
    with statements.recorded(postgres) as recorded:
        postgres.write(lambda conn: ADD_TRIES.run(conn, rows))
    recorded.assert_at_most(1)
    assert len(found(postgres, range(500))) == 500


@given(st.lists(st.one_of(st.none(), st.integers(), st.text(st.characters(exclude_characters="\0", codec="utf-8")))))
def test_an_array_is_text_that_cannot_break_out(values):
    text = array_text(values)
    inner, is_quoted, place = [], False, 1
    while place < len(text) - 1:
        character = text[place]
        if character == "\\":
            place += 1
        elif character == '"':
            is_quoted = not is_quoted
        elif character in "{}" and not is_quoted:
            inner.append(character)
        place += 1
    assert (text[0], text[-1]) == ("{", "}")
    assert inner == []
    assert not is_quoted
