"""The tables of access control: Flask-AppBuilder's, and beside them API tokens, sessions, failed logins and the audit log.

Those called `ab_…` have the names and columns that Flask-AppBuilder's security manager maps its classes to; it makes none of
them. They have no foreign keys, as everywhere here: statements delete what hangs on a row, and no id is given twice, also on
SQLite (`sqlite_autoincrement`), so that what is left behind belongs to nobody.
"""

from __future__ import annotations

import sqlalchemy as sa

from tradewind.metadata.columns import BigInt, Hash, Instant, Name, metadata

RESOURCE = 260
"""Characters of a resource's name: `DAG Run:` and the longest id of a DAG."""


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True)


def _pairs(name: str, one: str, other: str) -> sa.Table:
    """Return a table of pairs of ids; both directions are looked up."""
    return sa.Table(
        name,
        metadata,
        _id(),
        sa.Column(one, sa.Integer),
        sa.Column(other, sa.Integer),
        sa.UniqueConstraint(one, other),
        sa.Index(f"ix_{name}_{other}", other),
        sqlite_autoincrement=True,
    )


# --- Flask-AppBuilder's -----------------------------------------------------------------------------------------------

ab_permission = sa.Table(
    "ab_permission",
    metadata,
    _id(),
    sa.Column("name", sa.String(100), nullable=False, unique=True),
    comment="Actions: can_read, can_edit, can_create, can_delete, menu_access.",
    sqlite_autoincrement=True,
)
ab_view_menu = sa.Table(
    "ab_view_menu",
    metadata,
    _id(),
    sa.Column("name", sa.String(RESOURCE), nullable=False, unique=True),
    comment="Resources: DAGs, Connections, DAG:<id> …",
    sqlite_autoincrement=True,
)
ab_permission_view = sa.Table(
    "ab_permission_view",
    metadata,
    _id(),
    sa.Column("permission_id", sa.Integer, nullable=False),
    sa.Column("view_menu_id", sa.Integer, nullable=False),
    sa.UniqueConstraint("permission_id", "view_menu_id"),
    sa.Index("ix_ab_permission_view_view_menu_id", "view_menu_id"),
    comment="Permissions: an action on a resource.",
    sqlite_autoincrement=True,
)
ab_role = sa.Table(
    "ab_role",
    metadata,
    _id(),
    sa.Column("name", sa.String(64), nullable=False, unique=True),
    sqlite_autoincrement=True,
)
ab_permission_view_role = _pairs("ab_permission_view_role", "permission_view_id", "role_id")
ab_user = sa.Table(
    "ab_user",
    metadata,
    _id(),
    sa.Column("first_name", sa.String(64), nullable=False),
    sa.Column("last_name", sa.String(64), nullable=False),
    sa.Column("username", sa.String(128), nullable=False, unique=True),
    sa.Column("password", sa.String(256), comment="scrypt, as werkzeug writes it"),
    sa.Column("active", sa.Boolean),
    sa.Column("email", sa.String(320), nullable=False, unique=True),
    sa.Column("last_login", sa.DateTime, comment="UTC, like all times in these tables"),
    sa.Column("login_count", sa.Integer),
    sa.Column("fail_login_count", sa.Integer),
    sa.Column("created_on", sa.DateTime),
    sa.Column("changed_on", sa.DateTime),
    sa.Column("created_by_fk", sa.Integer),
    sa.Column("changed_by_fk", sa.Integer),
    sqlite_autoincrement=True,
)
ab_user_role = _pairs("ab_user_role", "user_id", "role_id")
ab_group = sa.Table(
    "ab_group",
    metadata,
    _id(),
    sa.Column("name", sa.String(100), nullable=False, unique=True),
    sa.Column("label", sa.String(150)),
    sa.Column("description", sa.String(512)),
    sqlite_autoincrement=True,
)
ab_user_group = _pairs("ab_user_group", "user_id", "group_id")
ab_group_role = _pairs("ab_group_role", "group_id", "role_id")
ab_register_user = sa.Table(
    "ab_register_user",
    metadata,
    _id(),
    sa.Column("first_name", sa.String(64), nullable=False),
    sa.Column("last_name", sa.String(64), nullable=False),
    sa.Column("username", sa.String(128), nullable=False, unique=True),
    sa.Column("password", sa.String(256)),
    sa.Column("email", sa.String(320), nullable=False, unique=True),
    sa.Column("registration_date", sa.DateTime),
    sa.Column("registration_hash", sa.String(256)),
    comment="People who asked to be registered.",
    sqlite_autoincrement=True,
)
ab_api_key = sa.Table(
    "ab_api_key",
    metadata,
    _id(),
    sa.Column("uuid", sa.String(36), nullable=False, unique=True),
    sa.Column("name", sa.String(256), nullable=False),
    sa.Column("key_hash", sa.String(256), nullable=False),
    sa.Column("lookup_hash", sa.String(256), unique=True),
    sa.Column("key_prefix", sa.String(16), nullable=False),
    sa.Column("user_id", sa.Integer, nullable=False),
    sa.Column("scopes", sa.Text),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("created_on", sa.DateTime),
    sa.Column("expires_on", sa.DateTime),
    sa.Column("revoked_on", sa.DateTime),
    sa.Column("last_used_on", sa.DateTime),
    comment="Flask-AppBuilder's own keys, which are not used: ours are api_token.",
    sqlite_autoincrement=True,
)

