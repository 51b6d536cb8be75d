"""The tables of daemons: their leases, what is sent to executors or drained, the pulse, and the rows that schedulers lock."""

from __future__ import annotations

import sqlalchemy as sa

from tradewind.metadata.columns import BigInt, Instant, Name, metadata

daemon = sa.Table(
    "daemon",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("kind", sa.String(30), nullable=False, comment="scheduler, worker, processor, webserver"),
    sa.Column("host", sa.String(250), nullable=False, comment="for people; nothing is decided by it"),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("executor", Name, comment="workers: whose queued tasks they claim"),
    sa.Column("queues", sa.Text, comment="workers: JSON list, null for all"),
    sa.Column("slots", sa.Integer, comment="workers: how many tasks at once"),
    sa.Column("started_at", Instant, nullable=False),
    sa.Column("renewed_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False, comment="the lease: renewed every 3 s, lasts 10 s"),
    sa.Column("ended_at", Instant, comment="set by a clean stop, or by who saw the process end"),
    sa.Column("end_cause", sa.Text),
    sa.Index("ix_daemon_kind_ended_at", "kind", "ended_at"),
)

dispatch = sa.Table(
    "dispatch",
    metadata,
    sa.Column("instance", BigInt, primary_key=True, autoincrement=False, comment="task_instance.id"),
    sa.Column(
        "token", sa.Integer, primary_key=True, autoincrement=False, comment="that the try has once it is claimed"
    ),
    sa.Column("executor", Name, nullable=False),
    sa.Column("dispatched_at", Instant, nullable=False, comment="when the executor last took the ticket on"),
    sa.Column("attempts", sa.Integer, nullable=False, comment="how often it did"),
    sa.Index("ix_dispatch_executor", "executor"),
    comment="Tickets that an executor has: of tries that are queued or run. Empty where workers claim for themselves.",
)

drain = sa.Table(
    "drain",
    metadata,
    sa.Column("id", BigInt, primary_key=True, autoincrement=False),
    sa.Column(
        "kind", sa.String(10), nullable=False, comment="worker: of the daemon with that id; host: of every worker there"
    ),
    sa.Column("name", sa.String(250), nullable=False, comment="daemon.id, or daemon.host"),
    sa.Column("reason", sa.Text, comment="for people: who asks for it, and until when"),
    sa.Column("drained_at", Instant, nullable=False),
    comment="Workers that take no new tries, though they live. Mostly empty.",
)

pulse = sa.Table(
    "pulse",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("since", Instant, nullable=False, comment="the database has answered without a break since then"),
    sa.Column("beat_at", Instant, nullable=False),
    comment="One row that schedulers write: no lease expires until the database was reachable for one full lease.",
)

bucket_lock = sa.Table(
    "bucket_lock",
    metadata,
    sa.Column("name", sa.String(500), primary_key=True, comment="pool:x, dag:x, task:x, executor:x; outbox, alone"),
    comment="Rows that only schedulers lock, in sorted order; ending a task touches none of them.",
)
