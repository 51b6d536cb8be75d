"""The generated tables of a provider's README: its connection types with their fields, and its classes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from tradewind_plugins.declarations import ConnectionType, FormField

from distributions.facts import Provider, spelled
from distributions.found import ROOT
from distributions.generated import Part

CONNECTIONS, CLASSES = "connection types", "classes"
PLAIN = {"host", "login", "password", "schema", "port", "description"}
FORMATS = {"integer": "a whole number", "boolean": "true or false", "json": "JSON", "text": "several lines"}


def readme_parts(provider: Provider, root: Path = ROOT) -> list[Part]:
    """Return the generated parts of a provider's README."""
    path = root / provider.folder / "README.md"
    types = [each for each in provider.of_kind("connection type") if isinstance(each, ConnectionType)]
    parts = [Part(path, CONNECTIONS, _connections(types))] if types else []
    return [*parts, Part(path, CLASSES, _classes(provider))]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown; what would end a cell is written so that it does not."""
    lines = [head, ["---"] * len(head), *([each.replace("|", "\\|") for each in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _connections(types: Sequence[ConnectionType]) -> str:
    known = table(
        ("Type", "Name", "Hook"), [(f"`{each.name}`", each.label, f"`{spelled(each.path)}`") for each in types]
    )
    forms = []
    for each in types:
        rows = [(_named(field), _told(field)) for field in each.fields if not field.hidden]
        if rows:
            head = "Field" if len(types) == 1 else f"Field of `{each.name}`"
            forms.append(table((head, "Meaning"), rows))
    return "\n\n".join([known, *forms])


def _named(field: FormField) -> str:
    return field.name if field.name in PLAIN else f"extra `{field.name}`"


def _told(field: FormField) -> str:
    """Return what a form shows of a field, in a sentence without an end."""
    words = [field.label or field.name]
    words += [f"one of {', '.join(f'`{each}`' for each in field.choices)}"] if field.choices else []
    words += [FORMATS[field.kind]] if field.kind in FORMATS else []
    words += [f"such as `{field.placeholder}`"] if field.placeholder else []
    words += ["needed"] * field.required + ["secret"] * field.secret
    return "; ".join(words)


def _classes(provider: Provider) -> str:
    """Return the table of what can be imported: what the manifest has, then what is declared besides."""
    declared = {
        each.path: each.summary
        for kind, many in provider.declared.items()
        for each in many
        if kind not in {"Airflow alias", "connection type"}
    }
    hooks = [each.path for each in provider.of_kind("connection type")]
    paths = list(dict.fromkeys([*(row.done for row in provider.rows if row.done), *hooks, *declared]))
    rows = []
    for path in sorted(paths, key=_by_module):
        own = [row for row in provider.rows if row.done == path]
        airflows = ", ".join(dict.fromkeys(f"`{row.airflow}`" for row in own)) or "–"
        differences = " ".join(dict.fromkeys(row.differences for row in own if row.differences))
        rows.append(
            (f"`{spelled(path)}`", declared.get(path) or provider.documented.get(path, ""), airflows, differences)
        )
    return table(("Class", "What it does", "Airflow's", "Differences"), rows)


def _by_module(path: str) -> tuple[bool, str]:
    """Hooks first, as all else is made of them; then by path."""
    return ".hooks." not in path, path
