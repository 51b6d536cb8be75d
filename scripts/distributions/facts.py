"""What a provider says of itself: its pyproject.toml, what its plugin module declares, and its manifest of classes."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tradewind.plugins.kinds import KINDS
from tradewind_plugins.declarations import AirflowAlias, CliVerb, ConnectionType, Declared
from tradewind_plugins.hooks import PROJECT

from distributions.found import ROOT, provider_folders, read_pyproject, read_toml, settings_of

Declaration = Declared | ConnectionType | CliVerb | AirflowAlias


class Row(NamedTuple):
    """A class of Airflow's in a provider's manifest.

    Arguments:
        airflow: its path there.
        done: ours, as `package.module:Name`; empty where it is deferred.
        deferred: why there is none; empty where it is done.
        differences: what is different from Airflow's, for the README.
        on_airflow_1_10: `partial: why` or `absent: why` where its kind does not say so already.
    """

    airflow: str
    done: str = ""
    deferred: str = ""
    differences: str = ""
    on_airflow_1_10: str = ""


class Provider(NamedTuple):
    """What a provider says of itself.

    Arguments:
        folder: where it is, relative to the root.
        name: the distribution's.
        version: of the distribution.
        description: one sentence.
        no_backport: why it is not built for Airflow 1.10; empty where it is.
        declared: by kind, what its plugin modules declare.
        rows: its manifest.
        fields: by connection type, what its manifest says of fields: the README needs more words than a form.
        documented: by path of a class of ours, the first line of its docstring.
    """

    folder: str
    name: str
    version: str
    description: str
    no_backport: str
    declared: Mapping[str, Sequence[Declaration]]
    rows: Sequence[Row]
    fields: Mapping[str, Mapping[str, str]]
    documented: Mapping[str, str]

    @property
    def short(self) -> str:
        """The name without `tradewind-`, as people and the folder have it."""
        return Path(self.folder).name

    def of_kind(self, kind: str) -> Sequence[Declaration]:
        """Return what is declared of a kind."""
        return self.declared.get(kind, ())


def read_provider(folder: str, root: Path = ROOT) -> Provider:
    """Read all facts of a provider.

    Raises:
        ValueError: its manifest has a row that says neither or both of `done` and `deferred`, or knows another key.
    """
    project = read_pyproject(root / folder)["project"]
    declared = _declared(root / folder, project)
    rows = read_manifest(root / folder)
    paths = {each.path for many in declared.values() for each in many} | {row.done for row in rows if row.done}
    return Provider(
        folder=folder,
        name=project["name"],
        version=project["version"],
        description=project["description"],
        no_backport=settings_of(root / folder).get("no-backport", ""),
        declared=declared,
        rows=rows,
        fields=_manifest(root / folder).get("fields", {}),
        documented={path: _first_line(root, folder, path) for path in paths if ":" in path},
    )


def read_providers(root: Path = ROOT) -> list[Provider]:
    """Read all providers' facts, by name."""
    return [read_provider(folder, root) for folder in provider_folders(root)]


def read_manifest(folder: Path) -> list[Row]:
    """Return the rows of a folder's manifest.toml; none where there is no such file. Raises ValueError."""
    path = folder / "manifest.toml"
    found = []
    for table in _manifest(folder).get("class", []):
        strange = sorted(set(table) - set(Row._fields))
        if strange or "airflow" not in table:
            raise ValueError(f"{path} has a [[class]] with {', '.join(strange) or 'no airflow'}: {table}")
        row = Row(**table)
        if bool(row.done) == bool(row.deferred):
            raise ValueError(f"{path} says of {row.airflow} neither or both of done and deferred; it is one of them")
        found.append(row)
    return found


def _manifest(folder: Path) -> dict[str, Any]:
    return read_toml(folder / "manifest.toml")


def _declared(folder: Path, project: Mapping[str, Any]) -> dict[str, list[Declaration]]:
    """Import the plugin modules, which need tradewind_plugins alone, and call what declares."""
    sys.path.append(str(folder / "src"))
    try:
        modules = [importlib.import_module(name) for name in project["entry-points"][PROJECT].values()]
    except ImportError as error:
        raise ValueError(f"a plugin module of {folder} cannot be imported: {error}") from error
    finally:
        sys.path.remove(str(folder / "src"))
    found: dict[str, list[Declaration]] = {}
    for kind in KINDS.values():
        for module in modules:
            found.setdefault(kind.name, []).extend(getattr(module, kind.hook, list)())
    return found


def _first_line(root: Path, folder: str, path: str) -> str:
    """Return the first line of a docstring, read from the text: importing it might need the client library."""
    module, _, name = path.partition(":")
    inner = module.replace(".", "/")
    places = [
        root / each / "src" / name
        for each in (folder, "plugins-api")
        for name in (f"{inner}.py", f"{inner}/__init__.py")
    ]
    file = next((each for each in places if each.exists()), None)
    if file is None:
        return ""
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name == name:
            return (ast.get_docstring(node) or "").partition("\n\n")[0].replace("\n", " ")
    return ""


def spelled(path: str) -> str:
    """Return a path as people write it in an import: with a dot."""
    return path.replace(":", ".")


def compatible_range(version: str) -> str:
    """Return the range of versions that promise to work as this one does: `>=0.1,<0.2` of 0.1.3, `>=1.4,<2` of 1.4.0."""
    major, minor = (int(number) for number in version.split(".")[:2])
    return f">={major}.{minor},<{major + 1}" if major else f">=0.{minor},<0.{minor + 1}"
