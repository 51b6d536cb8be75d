"""The tables of assets: where DAGs name them, their events, which of those wait to make a run, and which have made one."""

from __future__ import annotations

import sqlalchemy as sa

from tradewind.metadata.columns import BigInt, Instant, Name, metadata

asset = sa.Table(
    "asset",
    metadata,
    sa.Column(
        "id", BigInt, primary_key=True, autoincrement=False, comment="made of kind and URI or name: see asset_key"
    ),
    sa.Column("kind", sa.String(10), nullable=False, comment="asset, alias"),
    sa.Column("uri", sa.Text, nullable=False, comment="of an alias its name"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("asset_group", Name, nullable=False),
    sa.Column("extra", sa.Text, nullable=False, default="{}"),
    comment="Assets and aliases that DAG files name, or that tasks named while they ran.",
)

asset_reference = sa.Table(
    "asset_reference",
    metadata,
    sa.Column("asset", BigInt, primary_key=True, autoincrement=False),
    sa.Column("role", sa.String(10), primary_key=True, comment="schedule, outlet, inlet"),
    sa.Column("dag_id", Name, primary_key=True),
    sa.Column("task_id", Name, primary_key=True, comment="empty for a schedule"),
    sa.Index("ix_asset_reference_dag_id", "dag_id"),
    comment="Where the current versions of DAGs name assets; written by the processor.",
)

asset_watcher = sa.Table(
    "asset_watcher",
    metadata,
    sa.Column("id", BigInt, primary_key=True, autoincrement=False, comment="made of DAG, URI and name"),
    sa.Column("dag_id", Name, nullable=False),
    sa.Column("uri", sa.Text, nullable=False),
    sa.Column("name", Name, nullable=False),
    sa.Column("classpath", sa.String(500), nullable=False, comment="the trigger's class, as module.name"),
    sa.Column("kwargs", sa.Text, nullable=False, comment="the trigger's arguments as JSON"),
    sa.Column("triggerer", sa.String(36), comment="id of the daemon that runs it"),
    sa.Column("claim", sa.Integer, nullable=False, default=0, comment="how often it was claimed; only the last counts"),
    sa.Column("due_at", Instant, comment="when it may be claimed again after its trigger ended"),
    sa.Column("problem", sa.Text, comment="why its trigger failed, or what the triggerer has against it"),
    sa.Index("ix_asset_watcher_dag_id", "dag_id"),
    sa.Index("ix_asset_watcher_triggerer", "triggerer"),
    comment="Triggers whose events are events of an asset; written by the processor, run by triggerers.",
)

asset_alias_member = sa.Table(
    "asset_alias_member",
    metadata,
    sa.Column("alias", BigInt, primary_key=True, autoincrement=False),
    sa.Column("asset", BigInt, primary_key=True, autoincrement=False),
    sa.Index("ix_asset_alias_member_asset", "asset"),
    comment="Which assets tasks have named by an alias.",
)

asset_event = sa.Table(
    "asset_event",
    metadata,
    sa.Column("id", BigInt, primary_key=True, autoincrement=False),
    sa.Column("asset", BigInt, nullable=False),
    sa.Column("alias", BigInt, comment="the alias by which the task named the asset"),
    sa.Column("at", Instant, nullable=False),
    sa.Column("extra", sa.Text, nullable=False),
    sa.Column("dag_id", Name, comment="null where no task told of it"),
    sa.Column("run_id", Name),
    sa.Column("run", BigInt),
    sa.Column("task_id", Name),
    sa.Column("map_index", sa.Integer),
    sa.Index("ix_asset_event_asset", "asset", "id"),
    sa.Index("ix_asset_event_alias", "alias", "id"),
    comment="New data in assets, written in the transaction of the success that tells of it; only added to.",
)

asset_queue = sa.Table(
    "asset_queue",
    metadata,
    sa.Column("dag_id", Name, primary_key=True),
    sa.Column("event", BigInt, primary_key=True, autoincrement=False),
    sa.Column("asset", BigInt, nullable=False),
    sa.Column("is_new", sa.Boolean, nullable=False, comment="whether no scheduler has looked at it yet"),
    sa.Index(
        "ix_asset_queue_is_new",
        "is_new",
        "dag_id",
        sqlite_where=sa.text("is_new"),
        postgresql_where=sa.text("is_new"),
    ),
    comment="Events that wait to make a run of a DAG; deleted in the transaction that makes it.",
)

asset_run = sa.Table(
    "asset_run",
    metadata,
    sa.Column("run", BigInt, primary_key=True, autoincrement=False),
    sa.Column("event", BigInt, primary_key=True, autoincrement=False),
    sa.Index("ix_asset_run_event", "event"),
    comment="Which events made a run.",
)
