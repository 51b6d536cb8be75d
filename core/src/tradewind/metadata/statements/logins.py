"""Statements about logins: wrong passwords of the last minutes, browsers' sessions, and the web servers that live."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from tradewind.metadata.access_tables import login_failure, web_server, web_session

_failure, _session, _server = login_failure.c, web_session.c, web_server.c


class Failures(NamedTuple):
    """Wrong passwords since some moment: how many for a name and from an address, and when the first of each was."""

    by_name: int
    first_by_name: datetime | None
    by_address: int
    first_by_address: datetime | None


def failures(connection: sa.Connection, name: str, address: str, *, since: datetime) -> Failures:
    """Count wrong passwords for a name (as its hash) and from an address, in one statement."""

    def of(condition: sa.ColumnElement[bool]) -> tuple[sa.ColumnElement[int], sa.ColumnElement[datetime]]:
        return (
            sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0),
            sa.func.min(sa.case((condition, _failure.at)), type_=_failure.at.type),
        )

    query = sa.select(*of(_failure.name == name), *of(_failure.address == address)).where(
        _failure.at >= since, sa.or_(_failure.name == name, _failure.address == address)
    )
    by_name, first_by_name, by_address, first_by_address = connection.execute(query).one()
    return Failures(int(by_name), first_by_name, int(by_address), first_by_address)


def add_failure(
    connection: sa.Connection,
    *,
    id: int,  # noqa: A002  (the column's name)
    name: str,
    address: str,
    now: datetime,
    since: datetime,
) -> None:
    """Write that a password was wrong; what was before `since` is forgotten."""
    connection.execute(sa.delete(login_failure).where(_failure.at < since))
    connection.execute(sa.insert(login_failure).values(id=id, name=name, address=address, at=now))


def forget_failures(connection: sa.Connection, name: str) -> None:
    """Forget wrong passwords for a name, as somebody came with the right one."""
    connection.execute(sa.delete(login_failure).where(_failure.name == name))


def begin_session(
    connection: sa.Connection,
    session: str,
    *,
    user_id: int,
    now: datetime,
    begun_before: datetime,
    seen_before: datetime,
) -> None:
    """Insert a session, and delete those that are over.

    Arguments:
        session: the hash of what the cookie holds.
        begun_before, seen_before: sessions that began or were last seen earlier are over.
    """
    is_over = sa.or_(_session.begun_at < begun_before, _session.seen_at < seen_before)
    connection.execute(sa.delete(web_session).where(is_over))
    connection.execute(sa.insert(web_session).values(id=session, user_id=user_id, begun_at=now, seen_at=now))


def note_session(connection: sa.Connection, session: str, *, now: datetime, before: datetime) -> None:
    """Write when a session was last seen, unless it was written since `before`."""
    is_old = sa.and_(_session.id == session, _session.seen_at <= before)
    connection.execute(sa.update(web_session).where(is_old).values(seen_at=now))


def end_session(connection: sa.Connection, session: str) -> bool:
    """Delete a session; tell whether there was one."""
    return connection.execute(sa.delete(web_session).where(_session.id == session)).rowcount > 0


def note_server(
    connection: sa.Connection,
    *,
    id: str,  # noqa: A002  (the column's name)
    host: str,
    pid: int,
    key_fingerprint: str,
    now: datetime,
) -> None:
    """Write that a web server lives."""
    if connection.execute(sa.update(web_server).where(_server.id == id).values(seen_at=now)).rowcount == 0:
        values = {"id": id, "host": host, "pid": pid, "key_fingerprint": key_fingerprint, "seen_at": now}
        connection.execute(sa.insert(web_server).values(**values))


def live_servers(connection: sa.Connection, *, since: datetime) -> list[tuple[str, int, str]]:
    """Return (host, pid, fingerprint of the key) of web servers that were seen since then."""
    query = sa.select(_server.host, _server.pid, _server.key_fingerprint).where(_server.seen_at >= since)
    return [(row[0], row[1], row[2]) for row in connection.execute(query.order_by(_server.host, _server.pid))]


def forget_servers(connection: sa.Connection, *, before: datetime, id: str | None = None) -> None:  # noqa: A002
    """Delete web servers that were not seen since then, and the one with this id."""
    connection.execute(sa.delete(web_server).where(sa.or_(_server.seen_at < before, _server.id == (id or ""))))
