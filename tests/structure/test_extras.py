"""What `pip install "tradewind[NAME]"` brings exists, and without a name nothing comes that only a provider needs."""

from __future__ import annotations

import re
from importlib.metadata import distribution
from pathlib import Path

import pytest
from distributions.found import ROOT, dependencies_of, distributions, provider_folders, read_pyproject, required_name
from packaging.requirements import Requirement

EXTRAS = read_pyproject(ROOT / "core")["project"]["optional-dependencies"]
PAGES = [
    *ROOT.glob("*.md"),
    *ROOT.glob("docs/**/*.md"),
    *ROOT.glob("providers/*/README.md"),
    *ROOT.glob("core/**/*.md"),
]
SHOWN = re.compile(r"tradewind\[([a-z0-9,-]+)\]")


def needed(name: str, extras: frozenset[str] = frozenset()) -> set[str]:
    """Return what an installed distribution brings, with all that that brings."""
    found: set[str] = set()
    todo = [(required_name(name), extras)]
    for each, wanted in todo:  # grows while it is walked
        for text in distribution(each).requires or ():
            requirement = Requirement(text)
            applies = (
                [requirement.marker.evaluate({"extra": extra}) for extra in ("", *wanted)]
                if requirement.marker
                else [1]
            )
            known = required_name(requirement.name)
            if any(applies) and known not in found:
                found.add(known)
                todo.append((known, frozenset(requirement.extras)))
    return found


@pytest.mark.parametrize("folder", provider_folders())
def test_every_provider_is_an_extra_of_core(folder: str) -> None:
    name = read_pyproject(ROOT / folder)["project"]["name"]
    assert name in map(required_name, EXTRAS[Path(folder).name])


@pytest.mark.parametrize("extra", EXTRAS)
def test_an_extra_names_versions_that_exist(extra: str) -> None:
    ours = distributions()
    for text in EXTRAS[extra]:
        requirement = Requirement(text)
        name = required_name(text)
        assert requirement.specifier, f"tradewind[{extra}] needs {name} of any version"
        if name.startswith("tradewind"):
            assert name in ours, f"tradewind[{extra}] needs {name}, which is nowhere"
            version = read_pyproject(ROOT / ours[name])["project"]["version"]
            assert requirement.specifier.contains(version), f"tradewind[{extra}] needs {text}, and there is {version}"


def test_pages_show_extras_that_exist() -> None:
    shown = {
        (str(page.relative_to(ROOT)), extra)
        for page in PAGES
        for names in SHOWN.findall(page.read_text(encoding="utf-8"))
        for extra in names.split(",")
    }
    assert ("docs/how-to/run-on-postgresql.md", "postgres") in shown
    assert {(page, extra) for page, extra in shown if extra not in EXTRAS} == set()


def test_core_alone_brings_no_provider_and_no_client_of_one() -> None:
    ours = set(distributions())
    clients = {
        name
        for folder in provider_folders()
        for text in dependencies_of(ROOT / folder)
        if (name := required_name(text))
    }
    brought = needed("tradewind")
    assert {"tradewind-plugins-api", "sqlalchemy", "wtforms"} <= brought  # wtforms comes with another one
    assert brought & ours == {"tradewind-plugins-api"}
    assert brought & clients - ours == set()