# --- Ours ---------------------------------------------------------------------------------------------------------------

api_token = sa.Table(
    "api_token",
    metadata,
    sa.Column("id", BigInt, primary_key=True, autoincrement=False),
    sa.Column("lookup", sa.String(16), nullable=False, unique=True, comment="the part of the token that is no secret"),
    sa.Column("secret_hash", Hash, nullable=False, comment="SHA-256 of the whole token"),
    sa.Column("user_id", sa.Integer, nullable=False, comment="ab_user.id"),
    sa.Column("name", Name, nullable=False),
    sa.Column("scopes", sa.Text, comment="JSON list of patterns of operations' names; null for all"),
    sa.Column("dags", sa.Text, comment="JSON list of DAG ids; null for all"),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("last_used_at", Instant, comment="to the minute"),
    sa.Column("revoked_at", Instant),
    sa.Index("ix_api_token_user_id", "user_id"),
)
web_session = sa.Table(
    "web_session",
    metadata,
    sa.Column("id", Hash, primary_key=True, comment="SHA-256 of what the browser's cookie holds"),
    sa.Column("user_id", sa.Integer, nullable=False, comment="ab_user.id"),
    sa.Column("begun_at", Instant, nullable=False),
    sa.Column("seen_at", Instant, nullable=False, comment="to the minute"),
    sa.Index("ix_web_session_user_id", "user_id"),
    sa.Index("ix_web_session_seen_at", "seen_at"),
    comment="Who is logged in with a browser; logging out deletes the row.",
)
login_failure = sa.Table(
    "login_failure",
    metadata,
    sa.Column("id", BigInt, primary_key=True, autoincrement=False),
    sa.Column("name", Hash, nullable=False, comment="SHA-256: people type passwords into the field for the name"),
    sa.Column("address", sa.String(64), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index("ix_login_failure_name_at", "name", "at"),
    sa.Index("ix_login_failure_address_at", "address", "at"),
    sa.Index("ix_login_failure_at", "at"),
    comment="Wrong passwords of the last minutes: after some of them, who tries on has to wait.",
)
web_server = sa.Table(
    "web_server",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("host", sa.String(250), nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("key_fingerprint", Hash, nullable=False, comment="of the key that signs cookies"),
    sa.Column("seen_at", Instant, nullable=False),
    comment="Web servers that live: all must sign cookies with the same key.",
)
audit_event = sa.Table(
    "audit_event",
    metadata,
    sa.Column("id", BigInt, primary_key=True, autoincrement=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("event", Name, nullable=False, comment="the operation's name, or login, login_failed, logout"),
    sa.Column("owner", Name, comment="who did it"),
    sa.Column("dag_id", Name),
    sa.Column("run_id", Name),
    sa.Column("task_id", Name),
    sa.Column("map_index", sa.Integer),
    sa.Column("try_number", sa.Integer),
    sa.Column("logical_date", Instant),
    sa.Column("extra", sa.Text, comment="JSON: how they came, what was before and what is after; no secrets"),
    sa.Index("ix_audit_event_at", "at"),
    sa.Index("ix_audit_event_dag_id_at", "dag_id", "at"),
)
