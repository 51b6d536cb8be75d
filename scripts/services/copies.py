"""Databases with a schema for one test each: copied from a template, then emptied and used again under another name.

Copying one takes ten times longer than emptying it. Its new name keeps out whoever still knows the old one: a process that a
test left behind finds no database, as if it had been dropped.
"""

from __future__ import annotations

import itertools
import os

import psycopg
import sqlalchemy as sa
from psycopg import errors

# Whatever a change of the schema touches: columns with their types, and the names of tables, indexes and constraints
SHAPE = """
SELECT (SELECT sum(hashtext(concat_ws(' ', c.relname, a.attname, a.atttypid, a.attnotnull))) FROM pg_class c JOIN pg_attribute a
 ON a.attrelid = c.oid AND a.attnum > 0 WHERE c.relnamespace = 'public'::regnamespace),
 (SELECT sum(hashtext(conname)) FROM pg_constraint WHERE connamespace = 'public'::regnamespace),
 (SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace), (SELECT count(*) FROM pg_trigger),
 (SELECT count(*) FROM pg_db_role_setting s JOIN pg_database d ON s.setdatabase = d.oid WHERE datname = current_database()),
 (SELECT string_agg(version_num, ',') FROM alembic_version)
"""
# Without a page there is no row
USED = """
SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
 AND pg_relation_size(oid) > 0
"""
OTHERS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
KEPT = 2
"""So many stay unused, so that the sessions of the one before have ended when a database is renamed."""


class Copies:
    """Copies of a template on a PostgreSQL server.

    Arguments:
        server: URL of the server's own database.
        template: name of the database that is copied.
        filled: its table that has rows, apart from that of the schema's revision.
    """

    def __init__(self, server: str, template: str, *, filled: str) -> None:
        self._server = server
        self._template = template
        self._filled = filled
        self._free: list[str] = []
        self._numbers = itertools.count(1)
        with psycopg.connect(self._url(template)) as connection:
            self._shape = connection.execute(SHAPE).fetchone()
            self._rows = connection.execute(f"SELECT * FROM {filled}".encode()).fetchall()

    def take(self) -> str:
        """Return the URL of a database as the template is."""
        name = f"tradewind_test_{os.getpid()}_copy_{next(self._numbers)}"
        if len(self._free) > KEPT and self._renamed(self._free.pop(0), name):
            return self._url(name)
        self._do(f"CREATE DATABASE {name} TEMPLATE {self._template}")
        return self._url(name)

    def give_back(self, url: str) -> None:
        """Empty a database for the next one; drop it where somebody is in it or its schema is another now."""
        name = str(sa.make_url(url).database)
        if self._emptied(url):
            self._free.append(name)
        else:
            self._drop(name)

    def _emptied(self, url: str) -> bool:
        try:
            with psycopg.connect(url, options="-c lock_timeout=1s") as connection:
                if connection.execute(SHAPE).fetchone() != self._shape:
                    return False
                used = {name for (name,) in connection.execute(USED)}
                connection.execute(f"TRUNCATE {', '.join(sorted(used | {self._filled}))}".encode())
                slots = ", ".join(["%s"] * len(self._rows[0]))
                connection.cursor().executemany(f"INSERT INTO {self._filled} VALUES ({slots})".encode(), self._rows)
                return connection.execute(OTHERS).fetchone() == (0,)
        except (psycopg.OperationalError, errors.UndefinedTable):  # a lock that is not to be had, a table that is gone
            return False

    def _renamed(self, name: str, new: str) -> bool:
        try:
            self._do(f"ALTER DATABASE {name} RENAME TO {new}")
        except errors.ObjectInUse:
            self._drop(name)
            return False
        return True

    def _drop(self, name: str) -> None:
        self._do(f"DROP DATABASE {name} WITH (FORCE)")

    def _url(self, name: str) -> str:
        return sa.make_url(self._server).set(database=name).render_as_string(hide_password=False)

    def _do(self, statement: str) -> None:
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(statement.encode())
