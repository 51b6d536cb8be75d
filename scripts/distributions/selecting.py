"""A plugin of pytest that leaves out what a change cannot have broken: `pytest --green COMMIT`, or `TRADEWIND_GREEN=COMMIT`.

Of a provider that the change does not concern, the tests that are backed by something are left out; what needs no service runs.
Without the option and the variable nothing is left out, and nothing where the commit is unknown.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from distributions.found import ROOT
from distributions.selection import GREEN, select


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    told = f"the last green commit: full suites of the providers that changed since then; empty for all; {GREEN} by default"
    parser.addoption("--green", metavar="COMMIT", default=os.environ.get(GREEN), help=told)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what need not run; after the kit has marked what is offline."""
    green = config.getoption("--green")
    if green is None:
        return
    full = select(green).full
    out = [item for item in items if needs_a_service(item) and not is_within(item.path, full)]
    items[:] = [item for item in items if item not in set(out)]
    config.hook.pytest_deselected(items=out)


def needs_a_service(item: pytest.Item) -> bool:
    """Return whether a test of a provider runs against something."""
    backed = item.get_closest_marker("backed_by") and not item.get_closest_marker("offline")
    return bool(backed) and is_within(item.path, ["providers"])


def is_within(path: Path, folders: Sequence[str], root: Path = ROOT) -> bool:
    """Return whether a file is in one of these folders of the repository."""
    return any(path.is_relative_to(root / folder) for folder in folders)


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say why what is left out is left out."""
    green = config.getoption("--green")
    return None if green is None else f"providers: {select(green).why}"
