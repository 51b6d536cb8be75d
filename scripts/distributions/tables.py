"""The generated tables of a provider's README: its connection types with their fields, and its classes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tradewind_plugins.declarations import ConnectionType, FormField

from distributions.facts import Provider, spelled
from distributions.found import ROOT
from distributions.generated import Part

CONNECTIONS, CLASSES = "connection types", "classes"
PLAIN = {"host", "login", "password", "schema", "port", "description"}
_KEY = re.compile(r"[\w.:-]+\Z")
FORMATS = {"integer": "a whole number", "boolean": "true or false", "json": "JSON", "text": "several lines"}


def readme_parts(provider: Provider, root: Path = ROOT) -> list[Part]:
    """Return the generated parts of a provider's README."""
    path = root / provider.folder / "README.md"
    types = [each for each in provider.of_kind("connection type") if isinstance(each, ConnectionType)]
    parts = [Part(path, CONNECTIONS, _connections(provider, types))] if types else []
    return [*parts, Part(path, CLASSES, _classes(provider))]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown; what would end a cell is written so that it does not."""
    lines = [head, ["---"] * len(head), *([each.replace("|", "\\|") for each in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _connections(provider: Provider, types: Sequence[ConnectionType]) -> str:
    known = table(
        ("Type", "Name", "Hook"), [(f"`{each.name}`", each.label, f"`{spelled(each.path)}`") for each in types]
    )
    forms = []
    for each in types:
        rows = _fields(each, provider.fields.get(each.name, {}))
        if rows:
            head = "Field" if len(types) == 1 else f"Field of `{each.name}`"
            forms.append(table((head, "Meaning"), rows))
    return "\n\n".join([known, *forms])


def _fields(declared: ConnectionType, told: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the rows about fields: what the manifest tells of them, then what the form shows besides."""
    known = {name for names in told for name in names.split(", ")}
    rest = [each for each in declared.fields if not each.hidden and each.name not in known]
    return [
        *((_named(name), meaning) for name, meaning in told.items()),
        *((_named(each.name), _told(each)) for each in rest),
    ]


def _named(names: str) -> str:
    """Return how the fields of a row are written: `login, password` are the connection's, others keys of its extra."""
    parts = names.split(", ")
    if set(parts) <= PLAIN or not all(_KEY.match(each) for each in parts):
        return names
    return f"extra {', '.join(f'`{each}`' for each in parts)}"


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
