"""The site through which people walk, and the system's Chromium, in which they see it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from browser.site import Site, answering
from filled import filled, parsed_for_pages
from playwright.sync_api import sync_playwright
from services import browser as chromiums


@pytest.fixture(scope="session")
def parsed_home(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose DAG files were parsed; to be copied."""
    return parsed_for_pages(sqlite_template, tmp_path_factory.mktemp("parsed_for_browser"))


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the system's Chromium."""
    path = chromiums.chromium()
    return path or missing(chromiums.MISSING)


@pytest.fixture(scope="module")
def running_site(chromium: str, parsed_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The site, for the tests of a module: while a browser is driven, no other test of the process can run an event loop."""
    with (
        filled(parsed_home, tmp_path_factory.mktemp("site")) as home,
        answering(home) as url,
        sync_playwright() as playwright,
    ):
        options = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=chromium, args=options)
        yield Site(home, url, browser)
        browser.close()


@pytest.fixture
def site(running_site: Site) -> Iterator[Site]:
    """The site; the test fails if anything has gone wrong in any page that it opened."""
    running_site.faults.clear()
    running_site.expected.clear()
    yield running_site
    for context in running_site.contexts:
        context.close()
    running_site.contexts.clear()
    faults = [*running_site.faults]
    assert not faults, "\n".join(faults)


@pytest.fixture(scope="session")
def axe() -> str:
    """The text of axe, which finds in a page what keeps people out of it."""
    return chromiums.AXE.read_text() if chromiums.AXE.exists() else missing(chromiums.MISSING_AXE)


def missing(text: str) -> NoReturn:
    """Skip the test where something is not installed; in CI, which installs it, fail."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(text)
