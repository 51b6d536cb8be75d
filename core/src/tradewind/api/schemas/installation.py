"""What is installed on the server, and how it is, in answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from marshmallow import fields

from tradewind.api.schemas.common import PageQuery, Schema, collection
from tradewind.operations.installation import InstalledPlugin


class VersionSchema(Schema):
    """Which release this is."""

    version = fields.String(metadata={"example": "1.0.0"})
    git_version = fields.String(
        allow_none=True, metadata={"example": None, "description": "The commit, where it is no release."}
    )


class DatabaseStatusSchema(Schema):
    """How the metadata database is."""

    status = fields.String(metadata={"example": "healthy"})


def _daemon_status(name: str) -> type[Schema]:
    members: dict[str, Any] = {
        "__doc__": "How the daemons of this kind are; null where none ever ran.",
        "status": fields.String(allow_none=True, metadata={"example": "healthy"}),
        f"latest_{name}_heartbeat": fields.String(allow_none=True, metadata={"example": "2026-11-23T12:00:00+00:00"}),
    }
    return type(f"{name.title().replace('_', '')}StatusSchema", (Schema,), members)


class HealthSchema(Schema):
    """How the parts of the installation are."""

    metadatabase = fields.Nested(DatabaseStatusSchema)
    scheduler = fields.Nested(_daemon_status("scheduler"))
    triggerer = fields.Nested(_daemon_status("triggerer"))
    dag_processor = fields.Nested(_daemon_status("dag_processor"))
    worker = fields.Nested(_daemon_status("worker"))


class ProviderSchema(Schema):
    """An installed distribution that brings plugins."""

    package_name = fields.String(metadata={"example": "tradewind-sqlite"})
    version = fields.String(metadata={"example": "1.0.0"})
    description = fields.String(metadata={"example": "SQLite for Tradewind"})
    problem = fields.String(
        metadata={"example": "", "description": "What was left out of it and why; empty where all of it can be used."}
    )


def _paths(*kinds: str) -> fields.Function:
    def found(plugin: InstalledPlugin) -> list[str]:
        return [path for kind in kinds for path in plugin.declared.get(kind, ())]

    return fields.Function(found, metadata={"type": "array", "items": {"type": "string"}, "example": []})


def _never(items: dict[str, Any]) -> fields.Function:
    return fields.Function(lambda _plugin: [], metadata={"type": "array", "items": items, "example": []})


def _hooks(plugin: InstalledPlugin) -> Iterable[str]:
    return [name for name in plugin.implements if name.startswith("on_")]


_TEXT: dict[str, Any] = {"type": "string"}
_OBJECT: dict[str, Any] = {"type": "object", "additionalProperties": True}


class PluginSchema(Schema):
    """A plugin, in the shape of Airflow's; what plugins here cannot bring is empty, and `declared` says all by kind."""

    name = fields.String(metadata={"example": "sqlite"})
    source = fields.String(allow_none=True, metadata={"example": "tradewind-sqlite 1.0.0"})
    hooks = fields.Function(
        lambda plugin: plugin.declared.get("connection type", []),
        metadata={"type": "array", "items": _TEXT, "example": ["tradewind_sqlite.hooks.sqlite.SqliteHook"]},
    )
    executors = _paths("executor")
    timetables = _paths("timetable")
    listeners = fields.Function(_hooks, metadata={"type": "array", "items": _TEXT, "example": ["on_task_success"]})
    macros = _never(_TEXT)
    flask_blueprints = _never(_TEXT)
    appbuilder_views = _never(_OBJECT)
    appbuilder_menu_items = _never(_OBJECT)
    global_operator_extra_links = _never(_TEXT)
    operator_extra_links = _never(_TEXT)
    ti_deps = _never(_TEXT)
    module = fields.String(metadata={"example": "tradewind_sqlite.plugin"})
    implements = fields.List(
        fields.String(),
        metadata={"example": ["tradewind_connection_types"], "description": "All hooks that it implements."},
    )
    declared = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        metadata={"example": {"connection type": ["tradewind_sqlite.hooks.sqlite.SqliteHook"]}},
    )


class PluginListQuery(PageQuery):
    """Which plugins are asked for."""


PluginCollection = collection("plugins", PluginSchema)
ProviderCollection = collection("providers", ProviderSchema)
