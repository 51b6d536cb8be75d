"""The release notes of backports: the page of the wheel, in the order in which those of Airflow's backports were written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from distributions.calver import BackportRelease, releases_of, version_of_backport
from distributions.facts import Provider, spelled
from distributions.found import ROOT, dependencies_of, distributions, package_of, required_name
from distributions.second_host import ABSENT, STATES, Class, absent_of, classes_of
from distributions.tables import table

CONTRACT = "tradewind-plugins-api"
RUNTIME = "tradewind-backport-runtime"
AIRFLOW = ("apache-airflow", ">=1.10.12,<2")
SECTIONS = (
    ("Operators", {"operator"}),
    ("Transfer operators", {"transfer"}),
    ("Sensors", {"sensor"}),
    ("Hooks", {"hook"}),
    ("Secrets", {"secrets backend"}),
    ("Others", {"log store", "XCom storage", "notifier", "trigger", "class"}),
)


def notes(provider: Provider, root: Path = ROOT) -> str:
    """Return the release notes of the backport that is built of a provider as it is now."""
    releases = releases_of(provider.folder, root)
    parts = [
        ("Backport package", _package(provider)),
        ("Installation", _installation(provider)),
        ("Changes", _changes(root / provider.folder / "CHANGELOG.md")),
        (
            "PIP requirements",
            table(("PIP package", "Version required"), pip_requirements(root / provider.folder, root)),
        ),
        ("Cross provider package dependencies", _siblings(root / provider.folder, root)),
        ("Provider classes summary", _classes(provider)),
        ("Releases", "\n\n".join(map(_release, releases))),
        ("How it is used", _used(root / provider.folder / "README.md")),
    ]
    parts = [(name, text) for name, text in parts if text]
    contents = "\n".join(f"- [{name}](#{name.lower().replace(' ', '-')})" for name, _ in parts)
    head = f"# tradewind-backport-{provider.short}\n\nRelease: {releases[0].version}\n\n{contents}"
    return "\n\n".join([head, *(f"## {name}\n\n{text}" for name, text in parts)]) + "\n"


def pip_requirements(folder: Path, root: Path = ROOT) -> list[tuple[str, str]]:
    """Return what a backport needs beside other backports: packages with their versions."""
    found, ours = [AIRFLOW], distributions(root)
    for each in dependencies_of(folder):
        name = required_name(each)
        if name == CONTRACT or name not in ours:
            split = re.match(r"([\w.-]+(?:\[[^\]]*\])?)\s*(.*)", each)
            assert split is not None, each
            found.append((RUNTIME if name == CONTRACT else split[1], split[2]))
    return found


def sibling_versions(folder: Path, root: Path = ROOT) -> dict[str, str]:
    """Return which version of their backports the other providers are needed in, by distribution."""
    ours = distributions(root)
    names = [name for each in dependencies_of(folder) if (name := required_name(each)) in ours and name != CONTRACT]
    return {name: f">={version_of_backport(name, root)}" for name in names}


def _package(provider: Provider) -> str:
    return (
        f"{provider.description}\n\nThis is a backport of tradewind-{provider.short} to Apache Airflow 1.10.12 to 1.10.15, under "
        f"Python 3.6 to 3.8: built from the source that Tradewind uses. All classes are in the package "
        f"`{package_of(provider.folder)}`."
    )


def _installation(provider: Provider) -> str:
    return (
        f"    pip install tradewind-backport-{provider.short}\n\nin the environment of Airflow 1.10, into the same site-packages. "
        "It does not go together with Tradewind, which needs a Python of 3.10."
    )


def _changes(path: Path) -> str:
    """Return the hand-written changelog, its headings a level lower."""
    entries = path.read_text(encoding="utf-8").partition("\n## ")[2] if path.exists() else ""
    return _lowered(f"## {entries}".strip()) if entries else ""


def _used(path: Path) -> str:
    """Return the provider's README without its title, its headings a level lower."""
    text = path.read_text(encoding="utf-8").partition("\n")[2].strip()
    links = re.sub(r"(?<!!)\[([^\]]+)\]\((?!https?:|#)[^)]*\)", r"\1", text)  # relative links lead nowhere on an index
    return _lowered(links)


def _lowered(text: str) -> str:
    return re.sub(r"^(#{1,5}) ", r"#\1 ", text, flags=re.MULTILINE)


def _siblings(folder: Path, root: Path) -> str:
    rows = [
        (f"tradewind-backport-{name.removeprefix('tradewind-')}", versions)
        for name, versions in sibling_versions(folder, root).items()
    ]
    return table(("Dependent package", "Version required"), rows) if rows else ""


def _classes(provider: Provider) -> str:
    found = classes_of(provider)
    parts = []
    for name, kinds in SECTIONS:
        own = [each for each in found if _section(each) in kinds]
        old, new = [each for each in own if each.moved], [each for each in own if not each.moved]
        tables = []
        if new:
            head = (f"New {name.lower()}", "On Airflow 1.10")
            tables.append(table(head, ((_relative(each), _told(each)) for each in new)))
        if old:
            head_of_old = (f"Moved {name.lower()}", "Previous location in Airflow 1.10", "On Airflow 1.10")
            tables.append(table(head_of_old, ((_relative(each), f"`{each.moved}`", _told(each)) for each in old)))
        if tables:
            parts.append("\n\n".join([f"### {name}", *tables]))
    missing = [(f"`{name}`", f"{ABSENT} ({why})") for why, names in absent_of(provider).items() for name in names]
    if missing:
        parts.append(f"### Not here\n\n{table(('Airflow class', 'On Airflow 1.10'), missing)}")
    return "\n\n".join(parts)


def _section(found: Class) -> str:
    if found.kind == "operator" and ".transfers." in found.path:
        return "transfer"
    return found.kind if any(found.kind in kinds for _, kinds in SECTIONS) else "class"


def _relative(found: Class) -> str:
    """Return the path below the provider's package."""
    return f"`{spelled(found.path).partition('.')[2]}`"


def _told(found: Class) -> str:
    return f"{found.state} ({found.why})" if found.why else found.state


def _release(release: BackportRelease) -> str:
    rows = [(f"`{each.hash}`", each.day, _code(each.subject)) for each in release.commits]
    told = release.provider.removesuffix("+") + (" and what came after it" if release.provider.endswith("+") else "")
    return f"### Release {release.version}\n\nOf version {told}.\n\n{table(('Commit', 'Committed', 'Subject'), rows)}"


def _code(text: str) -> str:
    """Return a text as code, in which nothing is escaped: with more backticks around it than are in it."""
    longest = max((len(each) for each in re.findall("`+", text)), default=0)
    mark = "`" * (longest + 1)
    return f"{mark} {text} {mark}" if longest else f"{mark}{text}{mark}"


def states(provider: Provider) -> Iterable[str]:
    """Return a line for each state of a provider's classes on Airflow 1.10, for the page about all providers."""
    by_state: dict[str, list[str]] = {}
    for each in classes_of(provider):
        by_state.setdefault(_told(each), []).append(f"`{each.path.partition(':')[2]}`")
    ordered = sorted(by_state.items(), key=lambda item: (STATES.index(item[0].partition(" ")[0]), item[0]))
    return [f"- {told[:1].upper()}{told[1:]}: {', '.join(sorted(set(names)))}" for told, names in ordered]
