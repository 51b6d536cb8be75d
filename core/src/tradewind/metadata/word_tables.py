"""Tables of what people say: notes and labels of runs and instances, and requests that name themselves."""

from __future__ import annotations

import sqlalchemy as sa

from tradewind.metadata.columns import BigInt, Hash, Instant, Name, metadata

run_note = sa.Table(
    "run_note",
    metadata,
    sa.Column("run", BigInt, primary_key=True, autoincrement=False),
    sa.Column("note", sa.Text, nullable=False),
    comment="What somebody wrote of a run; few runs have one.",
)

instance_label = sa.Table(
    "instance_label",
    metadata,
    sa.Column("instance", BigInt, primary_key=True, autoincrement=False, comment="task_instance.id"),
    sa.Column("label", Name, nullable=False),
    comment="What mapped instances are called by their map_index_template; few have one.",
)

instance_note = sa.Table(
    "instance_note",
    metadata,
    sa.Column("instance", BigInt, primary_key=True, autoincrement=False, comment="task_instance.id"),
    sa.Column("note", sa.Text, nullable=False),
    comment="What somebody wrote of a task instance; few have one.",
)

idempotency_key = sa.Table(
    "idempotency_key",
    metadata,
    sa.Column("actor", Name, primary_key=True, comment="who sent the request"),
    sa.Column("key", sa.String(128), primary_key=True, comment="what the request calls itself"),
    sa.Column("request_hash", Hash, nullable=False, comment="of what was asked for"),
    sa.Column("answer", sa.Text, nullable=False, comment="JSON: what was answered"),
    sa.Column("created_at", Instant, nullable=False),
    sa.Index("ix_idempotency_key_created_at", "created_at"),
    comment="Requests that are done once, however often they are sent; kept for a day.",
)
