"""What PostgreSQL counted (`pg_stat_statements`): calls by what they are for.

Daemons log in under roles of their own, so that the kit's own statements are not among them.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any, TypeAlias

import psycopg

from tradewind_perf.servers import ROLES

CONTROL, TRANSACTION, HEARTBEAT, NOTIFICATION, WORK = "control", "transaction", "heartbeat", "notification", "work"
_NO_FROM = r"((?!\bfrom\b).)*"
_CLASSES = (
    (TRANSACTION, re.compile(r"^(commit|rollback)\b", re.IGNORECASE)),
    (
        CONTROL,
        re.compile(r"^(begin|start transaction|set|reset|show|savepoint|release|discard|deallocate)\b", re.IGNORECASE),
    ),
    # A statement that notifies and reads or writes a table too is work
    (
        NOTIFICATION,
        re.compile(
            rf"^(listen|unlisten|notify)\b|^select {_NO_FROM}\bpg_notify\({_NO_FROM}(from unnest\b|$)", re.IGNORECASE
        ),
    ),
    # Its table is the first that is read: one that asks for daemons beside something else is work
    (
        HEARTBEAT,
        re.compile(
            rf"^(update|insert into)\s+(daemon|pulse)\b|^select {_NO_FROM}\bfrom (daemon|pulse)\b", re.IGNORECASE
        ),
    ),
)
Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]
_QUERY = """
    SELECT usename, query, calls FROM pg_stat_statements s
    JOIN pg_user ON usesysid = s.userid JOIN pg_database d ON d.oid = s.dbid
    WHERE datname = current_database() AND usename = ANY(%s)
"""


@dataclass(frozen=True)
class Counted:
    """Calls in a stretch of time.

    Arguments:
        calls: by (role, statement).
    """

    calls: Counter[tuple[str, str]]

    def of(self, kind: str) -> int:
        """Return the calls of a class."""
        return sum(number for (_role, text), number in self.calls.items() if classify(text) == kind)

    def by_role(self, kind: str) -> dict[str, int]:
        """Return the calls of a class for each daemon."""
        found: Counter[str] = Counter()
        for (role, text), number in self.calls.items():
            if classify(text) == kind:
                found[role] += number
        return dict(found)

    def lines(self, tasks: int, most: int = 12) -> list[str]:
        """Return the statements with the most calls a task: calls, class, daemon, and how the statement begins."""
        return [
            f"{number / tasks:.2f} {classify(text)}, {role}: {' '.join(text.split())[:100]}"
            for (role, text), number in self.calls.most_common(most)
        ]


def classify(statement: str) -> str:
    """Return what a statement is for; a procedure or trigger would be work."""
    text = " ".join(statement.split())
    return next((name for name, pattern in _CLASSES if pattern.search(text)), WORK)


def reset(connection: Connection) -> None:
    """Begin to count anew."""
    connection.execute("SELECT pg_stat_statements_reset()")


def counted(connection: Connection) -> Counted:
    """Return what was counted since the reset, of the daemons of this database."""
    rows = connection.execute(_QUERY, [list(ROLES)]).fetchall()
    found: Counter[tuple[str, str]] = Counter()
    for role, text, calls in rows:
        found[str(role), str(text)] += int(calls)
    return Counted(found)
